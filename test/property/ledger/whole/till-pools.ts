/** What tills keep of their pools: what the package says, and what they have sold since. */
import type { SyncItem } from '../../../../src/sync/protocol/messages.ts'
import type { Lease } from '../../../../src/voucher/package.ts'
import type { TestTill } from '../../../integration/ledger/demo-ledger.ts'
import { openingCards } from './households.ts'
import { available, sum, type Verdict, type Whole } from './state.ts'
import { escrowOf } from './slots.ts'
import type { Item, TillStep } from './till.ts'

interface SoldFromPool {
  readonly item: SyncItem
  readonly leaseId: string
  readonly amount: bigint
  isAnswered: boolean
}

/** Of each till what it sold from its pool and the ledger had not answered when its package came. */
export class SoldFromPools {
  readonly #sold = new Map<string, SoldFromPool[]>()
  /** Pools from which a till sold that did not count. */
  readonly #uncounted = new Set<string>()

  #of({ terminalId }: TestTill): SoldFromPool[] {
    return this.#sold.get(terminalId) ?? []
  }

  /** Now and then nothing, as a copy of the till would. */
  saidBy(till: TestTill, { which }: TillStep): bigint {
    const pools = (till.package?.leases ?? []).filter(({ pool }) => pool !== undefined)
    if (which % 9 !== 8) return sum(this.#of(till).map(({ amount }) => amount))
    for (const { leaseId } of pools) this.#uncounted.add(leaseId)
    return 0n
  }

  count(till: TestTill, { item }: Item): void {
    if (item.kind !== 'presentment') return
    const { leaseId, terms } = item
    const isPools = till.package?.leases.some((lease) => lease.leaseId === leaseId && lease.pool !== undefined)
    if (isPools !== true || leaseId === undefined) return
    this.#sold.set(till.terminalId, [...this.#of(till), { item, leaseId, amount: terms.amount, isAnswered: false }])
  }

  /**
   * Of what it handed over.
   *
   * @throws Error when a till that counted what it sold is told that its pool is used up
   */
  answered(till: TestTill, items: readonly Item[], answers: readonly Verdict[]): void {
    const own = this.#of(till).filter((one) => items.some(({ item }) => item === one.item))
    for (const one of own) one.isAnswered = true
    if (!answers.some(({ arrival, loss }) => arrival === 'created' && loss === 'POOL_USED_UP')) return
    if (!own.some(({ leaseId }) => this.#uncounted.has(leaseId)))
      throw new Error(`${till.terminalId} counted what it sold, and its pool did not pay it`)
  }

  /** Its package says what is left after all that was answered. */
  fetched(till: TestTill): void {
    this.#sold.set(
      till.terminalId,
      this.#of(till).filter(({ isAnswered }) => !isAnswered),
    )
  }
}

const textOf = ({ schemeId, left, sellUntil, presentUntil }: Readonly<Record<string, unknown>>): string =>
  [schemeId, left, sellUntil, presentUntil].join(' ')

export function poolsIn(leases: readonly Lease[]): readonly string[] {
  const texts = leases.flatMap(({ pool, ...lease }) =>
    pool === undefined ? [] : [textOf({ ...lease, left: pool.left })],
  )
  return texts.toSorted()
}

/** As the till's next package has to have them; who is on its list is compared for all leases. */
export function poolsOf(whole: Whole, tillId: string): readonly string[] {
  const texts = [...whole.leases].flatMap(
    ([leaseId, { till, isPool, isClosed, scheme: schemeId, slots, ...until }]) => {
      const isIn = isPool && till === tillId && !isClosed && until.sellUntil > whole.now
      // Where nobody may buy there is nothing to say of it.
      const isAnybody = [...slots].some((one) => openingCards(whole, schemeId, ...one).length > 0)
      return isIn && isAnybody ? [textOf({ schemeId, left: available(whole, escrowOf(leaseId)), ...until })] : []
    },
  )
  // Two that are opened at once have no order.
  return texts.toSorted()
}
