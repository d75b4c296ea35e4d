/**
 * What a till and its cashier claim, held against cards and ledger (money-rules.md, "Proof that a checker can trust").
 * The claims come in a file that somebody else wrote; they are believed in nothing. They are needed for the words that
 * are about what a till does not know: a proof taken without a record, a payment that no till has heard of.
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { CardMessage } from './card-logs.ts'
import type { Duplicate } from './duplicates.ts'
import { CheckerInputError } from './input-error.ts'
import { lossCodes, type LedgerTender } from './ledger-tenders.ts'
import type { PaperSlip } from './paper.ts'

const tiyn = z.string().regex(/^(0|[1-9]\d*)$/)
const seenTender = z.object({
  tenderId: z.string(),
  kind: z.enum(['voucher', 'qr', 'cash']),
  amount: tiyn,
  state: z.string(),
})
const claimsSchema = z.object({
  till: z.object({
    tenders: z.array(
      z.object({ tenderId: z.string(), saleId: z.string(), termsHash: z.string(), amount: tiyn, state: z.string() }),
    ),
    sales: z.array(z.object({ saleId: z.string(), state: z.string(), total: tiyn })),
    cash: z.array(z.object({ tenderId: z.string(), saleId: z.string(), amount: tiyn, returned: z.boolean() })),
    /** Sales of which the till says that a receipt was begun. */
    printed: z.array(z.string()),
    /** Sales of which the till says that a copy was asked for. */
    copies: z.array(z.string()),
  }),
  cashier: z.array(
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('approved'), tenderId: z.string(), amount: tiyn }),
      /** The till answered *done*: on that word money went into the drawer or out of it, and nobody asks again. */
      z.object({
        kind: z.literal('done'),
        command: z.enum(['pay_cash', 'void_sale', 'print_again']),
        saleId: z.string(),
      }),
      z.object({
        kind: z.literal('sale'),
        saleId: z.string(),
        end: z.enum(['handed_over', 'cancelled', 'voided']),
        total: tiyn,
        tenders: z.array(seenTender),
      }),
    ]),
  ),
})
export type Claims = z.infer<typeof claimsSchema>

/** Something was said to be paid, or was handed over, and the ledger does not stand for it. */
export interface ClaimLost {
  /**
   * - `till_says_paid`: the till's last word is that the ledger paid, or will, and it did not.
   * - `approved_on_screen`: the screen showed it as paid, and it is neither paid nor taken back.
   * - `handed_over_unpaid`: goods left, and what the ledger and the cash drawer hold does not make up the total.
   */
  readonly reason: 'till_says_paid' | 'approved_on_screen' | 'handed_over_unpaid'
  readonly place: string
  readonly detail: string
}

/** Something happened, and the till has no record of it, or the wrong one. */
export interface Unrecorded {
  /**
   * - `proof_without_record`: a card signed terms that neither the till's journal nor the ledger knows.
   * - `paid_unknown_to_till`: the ledger paid a tender that the till has no intent of.
   * - `paid_against_till`: the ledger paid, and the till says refused, voided, reversed, or does not know yet.
   * - `paid_without_goods`: the customer left with nothing, and the ledger paid.
   * - `cash_kept`: the customer left with nothing, and the till has no row that their cash was returned.
   * - `done_without_record`: the till answered *done*, and has no row of it.
   * - `closed_unseen`: the till closed a sale, and nobody was handed its goods.
   * - `paper_without_record`: a receipt lies on the counter, and the till has no row that one was begun.
   */
  readonly reason:
    | 'proof_without_record'
    | 'paid_unknown_to_till'
    | 'paid_against_till'
    | 'paid_without_goods'
    | 'cash_kept'
    | 'done_without_record'
    | 'closed_unseen'
    | 'paper_without_record'
  readonly place: string
  readonly detail: string
}

/** @throws CheckerInputError */
export function readClaims(file: string): Claims {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new CheckerInputError(`the claims ${file} cannot be read: ${String(error)}`)
  }
  const claims = claimsSchema.safeParse(value)
  if (!claims.success) throw new CheckerInputError(`${file} holds no claims: ${z.prettifyError(claims.error)}`)
  return claims.data
}

export interface ClaimFindings {
  readonly lost: readonly ClaimLost[]
  readonly duplicates: readonly Duplicate[]
  readonly unrecorded: readonly Unrecorded[]
}

/** @param ledger of one till: every tender of it must be that till's */
export function checkClaims(
  claims: Claims,
  ledger: ReadonlyMap<string, LedgerTender>,
  messages: readonly CardMessage[],
  slips: readonly PaperSlip[],
): ClaimFindings {
  const { till } = claims
  const lost: ClaimLost[] = []
  const duplicates: Duplicate[] = []
  const unrecorded: Unrecorded[] = []
  const known = new Map(till.tenders.map((tender) => [tender.tenderId, tender]))

  for (const { tenderId, state } of till.tenders) {
    const tender = ledger.get(tenderId)
    const detail = `the till says ${state}, the ledger ${tender?.row.state ?? 'nothing'}`
    if (['settled', 'pending', 'awaiting_funds', 'not_paid'].includes(state)) {
      if (tender?.row.state !== state || !standsFor(tender))
        lost.push({ reason: 'till_says_paid', place: tenderId, detail })
    } else if (isPaying(tender)) unrecorded.push({ reason: 'paid_against_till', place: tenderId, detail })
  }
  for (const [tenderId, tender] of ledger) {
    if (!known.has(tenderId) && isPaying(tender))
      unrecorded.push({ reason: 'paid_unknown_to_till', place: tenderId, detail: `${tender.row.amount} tiyn` })
  }
  const hashes = new Set([
    ...till.tenders.map((tender) => tender.termsHash),
    ...[...ledger.values()].flatMap((tender) => tender.termsHash ?? []),
  ])
  for (const { card, counter, binding } of messages) {
    if (/^(00|30)+$/.test(binding) || hashes.has(binding.toLowerCase())) continue
    unrecorded.push({ reason: 'proof_without_record', place: `${card}, counter ${counter}`, detail: binding })
  }

  const printed = new Set(till.printed.map((saleId) => saleId.slice(-8)))
  for (const { number, sale } of slips) {
    if (sale !== null && !printed.has(sale))
      unrecorded.push({ reason: 'paper_without_record', place: `sale No. ${sale}`, detail: `slip ${number}` })
  }

  for (const line of claims.cashier) {
    if (line.kind === 'done') {
      if (!hasRecordOf(line, till))
        unrecorded.push({ reason: 'done_without_record', place: line.saleId, detail: line.command })
    } else if (line.kind === 'approved') {
      const tender = ledger.get(line.tenderId)
      const isTakenBack = tender?.row.state === 'reversed' && tender.hasReversal
      if (!isTakenBack && !standsFor(tender))
        lost.push({
          reason: 'approved_on_screen',
          place: line.tenderId,
          detail: `the ledger says ${tender?.row.state ?? 'nothing'}`,
        })
    } else judgeSale(line, till, ledger, lost, duplicates, unrecorded)
  }
  const ends = new Map(claims.cashier.flatMap((line) => (line.kind === 'sale' ? [[line.saleId, line.end]] : [])))
  for (const { saleId, state, total } of till.sales) {
    if (state === 'closed' && ends.get(saleId) !== 'handed_over')
      unrecorded.push({ reason: 'closed_unseen', place: saleId, detail: `${total} tiyn` })
  }
  return { lost, duplicates, unrecorded }
}

type Done = Extract<Claims['cashier'][number], { kind: 'done' }>

function hasRecordOf({ command, saleId }: Done, till: Claims['till']): boolean {
  switch (command) {
    case 'pay_cash':
      return till.cash.some((cash) => cash.saleId === saleId)
    case 'void_sale':
      return till.sales.some((sale) => sale.saleId === saleId && sale.state === 'cancelled')
    case 'print_again':
      return till.copies.includes(saleId)
  }
}

type SeenSale = Extract<Claims['cashier'][number], { kind: 'sale' }>

function judgeSale(
  { saleId, end, total, tenders }: SeenSale,
  till: Claims['till'],
  ledger: ReadonlyMap<string, LedgerTender>,
  lost: ClaimLost[],
  duplicates: Duplicate[],
  unrecorded: Unrecorded[],
): void {
  const atLedger = tenders.filter((tender) => tender.kind !== 'cash')
  const standing = atLedger.filter(({ tenderId }) => standsFor(ledger.get(tenderId)))
  const cash = till.cash.filter((own) => own.saleId === saleId && !own.returned)
  if (end !== 'handed_over') {
    for (const { tenderId } of standing)
      unrecorded.push({ reason: 'paid_without_goods', place: tenderId, detail: `of sale ${saleId}, ${end}` })
    for (const { tenderId, amount } of cash)
      unrecorded.push({ reason: 'cash_kept', place: tenderId, detail: `${amount} tiyn of sale ${saleId}, ${end}` })
    return
  }
  const covered = [...standing, ...cash].reduce((sum, { amount }) => sum + BigInt(amount), 0n)
  const detail = `${covered} of ${total}`
  if (covered < BigInt(total)) lost.push({ reason: 'handed_over_unpaid', place: saleId, detail })
  if (covered > BigInt(total))
    duplicates.push({ kind: 'sale_overpaid', place: saleId, tenders: standing.map((own) => own.tenderId), detail })
}

function isPaying(tender: LedgerTender | undefined): boolean {
  return tender?.row.state === 'settled' || tender?.row.state === 'awaiting_funds'
}

/** The ledger paid, will pay, or says by a code of the closed list that nobody does. */
function standsFor(tender: LedgerTender | undefined): boolean {
  if (tender === undefined) return false
  return isPaying(tender) || (tender.row.state === 'not_paid' && lossCodes.includes(tender.row.loss ?? ''))
}
