/**
 * The field tester's workspace in the core (docs/design/28-test-bench.md). Open, it has the cards to itself: the till
 * takes no payment. It writes no row of the journal; what it learned is gone when it is closed.
 */
import type { CardPresence, CardRemoval, PrinterPort, PrinterStatus } from '../../../drivers/ports.ts'
import type { LedgerClient } from '../../../sync/engine/ledger-client.ts'
import type { TrustedTime } from '../../../sync/engine/trusted-time.ts'
import type { Journal } from '../../../sync/journal/journal.ts'
import type { BenchView } from '../../contract/bench.ts'
import type { Command, CommandFault } from '../../contract/commands.ts'
import { CardBench, type CardBenchParts } from './card-bench.ts'
import { consoleText } from './console-text.ts'
import type { ReaderSetting } from '../reader-set-up.ts'
import { DoctorBench, type DoctorBenchParts } from './doctor-bench.ts'
import { HidBench, type HidBenchParts } from './hid-bench.ts'
import { hidText } from './hid-text.ts'
import { findingOf, isSignedByLedger, wayOf } from './ledger-check.ts'

/** What the bench needs from outside of the core. */
export interface BenchOutside extends Pick<DoctorBenchParts, 'startExaminer' | 'bundleFile'> {
  readonly printerProfile: string
  /** The self-test page in the printer's language. */
  readonly testPage: () => Uint8Array
  /** Keeps a text where the tester finds it. @returns where; throws when it cannot */
  readonly keepText: (name: string, text: string) => string
}

export interface BenchParts extends CardBenchParts, DoctorBenchParts, HidBenchParts, BenchOutside {
  readonly terminalId: string
  readonly readerSettings: () => readonly ReaderSetting[]
  readonly printer: PrinterPort
  readonly ledger: Pick<LedgerClient, 'call'>
  readonly ledgerUrl: string
  readonly time: Pick<TrustedTime, 'now' | 'wall' | 'ledgerAt'>
  /** Money may lie in the drawer. */
  readonly hasTakenMoney: () => boolean
}

/** A shift was opened, or cash was taken, at any time of this journal. */
export const hasTakenMoney = (journal: Pick<Journal, 'lastSequence'>): boolean =>
  journal.lastSequence('shift_opened') > 0 || journal.lastSequence('cash_taken') > 0

/** A tester waits longer than a customer. */
const ledgerDeadlineMs = 10_000

export type BenchCommand = Extract<Command, { command: (typeof benchCommandNames)[number] }>
const benchCommandNames = [
  'close_bench',
  'identify_card',
  'send_apdus',
  'measure_latency',
  'stop_bench_work',
  'clear_console',
  'export_console',
  'ask_printer',
  'print_test_page',
  'open_test_drawer',
  'check_ledger',
  'examine_machine',
  'write_support_bundle',
  'watch_hid',
  'unwatch_hid',
  'clear_hid',
  'export_hid',
  'test_display',
] as const

export function isBenchCommand(command: Command): command is BenchCommand {
  return benchCommandNames.some((name) => name === command.command)
}

/** All that lives from opening to closing. */
interface Session {
  readonly cards: CardBench
  readonly doctor: DoctorBench
  readonly hid: HidBench
  readonly printerEnd: { dispose(): void }
  exported: string | null
  /** As it was at the opening: nothing is sold while the bench is open. */
  readonly mayOpenDrawer: boolean
  printer: Pick<BenchView['printer'], 'status' | 'doing' | 'page' | 'drawer'>
  ledger: Pick<BenchView['ledger'], 'isAsking' | 'result'>
}

type SettingView = Exclude<BenchView['readerSettings'], undefined>[number]

const troubleViews: Readonly<Record<Exclude<ReaderSetting['trouble'], null>, SettingView['trouble']>> = {
  refused: 'refused',
  'no-reader': 'refused',
  'card-there': 'later',
  busy: 'later',
  held: 'later',
  'not-taken': 'declined',
  'timed-out': 'silent',
  'host-down': 'later',
  'reader-error': 'refused',
}

const settingView = ({ trouble, ...known }: ReaderSetting): SettingView => ({
  ...known,
  trouble: trouble === null ? null : troubleViews[trouble],
})

export class BenchDesk {
  readonly #parts: BenchParts
  #session: Session | null = null

  constructor(parts: BenchParts) {
    this.#parts = parts
  }

  get isOpen(): boolean {
    return this.#session !== null
  }

  /** @param lying the cards that are on the readers now */
  open(lying: readonly CardPresence[]): undefined {
    if (this.#session !== null) return
    const { printer } = this.#parts
    const session: Session = {
      cards: new CardBench(this.#parts, lying),
      doctor: new DoctorBench(this.#parts),
      hid: new HidBench(this.#parts),
      printerEnd: printer.onDidChangeStatus((status) => this.#sawPrinter(session, status)),
      exported: null,
      mayOpenDrawer: !this.#parts.hasTakenMoney(),
      printer: { status: null, doing: null, page: null, drawer: null },
      ledger: { isAsking: false, result: null },
    }
    this.#session = session
    void this.#askPrinter(session)
  }

  close(): void {
    this.#session?.cards.dispose()
    this.#session?.doctor.dispose()
    this.#session?.hid.unwatch()
    this.#session?.printerEnd.dispose()
    this.#session = null
  }

  cardInserted(presence: CardPresence): void {
    this.#session?.cards.cardInserted(presence)
  }

  cardRemoved(removal: CardRemoval): void {
    this.#session?.cards.cardRemoved(removal)
  }

  command(command: Exclude<BenchCommand, { command: 'close_bench' }>): CommandFault | undefined {
    const session = this.#session
    if (session === null) return 'bench_is_closed'
    const { cards, hid, printer, ledger } = session
    switch (command.command) {
      case 'identify_card':
        return cards.identify(command.presenceId)
      case 'send_apdus':
        return cards.send(command.presenceId, command.apdus, command.mayHarmCard)
      case 'measure_latency':
        return cards.measure(command.by, command.count)
      case 'stop_bench_work':
        return cards.stopWork()
      case 'clear_console':
        session.exported = null
        return cards.clearConsole()
      case 'export_console':
        return this.#export(session)
      case 'ask_printer':
        if (printer.doing !== null) return 'bench_busy'
        void this.#askPrinter(session)
        return undefined
      case 'print_test_page':
        if (printer.doing !== null) return 'bench_busy'
        void this.#printPage(session)
        return undefined
      case 'open_test_drawer':
        if (!session.mayOpenDrawer) return 'bench_drawer_money'
        if (printer.doing !== null) return 'bench_busy'
        void this.#openDrawer(session)
        return undefined
      case 'check_ledger':
        if (ledger.isAsking) return 'bench_busy'
        void this.#askLedger(session)
        return undefined
      case 'examine_machine':
        return session.doctor.examine()
      case 'write_support_bundle':
        return session.doctor.writeBundle()
      case 'watch_hid':
        return hid.watch()
      case 'unwatch_hid':
        return hid.unwatch()
      case 'clear_hid':
        return hid.clear()
      case 'export_hid':
        return hid.export((view) => this.#keep('hid', (head) => hidText(head, view)))
      case 'test_display':
        return hid.testDisplay()
      default:
        return command satisfies never
    }
  }

  /** Null while it is closed. */
  view(): BenchView | null {
    const session = this.#session
    if (session === null) return null
    const { reader, printerProfile, ledgerUrl } = this.#parts
    const { console, ...cards } = session.cards.view()
    return {
      readers: [...reader.status().readers],
      readerSettings: this.#parts.readerSettings().map(settingView),
      ...cards,
      console: { ...console, exported: session.exported },
      printer: { profile: printerProfile, mayOpenDrawer: session.mayOpenDrawer, ...session.printer },
      ledger: { address: ledgerUrl, way: wayOf(ledgerUrl), ...session.ledger },
      doctor: session.doctor.view(),
      hid: session.hid.view(),
    }
  }

  #export(session: Session): CommandFault | undefined {
    const kept = this.#keep('console', (head) => consoleText(head, session.cards.exchanges))
    if (typeof kept === 'string') return kept
    session.exported = kept.path
    return undefined
  }

  /** @param what the name begins with @returns where it lies */
  #keep(
    what: string,
    textOf: (head: { readonly terminalId: string; readonly at: number }) => string,
  ): { readonly path: string } | CommandFault {
    const { terminalId, now, keepText } = this.#parts
    const at = now()
    const name = `${what}-${new Date(at).toISOString().replaceAll(/[:.]/g, '-')}.txt`
    try {
      return { path: keepText(name, textOf({ terminalId, at })) }
    } catch {
      return 'bench_not_written'
    }
  }

  #sawPrinter(session: Session, { online, trouble, paperNearEnd, mute }: PrinterStatus): void {
    session.printer = { ...session.printer, status: { online, trouble, paperNearEnd, mute: mute === true } }
    this.#parts.onDidChange()
  }

  async #askPrinter(session: Session): Promise<void> {
    this.#printerDoes(session, { doing: 'asking' })
    const status = await this.#parts.printer.status()
    this.#printerDoes(session, { doing: null })
    this.#sawPrinter(session, status)
  }

  async #printPage(session: Session): Promise<void> {
    this.#printerDoes(session, { doing: 'printing', page: null })
    const page = await this.#parts.printer.print(this.#parts.testPage())
    this.#printerDoes(session, { doing: null, page })
  }

  async #openDrawer(session: Session): Promise<void> {
    this.#printerDoes(session, { doing: 'drawer', drawer: null })
    const drawer = await this.#parts.printer.openDrawer()
    this.#printerDoes(session, { doing: null, drawer })
  }

  #printerDoes(session: Session, change: Partial<Session['printer']>): void {
    session.printer = { ...session.printer, ...change }
    this.#parts.onDidChange()
  }

  /** Asks for the package that the till has: a signed question that changes nothing, and a signed answer. */
  async #askLedger(session: Session): Promise<void> {
    const { ledger, time, monotonic, now, activePackage } = this.#parts
    session.ledger = { ...session.ledger, isAsking: true }
    this.#parts.onDidChange()
    const from = monotonic()
    const packageVersion = activePackage()?.package.version ?? null
    const reply = await ledger.call('/v1/terminal/packages', { haveVersion: packageVersion ?? 0 }, ledgerDeadlineMs)
    const tookMs = monotonic() - from
    const isSigned = isSignedByLedger(reply)
    // A signed answer has just set the till's time by the ledger's.
    const clockAheadMs = isSigned && time.ledgerAt !== null ? time.wall - time.ledgerAt : null
    session.ledger = {
      isAsking: false,
      result: {
        finding: findingOf(reply, clockAheadMs),
        detail: reply.kind === 'answer' ? '' : 'code' in reply ? `${reply.code}: ${reply.detail}` : reply.detail,
        at: now(),
        tookMs,
        isSigned,
        clockAheadMs,
        packageVersion,
        hasNewerPackage: reply.kind === 'answer' ? reply.answer.kind !== 'current' : null,
      },
    }
    this.#parts.onDidChange()
  }
}
