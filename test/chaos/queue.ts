/**
 * What waits in a till's journal before the chaos: sales, voids, attempts that were disowned, slots that were given
 * back, and what the ledger must refuse. Really decided, proved and signed, so that the ledger has no other reason to
 * take or refuse them than the rules. Beside the journal it makes the list that the judge is given.
 */
import { realRandomness } from '../../src/terminal/core/real-ports.ts'
import { Journal } from '../../src/sync/journal/journal.ts'
import { toJson } from '../../src/sync/protocol/canonical.ts'
import type { JournalRow } from '../../src/sync/journal/rows.ts'
import type { BenchCard } from '../bench/bench-ledger.ts'
import type { BenchTill, OfflineSale } from '../bench/bench-till.ts'
import type { QueuedItem } from '../checker/queue-verdict.ts'
import type { SeededRandom } from '../simulation/random.ts'

/** Stories of the queue, with how often one is told. */
const stories = {
  sale: 66,
  /** Sold, and voided a while later: both wait. */
  void: 12,
  /** Asked for on line, no answer, the customer left: a reversal; the first request is still in the network. */
  disowned: 7,
  /** Asked for on line, no answer, the customer waits: the same authorisation again. */
  asked: 4,
  /** The same, of a basket that was never decided: the ledger refuses. */
  askedWrongly: 2,
  /** Goods given for a basket that was never decided: nobody pays. */
  soldWrongly: 3,
  /** Sales, then the slot is given back; at times a sale after that, or a void. */
  givenBack: 4,
} as const
type Story = keyof typeof stories

/** Cards by what is done with them: those that are asked about on line must show rising counters. */
export const salesPerCard = 12

export interface FilledQueue {
  readonly items: readonly QueuedItem[]
  /** Bodies of authorisations that are still in the network when the queue begins to drain. */
  readonly underWay: readonly string[]
  /**
   * Items whose end depends on what arrives first, because the till did wrong: a sale after its slot was given back is
   * paid if it comes before that (money-rules.md, "Who pays for a presented sale": first presented). The network does
   * not have these before the till sent them in their order.
   */
  readonly inOrderOnly: ReadonlySet<string>
}

/** How many cards a till needs for a queue of that many items. */
export const cardsFor = (itemCount: number): number =>
  10 + Math.ceil(itemCount / salesPerCard) + Math.ceil(itemCount / 8)

export function fillQueue(
  till: BenchTill,
  cards: readonly BenchCard[],
  file: string,
  count: number,
  random: SeededRandom,
): FilledQueue {
  return new QueueMaker(till, cards, random).fill(file, count)
}

class QueueMaker {
  readonly #till: BenchTill
  readonly #random: SeededRandom
  readonly #shared: readonly BenchCard[]
  readonly #own: BenchCard[]
  readonly #names = (Object.keys(stories) as Story[]).flatMap((name) =>
    Array.from<Story>({ length: stories[name] }).fill(name),
  )
  readonly #items: QueuedItem[] = []
  readonly #underWay: string[] = []
  readonly #inOrderOnly = new Set<string>()
  /** Voids that come some time after their sale. */
  readonly #later: JournalRow[][] = []
  #turn = 0

  constructor(till: BenchTill, cards: readonly BenchCard[], random: SeededRandom) {
    this.#till = till
    this.#random = random
    const shared = Math.ceil(cards.length / 2.5)
    this.#shared = cards.slice(0, shared)
    this.#own = cards.slice(shared)
  }

  fill(file: string, count: number): FilledQueue {
    const journal = new Journal(file, { now: Date.now })
    this.#till.prepare(journal)
    let rows: JournalRow[] = []
    const commit = (): void => {
      if (rows.length > 0) journal.commit(...rows)
      rows = []
    }
    while (this.#items.length < count) {
      rows.push(...this.#tell(this.#random.pick(this.#names)))
      if (this.#later.length > 0 && this.#random.chance(0.2)) rows.push(...(this.#later.shift() ?? []))
      if (rows.length > 400) commit()
    }
    rows.push(...this.#later.flat())
    commit()
    journal.close()
    return { items: this.#items, underWay: this.#underWay, inOrderOnly: this.#inOrderOnly }
  }

  #tell(story: Story): readonly JournalRow[] {
    const till = this.#till
    switch (story) {
      case 'sale':
        return this.#sold(till.sell(this.#card()), 'settled')
      case 'soldWrongly':
        return this.#sold(till.sell(this.#card(), { wrongBasket: true }), 'not_paid')
      case 'void': {
        const sale = till.sell(this.#card())
        const rows = this.#sold(sale, 'reversed')
        this.#later.push(this.#voided(sale))
        return rows
      }
      case 'disowned': {
        const sale = till.sell(this.#card(), { mode: 'online' })
        return [...this.#unknown(sale), ...this.#voided(sale, 'customer_left')]
      }
      case 'asked':
        return this.#asked(till.sell(this.#ownCard(), { mode: 'online' }), 'settled')
      case 'askedWrongly':
        return this.#asked(till.sell(this.#ownCard(), { mode: 'online', wrongBasket: true }), 'refused')
      case 'givenBack':
        return this.#givenBack(this.#ownCard())
      default:
        return story satisfies never
    }
  }

  #card(): BenchCard {
    this.#turn += 1
    const card = this.#shared[this.#turn % this.#shared.length]
    if (card === undefined) throw new Error('the till has no cards')
    return card
  }

  #ownCard(): BenchCard {
    const card = this.#own.pop()
    if (card === undefined) throw new Error('the till has too few cards: cardsFor')
    return card
  }

  #sold(sale: OfflineSale, expected: QueuedItem['expected']): JournalRow[] {
    const { frozen, intent, approved } = sale
    this.#queued(sale, intent.terms.tenderId, expected)
    return [frozen, intent, approved, { kind: 'sale_closed', saleId: frozen.sale.saleId }]
  }

  #unknown({ frozen, intent, approved }: OfflineSale): JournalRow[] {
    const { tenderId, evidence } = approved
    this.#underWay.push(toJson({ terms: intent.terms, evidence }))
    return [frozen, { ...intent, leaseId: null }, { kind: 'tender_unknown', tenderId, evidence }]
  }

  #asked(sale: OfflineSale, expected: QueuedItem['expected']): JournalRow[] {
    this.#queued(sale, sale.intent.terms.tenderId, expected)
    return this.#unknown(sale)
  }

  #voided(sale: OfflineSale, reason: 'void' | 'customer_left' = 'void'): JournalRow[] {
    const { tenderId } = sale.intent.terms
    this.#queued(sale, `reversal:${tenderId}`, 'reversed')
    return [
      { kind: 'reversal_requested', tenderId, reason },
      { kind: 'sale_cancelled', saleId: sale.frozen.sale.saleId },
    ]
  }

  #givenBack(card: BenchCard): JournalRow[] {
    const { lease, slot } = this.#till.leasedTo(card)
    const before = Array.from({ length: this.#random.between(0, 3) }, () => this.#till.sell(card))
    const isVoided = before.length > 0 && this.#random.chance(0.3)
    const rows = before.flatMap((sale, index) => this.#sold(sale, isVoided && index === 0 ? 'reversed' : 'settled'))
    const used = before.reduce((sum, { intent }) => sum + intent.terms.amount, 0n)
    const surrenderId = realRandomness.uuid()
    this.#items.push({
      itemId: surrenderId,
      kind: 'surrender',
      id: surrenderId,
      lease: lease.leaseId,
      amount: String(slot.amountAllowed - used),
      amountMost: String(slot.amountAllowed),
      payee: null,
      expected: 'done',
    })
    rows.push({ kind: 'slot_surrendered', surrenderId, leaseId: lease.leaseId, slotId: slot.slotId })
    const [first] = before
    if (isVoided && first !== undefined) rows.push(...this.#voided(first))
    if (this.#random.chance(0.5)) {
      const after = this.#till.sell(card)
      this.#inOrderOnly.add(after.intent.terms.tenderId)
      rows.push(...this.#sold(after, 'not_paid'))
    }
    return rows
  }

  #queued({ intent }: OfflineSale, itemId: string, expected: QueuedItem['expected']): void {
    const { tenderId, amount, payeeAccount } = intent.terms
    const lease = intent.leaseId
    this.#items.push({
      itemId,
      kind: 'tender',
      id: tenderId,
      lease,
      amount: String(amount),
      payee: payeeAccount,
      expected,
    })
  }
}
