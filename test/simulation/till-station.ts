/**
 * One till: the real core over the real journal format, a virtual reader with virtual cards, a printer that
 * counts, a network that fails. It can be killed between any two events and started again on what its journal holds.
 */
import { noBench } from '../fixtures/no-bench.ts'
import { createAbsentHid } from '../../src/drivers/host/absent-devices.ts'
import type { CardReaderPort, PrinterPort } from '../../src/drivers/ports.ts'
import { standardSyncSettings } from '../../src/sync/engine/sync-settings.ts'
import type { LedgerTransport, Scheduler } from '../../src/sync/engine/ports.ts'
import type { KeyRing } from '../../src/sync/engine/key-ring.ts'
import { isStorageFault, type Anchor } from '../../src/sync/journal/data-folder.ts'
import type { JournalRow, JournalRowKind } from '../../src/sync/journal/rows.ts'
import type { JournalPosition } from '../../src/sync/protocol/messages.ts'
import type { Enrolment } from '../../src/sync/protocol/messages.ts'
import { createCore, type Core } from '../../src/terminal/core/core.ts'
import type { Command } from '../../src/terminal/contract/commands.ts'
import type { Snapshot } from '../../src/terminal/contract/index.ts'
import type { VirtualCard } from '../../hardware-mocks/cards/virtual-card.ts'
import { quickPinHash, towardsShift } from '../fixtures/open-shift.ts'
import type { ReaderCommands, ReaderKind } from '../../hardware-mocks/reader/reader-commands.ts'
import { VirtualReader } from '../../hardware-mocks/reader/virtual-reader.ts'
import type { Station } from './cashier.ts'
import { ModelledDisk } from './modelled-disk.ts'
import type { SimulatedNetwork } from './network.ts'
import type { SeededRandom } from './random.ts'
import { TillClock } from './till-clock.ts'
import type { VirtualTime } from './virtual-time.ts'

export interface StationParts {
  readonly name: string
  readonly time: VirtualTime
  readonly random: SeededRandom
  readonly network: Pick<SimulatedNetwork, 'transport'>
  /** A file on disk; otherwise the journal lies on a modelled one, and outlives the core all the same. */
  readonly journalFile?: string
  /** Where the head lies outside of the data folder; otherwise it is modelled too. */
  readonly anchor?: Anchor
  /** What a modelled disk has on it from the start: a copy of another till's folder. */
  readonly image?: Buffer
  readonly enrolment: Enrolment
  /** Outlive the core, as the journal does. */
  readonly keys: () => KeyRing
  /** Else as old as in the product. */
  readonly keyRotationAfterMs?: number
  /** Between two rounds of the sync; else 20 s. */
  readonly syncEveryMs?: number
  readonly ledgerUrl: string
  readonly cards: ReadonlyMap<string, VirtualCard>
  /** Cards that lie on some reader of the town: a card is in one place at a time. */
  readonly held: Set<string>
  readonly note: (what: string) => void
  /** Breaks the till on purpose, to see that the auditor notices. */
  readonly sabotage?: (core: Core, station: TillStation) => void
}

export class TillStation implements Station {
  readonly #parts: StationParts
  readonly disk: ModelledDisk
  readonly clock: TillClock
  readonly #dead: Core[] = []
  readonly #reader: VirtualReader
  #life: { alive: boolean } = { alive: false }
  #core: Core | undefined
  #snapshot: Snapshot | undefined
  #isStale = false
  #laid: string | null = null
  #anchored: JournalPosition | undefined
  /** False in a till that never looks at its anchor. */
  readsAnchor = true
  starts = 0
  /** Nobody starts it before it is switched on again. */
  isSwitchedOff = false

  constructor(parts: StationParts) {
    this.#parts = parts
    this.disk = new ModelledDisk(parts.image)
    this.disk.onDidLosePower = () => this.kill()
    this.clock = new TillClock(parts.time)
    this.#reader = new VirtualReader({ scheduler: parts.time.scheduler, name: parts.name, delayMs: 16 })
  }

  /** What the screen shows now. The product sends it a moment after a command; a cashier's eye is slower than that. */
  get snapshot(): Snapshot | undefined {
    if (this.#isStale && this.#core !== undefined) this.#snapshot = this.#core.till.snapshot()
    this.#isStale = false
    return this.#snapshot
  }

  /** What kind of reader stands beside the till. */
  set readerKind(kind: ReaderKind) {
    this.#reader.commands.kind = kind
  }

  /** The same reader under the name that PC/SC has for it, and what it does by itself. */
  readerNamed(name: string): ReaderCommands {
    this.#reader.name = name
    return this.#reader.commands
  }

  /** The cable is pulled out and put in again. */
  replugReader(): void {
    this.#reader.unplug()
    this.#reader.plug()
  }

  /** A second machine with the keys of another. */
  get isClone(): boolean {
    return this.#parts.image !== undefined
  }

  /** Those that it signs with. */
  get keys(): KeyRing {
    return this.#parts.keys()
  }

  get cardOnReader(): string | null {
    return this.#laid
  }

  get core(): Core | undefined {
    return this.#core
  }

  /** Comes up, or stays down where the modelled disk does not let it; of a real one the caller hears. */
  start(): void {
    if (this.isSwitchedOff) return
    try {
      this.#start()
    } catch (error) {
      if (!isStorageFault(error) || this.#parts.journalFile !== undefined) throw error
      this.#parts.note('start refused')
      this.kill()
    }
  }

  #start(): void {
    const { time, random, network, enrolment, keys, ledgerUrl, sabotage, note, keyRotationAfterMs } = this.#parts
    const { syncEveryMs = 20_000 } = this.#parts
    const life = { alive: true }
    this.#life = life
    this.starts += 1
    this.disk.losePower()
    this.clock.restart()
    const core = createCore({
      journalFile: this.#parts.journalFile ?? this.disk.file,
      anchor: this.#parts.anchor ?? this.#anchor(life),
      enrolment,
      keys: keys(),
      ledgerUrl,
      transport: transportOf(life, network.transport),
      reader: readerOf(life, this.#reader),
      printer: printerOf(life),
      hid: createAbsentHid(),
      clock: this.clock,
      scheduler: schedulerOf(life, time.scheduler),
      randomness: { bytes: (length) => random.bytes(length), uuid: () => random.uuid(time.now) },
      pinHash: quickPinHash,
      syncSettings: {
        ...standardSyncSettings,
        intervalMs: syncEveryMs,
        ...(keyRotationAfterMs === undefined ? {} : { keyRotationAfterMs }),
      },
      render: () => new Uint8Array(0),
      bench: noBench,
      onSnapshot: (snapshot) => {
        if (life.alive) this.#snapshot = snapshot
      },
    })
    // The power may have gone in a commit of the start itself.
    if (!life.alive) return
    this.#core = core
    this.#openShift(core)
    endsOfFullDisk(core, this.disk)
    sabotage?.(core, this)
    this.#snapshot = core.till.snapshot()
    note('started')
  }

  #openShift({ till }: Core): void {
    for (;;) {
      const command = towardsShift(till.snapshot())
      if (command === undefined) return
      if (till.command(command).ok) continue
      // A disk that takes no row opens no shift: the cashier stands before the till that says so.
      if (till.snapshot().lights.till.level === 'off') return
      throw new Error(`${command.command} refused`)
    }
  }

  /** Power off, between two events: what is committed stays, everything else is gone. */
  kill(): void {
    this.#life.alive = false
    if (this.#core !== undefined && this.#parts.journalFile !== undefined) this.#dead.push(this.#core)
    this.#core = undefined
    this.#snapshot = undefined
    this.#parts.note('killed')
  }

  /**
   * An older copy of the data folder takes the place of this one, on this machine or, with all that lay outside of the
   * folder gone, on another. Down before and after.
   */
  restore(image: Buffer, onThisMachine: boolean): void {
    this.kill()
    this.disk.restore(image)
    if (!onThisMachine) this.#anchored = undefined
    this.#parts.note(`restored ${onThisMachine ? 'here' : 'elsewhere'}`)
  }

  #anchor(life: { readonly alive: boolean }): Anchor {
    return {
      read: () => (this.readsAnchor ? this.#anchored : undefined),
      write: (head) => {
        if (life.alive) this.#anchored = head
      },
    }
  }

  /** Kills, and lets go of the journal's file. */
  close(): void {
    this.kill()
    for (const core of this.#dead.splice(0)) core.stop()
  }

  command(command: Command): boolean {
    if (this.#core === undefined) return false
    const life = this.#life
    const { ok } = this.#core.till.command(command)
    this.#isStale = true
    return ok && life.alive
  }

  layCard(card: string): void {
    const laid = this.#parts.cards.get(card)
    if (laid === undefined) throw new Error(`no card ${card}`)
    if (this.#laid !== null || this.#parts.held.has(card)) return
    this.#parts.held.add(card)
    this.#laid = card
    this.#reader.lay(laid)
  }

  /** Another program resets the card: it lies there, and is told as gone and come. */
  resetCard(): void {
    this.#reader.resetCard()
  }

  pullCard(): void {
    if (this.#laid === null) return
    this.#parts.held.delete(this.#laid)
    this.#laid = null
    this.#reader.pull()
  }
}

/** Rows of a payment after its intent. */
const outcomes: readonly JournalRowKind[] = [
  'approved_online',
  'approved_offline',
  'approved_by_card',
  'tender_not_debited',
  'tender_refused',
  'tender_unknown',
  'tender_torn',
  'tender_resumed',
  'payment_request_open',
]

function isOutcome(row: JournalRow, journal: Core['journal']): boolean {
  // A QR that was asked for and is not open is disowned by the payment. What is unknown is, by others, who go on.
  return row.kind === 'reversal_requested'
    ? journal.tender(row.tenderId)?.state === 'in_progress'
    : outcomes.includes(row.kind)
}

/**
 * A payment that cannot write its outcome ends the core (`PaymentWork`: a rejection ends the process), and the shell
 * starts it again. Here it dies in that very commit, since an error thrown in this process would end the simulator.
 */
function endsOfFullDisk({ journal }: Core, disk: ModelledDisk): void {
  const commit = journal.commit.bind(journal)
  journal.commit = (...rows) => {
    disk.endsProcessWhenFull = rows.some((row) => isOutcome(row, journal))
    try {
      return commit(...rows)
    } finally {
      disk.endsProcessWhenFull = false
    }
  }
}

/** What a dead process was waiting for never comes, and what it had armed never fires. */
function schedulerOf(life: { readonly alive: boolean }, scheduler: Scheduler): Scheduler {
  return {
    setTimeout: (callback, delayMs) => scheduler.setTimeout(() => (life.alive ? callback() : undefined), delayMs),
    clearTimeout: (handle) => scheduler.clearTimeout(handle),
  }
}

function transportOf(life: { readonly alive: boolean }, transport: LedgerTransport): LedgerTransport {
  return (request, deadlineMs) =>
    new Promise((resolve) => {
      // After a power cut in a commit the turn goes on to its end: what it would send then never leaves.
      if (!life.alive) return
      void transport(request, deadlineMs).then((result) => (life.alive ? resolve(result) : undefined))
    })
}

function readerOf(life: { readonly alive: boolean }, reader: CardReaderPort): CardReaderPort {
  const whileAlive =
    <T>(listener: (event: T) => void) =>
    (event: T): void => {
      if (life.alive) listener(event)
    }
  return {
    onDidInsert: (listener) => reader.onDidInsert(whileAlive(listener)),
    onDidRemove: (listener) => reader.onDidRemove(whileAlive(listener)),
    onDidChangeStatus: (listener) => reader.onDidChangeStatus(whileAlive(listener)),
    status: () => reader.status(),
    transmit: (presenceId, command, timeoutMs) =>
      new Promise((resolve) => {
        if (!life.alive) return
        void reader
          .transmit(presenceId, command, timeoutMs)
          .then((result) => (life.alive ? resolve(result) : undefined))
      }),
    escape: (readerName, command, timeoutMs) =>
      new Promise((resolve) => {
        if (life.alive)
          void reader.escape?.(readerName, command, timeoutMs).then((result) => life.alive && resolve(result))
      }),
    dispose: () => undefined,
  }
}

function printerOf(life: { readonly alive: boolean }): PrinterPort {
  return {
    onDidChangeStatus: () => ({ dispose: () => undefined }),
    status: async () => ({ online: life.alive, trouble: null, paperNearEnd: false }),
    print: async () => ({ kind: 'printed' }),
    openDrawer: async () => ({ kind: 'opened' }),
    dispose: () => undefined,
  }
}
