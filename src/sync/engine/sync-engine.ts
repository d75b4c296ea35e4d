/**
 * Brings the journal and the ledger together: hands over what waits, asks about what is unknown, reads what happened,
 * fetches packages, shows the journal's head. One round at a time; every step may be repeated safely, because ids
 * decide (money-rules.md, "Identity"). What the ledger says becomes a row before anything else happens with it.
 */
import { isStorageFault } from '../journal/data-folder.ts'
import type { Journal } from '../journal/journal.ts'
import type { SigningKey, VerifyingKey } from '../protocol/keys.ts'
import type { SignedItemResult, TerminalPath } from '../protocol/messages.ts'
import type { KeyRing } from './key-ring.ts'
import { KeyRotation } from './key-rotation.ts'
import type { AnswerOf, LedgerClient, LedgerReply, RequestOf } from './ledger-client.ts'
import { isLedgersWord, rowsOfAnswer, rowsOfWord, type Entry } from './ledgers-word.ts'
import { PackageFetch } from './package-fetch.ts'
import type { Randomness, Scheduler } from './ports.ts'
import type { SyncSettings } from './sync-settings.ts'
import { surrendersFor } from './surrender-on-request.ts'
import type { TrustedTime } from './trusted-time.ts'
import { ShownHead } from './shown-head.ts'
import { isAboutTheItems, isAboutThis } from './what-a-reply-is-about.ts'

export type Connectivity =
  | { readonly kind: 'not_asked_yet' }
  | { readonly kind: 'reached'; readonly since: number }
  | { readonly kind: 'not_reached'; readonly since: number; readonly detail: string }
  /** The ledger answers, but will not talk to this terminal: unknown key, suspended. */
  | { readonly kind: 'refused'; readonly since: number; readonly detail: string }

export interface SyncEngineParts {
  readonly journal: Journal
  readonly ledger: LedgerClient
  readonly keys: KeyRing
  readonly ledgerKey: VerifyingKey
  readonly terminalId: string
  readonly time: TrustedTime
  readonly scheduler: Scheduler
  readonly randomness: Randomness
  readonly settings: SyncSettings
  /**
   * Whether the customer of an unknown tender still waits: then its authorisation is sent again, else only asked about.
   */
  readonly customerWaits: (tenderId: string) => boolean
  readonly onDidChange: () => void
}

/**
 * Attempts in a row without an answer after which taps no longer try the ledger first (money-rules.md, "One payment").
 */
const breakerAfter = 2

/** So many items on which the ledger fails are tried one by one in one round; then it has peace until the next. */
const asideMax = 300

type Round = 'done' | 'no_answer'
type BatchReply = LedgerReply<AnswerOf<'/v1/terminal/batches'>>

interface SentBatch {
  readonly entries: readonly Entry[]
  /** The row of its last item. */
  readonly last: number
  readonly reply: Promise<BatchReply>
}

export class SyncEngine {
  readonly #parts: SyncEngineParts
  readonly #keyRotation: KeyRotation
  readonly #shownHead: ShownHead
  readonly #packageFetch: PackageFetch
  #connectivity: Connectivity = { kind: 'not_asked_yet' }
  #lastSyncAt: number
  #suspended: boolean
  #timer: unknown
  #round: Promise<void> | undefined
  #failures = 0
  #unansweredTaps = 0
  #stopped = true

  constructor(parts: SyncEngineParts) {
    this.#parts = parts
    this.#keyRotation = new KeyRotation({
      ...parts,
      afterMs: parts.settings.keyRotationAfterMs,
      ask: (body, signer) => this.#ask('/v1/terminal/key-rotations', body, signer),
    })
    this.#shownHead = new ShownHead({ ...parts, ask: (body) => this.#ask('/v1/terminal/heads', body) })
    this.#packageFetch = new PackageFetch({ ...parts, ask: (body) => this.#ask('/v1/terminal/packages', body) })
    this.#suspended = parts.journal.fact<boolean>('suspended') ?? false
    this.#lastSyncAt = parts.journal.lastRow('head_countersigned')?.at ?? 0
  }

  get connectivity(): Connectivity {
    return this.#connectivity
  }

  get hasNewestKeys(): boolean {
    return this.#keyRotation.areNewest
  }

  /** Trusted time of the last complete round, across restarts: the age that the fifth cap is about. */
  get lastSyncAt(): number {
    return this.#lastSyncAt
  }

  /** True when a tap should ask the ledger first. */
  get worthAsking(): boolean {
    return this.#connectivity.kind === 'reached' && this.#unansweredTaps < breakerAfter
  }

  /**
   * The ledger has said that it suspended this terminal, and nothing else since: then nothing is sold offline either.
   */
  get suspended(): boolean {
    return this.#suspended
  }

  /**
   * A copy of this journal sold elsewhere, or an older one was restored: nothing is sold offline until the ledger
   * was heard.
   */
  get rollbackOpen(): boolean {
    const rollback = this.#parts.journal.fact<{ by: string }>('rollback')
    if (rollback === undefined) return false
    const detected = this.#parts.journal.lastSequence('rollback_detected')
    return detected > this.#parts.journal.lastSequence('head_countersigned')
  }

  start(): void {
    this.#stopped = false
    this.#schedule(0)
  }

  stop(): void {
    this.#stopped = true
    if (this.#timer !== undefined) this.#parts.scheduler.clearTimeout(this.#timer)
  }

  /** Runs a round now; when one is under way, another after it. */
  async syncNow(): Promise<void> {
    await this.#round
    await this.#runRound()
  }

  /** A tap heard the ledger, or did not. */
  tapAsked(reply: LedgerReply<unknown>): void {
    if (this.#stopped) return
    if (reply.kind === 'answer' || reply.kind === 'problem') {
      this.#unansweredTaps = 0
      this.#heard(reply)
      return
    }
    this.#unansweredTaps += 1
    if (this.#unansweredTaps >= breakerAfter || reply.kind === 'not_sent')
      this.#setConnectivity('not_reached', reply.detail)
    this.#schedule(this.#parts.settings.backoffMs.first)
  }

  /**
   * Hands over one item that waits, before all others: its customer waits too. Without an answer in time, and where a
   * full disk does not take the answer, it is left to the rounds.
   */
  async present(itemId: string, deadlineMs: number): Promise<void> {
    const { journal, ledger } = this.#parts
    const waiting = journal.waitingItem(itemId)
    if (waiting === undefined || !('item' in waiting)) return
    const reply = await ledger.call('/v1/terminal/batches', { items: [waiting.item] }, deadlineMs)
    this.tapAsked(reply)
    if (this.#stopped || reply.kind !== 'answer') return
    try {
      await this.#take([waiting], reply, new Set())
    } catch (error) {
      if (!isStorageFault(error)) throw error
    }
  }

  async #runRound(): Promise<void> {
    if (this.#stopped) return
    this.#round ??= this.#oneRound().finally(() => (this.#round = undefined))
    await this.#round
  }

  async #oneRound(): Promise<void> {
    const outcome = await this.#sync().catch((error: unknown): Round => {
      // A disk that is full now is a round that failed: the ledger is asked again, and ids make that safe.
      // And one that was stopped in its midst reads a journal that is closed.
      if (isStorageFault(error) || this.#stopped) return 'no_answer'
      throw error
    })
    const { settings, randomness } = this.#parts
    this.#failures = outcome === 'done' ? 0 : this.#failures + 1
    if (this.#stopped) return
    // What is shown of it depends on the time.
    if (this.#someoneWaits()) this.#parts.onDidChange()
    if (outcome === 'done')
      return this.#schedule(
        this.#someoneWaits() ? Math.min(settings.waitingIntervalMs, settings.intervalMs) : settings.intervalMs,
      )
    const longest = Math.min(
      settings.backoffMs.longest,
      settings.backoffMs.first * 2 ** Math.min(this.#failures - 1, 16),
    )
    const jitter = (randomness.bytes(1)[0] ?? 0) / 255
    this.#schedule(Math.floor(longest * (0.5 + jitter / 2)))
  }

  #someoneWaits(): boolean {
    const { journal, customerWaits } = this.#parts
    return journal.tendersInState('unknown').some(({ tenderId }) => customerWaits(tenderId))
  }

  #schedule(delayMs: number): void {
    const { scheduler } = this.#parts
    if (this.#stopped) return
    if (this.#timer !== undefined) scheduler.clearTimeout(this.#timer)
    this.#timer = scheduler.setTimeout(() => {
      this.#timer = undefined
      void this.#runRound()
    }, delayMs)
  }

  async #sync(): Promise<Round> {
    const steps = [
      () => this.#changeKeys('finish'),
      () => this.#handOver(),
      () => this.#resolveUnknown(),
      () => this.#readEvents(),
      () => this.#fetchPackage(),
      () => this.#showHead('show'),
      () => this.#changeKeys('startIfDue'),
    ]
    for (const step of steps) {
      const outcome = await step()
      if (outcome === 'no_answer') return 'no_answer'
    }
    this.#lastSyncAt = this.#parts.time.now()
    this.#setConnectivity('reached', '')
    return 'done'
  }

  async #showHead(step: 'afterStart' | 'show'): Promise<Round> {
    const outcome = await this.#shownHead[step]()
    if (outcome === 'again') return 'no_answer'
    return outcome === 'done' ? 'done' : this.#notAnswered(outcome)
  }

  async #changeKeys(step: 'finish' | 'startIfDue'): Promise<Round> {
    const outcome = await this.#keyRotation[step]()
    return outcome === 'done' ? 'done' : this.#notAnswered(outcome)
  }

  /** What waits, and after a start the head before it. */
  async #handOver(): Promise<Round> {
    const shown = await this.#showHead('afterStart')
    return shown === 'no_answer' ? 'no_answer' : this.#drain()
  }

  /**
   * Sends what waits, oldest first, until nothing is left. An item on which the ledger fails, or of which it says what
   * cannot be read here, keeps its place for the next round and holds up nothing else.
   *
   * While answers are recorded, the next batch is under way: should recording fail, ids make its repetition safe.
   */
  async #drain(): Promise<Round> {
    const aside = new Set<string>()
    let batch = this.#nextBatch(0, aside)
    while (batch !== undefined) {
      const { entries, last } = batch
      const reply = await batch.reply
      const next = reply.kind === 'answer' ? this.#nextBatch(last, aside) : undefined
      if ((await this.#take(entries, reply, aside)) === 'no_answer') return 'no_answer'
      if (aside.size >= asideMax) return 'done'
      // From the beginning, before it ends: a parked item that is to be tried again has an early row.
      batch = next ?? this.#nextBatch(last, aside) ?? this.#nextBatch(0, aside)
    }
    return 'done'
  }

  /** Sends the first batch of those that wait after this row; undefined when none does. */
  #nextBatch(after: number, aside: ReadonlySet<string>): SentBatch | undefined {
    const { journal, settings } = this.#parts
    for (let last = after; ;) {
      const page = journal.waitingItems(settings.batchSize, last)
      last = page.at(-1)?.sequence ?? last
      if (page.length === 0) return undefined
      for (const entry of page) if ('fault' in entry) this.#park(entry.itemId, entry.fault)
      const entries = page.flatMap((entry) => ('item' in entry && !aside.has(entry.itemId) ? [entry] : []))
      if (entries.length > 0) return { entries, last, reply: this.#sendBatch(entries) }
    }
  }

  #sendBatch(entries: readonly Entry[]): Promise<BatchReply> {
    return this.#ask('/v1/terminal/batches', { items: entries.map((entry) => entry.item) })
  }

  /** Does what the ledger's reply to a batch asks for. What it answered becomes rows, item by item, in one commit. */
  async #take(entries: readonly Entry[], reply: BatchReply, aside: Set<string>): Promise<Round> {
    if (reply.kind === 'problem') {
      if (!isAboutTheItems(reply.code)) return this.#notAnswered(reply)
      // The ledger cannot take the batch as such. Alone, the item at fault is found and the others go on.
      const [only] = entries
      if (entries.length === 1 && only !== undefined) {
        this.#park(only.itemId, `${reply.code}: ${reply.detail}`)
        return 'done'
      }
      return this.#sendApart(entries, aside)
    }
    if (reply.kind === 'no_answer' && reply.signed) {
      const [only] = entries
      if (entries.length > 1 || only === undefined) return this.#sendApart(entries, aside)
      aside.add(only.itemId)
      return 'done'
    }
    if (reply.kind !== 'answer') return this.#notAnswered(reply)
    const answered = new Map(reply.answer.results.map((signed) => [signed.result.itemId, signed]))
    const { journal, ledgerKey } = this.#parts
    journal.commit(...entries.flatMap((entry) => rowsOfAnswer(journal, ledgerKey, entry, answered.get(entry.itemId))))
    return 'done'
  }

  async #sendApart(entries: readonly Entry[], aside: Set<string>): Promise<Round> {
    for (const entry of entries) {
      const reply = await this.#sendBatch([entry])
      if ((await this.#take([entry], reply, aside)) === 'no_answer') return 'no_answer'
    }
    return 'done'
  }

  async #resolveUnknown(): Promise<Round> {
    for (const tender of this.#parts.journal.tendersInState('unknown')) {
      if ((await this.resolve(tender.tenderId)) === 'no_answer') return 'no_answer'
    }
    return 'done'
  }

  /**
   * Asks about one unknown tender. While the customer waits, the same authorisation is sent again: the same id answers
   * `exists` if it had arrived, and pays now if it had not. Otherwise the ledger is only asked.
   */
  async resolve(tenderId: string): Promise<Round> {
    const { journal, customerWaits } = this.#parts
    const evidence = journal.evidenceOf(tenderId)
    if (evidence !== undefined && customerWaits(tenderId)) {
      const { terms } = journal.intentOf(tenderId).row
      const reply = await this.#ask('/v1/terminal/authorisations', { terms, evidence })
      if (reply.kind === 'answer') return this.#recordUnlessResolved(tenderId, reply.answer, 'authorisation')
      return isAboutThis(reply) ? this.#inquire(tenderId) : this.#notAnswered(reply)
    }
    return this.#inquire(tenderId)
  }

  async #inquire(tenderId: string): Promise<Round> {
    const { journal } = this.#parts
    const reply = await this.#ask('/v1/terminal/inquiries', { tenderId })
    // One question that the ledger cannot read, or its answer that cannot be read here, must not keep the rest of the
    // round from it.
    if (isAboutThis(reply)) return 'done'
    if (reply.kind !== 'answer') return this.#notAnswered(reply)
    if (reply.answer.kind === 'known') return this.#recordUnlessResolved(tenderId, reply.answer.item, 'inquiry')
    // Nobody has paid the QR yet, and until it expires anybody may.
    if (reply.answer.kind === 'open') return 'done'
    // Not seen yet is no outcome. What a crash cut off before its evidence was kept can only be disowned: the reversal
    // leaves a tombstone, so that a late request moves nothing.
    if (journal.evidenceOf(tenderId) === undefined && journal.tender(tenderId)?.state === 'unknown') {
      journal.commit({ kind: 'reversal_requested', tenderId, reason: 'interrupted' })
      return this.#handOver()
    }
    return 'done'
  }

  async #readEvents(): Promise<Round> {
    const { journal } = this.#parts
    for (;;) {
      const after = journal.fact<number>('events_cursor') ?? 0
      const reply = await this.#ask('/v1/terminal/events', { after, limit: 200 })
      // News of a kind that is not known here wait for a newer till; packages and the head do not wait for that.
      if (reply.kind === 'no_answer' && reply.signed) return 'done'
      if (reply.kind !== 'answer') return this.#notAnswered(reply)
      const { events, cursor } = reply.answer
      // A cursor that does not move would be asked for, and journaled, for ever.
      if (events.length === 0 || cursor <= after) return 'done'
      const items = events.flatMap(({ event }) =>
        event.kind === 'item' && this.#isNews(event.item) ? [event.item] : [],
      )
      // A journal that was put back, or may have been, does not know what it sold.
      const isWhole = this.#shownHead.isShown && !this.rollbackOpen
      const surrenders = isWhole ? surrendersFor(journal, events, this.#parts.randomness) : []
      journal.commit(
        ...items.flatMap((item) => rowsOfWord(journal, item, 'status_feed')),
        ...surrenders,
        ...events.flatMap(({ event }) =>
          event.kind === 'discrepancy' ? [{ kind: 'discrepancy_told' as const, discrepancy: event.discrepancy }] : [],
        ),
        { kind: 'events_read', cursor },
      )
      // Somebody stands at another till with this card.
      if (surrenders.length > 0 && (await this.#handOver()) === 'no_answer') return 'no_answer'
    }
  }

  async #fetchPackage(): Promise<Round> {
    const outcome = await this.#packageFetch.fetch()
    return outcome === 'done' ? 'done' : this.#notAnswered(outcome)
  }

  #recordUnlessResolved(tenderId: string, signed: SignedItemResult, by: 'authorisation' | 'inquiry'): Round {
    // The cashier may have cancelled, or the status feed have answered, while this request was on its way.
    if (this.#parts.journal.tender(tenderId)?.state !== 'unknown') return 'done'
    const isAboutIt = signed.result.itemId === tenderId && this.#isLedgersWord(signed)
    if (isAboutIt && !signed.result.arrival.startsWith('exists_with_different')) this.#record(signed, by)
    return 'done'
  }

  #record(item: SignedItemResult, by: 'authorisation' | 'inquiry'): void {
    this.#parts.journal.commit({ kind: 'item_answered', item, by })
  }

  #isNews(signed: SignedItemResult): boolean {
    if (!this.#isLedgersWord(signed)) return false
    const tender = this.#parts.journal.tender(signed.result.itemId)
    return tender !== undefined && tender.state !== signed.result.state
  }

  #isLedgersWord(signed: SignedItemResult): boolean {
    return isLedgersWord(this.#parts.ledgerKey, signed)
  }

  #park(itemId: string, why: string): void {
    this.#parts.journal.commit({ kind: 'item_parked', itemId, why })
  }

  /**
   * What arrives after `stop` is not heard: the journal may be closed, and the ledger is asked again at the next start.
   */
  async #ask<Path extends TerminalPath>(
    path: Path,
    body: RequestOf<Path>,
    signer?: SigningKey,
  ): Promise<LedgerReply<AnswerOf<Path>>> {
    const reply = await this.#parts.ledger.call(path, body, this.#parts.settings.deadlineMs, signer)
    if (this.#stopped) return { kind: 'no_answer', detail: 'stopped', malformed: false, signed: false }
    // Batches, inquiries, events and heads are answered to a suspended terminal too, so they say nothing about that.
    if (reply.kind !== 'answer' || closedToSuspended.includes(path)) this.#heard(reply)
    return reply
  }

  #heard(reply: LedgerReply<unknown>): void {
    if (reply.kind === 'answer') this.#setSuspended(false)
    if (reply.kind === 'problem' && reply.code === 'terminal_suspended') this.#setSuspended(true)
  }

  #notAnswered(reply: Exclude<LedgerReply<unknown>, { kind: 'answer' }>): Round {
    if (this.#stopped) return 'no_answer'
    this.#setConnectivity(reply.kind === 'problem' ? 'refused' : 'not_reached', reply.detail)
    return 'no_answer'
  }

  /** A row, since a restart must not end it. On a full disk it holds for this process. */
  #setSuspended(suspended: boolean): void {
    if (this.#suspended === suspended) return
    this.#suspended = suspended
    try {
      this.#parts.journal.commit({ kind: 'suspension', suspended })
    } catch (error) {
      if (!isStorageFault(error)) throw error
    }
  }

  /** Each change is a journal row: offline by choice is visible (architecture.md, "Trust"). */
  #setConnectivity(kind: 'reached' | 'not_reached' | 'refused', detail: string): void {
    const { journal, time, onDidChange } = this.#parts
    if (kind === 'reached') this.#unansweredTaps = 0
    if (this.#connectivity.kind === kind) return
    const wasReached = this.#connectivity.kind === 'reached'
    this.#connectivity = kind === 'reached' ? { kind, since: time.now() } : { kind, since: time.now(), detail }
    if ((kind === 'reached') !== wasReached) {
      try {
        journal.commit({ kind: 'connectivity', ledger: kind === 'reached' ? 'reached' : 'not_reached' })
      } catch (error) {
        // This row proves something about people, not about money: a full disk must not end a payment over it.
        if (!isStorageFault(error)) throw error
      }
    }
    onDidChange()
  }
}

const closedToSuspended: readonly TerminalPath[] = ['/v1/terminal/packages', '/v1/terminal/authorisations']
