/**
 * Several units of work in one commit: each waits for the same flush of the disk instead of one of its own. A unit is
 * as alone as before: they run one after the other, each behind a savepoint that undoes it when it throws, and nobody
 * is answered before the commit that his unit is in.
 */
import type { Kysely, Transaction } from 'kysely'
import { inSavepoint } from './savepoint.ts'

/** So many units share a commit at most: who comes next waits for all of them. */
const unitsPerCommit = 64

/** Starts the next commit: at once, or when all that has come in by now has asked for its unit. */
export type Gather = (start: () => void) => void

interface Waiting<Tables> {
  readonly work: (connection: Transaction<Tables>) => Promise<unknown>
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

type Outcome =
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly error: unknown }

export class GroupCommit<Tables> {
  readonly #database: Kysely<Tables>
  readonly #gather: Gather
  readonly #waiting: Waiting<Tables>[] = []
  #isRunning = false
  /** Units that share the commit which is being made up with the one at work, and are answered after it. */
  #unitsBeside = 0

  constructor(database: Kysely<Tables>, gather: Gather) {
    this.#database = database
    this.#gather = gather
  }

  /** Runs as one unit: all or nothing. Rejects with what the work threw, or with why its commit failed. */
  transaction<Result>(work: (connection: Transaction<Tables>) => Promise<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.push({ work, resolve: resolve as (result: unknown) => void, reject })
      this.#startNext()
    })
  }

  /** Whether anybody waits for the unit that is at work. */
  get isAwaited(): boolean {
    return this.#unitsBeside > 0 || this.#waiting.length > 0
  }

  #startNext(): void {
    if (this.#isRunning || this.#waiting.length === 0) return
    this.#isRunning = true
    this.#gather(() => {
      void this.#commit(this.#waiting.splice(0, unitsPerCommit)).finally(() => {
        this.#isRunning = false
        this.#startNext()
      })
    })
  }

  async #commit(units: readonly Waiting<Tables>[]): Promise<void> {
    const [only] = units
    if (units.length === 1 && only !== undefined)
      return this.#database.transaction().execute(only.work).then(only.resolve, only.reject)
    try {
      const outcomes = await this.#database.transaction().execute(async (connection) => {
        const made: Outcome[] = []
        this.#unitsBeside = units.length - 1
        for (const { work } of units) made.push(await outcomeOf(connection, work))
        return made
      })
      for (const [index, outcome] of outcomes.entries()) {
        if (outcome.kind === 'done') units[index]?.resolve(outcome.result)
        else units[index]?.reject(outcome.error)
      }
    } catch (error) {
      // The commit itself failed, or SQLite gave it up: nothing of any unit stays.
      for (const { reject } of units) reject(error)
    } finally {
      this.#unitsBeside = 0
    }
  }
}

/** Rejects only when the whole transaction is gone: then nothing can be read in it any more. */
async function outcomeOf<Tables>(
  connection: Transaction<Tables>,
  work: (connection: Transaction<Tables>) => Promise<unknown>,
): Promise<Outcome> {
  let failed: { readonly error: unknown } | undefined
  const result = await inSavepoint(connection, async (within) => {
    try {
      return await work(within)
    } catch (error) {
      failed = { error }
      throw error
    }
  }).catch((error: unknown) => {
    if (failed?.error !== error) throw error
  })
  return failed === undefined ? { kind: 'done', result } : { kind: 'failed', error: failed.error }
}
