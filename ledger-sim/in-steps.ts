/**
 * Long lists, step by step. A commit waits for the disk, and everybody else waits for the commit: a tap at another till
 * among them. So steps share a commit for as long as nobody else wants the store, and a list gives way after the step
 * in which somebody does (ADR 40).
 */
import { inTransaction, portsWithin } from './context.ts'
import type { Services } from './http/operation.ts'

/** More would save little, and make whoever comes now wait for a larger commit. */
const stepsPerCommitMax = 10

export interface Steps<Item, Result> {
  /** How much others wait for at most, beside the commit. */
  readonly itemsPerStep: number
  /** Does some of them, in the order given. @param services within the transaction of this commit */
  apply(services: Services, some: readonly Item[]): Promise<readonly Result[]>
  /** What an item is answered that breaks the ledger alone. Without it the list ends there: those before it stand. */
  broken?(item: Item): Result
}

/**
 * Where one of the items breaks the ledger, its commit never was: its steps are done again in a commit each, and the
 * items of its own step too.
 */
export async function inSteps<Item, Result>(
  services: Services,
  items: readonly Item[],
  how: Steps<Item, Result>,
): Promise<Result[]> {
  const { itemsPerStep, apply } = how
  const results: Result[] = []
  let next = 0
  /** As far as a commit of several steps has failed, each step has one of its own. */
  let carefulUntil = 0
  while (next < items.length) {
    let [end, steps] = [next, 0]
    try {
      const done = await inTransaction(services, async (work) => {
        const within = portsWithin(services, work)
        const made: Result[] = []
        do {
          const some = items.slice(end, end + itemsPerStep)
          end += some.length
          steps += 1
          made.push(...(await apply(within, some)))
        } while (
          end < items.length &&
          steps < stepsPerCommitMax &&
          next >= carefulUntil &&
          !(await services.store.isAwaited())
        )
        return made
      })
      results.push(...done)
      next = end
    } catch (error) {
      if (steps > 1) {
        // Done again below: should it pass then, no answer tells of it.
        services.onDidRecover?.(error)
        carefulUntil = end
      } else {
        const some = items.slice(next, next + itemsPerStep)
        results.push(...(await eachAlone(services, some, how, error)))
        next += some.length
      }
    }
  }
  return results
}

async function eachAlone<Item, Result>(
  services: Services,
  items: readonly Item[],
  { apply, broken }: Steps<Item, Result>,
  why: unknown,
): Promise<Result[]> {
  const results: Result[] = []
  for (const item of items) {
    try {
      if (items.length === 1) throw why
      results.push(...(await inTransaction(services, (work) => apply(portsWithin(services, work), [item]))))
    } catch (error) {
      if (broken === undefined) throw error
      services.onDidRecover?.(error)
      results.push(broken(item))
    }
  }
  // Where each passed alone no answer tells of it: whoever looks after the ledger must hear what broke their commit.
  if (items.length > 1) services.onDidRecover?.(why)
  return results
}
