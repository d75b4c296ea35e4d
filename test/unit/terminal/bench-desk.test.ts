/**
 * The test bench in the core. Method: the desk alone over a reader, a printer and a ledger that answer as a test says,
 * on a clock that moves by each command; and the till with it, for what either forbids the other.
 */
import { beforeEach, describe, expect, test } from 'vitest'
import { createAbsentHid } from '../../../src/drivers/host/absent-devices.ts'
import type { CardPresence, CardReaderPort, PrinterStatus, TransmitResult } from '../../../src/drivers/ports.ts'
import type { LedgerReply } from '../../../src/sync/engine/ledger-client.ts'
import { BenchDesk, hasTakenMoney, type BenchParts } from '../../../src/terminal/core/bench/bench-desk.ts'
import { latencyFigures, type TapSample } from '../../../src/terminal/core/bench/latency.ts'
import { findingOf, wayOf } from '../../../src/terminal/core/bench/ledger-check.ts'
import { snapshotSchema } from '../../../src/terminal/contract/snapshot.ts'
import { readScript } from '../../../src/voucher/cards/bench/apdu-script.ts'
import { fromHex, toHex } from '../../../src/voucher/cards/bytes.ts'
import { noBench } from '../../fixtures/no-bench.ts'
import { FakeScheduler } from '../drivers/fake-scheduler.ts'
import { noon } from '../sync/world.ts'
import { tillBench } from './till-bench.ts'

const mifare = fromHex('3B8F8001804F0CA000000306030001000000006A')
const card = (presenceId: string, activationMs?: number): CardPresence => ({
  presenceId,
  readerName: 'Test reader',
  atr: mifare,
  ...(activationMs === undefined ? {} : { activationMs }),
})
/** Every promise that is ready now has gone on. */
const settled = () => new Promise<void>((resolve) => void setImmediate(resolve))
const answered = (hex: string, tookMs?: number): TransmitResult => ({
  kind: 'answered',
  response: fromHex(hex),
  ...(tookMs === undefined ? {} : { tookMs }),
})

let clock: number
let sent: string[]
let answerOf: (command: string) => TransmitResult | Promise<TransmitResult>
let kept: { name: string; text: string } | undefined
let isUsed: boolean
let reply: LedgerReply<never>
let ledgerAt: number | null
let printed: Uint8Array[]
let tellPrinter: (status: PrinterStatus) => void

const well: PrinterStatus = { online: true, trouble: null, paperNearEnd: false }

function openDesk(...lying: readonly CardPresence[]): BenchDesk {
  const nothing = () => ({ dispose: () => undefined })
  const reader: CardReaderPort = {
    onDidInsert: nothing,
    onDidRemove: nothing,
    onDidChangeStatus: nothing,
    status: () => ({ readers: ['Test reader'], trouble: null }),
    async transmit(_presenceId, command) {
      sent.push(toHex(command))
      clock += 7
      return answerOf(toHex(command))
    },
    dispose: () => undefined,
  }
  const parts: BenchParts = {
    ...noBench,
    terminalId: 'till-1',
    readerSettings: () => [],
    testPage: () => Uint8Array.of(1, 2, 3),
    keepText: (name, text) => {
      kept = { name, text }
      return `/data/bench/${name}`
    },
    reader,
    printer: {
      onDidChangeStatus: (listener) => {
        tellPrinter = listener
        return { dispose: () => undefined }
      },
      status: async () => well,
      print: async (job) => {
        printed.push(job)
        return { kind: 'printed' }
      },
      openDrawer: async () => ({ kind: 'opened' }),
      dispose: () => undefined,
    },
    hid: createAbsentHid(),
    ledger: { call: async () => reply },
    ledgerUrl: 'http://127.0.0.1:9',
    time: {
      now: () => noon,
      wall: noon + 500,
      get ledgerAt() {
        return ledgerAt
      },
    },
    now: () => noon,
    monotonic: () => clock,
    scheduler: new FakeScheduler(),
    activePackage: () => undefined,
    hasTakenMoney: () => isUsed,
    onDidChange: () => undefined,
  }
  const desk = new BenchDesk(parts)
  desk.open(lying)
  return desk
}

beforeEach(() => {
  clock = 0
  sent = []
  kept = undefined
  isUsed = false
  reply = { kind: 'not_sent', detail: 'ECONNREFUSED' }
  ledgerAt = null
  printed = []
  answerOf = (command) => (command === 'FFCA000000' ? answered('0A1B2C3D9000') : answered('6A82'))
})

const send = (desk: BenchDesk, apdus: string[], mayHarmCard = false) =>
  desk.command({ command: 'send_apdus', presenceId: 'p1', apdus, mayHarmCard })

describe('cards', () => {
  test('that lie there and that come are identified by themselves, one after the other', async () => {
    const desk = openDesk(card('p1'))
    desk.cardInserted(card('p2'))
    expect(desk.view()?.work).toBe('identifying')
    await settled()
    const { cards, work } = desk.view() ?? {}
    expect(cards?.map(({ identity }) => identity?.name)).toEqual(['MIFARE Classic 1K', 'MIFARE Classic 1K'])
    expect(cards?.map(({ profile, schemes }) => [profile, schemes])).toEqual([
      ['uid', []],
      ['uid', []],
    ])
    expect(work).toBeNull()
    desk.cardRemoved({ presenceId: 'p1' })
    expect(desk.command({ command: 'identify_card', presenceId: 'p1' })).toBe('bench_no_card')
  })

  test('that do not answer in time are not asked again by themselves by the next device host', async () => {
    const desk = openDesk(card('p1'))
    answerOf = () => ({ kind: 'unknown', reason: 'timed-out', detail: '' })
    await settled()
    const back = (presenceId: string, isUnseen?: true): number => {
      sent = []
      desk.cardRemoved({ presenceId: desk.view()?.cards[0]?.presenceId ?? '', ...(isUnseen && { isUnseen }) })
      desk.cardInserted(card(presenceId))
      return sent.length
    }
    expect([back('p2', true), back('p3', true)]).toEqual([0, 0])
    expect(desk.view()).toMatchObject({ work: null, cards: [{ isMute: true }] })
    desk.command({ command: 'measure_latency', by: 'taps', count: 2 })
    expect(back('p4', true)).toBe(0)
    desk.command({ command: 'stop_bench_work' })
    expect(desk.command({ command: 'identify_card', presenceId: 'p4' })).toBeUndefined()
    expect(sent.length).toBe(1)
    await settled()
    expect([back('p5', true), back('p6')]).toEqual([0, 1])
  })
})

describe('the console', () => {
  test('sends a script and stops at the first answer that is no success', async () => {
    const desk = openDesk(card('p1'))
    await settled()
    sent = []
    answerOf = (command) => answered(command.startsWith('90') ? '911C' : '9000', 2.5)
    expect(send(desk, ['00A40400', '9060000000', '00B00000'])).toBeUndefined()
    expect(send(desk, ['00A40400'])).toBe('bench_busy')
    await settled()
    expect(sent).toEqual(['00A40400', '9060000000'])
    const { exchanges, stoppedAt, waiting } = desk.view()!.console
    expect(exchanges.map(({ number, outcome, tookMs }) => [number, outcome, tookMs])).toEqual([
      [1, { kind: 'answered', response: '9000' }, 2.5],
      [2, { kind: 'answered', response: '911C' }, 2.5],
    ])
    expect([stoppedAt, waiting]).toEqual([2, 0])
  })

  test('says what is not known: no answer, and a success with nothing in it', async () => {
    const desk = openDesk(card('p1'))
    await settled()
    answerOf = () => answered('')
    send(desk, ['00A40400', '00A40400'])
    await settled()
    answerOf = () => ({ kind: 'unknown', reason: 'timed-out', detail: 'no answer within 3000 ms' })
    send(desk, ['00A40400'])
    await settled()
    const { exchanges } = desk.view()!.console
    expect(exchanges.map(({ outcome }) => outcome)).toMatchObject([
      { kind: 'unknown', reason: 'short-response' },
      { kind: 'unknown', reason: 'timed-out' },
    ])
    // Seen from here, where the device host did not time it.
    expect(exchanges[0]?.tookMs).toBe(7)
  })

  test('sends nothing of a script that may close a card, until the tester has said so', async () => {
    const desk = openDesk(card('p1'))
    await settled()
    sent = []
    expect(send(desk, ['00A40400', '9071000002000000'])).toBe('bench_card_risk')
    await settled()
    expect(sent).toEqual([])
    expect(send(desk, ['9071000002000000'], true)).toBeUndefined()
    await settled()
    expect(sent).toEqual(['9071000002000000'])
  })

  test('stops between two commands, and sends nothing more once it is closed', async () => {
    const desk = openDesk(card('p1'))
    await settled()
    sent = []
    let release = (): void => undefined
    answerOf = () => new Promise((resolve) => (release = () => resolve(answered('9000'))))
    send(desk, ['00A40400', '00A40401', '00A40402'])
    await settled()
    desk.command({ command: 'stop_bench_work' })
    release()
    await settled()
    expect([sent.length, desk.view()?.work]).toEqual([1, null])
    send(desk, ['00A40400', '00A40401'])
    await settled()
    desk.close()
    release()
    await settled()
    expect(sent).toEqual(['00A40400', '00A40400'])
    expect([desk.view(), desk.command({ command: 'clear_console' })]).toEqual([null, 'bench_is_closed'])
  })

  test('writes a file that can be played again as a script, and says so when it cannot', async () => {
    const desk = openDesk(card('p1'))
    await settled()
    answerOf = () => answered('6F038401009000')
    send(desk, ['00A4040000'])
    await settled()
    expect(desk.command({ command: 'export_console' })).toBeUndefined()
    expect(kept?.name).toMatch(/^console-[\w-]+\.txt$/)
    expect(kept?.text).toContain('< 6F038401009000\n# 9000 ISO_OK, ISO/IEC 7816-4 §5.6')
    expect(readScript(kept?.text ?? '')).toEqual({ kind: 'script', commands: [fromHex('00A4040000')] })
    expect(desk.view()?.console.exported).toBe(`/data/bench/${kept?.name}`)
    desk.command({ command: 'clear_console' })
    expect(desk.view()?.console).toMatchObject({ exchanges: [], exported: null })
  })
})

describe('latency', () => {
  test('of a lying card: so many times, the card’s part by the device host, the rest is ours', async () => {
    const desk = openDesk(card('p1'))
    await settled()
    answerOf = (command) => (command === 'FFCA000000' ? answered('0A1B2C3D9000', 5) : answered('6A82', 5))
    expect(desk.command({ command: 'measure_latency', by: 'repetitions', count: 3 })).toBeUndefined()
    await settled()
    expect(desk.view()?.latency).toMatchObject({
      taken: 3,
      failed: 0,
      isRunning: false,
      cardTimedBy: 'device_host',
      commands: 1,
      total: { p50: 7 },
      card: { p50: 5 },
      software: { p50: 2 },
      detection: null,
    })
  })

  test('of taps: waits for each, takes what the reader tells of detection, and counts those that left', async () => {
    const desk = openDesk()
    expect(desk.command({ command: 'measure_latency', by: 'repetitions', count: 2 })).toBe('bench_no_card')
    desk.command({ command: 'measure_latency', by: 'taps', count: 2 })
    desk.cardInserted(card('p1', 31))
    await settled()
    desk.cardRemoved({ presenceId: 'p1' })
    answerOf = () => ({ kind: 'notSent', reason: 'no-card', detail: '' })
    desk.cardInserted(card('p2', 500))
    await settled()
    desk.cardRemoved({ presenceId: 'p2' })
    expect(desk.view()?.latency).toMatchObject({ taken: 1, failed: 1, isRunning: true, cardTimedBy: 'core' })
    desk.command({ command: 'stop_bench_work' })
    expect(desk.view()).toMatchObject({ work: null, latency: { isRunning: false, detection: { p50: 31, most: 31 } } })
  })

  test('of taps: a stop waits for the card that is asked, and another card is not asked beside it', async () => {
    const desk = openDesk()
    let release = (): void => undefined
    answerOf = () => new Promise((resolve) => (release = () => resolve(answered('0A1B2C3D9000'))))
    desk.command({ command: 'measure_latency', by: 'taps', count: 3 })
    desk.cardInserted(card('p1'))
    desk.cardInserted(card('p2'))
    desk.command({ command: 'stop_bench_work' })
    await settled()
    expect([sent.length, desk.view()?.work, send(desk, ['00A40400'])]).toEqual([1, 'latency', 'bench_busy'])
    release()
    await settled()
    expect(desk.view()).toMatchObject({ work: 'identifying', latency: { taken: 1, isRunning: false } })
  })

  test('figures are values that were measured; the columns hold every sample once', () => {
    const samples: TapSample[] = Array.from({ length: 100 }, (_, index) => ({
      totalMs: index + 1,
      cardMs: index,
      detectionMs: null,
      commands: 4,
      isTimedByHost: index !== 50,
    }))
    const { total, software, cardTimedBy, columns } = latencyFigures(samples.toReversed())
    expect(total).toEqual({ p50: 50, p95: 95, p99: 99, least: 1, most: 100 })
    expect([software?.p99, cardTimedBy]).toEqual([1, 'core'])
    expect(columns.reduce((sum, { count }) => sum + count, 0)).toBe(100)
    expect([columns[0]?.fromMs, columns.at(-1)?.toMs]).toEqual([1, 100])
    expect(latencyFigures([]).columns).toEqual([])
    expect(latencyFigures(samples.slice(0, 1)).columns).toEqual([{ fromMs: 1, toMs: 1, count: 1 }])
  })
})

describe('the printer', () => {
  test('says how it is as it changes, prints the page once, and opens a drawer that held no money yet', async () => {
    const desk = openDesk()
    await settled()
    expect(desk.view()?.printer).toMatchObject({ status: { online: true }, doing: null, page: null })
    tellPrinter({ online: false, trouble: 'cover-open', paperNearEnd: false })
    expect(desk.view()?.printer.status).toMatchObject({ online: false, trouble: 'cover-open' })
    desk.command({ command: 'print_test_page' })
    expect(desk.command({ command: 'open_test_drawer' })).toBe('bench_busy')
    await settled()
    expect([desk.view()?.printer.page, printed]).toEqual([{ kind: 'printed' }, [Uint8Array.of(1, 2, 3)]])
    expect(desk.command({ command: 'open_test_drawer' })).toBeUndefined()
    await settled()
    expect(desk.view()?.printer.drawer).toEqual({ kind: 'opened' })
    desk.close()
    isUsed = true
    desk.open([])
    expect(desk.view()?.printer.mayOpenDrawer).toBe(false)
    expect(desk.command({ command: 'open_test_drawer' })).toBe('bench_drawer_money')
  })
})

describe('the ledger', () => {
  test('that answers signed: the clock’s difference and the package', async () => {
    const desk = openDesk()
    ledgerAt = noon - 90_000
    reply = { kind: 'answer', answer: { kind: 'current' } as never }
    desk.command({ command: 'check_ledger' })
    expect(desk.view()?.ledger.isAsking).toBe(true)
    await settled()
    expect(desk.view()?.ledger).toMatchObject({
      way: 'loopback',
      isAsking: false,
      result: { finding: 'clock', isSigned: true, clockAheadMs: 90_500, packageVersion: null, hasNewerPackage: false },
    })
  })

  test('that was just started is there, though it hears nothing of this till yet', async () => {
    const desk = openDesk()
    ledgerAt = noon
    reply = { kind: 'no_answer', detail: 'dated_before_restart', malformed: false, signed: false, wantsLater: true }
    desk.command({ command: 'check_ledger' })
    await settled()
    expect(desk.view()?.ledger.result).toMatchObject({
      ...{ finding: 'restarted', detail: 'dated_before_restart', isSigned: true, clockAheadMs: 500 },
      hasNewerPackage: null,
    })
  })

  test.each([
    [{ kind: 'answer', answer: {} }, 'well'],
    [{ kind: 'not_sent', detail: 'ECONNREFUSED' }, 'nothing_listens'],
    [{ kind: 'not_sent', detail: 'ENOTFOUND' }, 'address_unknown'],
    [{ kind: 'not_sent', detail: 'no address: x' }, 'address_unknown'],
    [{ kind: 'not_sent', detail: 'ENETUNREACH' }, 'no_way'],
    [{ kind: 'no_answer', detail: 'no answer within 1 ms', malformed: false, signed: false }, 'no_answer'],
    [{ kind: 'no_answer', detail: 'CERT_HAS_EXPIRED', malformed: false, signed: false }, 'certificate'],
    [{ kind: 'no_answer', detail: 'DEPTH_ZERO_SELF_SIGNED_CERT', malformed: false, signed: false }, 'certificate'],
    [{ kind: 'no_answer', detail: 'answer not believed', malformed: true, signed: false }, 'not_the_ledger'],
    [{ kind: 'no_answer', detail: 'answer does not fit', malformed: true, signed: true }, 'other_version'],
    [{ kind: 'no_answer', detail: 'status 500', malformed: false, signed: true }, 'failed'],
    [{ kind: 'problem', code: 'key_unknown', detail: '' }, 'key_unknown'],
    [{ kind: 'problem', code: 'terminal_suspended', detail: '' }, 'suspended'],
    [{ kind: 'problem', code: 'clock_skew', detail: '' }, 'clock'],
    [{ kind: 'problem', code: 'rate_limited', detail: '' }, 'busy'],
    [{ kind: 'problem', code: 'schema_mismatch', detail: '' }, 'other_version'],
    [{ kind: 'problem', code: 'role_not_allowed', detail: '' }, 'refused'],
  ] as const)('%j: %s', (got, finding) => {
    expect(findingOf(got as LedgerReply<unknown>, 0)).toBe(finding)
  })

  test.each([
    ['https://ledger.invalid', 'tls'],
    ['http://127.0.0.1:8080', 'loopback'],
    ['http://[::1]:8080', 'loopback'],
    ['http://localhost', 'loopback'],
    ['http://192.0.2.7', 'plain'],
    ['http://127.example.invalid', 'plain'],
    ['nothing', 'plain'],
  ] as const)('at %s is reached by %s', (address, way) => {
    expect(wayOf(address)).toBe(way)
  })
})

describe('a till', () => {
  test('opens the bench only while nothing is sold, and sells nothing while it is open', () => {
    const { till, start } = tillBench('bench')
    start()
    expect(till.snapshot().actions).toContain('open_bench')
    till.command({ command: 'add_item', itemId: 'bread' })
    expect(till.snapshot().actions).not.toContain('open_bench')
    expect(till.command({ command: 'open_bench' })).toEqual({ ok: false, fault: 'bench_sale_open' })
    till.command({ command: 'pay_by_card' })
    expect(till.command({ command: 'open_bench' })).toEqual({ ok: false, fault: 'bench_sale_open' })
    till.command({ command: 'cancel_sale' })
    expect(till.command({ command: 'open_bench' })).toEqual({ ok: true })
    const { actions, bench, tap } = till.snapshot()
    expect([actions, tap.state, bench?.readers]).toEqual([[], 'idle', ['Test reader']])
    for (const command of [
      { command: 'add_item', itemId: 'bread' },
      { command: 'pay_by_card' },
      { command: 'pay_cash' },
      { command: 'x_report' },
      { command: 'open_bench' },
    ] as const)
      expect(till.command(command), command.command).toEqual({ ok: false, fault: 'bench_is_open' })
    expect(till.command({ command: 'set_language', language: 'en' })).toEqual({ ok: true })
    expect(till.command({ command: 'close_bench' })).toEqual({ ok: true })
    expect(till.snapshot()).toMatchObject({ bench: null })
    expect(till.command({ command: 'identify_card', presenceId: 'p1' })).toEqual({
      ok: false,
      fault: 'bench_is_closed',
    })
    expect(till.command({ command: 'add_item', itemId: 'bread' })).toEqual({ ok: true })
    till.stop()
  })

  test('opens no drawer at which a shift was opened, and one of a new till', () => {
    const { till, start, journal } = tillBench('bench drawer')
    start()
    till.command({ command: 'open_bench' })
    expect(till.command({ command: 'open_test_drawer' })).toEqual({ ok: false, fault: 'bench_drawer_money' })
    expect([hasTakenMoney(journal), hasTakenMoney({ lastSequence: () => 0 })]).toEqual([true, false])
    expect(hasTakenMoney({ lastSequence: (kind) => (kind === 'cash_taken' ? 7 : 0) })).toBe(true)
    till.stop()
  })

  test('keeps the paid face until the next customer: the bench does not clear it', () => {
    const { till, start } = tillBench('bench paid')
    start()
    till.command({ command: 'add_item', itemId: 'bread' })
    till.command({ command: 'pay_cash' })
    expect(till.command({ command: 'open_bench' })).toEqual({ ok: false, fault: 'bench_sale_open' })
    till.command({ command: 'next_customer' })
    expect(till.command({ command: 'open_bench' })).toEqual({ ok: true })
    till.stop()
  })

  test('takes no card that lay at the bench: it is taken off and laid on again first', () => {
    const { till, start, insert } = tillBench('bench card')
    start()
    till.command({ command: 'open_bench' })
    insert(card('p1'))
    expect(till.snapshot().bench?.cards).toMatchObject([{ presenceId: 'p1', isBeingIdentified: true }])
    till.command({ command: 'close_bench' })
    till.command({ command: 'add_item', itemId: 'bread' })
    till.command({ command: 'pay_by_card' })
    expect(till.snapshot().tap).toEqual({ state: 'tap', hint: 'remove_card_first' })
    insert(card('p2'))
    expect(till.snapshot().tap).toMatchObject({ state: 'hold' })
    till.stop()
  })

  test.each(['before', 'after'] as const)('nor when the device host dies %s the bench is closed', (when) => {
    const { till, start, insert, remove } = tillBench('bench card')
    start()
    till.command({ command: 'open_bench' })
    insert(card('p1'))
    if (when === 'before') remove({ presenceId: 'p1', isUnseen: true })
    till.command({ command: 'close_bench' })
    if (when === 'after') remove({ presenceId: 'p1', isUnseen: true })
    till.command({ command: 'add_item', itemId: 'bread' })
    till.command({ command: 'pay_by_card' })
    insert({ ...card('p2'), wasThere: 'unseen' })
    expect(till.snapshot().tap).toEqual({ state: 'tap', hint: 'remove_card_first' })
    remove({ presenceId: 'p2' })
    insert(card('p3'))
    expect(till.snapshot().tap).toMatchObject({ state: 'hold' })
    till.stop()
  })

  test('writes no row of what the bench does, and its screen travels whole', () => {
    const { till, start, journal, insert } = tillBench('bench rows')
    start()
    const before = journal.head.sequence
    till.command({ command: 'open_bench' })
    insert(card('p1'))
    till.command({ command: 'check_ledger' })
    const snapshot = till.snapshot()
    expect(snapshotSchema.decode(JSON.parse(JSON.stringify(snapshotSchema.encode(snapshot))))).toEqual(snapshot)
    till.command({ command: 'close_bench' })
    expect(journal.head.sequence).toBe(before)
    till.stop()
  })
})
