/** What the customer is given when goods came back: what became of the vouchers' part at the ledger, and the cash. */
import type { Language, Texts } from './identifiers.ts'
import { formatTenge, type Tiyn } from './money.ts'
import { headBlocks, shortId, type ReceiptBlock, type ReceiptDocument, type SlipHead } from './receipt.ts'
import { receiptTexts } from './receipt-texts.ts'

export interface RefundOnSlip {
  readonly refundId: string
  readonly scheme: Texts
  readonly amount: Tiyn
  /** Null where a wallet paid. */
  readonly cardLastFour: string | null
  readonly state: 'waiting' | 'done' | 'refused'
  /** Why the ledger refused. */
  readonly code: string | null
}

export interface RefundSlipContent extends SlipHead {
  readonly lines: readonly { readonly name: Texts; readonly amount: Tiyn }[]
  readonly refunds: readonly RefundOnSlip[]
  readonly cash: Tiyn
}

const said = { waiting: 'refundWaits', done: 'refunded', refused: 'refundRefused' } as const

export function refundSlip(content: RefundSlipContent, language: Language): ReceiptDocument {
  const texts = receiptTexts[language]
  const wordOf = ({ state, cardLastFour }: RefundOnSlip): string =>
    state === 'done' && cardLastFour === null ? texts.refundedToWallet : texts[said[state]]
  return {
    blocks: [
      ...headBlocks(content, texts.nonFiscal, language),
      { kind: 'rule' },
      { kind: 'text', text: texts.refund, align: 'center', bold: true },
      ...content.lines.map(({ name, amount }): ReceiptBlock => ({
        kind: 'row',
        left: name[language],
        right: formatTenge(amount),
      })),
      ...content.refunds.flatMap((refund): readonly ReceiptBlock[] => [
        { kind: 'rule' },
        { kind: 'row', left: refund.scheme[language], right: formatTenge(refund.amount) },
        { kind: 'text', text: wordOf(refund), bold: true },
        ...(refund.code === null ? [] : [{ kind: 'text' as const, text: refund.code }]),
        ...(refund.cardLastFour === null
          ? []
          : [{ kind: 'row' as const, left: texts.card, right: `…${refund.cardLastFour}` }]),
        { kind: 'row', left: texts.refundNumber, right: shortId(refund.refundId) },
      ]),
      ...(content.cash > 0n
        ? [
            { kind: 'rule' as const },
            { kind: 'row' as const, left: texts.cashReturned, right: formatTenge(content.cash), bold: true },
          ]
        : []),
      { kind: 'cut' },
    ],
  }
}
