/**
 * The identity of tenders: the id is claimed under a primary key in the transaction that moves the money. No
 * check-then-insert (money-rules.md, "Identity").
 */
import type { Insertable } from 'kysely'
import { z } from 'zod'
import { termsHashOf, toJson } from '../../src/sync/protocol/canonical.ts'
import type { LossCode } from '../../src/sync/protocol/loss-codes.ts'
import type { Arrival, ItemResult, PaymentRequestTerms } from '../../src/sync/protocol/messages.ts'
import { tiyn, tiynSchema, type Tiyn } from '../../src/voucher/money.ts'
import type { RefusalCode } from '../../src/voucher/reasons.ts'
import { differingTerm, tenderTermsSchema, type TenderTerms, type TermField } from '../../src/voucher/tender.ts'
import type { Work } from '../context.ts'
import { tellOfWaiting } from '../feed/tender-news.ts'
import type { SoldLine } from '../rules/share.ts'
import type { SaleSeen } from '../rules/shares.ts'
import { statement } from '../store/statement.ts'
import type { Tables } from '../store/schema.ts'

/** What a tender may be found in: `deciding` never outlives its commit. */
export const restingStates = [
  'settled',
  'awaiting_funds',
  'in_review',
  'awaiting_proof',
  'not_paid',
  'reversed',
  'refused',
  'requested',
  'held',
] as const satisfies readonly Tender['state'][]

export interface Tender {
  readonly tenderId: string
  /** The terminal that first used the id: it belongs to that one. */
  readonly terminalId: string
  /** Of a voucher; null for a payment by QR, and for a tombstone whose request never came. */
  readonly terms: TenderTerms | null
  /** Of a payment by QR. */
  readonly request: PaymentRequest | null
  readonly state: 'deciding' | 'in_review' | 'requested' | Exclude<ItemResult['state'], 'done'>
  readonly paidBy: ItemResult['paidBy']
  readonly refusal: RefusalCode | null
  readonly loss: LossCode | null
  readonly amount: Tiyn
  /** The reversal came before the request. */
  readonly tombstone: boolean
  readonly at: number
}

/** What a QR asks for, and who has paid it (docs/design/17-qr-payment.md). */
export interface PaymentRequest extends PaymentRequestTerms {
  readonly held: { readonly holdId: string; readonly payer: string } | null
  /** Why its tender is reversed. */
  readonly closedFor: 'released' | 'expired' | null
  /** What it paid of each line, once it is captured; null also where the capture has not proved it. */
  readonly paidLines: readonly SoldLine[] | null
}

export type TenderOutcome = Pick<Tender, 'state' | 'paidBy' | 'refusal' | 'loss'>

type NewTender = Omit<Required<Insertable<Tables['tender']>>, 'paid_by' | 'refusal' | 'loss'>

const newTender = statement((connection, row: NewTender) =>
  connection
    .insertInto('tender')
    .values({
      tender_id: row.tender_id,
      terminal_id: row.terminal_id,
      terms: row.terms,
      terms_hash: row.terms_hash,
      state: row.state,
      paid_by: null,
      refusal: null,
      loss: null,
      slot_id: row.slot_id,
      scheme_id: row.scheme_id,
      amount: row.amount,
      sale_hash: row.sale_hash,
      decided_at: row.decided_at,
      tombstone: row.tombstone,
      at: row.at,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('tender_id'),
)

/** @returns true when the id was free */
async function claim({ connection, now }: Work, row: Omit<NewTender, 'at'>): Promise<boolean> {
  return (await newTender(connection, { ...row, at: now })).length > 0
}

export interface Claimed {
  /** The id was free and is now this tender's, as `tender` says it. */
  readonly isNew: boolean
  readonly tender: Tender
}

/** @returns also the tender that has the id, with the terms that it was claimed with */
export async function claimTender(
  work: Work,
  terms: TenderTerms,
  terminalId: string,
  decidedAt: number,
): Promise<Claimed> {
  const { tenderId, amount } = terms
  const isNew = await claim(work, {
    tender_id: tenderId,
    terminal_id: terminalId,
    terms: toJson(terms),
    terms_hash: termsHashOf(terms),
    state: 'deciding',
    slot_id: terms.payerSlot,
    scheme_id: terms.schemeId,
    amount,
    sale_hash: terms.saleHash,
    decided_at: decidedAt,
    tombstone: 0,
  })
  if (!isNew) {
    const tender = await findTender(work, tenderId)
    if (tender === undefined) throw new Error(`tender ${tenderId} vanished`)
    return { isNew, tender }
  }
  const undecided = { request: null, state: 'deciding', paidBy: null, refusal: null, loss: null } as const
  return { isNew, tender: { tenderId, terminalId, terms, ...undecided, amount, tombstone: false, at: work.now } }
}

/** As `claimTender`, for a payment by QR. */
export async function claimRequest(
  work: Work,
  { tenderId, payeeAccount, amount, saleHash, expiresAt }: PaymentRequestTerms,
  terminalId: string,
): Promise<boolean> {
  const isNew = await claim(work, {
    tender_id: tenderId,
    terminal_id: terminalId,
    ...withoutTerms,
    state: 'requested',
    amount,
    sale_hash: saleHash,
    tombstone: 0,
  })
  if (!isNew) return false
  await work.connection
    .insertInto('payment_request')
    .values({
      tender_id: tenderId,
      payee_account: payeeAccount,
      amount,
      sale_hash: saleHash,
      expires_at: expiresAt,
    })
    .execute()
  return true
}

/** @returns true when the id was free: whatever arrives under it from now on moves nothing. */
export async function claimTombstone(work: Work, tenderId: string, terminalId: string): Promise<boolean> {
  return claim(work, {
    tender_id: tenderId,
    terminal_id: terminalId,
    ...withoutTerms,
    state: 'reversed',
    amount: 0,
    sale_hash: null,
    tombstone: 1,
  })
}

/** Of an id under which no voucher was asked for. */
const withoutTerms = { terms: null, terms_hash: null, slot_id: null, scheme_id: null, decided_at: null } as const

const tenderWithId = statement((connection, { tenderId }: { tenderId: string }) =>
  connection.selectFrom('tender').selectAll().where('tender_id', '=', tenderId),
)

export async function findTender(work: Work, tenderId: string): Promise<Tender | undefined> {
  const [row] = await tenderWithId(work.connection, { tenderId })
  if (row === undefined) return undefined
  return {
    tenderId: row.tender_id,
    terminalId: row.terminal_id,
    terms: row.terms === null ? null : tenderTermsSchema.parse(JSON.parse(row.terms)),
    request: row.terms === null && row.tombstone === 0n ? await findRequest(work, tenderId) : null,
    state: row.state,
    paidBy: row.paid_by,
    refusal: row.refusal as RefusalCode | null,
    loss: row.loss as LossCode | null,
    amount: tiyn(row.amount),
    tombstone: row.tombstone === 1n,
    at: Number(row.at),
  }
}

async function findRequest({ connection }: Work, tenderId: string): Promise<PaymentRequest> {
  const row = await connection
    .selectFrom('payment_request')
    .selectAll()
    .where('tender_id', '=', tenderId)
    .executeTakeFirstOrThrow()
  return {
    tenderId,
    payeeAccount: row.payee_account,
    amount: tiyn(row.amount),
    saleHash: row.sale_hash,
    expiresAt: Number(row.expires_at),
    held: row.hold_id === null || row.payer === null ? null : { holdId: row.hold_id, payer: row.payer },
    closedFor: row.closed_for,
    paidLines: row.paid_lines === null ? null : paidLinesSchema.parse(JSON.parse(row.paid_lines)),
  }
}

const paidLinesSchema = z.array(
  z.strictObject({ line: z.int(), itemId: z.string(), category: z.string(), amount: tiynSchema }),
)

/** Of a payment by QR that is captured: when it was sold, and what it paid of which line. */
export async function keepSale({ connection }: Work, tenderId: string, { at, lines }: SaleSeen): Promise<void> {
  await connection
    .updateTable('payment_request')
    .set({ sold_at: at, paid_lines: lines === null ? null : toJson(lines) })
    .where('tender_id', '=', tenderId)
    .execute()
}

const settled = statement((connection, { tenderId, state, paidBy, refusal, loss, at }: Settled) =>
  connection.updateTable('tender').set({ state, paid_by: paidBy, refusal, loss, at }).where('tender_id', '=', tenderId),
)

interface Settled extends TenderOutcome {
  readonly tenderId: string
  readonly at: number
}

export async function settleTender(work: Work, tenderId: string, outcome: TenderOutcome): Promise<void> {
  const { state, paidBy, refusal, loss } = outcome
  await settled(work.connection, { tenderId, state, paidBy, refusal, loss, at: work.now })
  if (outcome.state === 'awaiting_funds') await tellOfWaiting(work, 'presentment_awaiting_funds', tenderId)
}

const differences: Readonly<Record<TermField, Arrival>> = {
  payerSlot: 'exists_with_different_payer_slot',
  payeeAccount: 'exists_with_different_payee_account',
  amount: 'exists_with_different_amount',
  schemeId: 'exists_with_different_scheme_id',
  saleHash: 'exists_with_different_sale_hash',
}

/** How a known id stood when these terms arrived. */
export function arrivalAt(tender: Tender, terms: TenderTerms): Arrival {
  if (tender.tombstone) return 'reversed_before_arrival'
  // A payment by QR names no slot.
  if (tender.terms === null) return 'exists_with_different_payer_slot'
  const difference = differingTerm(tender.terms, terms)
  return difference === undefined ? 'exists' : differences[difference]
}

const requestTermFields = ['payeeAccount', 'amount', 'saleHash', 'expiresAt'] as const
const requestDifferences: Readonly<Record<(typeof requestTermFields)[number], Arrival>> = {
  payeeAccount: 'exists_with_different_payee_account',
  amount: 'exists_with_different_amount',
  saleHash: 'exists_with_different_sale_hash',
  expiresAt: 'exists_with_different_expiry',
}

/** How a known id stood when a QR was asked for under it. */
export function arrivalOfRequest({ tombstone, request }: Tender, terms: PaymentRequestTerms): Arrival {
  if (tombstone) return 'reversed_before_arrival'
  // A voucher's, which names a slot.
  if (request === null) return 'exists_with_different_payer_slot'
  const difference = requestTermFields.find((field) => request[field] !== terms[field])
  return difference === undefined ? 'exists' : requestDifferences[difference]
}
