/**
 * Asks whether the goods were given of a sale that was paid while the cashier saw another: a torn or unanswered payment
 * was left for later, and the card or the ledger has since said that it paid (money-rules.md, "Journal"). A sale that
 * is taken back, or goods that come back, are an answer too.
 */
import type { Journal } from '../../sync/journal/journal.ts'
import { shortId } from '../../voucher/receipt.ts'
import type { CommandFault } from '../contract/commands.ts'
import type { GoodsQuestion } from '../contract/goods.ts'

/** They are answered one by one; more than these show when the first are. */
const questionsShown = 20

/** Follows from the journal alone, so it changes only when the journal does. */
export function goodsView(journal: Journal): readonly GoodsQuestion[] {
  const openShift = journal.shifts.open()?.shiftId ?? null
  return journal.goodsQuestions
    .open()
    .slice(0, questionsShown)
    .flatMap((saleId): GoodsQuestion[] => {
      const sale = journal.sale(saleId)
      if (sale === undefined) return []
      const { at, total, shiftId } = sale
      const goods = sale.sale.lines.map(({ name }) => name)
      return [{ saleId, saleNumber: shortId(saleId), at, total, goods, voidable: shiftId === openShift }]
    })
}

export function goodsGiven(journal: Journal, saleId: string): CommandFault | undefined {
  if (!journal.goodsQuestions.isOpen(saleId)) return 'not_now'
  journal.commit({ kind: 'goods_given', saleId })
  return undefined
}
