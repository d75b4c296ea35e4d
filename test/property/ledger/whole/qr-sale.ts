/** What a payment by QR paid, line by line, as far as its capture shows it (docs/design/19, "A payment by QR"). */
import { meet, sum, type SoldLine, type Tender, type Whole } from './state.ts'

/** What a capture shows; its sale is known by its hash. */
export interface ShownSale {
  readonly saleHash: string
  /** `price`: of all its pieces. */
  readonly lines: readonly { readonly line: number; readonly category: string; readonly price: bigint }[]
  readonly paid: readonly { readonly line: number; readonly amount: bigint }[]
  readonly at: number
}

export interface QrSale {
  readonly soldAt: number
  /** Null where nothing is shown, or what does not fit. */
  readonly lines: readonly SoldLine[] | null
}

/** @param tender held, since its `at`; @param id its own */
export function qrSaleOf(whole: Whole, id: string, tender: Tender, shown: ShownSale | undefined): QrSale {
  if (shown === undefined) {
    meet(whole, 'a capture of an older till shows no lines')
    return { soldAt: whole.now, lines: null }
  }
  const soldAt = Math.min(Math.max(shown.at, tender.at), whole.now)
  if (soldAt > shown.at) meet(whole, 'a QR that was sold before it was paid')
  if (soldAt < shown.at) meet(whole, 'a QR that was sold after now')
  const isOther = [...whole.rules.values()].some(({ versions }) => {
    const inForce = (time: number) => versions.findLast(({ from }) => from <= time)
    return versions[0]?.kind === 'vat' && inForce(soldAt) !== inForce(whole.now)
  })
  if (isOther) meet(whole, 'a QR is handed over under other rates than it was sold by')
  const whyNot = whyNoLines(whole, id, tender, shown)
  meet(whole, whyNot ?? 'lines that a QR paid')
  if (whyNot !== undefined) return { soldAt, lines: null }
  const category = new Map(shown.lines.map((line) => [line.line, line.category]))
  return { soldAt, lines: shown.paid.map(({ line, amount }) => ({ line, category: category.get(line) ?? '', amount })) }
}

function whyNoLines(whole: Whole, id: string, tender: Tender, { saleHash, lines, paid }: ShownSale) {
  if (saleHash !== tender.hash) return 'a capture shows another sale'
  if (new Set(paid.map(({ line }) => line)).size < paid.length) return 'a capture names a line twice'
  if (sum(paid.map(({ amount }) => amount)) !== tender.asked?.amount) return 'a capture shows another sum'
  const before = paidByOthers(whole, id, tender)
  const settled = paidByOthers(whole, id, tender, ['settled'])
  const prices = new Map(lines.map(({ line, price }) => [line, price]))
  if (paid.some(({ line }) => !prices.has(line))) return 'a capture names a line that is not there'
  const isAbove = (add: (line: number) => bigint): boolean =>
    paid.some(({ line, amount }) => amount + add(line) > (prices.get(line) ?? 0n))
  if (isAbove(() => 0n)) return 'a capture pays more than a line'
  if (isAbove((line) => before.get(line) ?? 0n) && !isAbove((line) => settled.get(line) ?? 0n))
    meet(whole, 'a capture pays what another tender is to be paid')
  const decided = paidByOthers(whole, id, tender, ['settled', 'awaiting_funds'])
  if (isAbove((line) => before.get(line) ?? 0n) && !isAbove((line) => decided.get(line) ?? 0n))
    meet(whole, 'a capture pays what its agency looks at')
  if (isAbove((line) => before.get(line) ?? 0n)) return 'a capture pays what another tender has paid'
  return undefined
}

/** Of each line of the sale, by its other tenders at that till that are paid, or will be. */
export function paidByOthers(
  { tenders }: Whole,
  id: string,
  { till, hash }: Pick<Tender, 'till' | 'hash'>,
  states: readonly Tender['state'][] = ['settled', 'awaiting_funds', 'in_review'],
): ReadonlyMap<number, bigint> {
  const paid = new Map<number, bigint>()
  for (const [other, { till: at, hash: of, state, sold, asked }] of tenders) {
    if (other === id || at !== till || of !== hash || !states.includes(state)) continue
    for (const { line, amount } of sold?.lines ?? asked?.lines ?? []) paid.set(line, (paid.get(line) ?? 0n) + amount)
  }
  return paid
}
