/** What the customer is given when goods came back: what became of the vouchers' part at the ledger, and the cash. */
import type { Language, Texts } from './identifiers.ts'
import { formatTenge, type Tiyn } from './money.ts'
import { headBlocks, schemeRows, shortId, type ReceiptBlock, type ReceiptDocument, type SlipHead } from './receipt.ts'
import { receiptTexts } from './receipt-texts.ts'
import type { CoveredLine } from './sale.ts'

export interface RefundOnSlip {
  readonly refundId: string
  readonly scheme: Texts
  readonly amount: Tiyn
  /** What of which lines goes back to it. */
  readonly lines: readonly CoveredLine[]
  /** Null where a wallet paid. */
  readonly cardLastFour: string | null
  readonly state: 'waiting' | 'done' | 'refused'
  /** Why the ledger refused. */
  readonly code: string | null
}

export interface RefundSlipContent extends SlipHead {
  readonly lines: readonly { readonly line: number; readonly name: Texts; readonly amount: Tiyn }[]
  readonly refunds: readonly RefundOnSlip[]
  readonly cash: Tiyn
}

const said = { waiting: 'refundWaits', done: 'refunded', refused: 'refundRefused' } as const

export function refundSlip(content: RefundSlipContent, language: Language): ReceiptDocument {
  const texts = receiptTexts[language]
  const wordOf = ({ state, cardLastFour }: RefundOnSlip): string =>
    state === 'done' && cardLastFour === null ? texts.refundedToWallet : texts[said[state]]
  // What the ledger refused goes nowhere, and a wallet is no scheme.
  const parts = content.refunds.filter(({ state, cardLastFour }) => state !== 'refused' && cardLastFour !== null)
  const rows = schemeRows(content.lines, parts, language)
  return {
    blocks: [
      ...headBlocks(content, texts.nonFiscal, language),
      { kind: 'rule' },
      { kind: 'text', text: texts.refund, align: 'center', bold: true },
      ...content.lines.flatMap(({ line, name, amount }): readonly ReceiptBlock[] => [
        { kind: 'row', left: name[language], right: formatTenge(amount) },
        ...rows.beneath(line),
      ]),
      ...content.refunds.flatMap((refund): readonly ReceiptBlock[] => [
        { kind: 'rule' },
        { kind: 'row', left: rows.named(refund.scheme), right: formatTenge(refund.amount) },
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
