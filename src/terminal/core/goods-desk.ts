/**
 * Asks whether the goods were given of a sale that was paid while nobody saw it here: a torn or unanswered payment was
 * left for later, or the till stopped, and the card or the ledger has since said that it paid (money-rules.md,
 * "Journal"). A sale that is taken back or refunded as a whole is an answer too.
 */
import type { Journal, SaleRecord } from '../../sync/journal/journal.ts'
import { zeroTiyn } from '../../voucher/money.ts'
import { shortId } from '../../voucher/receipt.ts'
import type { CommandFault } from '../contract/commands.ts'
import type { GoodsQuestion } from '../contract/goods.ts'

export interface GoodsDeskParts {
  readonly journal: Journal
  /** Whether something of a closed sale can still go back, now or once the ledger has answered. */
  readonly mayGoBack: (sale: SaleRecord) => boolean
}

/** They are answered one by one; more than these show when the first are. */
const questionsShown = 20

export class GoodsDesk {
  readonly #parts: GoodsDeskParts

  constructor(parts: GoodsDeskParts) {
    this.#parts = parts
  }

  /** Follows from the journal alone, so it changes only when the journal does. */
  view(): readonly GoodsQuestion[] {
    const { journal } = this.#parts
    return journal.goodsQuestions
      .open()
      .slice(0, questionsShown)
      .flatMap((saleId): GoodsQuestion[] => {
        const sale = journal.sale(saleId)
        if (sale === undefined) return []
        const { at, total } = sale
        const goods = sale.sale.lines.map(({ name }) => name)
        return [{ saleId, saleNumber: shortId(saleId), at, total, goods, back: this.#wayBack(saleId, sale) }]
      })
  }

  answer(saleId: string, given: boolean): CommandFault | undefined {
    const { journal } = this.#parts
    const sale = journal.sale(saleId)
    if (sale === undefined || !journal.goodsQuestions.open().includes(saleId)) return 'not_now'
    if (!given && this.#wayBack(saleId, sale) !== 'nothing') return 'not_now'
    journal.commit({ kind: 'goods_answered', saleId, given })
    return undefined
  }

  #wayBack(saleId: string, sale: SaleRecord): GoodsQuestion['back'] {
    const { journal, mayGoBack } = this.#parts
    const isOfShift = sale.shiftId === (journal.shifts.open()?.shiftId ?? null)
    if (isOfShift && journal.returns.wentBackOf(saleId) === zeroTiyn) return 'void'
    return mayGoBack(sale) ? 'refund' : 'nothing'
  }
}
