/**
 * From journal rows to the bytes of a receipt: what the pure receipt needs to know, and the printer's own form of it.
 */
import { encodeDocument } from '../../drivers/printer/encode.ts'
import type { PrintDocument } from '../../drivers/printer/document.ts'
import type { PrinterProfile } from '../../drivers/printer/profile.ts'
import type { Typeface } from '../../drivers/printer/raster.ts'
import type { Journal, PrintJob, SaleRecord, TenderRecord } from '../../sync/journal/journal.ts'
import { isPaid } from '../../sync/journal/projection.ts'
import type { SigningKey } from '../../sync/protocol/keys.ts'
import { makeReceiptPresentment } from '../../sync/protocol/receipt-presentment.ts'
import type { TerminalPackage } from '../../voucher/package.ts'
import {
  receiptDocument,
  voidSlip,
  type ReceiptContent,
  type SlipHead,
  type VoidedTender,
  type VoucherOnReceipt,
} from '../../voucher/receipt.ts'
import { refundSlip } from '../../voucher/refund-slip.ts'
import { sumOf } from '../../voucher/refund.ts'
import { dtByQr, dtByQrName } from '../../voucher/tender.ts'
import { sameInAll, schemeName } from './scheme-name.ts'
import { shiftSlip } from '../../voucher/shift-slip.ts'

/** Kazakhstan keeps UTC+5 everywhere since 1 March 2024. */
const utcOffsetMinutes = 300

export interface ReceiptMaker {
  readonly terminalId: string
  readonly terminalKey: SigningKey
  readonly profile: PrinterProfile
  readonly typeface: Typeface
}

export function renderReceipt(
  maker: ReceiptMaker,
  journal: Journal,
  job: PrintJob,
  copy: boolean,
  active: TerminalPackage | undefined,
): Uint8Array {
  return encodeDocument(documentOf(maker, journal, job, copy, active), maker.profile, maker.typeface).bytes
}

function documentOf(
  maker: ReceiptMaker,
  journal: Journal,
  job: PrintJob,
  copy: boolean,
  active: TerminalPackage | undefined,
): PrintDocument {
  if ('shiftId' in job.of) return shiftDocument(maker, journal, job, job.of.shiftId, copy, active)
  if ('returnId' in job.of) return refundDocument(maker, journal, job, job.of.returnId, copy, active)
  const { saleId } = job.of
  const record = journal.sale(saleId)
  if (record === undefined) throw new Error(`print job ${job.jobId} names no sale`)
  const tenders = journal.tendersOfSale(saleId)
  const head = headOf(maker, record.at, copy, active)
  if (record.state !== 'cancelled')
    return receiptDocument(contentOf(maker, journal, record, tenders, head, active), job.language)
  const voided = tenders.flatMap((tender) => voidedTender(tender, active))
  return voidSlip({ ...head, saleId, tenders: voided }, job.language)
}

/** A report prints the figures of its moment: those of the closing, or of when the X-report was asked for. */
function shiftDocument(
  maker: ReceiptMaker,
  journal: Journal,
  job: PrintJob,
  shiftId: string,
  copy: boolean,
  active: TerminalPackage | undefined,
): PrintDocument {
  const request = journal.printRequest(job.jobId)
  const shift = journal.shifts.shift(shiftId)
  const x = request.kind === 'shift_report_requested' ? request.x : null
  const figures = x ?? (shift === undefined ? undefined : journal.shifts.reportAtClose(shift))
  if (figures === undefined) throw new Error(`print job ${job.jobId} names no report`)
  const head = headOf(maker, figures.until, copy, active)
  const schemeNames = new Map([
    ...(active?.schemes ?? []).map(({ schemeId, name }) => [schemeId, name] as const),
    [dtByQr, dtByQrName] as const,
  ])
  return shiftSlip({ ...head, figures, schemeNames }, job.language)
}

function refundDocument(
  maker: ReceiptMaker,
  journal: Journal,
  job: PrintJob,
  returnId: string,
  copy: boolean,
  active: TerminalPackage | undefined,
): PrintDocument {
  const returned = journal.returns.get(returnId)
  const record = returned === undefined ? undefined : journal.sale(returned.saleId)
  if (returned === undefined || record === undefined) throw new Error(`print job ${job.jobId} names no return`)
  const { refunds, cash, saleId, at } = returned
  const wentBack = [...refunds.filter(({ state }) => state !== 'refused').flatMap(({ lines }) => lines), ...cash]
  const content = {
    ...headOf(maker, at, copy, active),
    saleId,
    lines: record.sale.lines.flatMap(({ line, name }) => {
      const amount = sumOf(wentBack.filter((part) => part.line === line))
      return amount === 0n ? [] : [{ line, name, amount }]
    }),
    refunds: refunds.map(({ refundId, schemeId, amount, lines, card, state, code }) => ({
      refundId,
      lines,
      scheme: schemeName(schemeId, active),
      amount,
      cardLastFour: card === null ? null : card.slice(-4),
      state,
      code,
    })),
    cash: sumOf(cash),
  }
  return refundSlip(content, job.language)
}

function headOf(
  maker: ReceiptMaker,
  at: number,
  copy: boolean,
  active: TerminalPackage | undefined,
): Omit<SlipHead, 'saleId'> {
  return {
    merchant: {
      name: active?.merchant.name ?? sameInAll(maker.terminalId),
      address: active?.merchant.address ?? sameInAll('-'),
    },
    terminalId: maker.terminalId,
    at,
    utcOffsetMinutes,
    copy,
  }
}

function contentOf(
  maker: ReceiptMaker,
  journal: Journal,
  record: SaleRecord,
  tenders: readonly TenderRecord[],
  head: Omit<SlipHead, 'saleId'>,
  active: TerminalPackage | undefined,
): ReceiptContent {
  return {
    ...head,
    sale: record.sale,
    tenders: tenders.flatMap((tender): ReceiptContent['tenders'][number][] => {
      const { tenderId, amount } = tender
      if (tender.kind === 'qr' && isPaid(tender))
        return [{ kind: 'qr', tenderId, amount, state: tender.state === 'not_paid' ? 'not_paid' : 'settled' }]
      if (tender.kind === 'qr') return []
      if (tender.kind === 'cash') return tender.state === 'settled' ? [{ kind: 'cash', amount: tender.amount }] : []
      return isPaid(tender) ? [voucherOnReceipt(maker, journal, tender, active)] : []
    }),
  }
}

function voucherOnReceipt(
  maker: ReceiptMaker,
  journal: Journal,
  tender: TenderRecord,
  active: TerminalPackage | undefined,
): VoucherOnReceipt {
  const { row } = journal.intentOf(tender.tenderId)
  const { part, terms, card } = row
  const accepted = journal.acceptedAs(tender.tenderId)
  const benefit = active?.schemes.find((scheme) => scheme.schemeId === terms.schemeId)?.benefit.kind
  const proof =
    accepted === undefined || accepted.evidence.cardProof.profile === 'tolem-applet'
      ? null
      : makeReceiptPresentment(
          {
            terms,
            leaseId: tender.leaseId,
            decidedAt: accepted.evidence.record.input.trustedTime,
            cardProof: accepted.evidence.cardProof,
            terminalId: maker.terminalId,
            // As its presentment has it: a torn sale may be accepted long after its intent was written, and whether it
            // came before the last head that the ledger saw is told from this (architecture.md, "Trust").
            position: { epoch: accepted.position.epoch, sequence: accepted.position.sequence },
          },
          maker.terminalKey,
        )
  return {
    kind: 'voucher',
    tenderId: tender.tenderId,
    scheme: schemeName(terms.schemeId, active),
    amount: tender.amount,
    lines: part.lines,
    state: tender.state === 'settled' ? 'settled' : 'pending',
    periodId: part.periodId,
    left: benefit === 'count' ? { kind: 'count', count: part.countLeft } : { kind: 'amount', amount: part.amountLeft },
    isPaidByCard: row.debit !== undefined,
    cardLastFour: card.slice(-4),
    proof,
  }
}

function voidedTender(tender: TenderRecord, active: TerminalPackage | undefined): VoidedTender[] {
  const { tenderId, amount, state } = tender
  if (tender.kind === 'cash') return [{ kind: 'cash', amount }]
  if (state !== 'reversing' && state !== 'reversed') return []
  const ended = state === 'reversed' ? 'released' : 'pending'
  if (tender.kind === 'qr') return [{ kind: 'qr', tenderId, amount, state: ended }]
  const scheme = schemeName(tender.schemeId ?? '', active)
  return [
    {
      kind: 'voucher',
      tenderId,
      scheme,
      amount,
      cardLastFour: (tender.card ?? '').slice(-4),
      state: ended,
    },
  ]
}
