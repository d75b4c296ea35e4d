/**
 * What clients ask for singly while a commit is on its way is done together in the next one, where the operation can do
 * many at once: a commit of sixty payments takes a few statements, not a few for each.
 */
import { inTransaction, portsWithin } from '../context.ts'
import type { Asked, Operation, Outcome, Services } from './operation.ts'

/** Everybody else waits while they are done. */
const requestsTogether = 64

interface Waiting {
  readonly asked: Asked<unknown>
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
}

export class Gathering {
  readonly #services: Services
  readonly #waiting = new Map<Operation, Waiting[]>()

  constructor(services: Services) {
    this.#services = services
  }

  /**
   * As `operation.perform`, and like it answered after the commit. Who asked first is judged first.
   *
   * @throws what the operation throws when it is asked alone
   */
  perform(operation: Operation, asked: Asked<unknown>): Promise<Outcome> {
    if (operation.performEach === undefined) return operation.perform(asked)
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(operation) ?? []
      this.#waiting.set(operation, waiting)
      waiting.push({ asked, resolve, reject })
      if (waiting.length === 1) void this.#performNext(operation)
    })
  }

  /** Never rejects. Whoever comes before its transaction begins is in it. */
  async #performNext(operation: Operation): Promise<void> {
    let taken: readonly Waiting[] = []
    try {
      const outcomes = await inTransaction(this.#services, async (work) => {
        taken = this.#take(operation)
        return operation.performEach?.(
          portsWithin(this.#services, work),
          taken.map(({ asked }) => asked),
        )
      })
      for (const [index, { resolve, reject }] of taken.entries()) {
        const outcome = outcomes?.[index]
        if (outcome === undefined) reject(new Error(`${operation.path} left a request without an outcome`))
        else resolve(outcome)
      }
    } catch (error) {
      // One of them broke the ledger, or the commit failed: nothing of it stands, and each is asked alone.
      if (taken.length > 1) this.#services.onDidRecover?.(error)
      for (const { asked, resolve, reject } of taken.length === 0 ? this.#take(operation) : taken)
        await operation.perform(asked).then(resolve, reject)
    }
  }

  #take(operation: Operation): readonly Waiting[] {
    const waiting = this.#waiting.get(operation) ?? []
    const taken = waiting.splice(0, requestsTogether)
    if (waiting.length > 0) void this.#performNext(operation)
    return taken
  }
}
