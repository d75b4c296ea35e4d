/**
 * The core of a terminal, put together from its ports. The real process (`main.ts`), the tests and the simulator build
 * it in the same way and differ only in what they pass in.
 */
import type { CardReaderPort, HidPort, PrinterPort } from '../../drivers/ports.ts'
import { KeyErasure } from '../../sync/engine/key-erasure.ts'
import type { KeyRing } from '../../sync/engine/key-ring.ts'
import { LedgerClient } from '../../sync/engine/ledger-client.ts'
import type { Clock, LedgerTransport, Randomness, Scheduler } from '../../sync/engine/ports.ts'
import { SyncEngine } from '../../sync/engine/sync-engine.ts'
import { standardSyncSettings, type SyncSettings } from '../../sync/engine/sync-settings.ts'
import { TrustedTime, wallOf } from '../../sync/engine/trusted-time.ts'
import { journalOfAnother, type Anchor } from '../../sync/journal/data-folder.ts'
import { Journal, type JournalFile, type PrintJob } from '../../sync/journal/journal.ts'
import { thumbprintOf, verifyingKey } from '../../sync/protocol/keys.ts'
import type { Enrolment } from '../../sync/protocol/messages.ts'
import { hashParts } from '../../sync/protocol/record-sources.ts'
import { prepareLookup } from '../../voucher/hotlist.ts'
import type { TerminalPackage } from '../../voucher/package.ts'
import type { Snapshot } from '../contract/snapshot.ts'
import type { PinHash } from '../shift/pin.ts'
import { CardPayment } from '../payment/card-payment.ts'
import type { CardWork, PaymentWork, RequestCardWork } from '../payment/work.ts'
import { QrPayment } from '../payment/qr-payment.ts'
import { RequestCardPayment } from '../payment/request-card-payment.ts'
import { givenUp } from '../payment/tender-rows.ts'
import { BenchDesk, hasTakenMoney, type BenchOutside } from './bench/bench-desk.ts'
import { CustomerDisplay } from './customer-display.ts'
import { PrintQueue } from './print-queue.ts'
import { ReaderSetUp } from './reader-set-up.ts'
import { ReaderSignals, type ReaderBeeps } from './reader-signals.ts'
import { Till } from './till.ts'

export interface CoreParts {
  readonly journalFile: JournalFile
  readonly anchor?: Anchor
  readonly enrolment: Enrolment
  readonly keys: KeyRing
  readonly ledgerUrl: string
  readonly transport: LedgerTransport
  readonly reader: CardReaderPort
  readonly printer: PrinterPort
  readonly hid: HidPort
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly randomness: Randomness
  readonly pinHash: PinHash
  readonly syncSettings?: SyncSettings
  /** Of an ACR122U; with the result unless given. */
  readonly readerBeeps?: ReaderBeeps
  /** The bytes of a receipt. */
  readonly render: (journal: Journal, job: PrintJob, copy: boolean, active: TerminalPackage | undefined) => Uint8Array
  readonly bench: BenchOutside
  readonly onSnapshot: (snapshot: Snapshot) => void
  /** The journal opened and is not whole: nothing is written any more. Without this the process ends of it. */
  readonly onDidFindDamage?: (error: Error) => void
}

export interface Core {
  readonly till: Till
  readonly engine: SyncEngine
  readonly journal: Journal
  readonly time: TrustedTime
  /** Stops timers and closes the journal. What is under way is recovered at the next start. */
  stop(): void
}

/** @throws DataFolderError when the journal cannot be used. */
export function createCore(parts: CoreParts): Core {
  const { enrolment, scheduler, randomness, clock } = parts
  const ledgerKey = verifyingKey(enrolment.ledgerKey)
  // The journal stamps rows with trusted time, which starts from the journal's latest row.
  const late: { time?: TrustedTime } = {}
  const now = (): number => late.time?.now() ?? wallOf(clock)
  const journal = new Journal(parts.journalFile, parts.anchor === undefined ? { now } : { now, anchor: parts.anchor })
  const [confirmed] = journal.times.confirmedSince()
  const time = new TrustedTime(clock, journal.latestAt(), {
    ledgerAt: journal.times.ledgerAt(),
    confirmed: confirmed?.wall ?? null,
  })
  late.time = time
  // By the row, which is proved when it is read: a changed table must not look like another till's journal.
  const enrolled = journal.lastRow('enrolled')?.row.enrolment
  if (enrolled === undefined) journal.commit({ kind: 'enrolled', enrolment })
  else if (!isSameTill(enrolled, enrolment)) {
    journal.close()
    throw journalOfAnother(enrolled.terminalId)
  }

  const ledger = new LedgerClient({
    baseUrl: parts.ledgerUrl,
    terminalKey: parts.keys.signing,
    ledgerKey,
    transport: parts.transport,
    time,
    randomness,
  })
  const activePackage = cachedPackage(journal)
  const engine: SyncEngine = new SyncEngine({
    journal,
    ledger,
    keys: parts.keys,
    ledgerKey,
    terminalId: enrolment.terminalId,
    time,
    scheduler,
    randomness,
    settings: parts.syncSettings ?? standardSyncSettings,
    customerWaits: (tenderId) => till.customerWaits(tenderId),
    onDidChange: () => till.publish(),
  })
  const keyErasure = new KeyErasure({ journal, time, scheduler, activePackage })
  const printQueue = new PrintQueue({
    journal,
    printer: parts.printer,
    scheduler,
    render: (job, copy) => parts.render(journal, job, copy, activePackage()?.package),
    now: () => time.now(),
    onDidChange: () => till.publish(),
    retryMs: 3_000,
    after: journal.wholeCheck,
  })
  const readerBeeps = parts.readerBeeps ?? 'result'
  const readerSetUp = new ReaderSetUp({
    reader: parts.reader,
    beepsOnDetection: readerBeeps === 'detection',
    onDidChange: () => till.publish(),
  })
  const bench = new BenchDesk({
    ...parts.bench,
    terminalId: enrolment.terminalId,
    reader: parts.reader,
    readerSettings: () => readerSetUp.settings,
    printer: parts.printer,
    hid: parts.hid,
    ledger,
    ledgerUrl: parts.ledgerUrl,
    time,
    now: () => time.now(),
    monotonic: () => clock.monotonic(),
    scheduler,
    activePackage,
    hasTakenMoney: () => hasTakenMoney(journal),
    onDidChange: () => till.publish(),
  })
  const display = new CustomerDisplay(parts.hid)
  const signals = new ReaderSignals(parts.reader, readerBeeps, readerSetUp)
  const till: Till = new Till({
    terminalId: enrolment.terminalId,
    journal,
    engine,
    keysKeptBy: parts.keys.keptBy,
    time,
    randomness,
    pinHash: parts.pinHash,
    reader: parts.reader,
    printer: parts.printer,
    hid: parts.hid,
    activePackage,
    printQueue,
    bench,
    givenUp: (tenderId, reason) => givenUp(journal, parts.keys.signing, tenderId, reason),
    later: (call) => void scheduler.setTimeout(call, 0),
    onDidChange: (snapshot) => {
      parts.onSnapshot(snapshot)
      display.follow(snapshot)
      signals.follow(snapshot)
    },
  })
  const payment = new CardPayment({
    journal,
    engine,
    ledger,
    ledgerKey,
    keys: parts.keys,
    time,
    randomness,
    reader: parts.reader,
    presence: (presenceId) => till.presence(presenceId),
    activePackage,
    currentSale: () => till.currentSale(),
    onDidDecide: (decision, input) => till.didDecide(decision, input),
  })
  const byQr = new QrPayment({
    journal,
    engine,
    ledger,
    time,
    randomness,
    activePackage,
    currentSale: () => till.currentSale(),
  })
  const byCbdcCard = new RequestCardPayment({
    journal,
    engine,
    ledger,
    ledgerKey,
    time,
    reader: parts.reader,
    presence: (presenceId) => till.presence(presenceId),
    proofs: payment.proofs,
    activePackage,
    isShown: (requestId) => till.showsRequest(requestId),
  })
  journal.onDidDistrustDisk(() => till.publish())
  till.start(workOf(payment, byQr, byCbdcCard))
  const begin = (): void => {
    keyErasure.start()
    engine.start()
    printQueue.nudge()
  }
  const { wholeCheck } = journal
  let stopped = false
  // What writes by itself would stand still until then, and the screen with it.
  if (wholeCheck === undefined) begin()
  else void wholeCheck.then(() => (stopped ? undefined : begin()), parts.onDidFindDamage)
  return {
    till,
    engine,
    journal,
    time,
    stop() {
      stopped = true
      till.stop()
      signals.dispose()
      readerSetUp.dispose()
      keyErasure.stop()
      engine.stop()
      printQueue.stop()
      journal.close()
    },
  }
}

function workOf(card: CardWork, qr: QrPayment, cbdcCard: RequestCardWork): PaymentWork & RequestCardWork {
  return {
    identify: (presenceId) => card.identify(presenceId),
    prepare: (presenceId, settled) => card.prepare(presenceId, settled),
    verifyPin: (presenceId, pin) => card.verifyPin(presenceId, pin),
    prove: (presenceId, tenderId) => card.prove(presenceId, tenderId),
    authorise: (tenderId) => card.authorise(tenderId),
    acceptWithoutAnswer: (tenderId) => card.acceptWithoutAnswer(tenderId),
    present: (tenderId) => card.present(tenderId),
    giveUp: (tenderId) => card.giveUp(tenderId),
    reverse: (tenderId) => card.reverse(tenderId),
    now: () => card.now(),
    requestByQr: (rest) => qr.request(rest),
    mayAsk: (requestId) => cbdcCard.mayAsk(requestId),
    payRequest: (presenceId, requestId) => cbdcCard.payRequest(presenceId, requestId),
  }
}

/** What this journal says was said and signed by one till; another one could hand over nothing of it. */
function isSameTill(first: Enrolment, second: Enrolment): boolean {
  return first.terminalId === second.terminalId && thumbprintOf(first.terminalKey) === thumbprintOf(second.terminalKey)
}

/** The active package, parsed once: a swap is visible to the next tap, and what was erased on the disk is gone here. */
function cachedPackage(journal: Journal): () => { package: TerminalPackage; hash: string } | undefined {
  let cached: { package: TerminalPackage; hash: string } | undefined
  let of: { version: number; textHash?: string } | undefined
  return () => {
    const now = journal.fact<{ version: number; textHash?: string }>('active_package')
    if (now === undefined) return undefined
    if (cached === undefined || of?.version !== now.version || of.textHash !== now.textHash) {
      cached = journal.activePackage()
      if (cached === undefined) return undefined
      of = now
      hashParts(cached.package)
      prepareLookup(cached.package.hotlist)
    }
    return cached
  }
}
