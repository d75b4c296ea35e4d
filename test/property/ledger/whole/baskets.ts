/** What tills show a QR for: baskets of their own, those of which a voucher paid a part, and those of former QRs. */
import { saleHashOf } from '../../../../src/sync/protocol/canonical.ts'
import type { Capture } from '../../../../src/sync/protocol/messages.ts'
import { tiyn } from '../../../../src/voucher/money.ts'
import type { Sale } from '../../../../src/voucher/sale.ts'
import { pick } from './pick.ts'
import type { ShownSale } from './qr-sale.ts'
import { hourMs, minuteMs, sum } from './state.ts'
import type { TillStep } from './till.ts'

type SoldByQr = NonNullable<Capture['sold']>

/** In line with nothing that `stray` means elsewhere. */
export const odd = { anotherSale: 10, anotherSum: 11, twice: 12, notThere: 13, above: 14 } as const
const nobodys = { kk: 'books', ru: 'books', en: 'books' }
const categories = ['food', 'lunch', 'books', 'food'] as const

export class Baskets {
  readonly #byTender = new Map<string, Sale>()
  readonly #ofVoucher = new Map<string, Sale>()
  readonly #ofQr = new Map<string, Sale>()

  /** A voucher paid a part of it. */
  sold(till: string, sale: Sale): void {
    this.#ofVoucher.set(till, sale)
  }

  /** The sale of which a QR is asked, and its amount. @param amount that the payer has */
  ask(till: string, tenderId: string, saleId: string, amount: bigint, each: TillStep) {
    const former = [undefined, undefined, this.#ofVoucher.get(till), this.#ofQr.get(till)][each.which % 4]
    const sale = former ?? basketOf(saleId, amount, each)
    if (!this.#byTender.has(tenderId)) this.#byTender.set(tenderId, sale)
    this.#ofQr.set(till, sale)
    const few = 2_000n + BigInt(each.which)
    return { saleHash: saleHashOf(sale), amount: former === undefined || amount < few ? amount : few }
  }

  /** What its capture shows. @param before what other tenders paid, as far as the till knows */
  shown(
    tenderId: string,
    {
      amount,
      before,
      now,
    }: { readonly amount: bigint; readonly before: ReadonlyMap<number, bigint>; readonly now: number },
    each: TillStep,
  ): SoldByQr | undefined {
    const sale = this.#byTender.get(tenderId)
    if (sale === undefined || each.which % 8 === 7) return undefined
    const isBlind = each.whom % 4 === 2
    const paid = partsOf(sale, amount, isBlind ? new Map() : before, each)
    const at = now + pick([0, 0, -90 * minuteMs, hourMs], each.which)
    const saleShown = each.stray === odd.anotherSale ? { ...sale, saleId: tenderId } : sale
    return { sale: saleShown, paid: oddly(paid, each), at: Math.max(at, 0) }
  }
}

/** As the model has it. */
export function shownIn({ sale, paid, at }: SoldByQr): ShownSale {
  const lines = sale.lines.map(({ line, category, quantity, unitPrice }) => {
    return { line, category, price: unitPrice * BigInt(quantity) }
  })
  return { saleHash: saleHashOf(sale), lines, paid, at }
}

/** Of that amount and of something more, which is paid in cash. */
function basketOf(saleId: string, amount: bigint, { which, whom }: TillStep): Sale {
  const parts = [amount / 2n, amount / 3n, amount - amount / 2n - amount / 3n, 3_000n].filter((part) => part > 0n)
  const lines = parts.map((part, index) => {
    const category = pick(categories, which + index)
    const quantity = whom % 2 === 0 && part % 3n === 0n ? 3 : 1
    const name = { ...nobodys, kk: category }
    return {
      line: index + 1,
      itemId: `some-${category}`,
      name,
      category,
      quantity,
      unitPrice: tiyn(part / BigInt(quantity)),
    }
  })
  return { saleId, lines }
}

/** From the first line on or from the last, as far as there is room; what finds none is laid on the first of them. */
function partsOf(
  sale: Sale,
  amount: bigint,
  before: ReadonlyMap<number, bigint>,
  { whom }: TillStep,
): SoldByQr['paid'] {
  const lines = whom % 2 === 0 ? sale.lines : sale.lines.toReversed()
  let left = amount
  const parts = lines.map(({ line, quantity, unitPrice }) => {
    const room = unitPrice * BigInt(quantity) - (before.get(line) ?? 0n)
    const part = room < 0n ? 0n : room < left ? room : left
    left -= part
    return { line, amount: part }
  })
  return parts
    .map((part, index) => ({ ...part, amount: tiyn(index === 0 ? part.amount + left : part.amount) }))
    .filter((part) => part.amount > 0n)
}

function oddly(paid: SoldByQr['paid'], { stray }: TillStep): SoldByQr['paid'] {
  const [first, ...rest] = paid
  if (first === undefined) return paid
  const { line, amount } = first
  if (stray === odd.anotherSum && amount > 1n) return [{ line, amount: tiyn(amount - 1n) }, ...rest]
  if (stray === odd.twice && amount > 1n)
    return [{ line, amount: tiyn(1n) }, { line, amount: tiyn(amount - 1n) }, ...rest]
  if (stray === odd.notThere) return [{ line: 9, amount }, ...rest]
  if (stray === odd.above) return [{ line, amount: tiyn(sum(paid.map((part) => part.amount))) }]
  return paid
}
