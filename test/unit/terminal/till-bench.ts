/** The till over a journal in memory, with nobody at its reader, printer and ledger. */
import { BenchDesk, hasTakenMoney } from '../../../src/terminal/core/bench/bench-desk.ts'
import { createAbsentHid } from '../../../src/drivers/host/absent-devices.ts'
import { Till } from '../../../src/terminal/core/till.ts'
import { EventSource } from '../../../src/drivers/event-source.ts'
import type { CardPresence, CardReaderPort, CardRemoval, PrinterPort } from '../../../src/drivers/ports.ts'
import type { PaymentWork, RequestCardWork } from '../../../src/terminal/payment/work.ts'
import { noBench } from '../../fixtures/no-bench.ts'
import { quickPinHash, testPin } from '../../fixtures/open-shift.ts'
import { storedPin } from '../../../src/terminal/shift/pin.ts'
import { tiyn, zeroTiyn } from '../../../src/voucher/money.ts'
import { bench as engineBench } from '../sync/engine-bench.ts'
import { packageOf, Seeded } from '../sync/world.ts'

const name = { kk: 'Bread', ru: 'Bread', en: 'Bread' }
const bread = { itemId: 'bread', name, category: 'food', unitPrice: tiyn(20_000n) }

export function tillBench(seed: string, hid = createAbsentHid()) {
  const seeded = new Seeded(seed)
  const { journal, engine, time } = engineBench()
  const pin = storedPin(testPin, seeded.bytes(16), quickPinHash)
  journal.commit(
    { kind: 'cashier_set', cashier: { number: 1, name: 'Till test' }, pin },
    { kind: 'shift_opened', shiftId: seeded.uuid(), cashier: 1, openingFloat: zeroTiyn },
  )
  const nothing = () => ({ dispose: () => undefined })
  const activePackage = () => ({ package: packageOf(1, { catalogue: [bread] }), hash: '' })
  const never = () => new Promise<never>(() => undefined)
  const inserted = new EventSource<CardPresence>()
  const removed = new EventSource<CardRemoval>()
  const reader: CardReaderPort = {
    onDidInsert: inserted.event,
    onDidRemove: removed.event,
    onDidChangeStatus: nothing,
    status: () => ({ readers: ['Test reader'], trouble: null }),
    transmit: never,
    dispose: () => undefined,
  }
  const printer: PrinterPort = {
    onDidChangeStatus: nothing,
    status: never,
    print: never,
    openDrawer: never,
    dispose: () => undefined,
  }
  const till = new Till({
    terminalId: 'till-1',
    journal,
    engine,
    keysKeptBy: { kind: 'tpm' },
    time,
    randomness: { bytes: (length) => seeded.bytes(length), uuid: () => seeded.uuid() },
    pinHash: quickPinHash,
    reader,
    printer,
    hid,
    bench: new BenchDesk({
      ...noBench,
      terminalId: 'till-1',
      readerSettings: () => [],
      reader,
      printer,
      hid,
      ledger: { call: never },
      ledgerUrl: 'http://127.0.0.1:1',
      time,
      now: () => time.now(),
      monotonic: () => 0,
      scheduler: { setTimeout: never, clearTimeout: never },
      activePackage,
      hasTakenMoney: () => hasTakenMoney(journal),
      onDidChange: () => undefined,
    }),
    activePackage,
    printQueue: {
      nudge: () => undefined,
      openDrawer: () => undefined,
      tryAgain: () => undefined,
      forgetDrawer: () => undefined,
      trouble: { level: 'ok', code: 'ok', since: null, detail: '' },
      drawerShutAt: null,
    },
    givenUp: (tenderId, reason) => ({ kind: 'tender_voided', tenderId, reason }),
    later: queueMicrotask,
    onDidChange: () => undefined,
  })
  const work: PaymentWork & RequestCardWork = {
    identify: never,
    prepare: never,
    prove: never,
    authorise: never,
    acceptWithoutAnswer: never,
    verifyPin: never,
    present: never,
    giveUp: () => undefined,
    reverse: () => undefined,
    requestByQr: never,
    mayAsk: () => false,
    payRequest: never,
    now: () => time.now(),
  }
  return {
    ...{ till, journal, seeded },
    start: () => till.start(work),
    insert: (card: CardPresence) => inserted.fire(card),
    remove: (removal: CardRemoval) => removed.fire(removal),
  }
}
