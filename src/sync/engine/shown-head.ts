/**
 * Shows the ledger where the journal stands, together with the row at the place where the ledger saw this journal last,
 * so that a restored copy that grew past what it lost is noticed (docs/invariants/09-a-copy-is-noticed.md).
 */
import type { Journal } from '../journal/journal.ts'
import { verifyTagged, type VerifyingKey } from '../protocol/keys.ts'
import type { JournalPosition } from '../protocol/messages.ts'
import type { AnswerOf, LedgerReply, RequestOf } from './ledger-client.ts'
import type { TrustedTime } from './trusted-time.ts'

type HeadReply = LedgerReply<AnswerOf<'/v1/terminal/heads'>>
type NotAnswered = Exclude<HeadReply, { kind: 'answer' }>

interface Asked {
  readonly head: JournalPosition
  readonly reply: HeadReply
}

export interface ShownHeadParts {
  readonly journal: Journal
  readonly ledgerKey: VerifyingKey
  readonly terminalId: string
  readonly time: TrustedTime
  readonly ask: (body: RequestOf<'/v1/terminal/heads'>) => Promise<HeadReply>
}

/** How long a countersigned head may be old before a new one is recorded although nothing else happened. */
const recordedEveryMs = 10 * 60_000
/** A ledger that is there and has no answer on heads alone holds up what waits for so many rounds. */
const triesAfterStartMax = 3

export class ShownHead {
  readonly #parts: ShownHeadParts
  #isShown = false
  #triesAfterStart = 0

  constructor(parts: ShownHeadParts) {
    this.#parts = parts
  }

  /** Whether the ledger has compared this journal, in this life of the till, with what it saw of it. */
  get isShown(): boolean {
    return this.#isShown
  }

  /**
   * Before any row that waits after a start: the ledger takes the newest row for the head, and would compare a copy
   * with itself.
   *
   * @returns a reply when the ledger was not heard; `again` when it has to be asked once more before a row is sent
   */
  async afterStart(): Promise<'done' | 'again' | NotAnswered> {
    if (this.#isShown || this.#parts.journal.queue().waiting === 0) return 'done'
    const { reply } = await this.#askWithRow()
    if (this.#isShown) return 'done'
    if (reply.kind === 'not_sent' || (reply.kind === 'no_answer' && !reply.signed)) return reply
    this.#triesAfterStart += 1
    return this.#triesAfterStart < triesAfterStartMax ? 'again' : 'done'
  }

  /** Keeps the countersigned head. @returns a reply when the ledger was not heard */
  async show(): Promise<'done' | NotAnswered> {
    const { journal, ledgerKey, terminalId, time } = this.#parts
    const { head, reply } = await this.#askWithRow()
    if (reply.kind !== 'answer') return reply
    // Another place once more: somebody shows the same journal meanwhile, and the next round tells.
    if (reply.answer.kind !== 'countersigned') return 'done'
    const { signature } = reply.answer
    if (!verifyTagged(ledgerKey, 'tolem/journal-head/1', { terminalId, head }, signature)) return 'done'
    const last = journal.lastRow('head_countersigned')
    const nothingNew = last !== undefined && head.sequence === journal.lastSequence('head_countersigned')
    if (!nothingNew || time.now() - last.at > recordedEveryMs)
      journal.commit({ kind: 'head_countersigned', head, signature })
    return 'done'
  }

  /** A rollback that the ledger sees ends the epoch. */
  async #askWithRow(): Promise<Asked> {
    const { journal } = this.#parts
    const first = await this.#askWith(journal.lastRow('head_countersigned')?.row.head ?? journal.head)
    const wanted =
      first.reply.kind === 'answer' && first.reply.answer.kind === 'show_row' ? first.reply.answer.at : null
    const asked = wanted === null ? first : await this.#askWith(wanted)
    if (asked.reply.kind !== 'answer') return asked
    const { answer } = asked.reply
    if (answer.kind === 'rollback_detected') journal.startEpochAfterRollback('ledger', answer.seen)
    this.#isShown ||= answer.kind !== 'show_row'
    return asked
  }

  async #askWith({ epoch, sequence }: Pick<JournalPosition, 'epoch' | 'sequence'>): Promise<Asked> {
    const { journal, ask } = this.#parts
    const { head } = journal
    const { waiting, parked } = journal.queue()
    const before = { epoch, sequence, hash: journal.hashAt({ epoch, sequence }) }
    return { head, reply: await ask({ head, unsynced: waiting + parked, before }) }
  }
}
