/** What stands on the paper of an X- or Z-report, in one of three languages, free of any printer. Non-fiscal. */
import type { Language, Texts } from './identifiers.ts'
import { addTiyn, formatTenge, remainderTiyn, type Tiyn } from './money.ts'
import { formatLocalTime, shortId, type ReceiptBlock, type ReceiptDocument, type SlipHead } from './receipt.ts'
import { receiptTexts } from './receipt-texts.ts'
import type { ShiftReport } from './shift-report.ts'
import { shiftTexts, type ShiftTexts } from './shift-texts.ts'

export interface ShiftSlipContent extends Omit<SlipHead, 'saleId'> {
  readonly figures: ShiftReport
  readonly schemeNames: ReadonlyMap<string, Texts>
}

export function shiftSlip(content: ShiftSlipContent, language: Language): ReceiptDocument {
  const { figures, merchant, utcOffsetMinutes } = content
  const texts = shiftTexts[language]
  const local = (at: number): string => formatLocalTime(at, utcOffsetMinutes)
  const { rows } = figures
  return {
    blocks: [
      { kind: 'text', text: merchant.name[language], align: 'center', bold: true },
      { kind: 'text', text: merchant.address[language], align: 'center' },
      { kind: 'text', text: texts.nonFiscal, align: 'center', bold: true },
      ...(content.copy ? [{ kind: 'copyMark' as const, text: receiptTexts[language].copy }] : []),
      { kind: 'rule' },
      {
        kind: 'text',
        text: figures.drawer.counted === null ? texts.x : `${texts.z} ${figures.number}`,
        align: 'center',
        bold: true,
      },
      row(receiptTexts[language].terminal, content.terminalId),
      row(texts.cashier, `${figures.cashier.number} ${figures.cashier.name}`),
      row(texts.opened, local(figures.openedAt)),
      row(figures.drawer.counted === null ? texts.until : texts.closed, local(figures.until)),
      { kind: 'rule' },
      ...countedRow(texts.sales, figures.sales, true),
      ...figures.tenders.flatMap((line): readonly ReceiptBlock[] => {
        const code = line.code === null ? '' : ` ${line.code}`
        return [
          row(`${nameOf(line.schemeId, content, language)} (${line.count})`, formatTenge(line.amount)),
          ...(line.schemeId === null ? [] : [{ kind: 'text' as const, text: `  ${texts.states[line.state]}${code}` }]),
        ]
      }),
      ...(figures.uncovered > 0n ? [row(texts.uncovered, formatTenge(figures.uncovered))] : []),
      { kind: 'rule' },
      ...countedRow(texts.voids, figures.voids),
      ...countedRow(texts.cancelled, figures.cancelled),
      ...(figures.reversing.count > 0 ? countedRow(`  ${texts.reversing}`, figures.reversing) : []),
      ...countedRow(texts.refunds, figures.refunds),
      ...(figures.refundsWaiting.count > 0 ? countedRow(`  ${texts.refundsWaiting}`, figures.refundsWaiting) : []),
      ...countedRow(texts.open, figures.open),
      ...unfinishedBlocks(content, language),
      { kind: 'rule' },
      ...drawerRows(figures, texts),
      { kind: 'rule' },
      row(texts.receiptsWaiting, String(figures.receiptsWaiting)),
      row(texts.rows, `${rows.first}-${rows.last} (${rows.epoch})`),
      row(texts.hash, rows.hash.slice(0, 16)),
      { kind: 'cut' },
    ],
  }
}

function unfinishedBlocks(content: ShiftSlipContent, language: Language): readonly ReceiptBlock[] {
  const texts = shiftTexts[language]
  return content.figures.unfinished.flatMap((tender): readonly ReceiptBlock[] => [
    row(`${receiptTexts[language].payment} ${shortId(tender.tenderId)}`, formatTenge(tender.amount)),
    { kind: 'text', text: `  ${nameOf(tender.schemeId, content, language)}: ${texts.states[tender.state]}` },
  ])
}

function drawerRows({ drawer }: ShiftReport, texts: ShiftTexts): readonly ReceiptBlock[] {
  const { counted } = drawer
  return [
    row(texts.openingFloat, formatTenge(drawer.openingFloat)),
    row(texts.taken, formatTenge(drawer.taken)),
    ...(drawer.takenForEarlierSales > 0n
      ? [row(`  ${texts.takenForEarlierSales}`, formatTenge(drawer.takenForEarlierSales))]
      : []),
    row(texts.returned, formatTenge(drawer.returned)),
    row(texts.refunded, formatTenge(drawer.refunded)),
    row(texts.expected, formatTenge(drawer.expected), true),
    ...(drawer.beyond > 0n ? [row(texts.beyond, formatTenge(drawer.beyond), true)] : []),
    ...(counted === null
      ? []
      : [
          row(texts.counted, formatTenge(counted), true),
          row(
            counted < drawer.expected ? texts.short : texts.over,
            formatTenge(addTiyn(remainderTiyn(counted, drawer.expected), remainderTiyn(drawer.expected, counted))),
            true,
          ),
        ]),
  ]
}

function nameOf(schemeId: string | null, { schemeNames }: ShiftSlipContent, language: Language): string {
  if (schemeId === null) return receiptTexts[language].cash
  return schemeNames.get(schemeId)?.[language] ?? schemeId
}

function countedRow(
  left: string,
  { count, amount }: { readonly count: number; readonly amount: Tiyn },
  bold = false,
): readonly ReceiptBlock[] {
  return [row(`${left} (${count})`, formatTenge(amount), bold)]
}

function row(left: string, right: string, bold = false): ReceiptBlock {
  return { kind: 'row', left, right, ...(bold ? { bold } : {}) }
}
