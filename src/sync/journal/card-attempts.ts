/**
 * How often this till has had a card authenticate since that last succeeded, so that no till closes a card's key for
 * ever (docs/design/02, "Failed authentications"). It stands in the journal's file and is no row of it: nothing is paid
 * by it, the ledger need not hear of it, and two rows for each tap would make the chain a quarter longer. A card has
 * a name here that only this till can make of it (`KeyRing.ownNameOf`).
 */
import { isStorageFault } from './data-folder.ts'

/** An authentication that the card refused, or that it answered wrongly. */
export const mostRefusedAttempts = 2
/** With those that ended in no answer: whether the card has counted them, nobody knows. */
export const mostAttempts = 10
/** After that the count begins anew: a copy that failed here must not keep the card itself away for ever. */
export const countedForMs = 24 * 3_600_000

interface Tables {
  readonly isOpen: () => boolean
  /** Trusted time. */
  readonly now: () => number
  get(sql: string, ...values: readonly unknown[]): unknown
  run(sql: string, ...values: readonly unknown[]): void
  /** One commit: when it returns, it is on the disk. */
  write(work: () => void): void
}

/** `key`: what the till's key of the card was called then, if it had one. `since`: when the first of them began. */
interface Attempts {
  readonly key: string | null
  readonly attempts: number
  readonly refused: number
  readonly since: number
}

export class JournalCardAttempts {
  readonly #tables: Tables
  /** Their success goes to the disk with the next commit; if it is lost, the count is too high, never too low. */
  readonly #succeeded = new Set<string>()

  constructor(tables: Tables) {
    this.#tables = tables
  }

  /**
   * Counts one that is about to begin: on the disk when this returns.
   *
   * @param key names the till's key of the card, where it has one: with another one the count begins anew
   * @returns false when the card may not be asked again, or the journal was closed meanwhile: nothing may be sent to it
   */
  begin(card: string, key: string | null): boolean {
    if (!this.#tables.isOpen() || this.isUsedUp(card, key)) return false
    const now = this.#tables.now()
    this.#tables.write(() => {
      this.#tables.run('DELETE FROM card_attempt WHERE card = ? AND since <= ?', card, now - countedForMs)
      this.#tables.run(
        `INSERT INTO card_attempt (card, key, attempts, refused, since) VALUES (?, ?, 1, 0, ?)
           ON CONFLICT (card) DO UPDATE SET
             attempts = CASE WHEN excluded.key <> coalesce(key, '') THEN 1 ELSE attempts + 1 END,
             refused = CASE WHEN excluded.key <> coalesce(key, '') THEN 0 ELSE refused END,
             key = coalesce(excluded.key, key)`,
        card,
        key,
        now,
      )
    })
    return true
  }

  succeeded(card: string): void {
    this.#succeeded.add(card)
  }

  /** What has begun was refused. */
  refused(card: string): void {
    this.#correct('UPDATE card_attempt SET refused = refused + 1 WHERE card = ?', card)
  }

  /** What has begun is none: the card did its part, and nobody could say whether rightly. */
  tookNoPlace(card: string): void {
    this.#correct('UPDATE card_attempt SET attempts = attempts - 1 WHERE card = ? AND attempts > 0', card)
  }

  /** @param key as for `begin` */
  isUsedUp(card: string, key: string | null): boolean {
    if (this.#succeeded.has(card)) return false
    const found = this.#tables.get('SELECT key, attempts, refused, since FROM card_attempt WHERE card = ?', card)
    if (found === undefined) return false
    const { key: former, attempts, refused, since } = found as Attempts
    if ((key !== null && key !== former) || this.#tables.now() - since >= countedForMs) return false
    return refused >= mostRefusedAttempts || attempts >= mostAttempts
  }

  /** Within a commit, before anything else of it. */
  writeSuccesses(): void {
    for (const card of this.#succeeded) this.#tables.run('DELETE FROM card_attempt WHERE card = ?', card)
  }

  /** And after it. */
  successesAreWritten(): void {
    this.#succeeded.clear()
  }

  /** A disk that is full by now keeps the attempt counted. */
  #correct(sql: string, card: string): void {
    if (!this.#tables.isOpen()) return
    try {
      this.#tables.write(() => this.#tables.run(sql, card))
    } catch (error) {
      if (!isStorageFault(error)) throw error
    }
  }
}
