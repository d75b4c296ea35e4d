/** Each tender of the ledger beside the money that moved for it, the slot it used, and what was shown for it. */
import { z } from 'zod'
import { markedKinds, schemeByAccount } from './ledger-books.ts'
import type { LedgerRow, LedgerRows } from './ledger-database.ts'
import type { LedgerFault, LedgerFaultCode } from './ledger-faults.ts'
import { checkPaidLines, checkRequest, moneyOfRequest, type Request } from './ledger-requests.ts'
import { termsHash, type Terms } from './proof-bytes.ts'

export interface LedgerTender {
  readonly row: LedgerRow<'tender'>
  /** Null for a payment by QR, and for a tombstone whose request never came. */
  readonly terms: Terms | null
  /** Of a payment by QR. */
  readonly request: Request | null
  /** Hash of the terms as this checker builds it. */
  readonly termsHash: string | null
  /** What the payee got from escrow or agency; of a payment by QR from its payer. */
  readonly paid: bigint
  /** What of it went back. */
  readonly returned: bigint
  readonly isPresented: boolean
  readonly hasReversal: boolean
  /** The MACs of the card messages under which it was accepted or shown, upper-case hex. */
  readonly macs: readonly string[]
  /** Of a card that only says who it is, and is registered as one: no card's log can confirm it. */
  readonly isIdentifiedOnly: boolean
}

export interface CheckedTenders {
  readonly tenders: ReadonlyMap<string, LedgerTender>
  /** By tender: what refunds gave back while its period lasted, so that its slot may be used for it again. */
  readonly backInSlots: ReadonlyMap<string, bigint>
  readonly faults: readonly LedgerFault[]
}

/** The closed list of money-rules.md, "Who pays for a presented sale". */
export const lossCodes: readonly string[] = [
  'PROOF_MISSING_OR_FORGED',
  'CHAIN_BROKEN',
  'BLOCKED_BEFORE_SALE',
  'SOLD_AFTER_LEASE',
  'SLOT_ALREADY_USED',
  'PRESENTED_TOO_LATE',
  'POOL_USED_UP',
  'CARD_FORKED',
  'PROOF_NEVER_CAME',
  'HOLD_ENDED',
  'TERMINAL_LOST',
]

const termsSchema = z.strictObject({
  tenderId: z.string(),
  payerSlot: z.string(),
  payeeAccount: z.string(),
  amount: z.string().regex(/^(0|[1-9]\d*)$/),
  schemeId: z.string(),
  saleHash: z.string().regex(/^[0-9a-f]{64}$/),
})
const shownSchema = z.object({ evidence: z.object({ cardProof: z.object({ sun: z.object({ m: z.string() }) }) }) })

const identifiedSchema = z.object({
  evidence: z.object({ cardProof: z.object({ profile: z.enum(['uid', 'ntag21x']), card: z.string() }) }),
})

/** Voucher money comes from these, and goes back to these. */
const payerKinds: readonly string[] = [...markedKinds, 'agency']

/** Of payments that individuals make without a till: their payer chose the id, which may be a tender's too. */
const directKinds: readonly string[] = ['merchant-payment', 'merchant-refund']
/** Tills make the ids of refunds too: a broken one may take a tender's. */
const refundKinds: readonly string[] = ['voucher-refund', 'payment-refund', 'refund-netting']

export function checkTenders(rows: LedgerRows): CheckedTenders {
  const faults: LedgerFault[] = []
  const fault = (code: LedgerFaultCode, place: string, detail: string): void =>
    void faults.push({ code, place, detail })
  const ofTills = rows.transfer.filter(({ kind }) => !directKinds.includes(kind) && !refundKinds.includes(kind))
  const transfers = Map.groupBy(ofTills, (transfer) => transfer.reference)
  const ofRefunds = rows.transfer.filter(({ kind }) => refundKinds.includes(kind) || kind === 'lease-funding')
  const refunds = Map.groupBy(ofRefunds, (transfer) => transfer.reference)
  const evidence = Map.groupBy(rows.evidence, (kept) => kept.tender_id)
  const profiles = new Map(rows.card.map(({ card, profile }) => [card, profile]))
  const counters = Map.groupBy(rows.card_counter, (counter) => counter.tender_id)
  const kinds = new Map(rows.account.map((account) => [account.account_id, account.kind]))
  const schemes = schemeByAccount(rows)

  const requests = new Map(rows.payment_request.map((request) => [request.tender_id, request]))
  const holds = new Map(rows.hold.map((hold) => [hold.hold_id, hold]))

  const tenders = new Map<string, LedgerTender>()
  for (const row of rows.tender) {
    const request = requests.get(row.tender_id) ?? null
    const terms = request === null ? termsOf(row, fault) : null
    const moved = transfers.get(row.tender_id) ?? []
    const money =
      request === null ? moneyOf(row, terms, moved, kinds, schemes, fault) : moneyOfRequest(row, request, moved, fault)
    const shown = evidence.get(row.tender_id) ?? []
    if (request !== null) {
      checkRequest(row, request, holds.get(request.hold_id ?? ''), fault)
      const captures = shown.filter(({ kind }) => kind === 'capture')
      checkPaidLines(
        request,
        captures.map(({ content }) => content),
        fault,
      )
    }
    tenders.set(row.tender_id, {
      row,
      terms,
      request,
      termsHash: terms === null ? null : termsHash(terms),
      ...money,
      isPresented: shown.some((kept) => kept.kind === 'presentment'),
      hasReversal: shown.some((kept) => kept.kind === 'reversal'),
      macs: [
        ...new Set([
          ...(counters.get(row.tender_id) ?? []).map((counter) => counter.mac),
          ...shown.flatMap((kept) => macIn(kept.content)),
        ]),
      ],
      isIdentifiedOnly: shown.some(({ content }) => {
        const said = identifiedIn(content)
        return said !== undefined && profiles.get(said.card) === said.profile
      }),
    })
  }
  const direct = new Map(rows.direct_payment.map((payment) => [payment.payment_id, payment]))
  for (const { transfer_id, debit, credit, kind, reference, amount } of rows.transfer) {
    if (kinds.get(credit) !== 'merchant') continue
    // What an individual pays without a till is no tender.
    if (kind === 'merchant-payment') {
      const payment = direct.get(reference)
      if (payment?.payer !== debit || payment.payee_account !== credit || payment.amount !== amount)
        fault('payment_without_tender', transfer_id, `to ${credit} under ${reference}`)
      continue
    }
    const { terms = null, request = null } = tenders.get(reference) ?? {}
    const isVoucherMoney = payerKinds.includes(kinds.get(debit) ?? '') && terms === null
    const isWalletMoney = kinds.get(debit) === 'individual' && request === null
    if (isVoucherMoney || isWalletMoney) fault('payment_without_tender', transfer_id, `to ${credit} under ${reference}`)
  }
  for (const { tender_id } of rows.payment_request)
    if (!tenders.has(tender_id)) fault('terms_differ', tender_id, 'a payment by QR that is no tender')
  const debts = debtsOf(rows, 'reversal')
  const refunded = checkRefunds(rows, tenders, { ofTenders: transfers, ofRefunds: refunds }, kinds, fault)
  for (const tender of tenders.values()) {
    const { tender_id: id } = tender.row
    checkOutcome(tender, (debts.get(id) ?? 0n) + (refunded.get(id)?.all ?? 0n), fault)
  }
  const backInSlots = checkSlotUses(rows, tenders, refunded, fault)
  return { tenders, backInSlots, faults }
}

type ByReference = ReadonlyMap<string, readonly LedgerRow<'transfer'>[]>

function debtsOf(rows: LedgerRows, kind: 'reversal' | 'refund'): ReadonlyMap<string, bigint> {
  const own = rows.merchant_debt.filter((debt) => debt.kind === kind)
  return new Map(own.map((debt) => [debt.reference, debt.amount]))
}

type Fault = (code: LedgerFaultCode, place: string, detail: string) => void

function termsOf(row: LedgerRow<'tender'>, fault: Fault): Terms | null {
  if (row.terms === null) {
    if (row.tombstone === 0n) fault('terms_differ', row.tender_id, 'no terms, and no tombstone')
    return null
  }
  const read = termsSchema.safeParse(parsed(row.terms))
  if (!read.success) {
    fault('terms_differ', row.tender_id, 'its terms cannot be read')
    return null
  }
  const terms = read.data
  if (termsHash(terms) !== row.terms_hash) fault('terms_differ', row.tender_id, 'its terms are not those of its hash')
  const { tenderId, payerSlot, schemeId, amount } = terms
  const isSame =
    tenderId === row.tender_id &&
    payerSlot === row.slot_id &&
    schemeId === row.scheme_id &&
    BigInt(amount) === row.amount
  if (!isSame) fault('terms_differ', row.tender_id, 'its columns name other terms')
  return terms
}

function moneyOf(
  row: LedgerRow<'tender'>,
  terms: Terms | null,
  transfers: readonly LedgerRow<'transfer'>[],
  kinds: ReadonlyMap<string, string>,
  schemes: ReadonlyMap<string, string>,
  fault: Fault,
): { readonly paid: bigint; readonly returned: bigint } {
  let paid = 0n
  let returned = 0n
  if (terms === null) return { paid, returned }
  const isPayer = (account: string): boolean => payerKinds.includes(kinds.get(account) ?? '')
  const payee = terms.payeeAccount
  for (const { transfer_id, debit, credit, amount } of transfers) {
    if (isPayer(debit) && credit === payee) {
      paid += amount
      const scheme = schemes.get(debit)
      if (scheme !== undefined && scheme !== terms.schemeId) {
        fault('marked_money_crossed', row.tender_id, `paid from ${debit}, of ${scheme}`)
      }
      const payer = kinds.get(debit) === 'escrow' ? 'escrow' : 'agency'
      if (row.state === 'settled' && row.paid_by !== payer) {
        fault('settled_not_paid', row.tender_id, `says that ${row.paid_by} paid, and ${debit} did`)
      }
    } else if (debit === payee && isPayer(credit)) {
      returned += amount
    } else if (!isPayer(debit) || !isPayer(credit)) {
      fault('paid_to_another', row.tender_id, `transfer ${transfer_id} from ${debit} to ${credit}`)
    }
  }
  return { paid, returned }
}

interface Refunded {
  readonly all: bigint
  /** While the period lasted: there is that much room in the slot again. */
  readonly ofSlot: bigint
  /** All of it is owed, and nothing moved that would say whether the period was over. */
  readonly ofSlotOrNot: bigint
}

/** What went back of each tender by refunds, by the transfers under their ids. */
function checkRefunds(
  rows: LedgerRows,
  tenders: ReadonlyMap<string, LedgerTender>,
  { ofTenders, ofRefunds }: Readonly<Record<'ofTenders' | 'ofRefunds', ByReference>>,
  kinds: ReadonlyMap<string, string>,
  fault: Fault,
): ReadonlyMap<string, Refunded> {
  const debts = debtsOf(rows, 'refund')
  const refunded = new Map<string, Refunded>()
  for (const { refund_id: place, tender_id, amount, state } of rows.refund) {
    const tender = tenders.get(tender_id)
    const payee = tender?.terms?.payeeAccount ?? tender?.request?.payee_account
    const payer = tender?.request?.payer ?? null
    const isPayer = (account: string): boolean =>
      payer === null ? payerKinds.includes(kinds.get(account) ?? '') : account === payer
    const moved = ofRefunds.get(place) ?? []
    // The agency may put in what the merchant owes, which is not given back.
    const given = moved.filter(({ kind }) => refundKinds.includes(kind))
    const sum = given.reduce((total, leg) => total + leg.amount, 0n)
    const owed = debts.get(place) ?? 0n
    if (sum + owed !== (state === 'done' ? amount : 0n))
      fault('refund_differs', place, `${state}, ${amount}: ${sum} given back, ${owed} owed`)
    for (const { debit, credit } of given)
      if (debit !== payee || !isPayer(credit)) fault('refund_differs', place, `from ${debit} to ${credit}`)
    // Nothing else leaves a merchant under a refund's id, unless it is a tender's too.
    for (const { kind, debit } of tenders.has(place) ? [] : (ofTenders.get(place) ?? []))
      if (kinds.get(debit) === 'merchant') fault('refund_differs', place, `${kind} from ${debit}`)
    if (state === 'refused') continue
    const before = refunded.get(tender_id) ?? { all: 0n, ofSlot: 0n, ofSlotOrNot: 0n }
    const all = before.all + amount
    const isOver = moved.every(({ credit }) => kinds.get(credit) === 'agency')
    if (moved.length === 0) refunded.set(tender_id, { ...before, all, ofSlotOrNot: before.ofSlotOrNot + amount })
    else refunded.set(tender_id, { ...before, all, ofSlot: before.ofSlot + (isOver ? 0n : amount) })
  }
  for (const [id, { all }] of refunded) {
    const paid = tenders.get(id)?.paid ?? 0n
    if (all > paid) fault('refund_differs', id, `${all} refunded of ${paid}`)
  }
  return refunded
}

/** @param excused with the merchant by a debt that is booked, or given back by refunds */
function checkOutcome(tender: LedgerTender, excused: bigint, fault: Fault): void {
  const { row, request, paid, returned, hasReversal } = tender
  const net = paid - returned
  const place = row.tender_id
  switch (row.state) {
    case 'settled':
      // More than its amount is a duplicate, and found as one.
      if (net < row.amount) fault('settled_not_paid', place, `${net} of ${row.amount}`)
      return
    case 'reversed':
      if (net !== excused)
        fault('reversed_not_returned', place, `${net} is with the merchant, ${excused} is booked as debt or refunded`)
      // A QR that nobody paid in time ends by itself.
      if (!hasReversal && request?.closed_for !== 'expired')
        fault('reversed_not_returned', place, 'nobody asked for the reversal')
      return
    case 'deciding':
      fault('left_undecided', place, `${net} moved`)
      return
    case 'requested':
    case 'held':
    case 'awaiting_funds':
    case 'awaiting_proof':
    case 'refused':
    case 'not_paid':
      if (net !== 0n) fault('paid_not_settled', place, `${row.state}, and ${net} moved`)
  }
}

/** @returns by tender, what of its use is back; where the ledger's count is wrong, what the transfers say */
function checkSlotUses(
  rows: LedgerRows,
  tenders: ReadonlyMap<string, LedgerTender>,
  refunded: ReadonlyMap<string, Refunded>,
  fault: Fault,
): ReadonlyMap<string, bigint> {
  const backInSlots = new Map<string, bigint>()
  const slots = new Set(rows.slot.map((slot) => slot.slot_id))
  const uses = Map.groupBy(rows.slot_use, (use) => use.tender_id)
  const indebted = debtsOf(rows, 'reversal')
  for (const { row, request } of tenders.values()) {
    const [use, ...more] = uses.get(row.tender_id) ?? []
    const back = refunded.get(row.tender_id)
    const usedMax = row.amount - (back?.ofSlot ?? 0n)
    const usedMin = usedMax - (back?.ofSlotOrNot ?? 0n)
    const isAccepted = row.state === 'settled' || row.state === 'awaiting_funds'
    const isUsing = request === null && isAccepted && usedMax > 0n
    const amount = use?.amount ?? 0n
    if (more.length > 0) fault('slot_use_differs', row.tender_id, 'it uses more than one slot')
    const isRight = (use === undefined || use.slot_id === row.slot_id) && amount >= usedMin && amount <= usedMax
    if (isUsing && !isRight) {
      fault('slot_use_differs', row.tender_id, `${row.state}, and its slot does not count it`)
    }
    backInSlots.set(row.tender_id, row.amount - (isRight ? amount : usedMax))
    // A reversal that the merchant could not pay back at once may keep its slot used (money-rules.md, "Marked money").
    const mayKeep = isUsing || (row.state === 'reversed' && indebted.has(row.tender_id))
    if (use !== undefined && !mayKeep) fault('slot_use_differs', row.tender_id, `${row.state}, and its slot counts it`)
  }
  for (const use of rows.slot_use) {
    if (!slots.has(use.slot_id)) fault('slot_use_differs', use.slot_id, 'there is no such slot')
    if (!tenders.has(use.tender_id)) fault('slot_use_differs', use.slot_id, `used by ${use.tender_id}, no tender`)
  }
  return backInSlots
}

function identifiedIn(content: string): { readonly profile: string; readonly card: string } | undefined {
  const shown = identifiedSchema.safeParse(parsed(content))
  return shown.success ? shown.data.evidence.cardProof : undefined
}

function macIn(content: string): string[] {
  const shown = shownSchema.safeParse(parsed(content))
  return shown.success ? [shown.data.evidence.cardProof.sun.m] : []
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
