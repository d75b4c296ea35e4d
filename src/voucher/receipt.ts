/**
 * What stands on a receipt and on a void slip, in one of three languages, free of any printer. The blocks have the form
 * of the printable document (`src/drivers/printer/document.ts`), which this folder may not import.
 */
import type { Instant, Language, Texts } from './identifiers.ts'
import { addTiyn, formatTenge, remainderTiyn, type Tiyn } from './money.ts'
import { receiptTexts, type ReceiptTexts } from './receipt-texts.ts'
import { lineTotal, saleTotal, type CoveredLine, type Sale, type SaleLine } from './sale.ts'
import { dtByQrName } from './tender.ts'

export type ReceiptBlock =
  | {
      readonly kind: 'text'
      readonly text: string
      readonly align?: 'left' | 'center' | 'right'
      readonly bold?: boolean
      readonly size?: 'normal' | 'double'
    }
  | { readonly kind: 'row'; readonly left: string; readonly right: string; readonly bold?: boolean }
  | { readonly kind: 'rule' }
  | { readonly kind: 'qr'; readonly payload: string }
  | { readonly kind: 'feed'; readonly lines: number }
  | { readonly kind: 'cut' }
  | { readonly kind: 'copyMark'; readonly text: string }

export interface ReceiptDocument {
  readonly blocks: readonly ReceiptBlock[]
}

/** What every slip begins with. */
export interface SlipHead {
  readonly merchant: { readonly name: Texts; readonly address: Texts }
  readonly terminalId: string
  readonly saleId: string
  /** When the sale was closed, or the payment cancelled. */
  readonly at: Instant
  /** Local time minus UTC, in minutes: 300 in Almaty since March 2024 (money-rules.md, "Time"). */
  readonly utcOffsetMinutes: number
  /** Not the first print. */
  readonly copy: boolean
}

export interface VoucherOnReceipt {
  readonly kind: 'voucher'
  readonly tenderId: string
  readonly scheme: Texts
  readonly amount: Tiyn
  /** What it paid of which lines. */
  readonly lines: readonly CoveredLine[]
  /** `pending`: accepted under the till's lease, not yet settled at the ledger. */
  readonly state: 'settled' | 'pending'
  readonly periodId: string
  /** What the slot still holds after this tender, as the till knows it. */
  readonly left: { readonly kind: 'count'; readonly count: number } | { readonly kind: 'amount'; readonly amount: Tiyn }
  /** The card holds the allowance itself, and has counted this payment down. */
  readonly isPaidByCard: boolean
  /** The last four characters of the card's pseudonym: nothing more of it reaches paper. */
  readonly cardLastFour: string
  /** The terminal-signed presentment (`src/sync/protocol/receipt-presentment.ts`), or null without one. */
  readonly proof: string | null
}

/** What the customer's own wallet paid. */
export interface QrOnReceipt {
  readonly kind: 'qr'
  readonly tenderId: string
  readonly amount: Tiyn
  /** `not_paid`: what was set aside went back before the till took it. */
  readonly state: 'settled' | 'not_paid'
}

export interface CashOnReceipt {
  readonly kind: 'cash'
  readonly amount: Tiyn
}

export interface ReceiptContent extends Omit<SlipHead, 'saleId'> {
  readonly sale: Sale
  readonly tenders: readonly (VoucherOnReceipt | QrOnReceipt | CashOnReceipt)[]
}

/** A tender that was undone. `pending`: the reversal is a journal row, the ledger has not answered it yet. */
export type VoidedTender =
  | (Pick<VoucherOnReceipt, 'kind' | 'tenderId' | 'scheme' | 'amount' | 'cardLastFour'> & {
      readonly state: 'released' | 'pending'
    })
  | (Omit<QrOnReceipt, 'state'> & { readonly state: 'released' | 'pending' })
  | CashOnReceipt

export interface VoidSlipContent extends SlipHead {
  readonly tenders: readonly VoidedTender[]
}

/**
 * The receipt of a sale. Says of each tender whether it is settled or on credit of its scheme, adds up what is paid and
 * what is left, and ends with one QR code for each proof. Marked as non-fiscal (architecture.md, "Trust").
 */
export function receiptDocument(content: ReceiptContent, language: Language): ReceiptDocument {
  const texts = receiptTexts[language]
  const total = saleTotal(content.sale)
  const paid = addTiyn(...content.tenders.map((tender) => tender.amount))
  const pending = addTiyn(...content.tenders.filter(isPending).map((tender) => tender.amount))
  const left = remainderTiyn(total, paid)
  const lines = content.sale.lines.toSorted((a, b) => a.line - b.line)
  const rows = schemeRows(
    lines.map((line) => ({ line: line.line, amount: lineTotal(line) })),
    content.tenders.filter((tender) => tender.kind === 'voucher'),
    language,
  )
  const proofs = content.tenders.flatMap((tender) =>
    tender.kind === 'voucher' && tender.proof !== null ? [{ tenderId: tender.tenderId, payload: tender.proof }] : [],
  )
  return {
    blocks: [
      ...headBlocks({ ...content, saleId: content.sale.saleId }, texts.nonFiscal, language),
      { kind: 'rule' },
      ...lines.flatMap((line) => [...lineBlocks(line, language), ...rows.beneath(line.line)]),
      { kind: 'rule' },
      { kind: 'row', left: texts.total, right: formatTenge(total), bold: true },
      ...content.tenders.flatMap((tender): readonly ReceiptBlock[] => [
        { kind: 'rule' },
        ...tenderBlocks(tender, rows, language),
      ]),
      { kind: 'rule' },
      { kind: 'row', left: texts.paid, right: formatTenge(paid), bold: true },
      ...(pending > 0n ? [{ kind: 'row' as const, left: texts.paidPending, right: formatTenge(pending) }] : []),
      ...(left > 0n ? [{ kind: 'row' as const, left: texts.left, right: formatTenge(left), bold: true }] : []),
      ...proofBlocks(proofs, texts),
      { kind: 'cut' },
    ],
  }
}

/** What the customer is given when a payment was cancelled: which one, how much, and whether that is final already. */
export function voidSlip(content: VoidSlipContent, language: Language): ReceiptDocument {
  const texts = receiptTexts[language]
  return {
    blocks: [
      ...headBlocks(content, texts.nonFiscal, language),
      { kind: 'rule' },
      { kind: 'text', text: texts.voided, align: 'center', bold: true },
      ...content.tenders.flatMap((tender): readonly ReceiptBlock[] =>
        tender.kind === 'cash'
          ? [{ kind: 'rule' }, { kind: 'row', left: texts.cashReturned, right: formatTenge(tender.amount) }]
          : [
              { kind: 'rule' },
              { kind: 'row', left: nameOf(tender)[language], right: formatTenge(tender.amount) },
              {
                kind: 'text',
                text: tender.state === 'released' ? releasedOf(tender, texts) : texts.releasePending,
                bold: true,
              },
              ...(tender.kind === 'qr' ? [paymentRow(tender, texts)] : identityBlocks(tender, texts)),
            ],
      ),
      { kind: 'cut' },
    ],
  }
}

/** `DD.MM.YYYY HH:MM`: the form of all three languages here. No time zone data is asked for: hosts disagree. */
export function formatLocalTime(at: Instant, utcOffsetMinutes: number): string {
  const [date = '', time = ''] = new Date(at + utcOffsetMinutes * 60_000).toISOString().split('T')
  return `${formatPeriod(date)} ${time.slice(0, 5)}`
}

/** A day, a month or a week (`2026-08-31--2026-09-06`) as people write it; any other period by its id. */
export function formatPeriod(periodId: string): string {
  const week = /^(\d{4}-\d{2}-\d{2})--(\d{4}-\d{2}-\d{2})$/.exec(periodId)
  if (week !== null) return `${formatPeriod(week[1] ?? '')}–${formatPeriod(week[2] ?? '')}`
  return /^\d{4}-\d{2}(-\d{2})?$/.test(periodId) ? periodId.split('-').toReversed().join('.') : periodId
}

/** The end of a UUIDv7: its random part, enough to find the row and short enough to read out. */
export function shortId(uuid: string): string {
  return uuid.slice(-8)
}

const nameOf = (tender: { readonly kind: 'voucher'; readonly scheme: Texts } | { readonly kind: 'qr' }): Texts =>
  tender.kind === 'qr' ? dtByQrName : tender.scheme

const releasedOf = (tender: { readonly kind: 'voucher' | 'qr' }, texts: ReceiptTexts): string =>
  tender.kind === 'qr' ? texts.goesBackToWallet : texts.released

const isPending = (tender: ReceiptContent['tenders'][number]): boolean =>
  tender.kind === 'voucher' && tender.state === 'pending'

export function headBlocks(head: SlipHead, mark: string, language: Language): readonly ReceiptBlock[] {
  const texts = receiptTexts[language]
  return [
    { kind: 'text', text: head.merchant.name[language], align: 'center', bold: true },
    { kind: 'text', text: head.merchant.address[language], align: 'center' },
    { kind: 'text', text: mark, align: 'center', bold: true },
    ...(head.copy ? [{ kind: 'copyMark' as const, text: texts.copy }] : []),
    { kind: 'rule' },
    { kind: 'row', left: texts.terminal, right: head.terminalId },
    { kind: 'row', left: texts.time, right: formatLocalTime(head.at, head.utcOffsetMinutes) },
    { kind: 'row', left: texts.sale, right: shortId(head.saleId) },
  ]
}

function lineBlocks(line: SaleLine, language: Language): readonly ReceiptBlock[] {
  const name = line.name[language]
  const total = formatTenge(lineTotal(line))
  if (line.quantity === 1) return [{ kind: 'row', left: name, right: total }]
  return [
    { kind: 'text', text: name },
    { kind: 'row', left: `  ${line.quantity} x ${formatTenge(line.unitPrice)}`, right: total },
  ]
}

/** What a scheme paid of which lines, or what of them goes back to it. */
export interface SchemePart {
  readonly scheme: Texts
  readonly lines: readonly CoveredLine[]
}

export interface SchemeRows {
  /** What stands beneath a line. */
  readonly beneath: (line: number) => readonly ReceiptBlock[]
  /** The name of a scheme at its own sum, with the number that the rows call it by. */
  readonly named: (scheme: Texts) => string
}

/**
 * Each scheme with what it has of each line of a slip. There are no rows where the slip's own sums say it: of a single
 * line, or of one scheme that has all of every line. Rows call schemes by number, since names are longer than a narrow
 * paper; a scheme that is alone needs none. No word says "paid": whether it is stands once, at the scheme's own sum.
 */
export function schemeRows(
  lines: readonly CoveredLine[],
  parts: readonly SchemePart[],
  language: Language,
): SchemeRows {
  const ofScheme = [...Map.groupBy(parts, ({ scheme }) => scheme[language])]
  const covered = addTiyn(...parts.flatMap((part) => part.lines.map(({ amount }) => amount)))
  const isAlone = ofScheme.length === 1
  const isSaid = lines.length === 1 || (isAlone && covered === addTiyn(...lines.map(({ amount }) => amount)))
  const { scheme: word } = receiptTexts[language]
  return {
    beneath: (line) =>
      ofScheme.flatMap(([, ofName], index): readonly ReceiptBlock[] => {
        const ofLine = ofName.flatMap((part) => part.lines.filter((one) => one.line === line))
        const amount = addTiyn(...ofLine.map((one) => one.amount))
        if (isSaid || amount === 0n) return []
        return [{ kind: 'row', left: `  – ${word}${isAlone ? '' : ` ${index + 1}`}`, right: formatTenge(amount) }]
      }),
    named: (scheme) => {
      const index = isSaid || isAlone ? -1 : ofScheme.findIndex(([name]) => name === scheme[language])
      return index < 0 ? scheme[language] : `${index + 1}. ${scheme[language]}`
    },
  }
}

function tenderBlocks(
  tender: ReceiptContent['tenders'][number],
  rows: SchemeRows,
  language: Language,
): readonly ReceiptBlock[] {
  const texts = receiptTexts[language]
  switch (tender.kind) {
    case 'voucher':
      return voucherBlocks(tender, rows, language)
    case 'qr':
      return [
        { kind: 'row', left: dtByQrName[language], right: formatTenge(tender.amount) },
        { kind: 'text', text: tender.state === 'settled' ? texts.settledByQr : texts.notPaidByQr, bold: true },
        paymentRow(tender, texts),
      ]
    case 'cash':
      return [{ kind: 'row', left: texts.cash, right: formatTenge(tender.amount) }]
    default:
      return tender satisfies never
  }
}

function voucherBlocks(tender: VoucherOnReceipt, rows: SchemeRows, language: Language): readonly ReceiptBlock[] {
  const texts = receiptTexts[language]
  return [
    { kind: 'row', left: rows.named(tender.scheme), right: formatTenge(tender.amount) },
    { kind: 'text', text: tender.state === 'settled' ? texts.settled : texts.pending, bold: true },
    { kind: 'row', left: texts.period, right: formatPeriod(tender.periodId) },
    ...(tender.isPaidByCard
      ? [{ kind: 'row' as const, left: texts.paidByCard, right: formatTenge(tender.amount) }]
      : []),
    leftRow(tender, texts),
    ...identityBlocks(tender, texts),
  ]
}

function leftRow({ left, isPaidByCard }: VoucherOnReceipt, texts: ReceiptTexts): ReceiptBlock {
  if (left.kind === 'count')
    return { kind: 'row', left: isPaidByCard ? texts.usesLeftOnCard : texts.usesLeft, right: String(left.count) }
  const word = isPaidByCard ? texts.amountLeftOnCard : texts.amountLeft
  return { kind: 'row', left: word, right: formatTenge(left.amount) }
}

function identityBlocks(
  tender: Pick<VoucherOnReceipt, 'cardLastFour' | 'tenderId'>,
  texts: ReceiptTexts,
): readonly ReceiptBlock[] {
  return [{ kind: 'row', left: texts.card, right: `…${tender.cardLastFour}` }, paymentRow(tender, texts)]
}

function paymentRow({ tenderId }: { readonly tenderId: string }, texts: ReceiptTexts): ReceiptBlock {
  return { kind: 'row', left: texts.payment, right: shortId(tenderId) }
}

function proofBlocks(
  proofs: readonly { readonly tenderId: string; readonly payload: string }[],
  texts: ReceiptTexts,
): readonly ReceiptBlock[] {
  if (proofs.length === 0) return []
  return [
    { kind: 'feed', lines: 1 },
    { kind: 'text', text: texts.proof, align: 'center' },
    ...proofs.flatMap((proof): readonly ReceiptBlock[] => [
      { kind: 'qr', payload: proof.payload },
      // Several schemes may pay one sale: under each code stands whose it is.
      ...(proofs.length === 1
        ? []
        : [{ kind: 'text' as const, text: `${texts.payment} ${shortId(proof.tenderId)}`, align: 'center' as const }]),
    ]),
  ]
}
