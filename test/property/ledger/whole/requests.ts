/** What roles ask for in a story: a step's few numbers, made into a request that mostly fits and often just not. */
import fc from 'fast-check'
import { newestCard } from './holders.ts'
import { isActive } from './door.ts'
import { poolOrder } from './orders.ts'
import { pick } from './pick.ts'
import { ofRules } from './rule-requests.ts'
import { beneficiaryNow } from './households.ts'
import { limitsOf, room, roomToHold, whyNotOut } from './limits.ts'
import { available, dayMs, hourMs, need, type Whole } from './state.ts'
import { periodId, periodsOfScheme } from './slots.ts'
import {
  agencies,
  allUids,
  banks,
  beneficiaryOf,
  firstFrom,
  holders,
  merchantAt,
  merchants,
  ownerOf,
  owners,
  people,
  places,
  schemeIds,
  schemeOf,
  schemes,
  strangers,
  tillIds,
  type SchemeId,
} from './world.ts'

const sizes = [
  'one',
  'small',
  'tenth',
  'half',
  'all',
  'above',
  'single',
  'over',
  'room',
  'beyond',
  'fill',
  'overfill',
] as const
export const kinds = {
  open: 1,
  open_entity: 1,
  deposit: 1,
  issue: 2,
  redeem: 3,
  sell_entity: 1,
  sell_person: 4,
  buy_entity: 2,
  buy_person: 3,
  cash_supply: 1,
  cash_out: 3,
  cash_in: 2,
  pay_entity: 4,
  pay_person: 4,
  merchant_spends: 5,
  pay_out: 2,
  pay_government: 3,
  reverse: 6,
  refund: 5,
  tier: 3,
  alias: 2,
  alias_release: 1,
  code: 2,
  person: 10,
  scheme: 2,
  fund: 6,
  block: 1,
  unblock: 2,
  card: 3,
  lease: 4,
  policy: 3,
  closing: 1,
  pay_qr: 14,
  appeal: 4,
  decide: 4,
  rule: 2,
  assign: 4,
  end: 2,
  direct: 12,
  direct_refund: 8,
  entitle: 2,
  join: 3,
  leave: 2,
  merchant: 2,
  reissue: 2,
} as const
export type Kind = keyof typeof kinds

export const step = fc.record({
  kind: fc.oneof(...Object.entries(kinds).map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind as Kind) }))),
  who: fc.nat(999),
  whom: fc.nat(999),
  which: fc.nat(999),
  size: fc.constantFrom(...sizes, 'small', 'half', 'room', 'room'),
  /** Below three something does not fit. */
  stray: fc.nat(29),
})
/** `stray` of a version by which tills sell a scheme in the other way. */
export const turned = 20
/** `scheme`: about which it is, where it is about another than lunches and groceries. */
export type Step = Parameters<Parameters<typeof step.map>[0]>[0] & { readonly scheme?: SchemeId }

export interface Request {
  readonly by: string
  readonly path: string
  readonly body: Readonly<Record<string, unknown>>
}

const entitiesOf = ['education', 'social', 'canteen', 'kiosk', 'tax-authority']
const accountOf = (owner: string): string =>
  owner === 'tax-authority' ? 'budget' : (merchants as readonly string[]).includes(owner) ? `merchant.${owner}` : owner
const numbers = [
  { kind: 'phone', number: '+77000000001' },
  { kind: 'phone', number: '+77000000002' },
  { kind: 'card', number: '4000000000000002' },
] as const

/** What step by step is asked for, of what the model knows. */
export function amountFor(whole: Whole, payer: string, payee: string, { size, which }: Step): bigint {
  const has = whole.accounts.has(payer) ? available(whole, payer) : 0n
  const person = whole.people.get(payer)
  const single = person === undefined ? has : limitsOf[person.tier].single
  const left = person === undefined ? has : [room(whole, payer).day, room(whole, payer).month, single].reduce(smaller)
  const holds = whole.people.has(payee) ? roomToHold(whole, payee) : 0n
  const amounts = {
    one: 1n,
    small: BigInt(1_000 + which * 97),
    tenth: has / 10n,
    half: has / 2n,
    all: has,
    above: has + 1n,
    single,
    over: single + 1n,
    room: smaller(left, has > 0n ? has : left),
    beyond: left + 1n,
    fill: holds,
    overfill: holds + 1n,
  }
  return amounts[size] > 0n ? amounts[size] : BigInt(1 + which)
}
const smaller = (one: bigint, other: bigint): bigint => (one < other ? one : other)

/** Of a story: what makes ids, and what was there before. */
export interface Telling {
  readonly whole: Whole
  /** A new id, or now and then one that was used before. */
  id(step: Pick<Step, 'stray' | 'which'>): string
  readonly codes: ReadonlyMap<string, readonly string[]>
}

/** @returns undefined where there is nothing to ask for yet */
export function requestOf(telling: Telling, each: Step): Request | undefined {
  const fitting = fits(telling, each)
  if (fitting === undefined || each.stray > 1) return fitting
  // Somebody else asks for it.
  return { ...fitting, by: pick(owners, each.whom) }
}

function fits(telling: Telling, each: Step): Request | undefined {
  const { whole } = telling
  const { kind, who, whom, which, size } = each
  const persons = Object.keys(people)
  const person = pick(persons, who)
  const other = each.stray === 2 ? pick(owners, whom) : pick(persons, whom)
  const ownBank = people[person]?.bank ?? ''
  const bank = pick(banks, who)
  const agency = pick(Object.keys(agencies), who)
  const named = (amount: bigint): { readonly transferId: string; readonly amount: bigint } => {
    return { transferId: telling.id(each), amount }
  }
  const amount = (payer: string, payee = ''): bigint => amountFor(whole, payer, payee, each)
  /** A person, or its bank for it. */
  const payer = which % 3 === 0 ? ownBank : ownerOf(person)
  switch (kind) {
    case 'open': {
      const account = pick(['aru', 'dana', 'dana-too', 'new-1', 'new-2', 'scheme.mine'], which)
      const by = people[account]?.bank ?? bank
      const tier = people[account]?.tier ?? pick(['anonymous', 'simplified', 'full'], whom)
      const owner = ownerOf(account)
      return { by, path: '/v1/accounts/individuals', body: { accountId: account, owner, name: owner, tier } }
    }
    case 'open_entity': {
      const account = pick(['education', 'canteen', 'new-3'], which)
      const body = { accountId: accountOf(account), owner: account, name: account, kind: pick(entityKinds, whom) }
      return { by: bank, path: '/v1/accounts/legal-entities', body }
    }
    case 'deposit': {
      const account = pick([`${ownBank}.client.${ownerOf(person)}`, `${bank}.reserve`, `${bank}.cash`, person], which)
      return { by: 'central-bank', path: '/v1/non-cash-deposits', body: { ...named(amount(bank)), accountId: account } }
    }
    case 'issue':
    case 'redeem': {
      const path = `/v1/conversions/${kind === 'issue' ? 'non-cash-to-dt' : 'dt-to-non-cash'}/bank-central-bank`
      const from = kind === 'issue' ? `${bank}.reserve` : bank
      const sum = kind === 'redeem' && size !== 'above' ? available(whole, from) : amount(from)
      return sum === 0n ? undefined : { by: bank, path, body: { ...named(sum), bank } }
    }
    case 'cash_supply':
      return { by: 'central-bank', path: '/v1/cash-supplies', body: { ...named(amount(bank)), bank } }
    case 'sell_entity':
    case 'buy_entity': {
      const owner = pick([...entitiesOf, 'scheme.lunch'], which)
      const at = whole.accounts.get(accountOf(owner))?.bank ?? bank
      const path = `/v1/conversions/${kind === 'sell_entity' ? 'non-cash-to-dt' : 'dt-to-non-cash'}/legal-entity-bank`
      const sum = amount(kind === 'sell_entity' ? at : accountOf(owner))
      return { by: at, path, body: { ...named(sum), bank: at, accountId: accountOf(owner) } }
    }
    case 'sell_person':
    case 'buy_person':
    case 'cash_out':
    case 'cash_in': {
      const comes = kind === 'sell_person' || kind === 'cash_in'
      const account =
        each.stray === 2 ? pick(['budget', 'scheme.groceries', 'merchant.kiosk', 'education'], whom) : person
      const at = whole.accounts.get(account)?.bank ?? ownBank
      const sum = comes ? amount(at, account) : amount(account)
      return { by: at, path: personPaths[kind], body: { ...named(sum), bank: at, accountId: account } }
    }
    case 'pay_entity':
    case 'pay_person': {
      const owner = pick(entitiesOf, who)
      const to = kind === 'pay_person' ? other : accountOf(pick(entitiesOf, who + 1 + (whom % 4)))
      const path = `/v1/payments/legal-entity-${kind === 'pay_person' ? 'individual' : 'legal-entity'}`
      const body = { ...named(amount(accountOf(owner), to)), payer: accountOf(owner), payee: to, purpose: 'p' }
      return { by: owner, path, body }
    }
    case 'merchant_spends': {
      const owner = pick(merchants, who)
      const body = { ...named(size === 'half' ? amount(accountOf(owner)) : available(whole, accountOf(owner))) }
      const way = { payer: accountOf(owner), payee: pick([...Object.keys(agencies), 'budget'], whom), purpose: 'p' }
      const path = '/v1/payments/legal-entity-legal-entity'
      return body.amount === 0n ? undefined : { by: owner, path, body: { ...body, ...way } }
    }
    case 'pay_out': {
      const payments = persons.slice(0, 1 + (which % persons.length)).map((payee, index) => {
        return { transferId: telling.id({ ...each, which: which + index }), payee, amount: amount(agency, payee) }
      })
      const body = { payer: agency, purpose: 'p', payments }
      return { by: agency, path: '/v1/scenarios/government-to-customer', body }
    }
    case 'pay_government': {
      const body = { ...named(amount(person)), payer: person, payee: pick([...Object.keys(agencies), 'budget'], whom) }
      const path = '/v1/scenarios/customer-to-government'
      return { by: payer, path, body: { ...body, purpose: 'tax', paymentReference: 'T' } }
    }
    case 'reverse':
    case 'refund':
      return returning(telling, each)
    case 'tier': {
      const body = {
        changeId: telling.id(each),
        accountId: person,
        tier: pick(['anonymous', 'simplified', 'full'], which),
      }
      return { by: ownBank, path: '/v1/individual-tiers', body: { ...body, acknowledgesExcess: whom % 3 > 0 } }
    }
    case 'alias':
    case 'alias_release': {
      const id = kind === 'alias' ? { aliasId: telling.id(each) } : { releaseId: telling.id(each) }
      const path = kind === 'alias' ? '/v1/aliases' : '/v1/alias-releases'
      return { by: payer, path, body: { ...id, accountId: person, ...pick(numbers, whom) } }
    }
    case 'code':
      return { by: payer, path: '/v1/receive-codes', body: { codeId: telling.id(each), accountId: person } }
    case 'person': {
      const text = telling.codes.get(other)?.at(which % 5 === 0 ? 0 : -1)
      const ways = [{ kind: 'account', accountId: other }, ...(text === undefined ? [] : [{ kind: 'qr', text }])]
      const to = pick([...ways, ...ways, pick(numbers, whom)], which)
      const body = { ...named(amount(person, other)), payer: person, to, purpose: '', shows: 'nothing' }
      return { by: payer, path: '/v1/transfers/individual-individual', body }
    }
    case 'pay_qr': {
      const asked = [...whole.tenders].filter(([, tender]) => tender.asked !== null)
      const open = asked.filter(([, { state }]) => state === 'requested' || which % 6 === 0)
      const [requestId] = open.at(-1 - (whom % 2)) ?? open[0] ?? asked[0] ?? []
      if (requestId === undefined) return undefined
      // Mostly by who can.
      const sum = whole.tenders.get(requestId)?.asked?.amount ?? 0n
      const able = persons.filter((one) => whyNotOut(whole, one, sum) === undefined && available(whole, one) >= sum)
      const from = which % 5 === 0 || able.length === 0 ? person : pick(able, who)
      const by = which % 3 === 0 ? (people[from]?.bank ?? '') : ownerOf(from)
      return {
        by,
        path: '/v1/payment-requests/payments',
        body: { paymentId: telling.id(each), requestId, payer: from },
      }
    }
    case 'direct': {
      const sum = amount(person)
      const parts = sum < 3n ? [sum] : [sum / 3n, sum - 2n * (sum / 3n), sum / 3n]
      const lines = parts.map((unitPrice, index) => {
        const category = pick(['food', 'lunch', 'books', 'food'], which + index)
        return { itemId: `some-${category}`, category, quantity: 1, unitPrice }
      })
      const merchantId = each.stray === 2 ? 'nobody' : pick(merchants, whom)
      const body = { paymentId: telling.id(each), payer: person, merchantId, amount: sum, lines }
      return { by: payer, path: '/v1/payments/individual-merchant', body }
    }
    case 'direct_refund': {
      const [paymentId, payment] = [...whole.directPayments].at(-1 - (whom % 3)) ?? []
      if (paymentId === undefined || payment === undefined) return undefined
      const left = payment.lines.map(({ line, amount: of }) => ({
        line,
        amount: of - (payment.refunded.get(line) ?? 0n),
      }))
      const parts = left.map((line) => ({ ...line, amount: which % 3 === 0 ? line.amount : line.amount / 2n }))
      const lines = parts.filter((line) => line.amount > 0n)
      const total = lines.reduce((all, line) => all + line.amount, 0n) + (size === 'above' ? 1n : 0n)
      if (total === 0n) return undefined
      const body = { refundId: telling.id(each), paymentId, amount: total, ...(which % 2 === 0 ? { lines } : {}) }
      const path = '/v1/payments/individual-merchant/refunds'
      return lines.length === 0 ? undefined : { by: payment.merchant, path, body }
    }
    case 'rule':
    case 'assign':
    case 'end':
      return ofRules(telling, each)
    default:
      return ofAgencies(telling, each)
  }
}

const entityKinds = ['legal-entity', 'agency', 'merchant'] as const
const personPaths = {
  sell_person: '/v1/conversions/non-cash-to-dt/individual-bank',
  buy_person: '/v1/conversions/dt-to-non-cash/individual-bank',
  cash_out: '/v1/cash-withdrawals',
  cash_in: '/v1/cash-deposits',
} as const

/** Mostly of a payment that can come back, by whoever may; else of any id. */
function returning(telling: Telling, each: Step): Request {
  const { whole } = telling
  const { kind, whom, which, size } = each
  const payments = [...whole.transfers].filter(([, { kind: of }]) => which % 7 === 0 || of.startsWith('payment'))
  const [made, transfer] = payments.at(-1 - (whom % 4)) ?? payments[0] ?? []
  const others = [whole.tenders, whole.directPayments, whole.requestPayments, whole.refunds, whole.ids]
  const strange = others.flatMap((map) => [...map.keys()].slice(-3))
  const isStrange = which % 5 === 0 || made === undefined
  const of = isStrange
    ? (strange[which === 5 ? strange.length : whom % (strange.length + 1)] ?? telling.id({ ...each, stray: 9 }))
    : made
  const taker = transfer === undefined ? undefined : whole.accounts.get(transfer.payee)
  const payees = taker?.kind === 'individual' && which % 2 === 0 ? taker.bank : taker?.owner
  const payer = transfer === undefined ? undefined : whole.accounts.get(transfer.payer)?.owner
  const [may, mayNot] = kind === 'reverse' ? [transfer?.maker, taker?.owner] : [payees, payer]
  const party = which % 11 === 4 ? mayNot : may
  const by = isStrange || party === undefined ? pick(owners, whom) : party
  const left = transfer === undefined ? 1n : transfer.amount - transfer.refunded
  const part = size === 'above' ? left + 1n : which % 3 === 0 ? left : left / 2n
  return kind === 'reverse'
    ? { by, path: '/v1/reversals', body: { reversalId: telling.id(each), transferId: of, reason: 'r' } }
    : {
        by,
        path: '/v1/refunds',
        body: { refundId: telling.id(each), transferId: of, amount: part > 0n ? part : 1n, reason: 'r' },
      }
}

/**
 * Mostly the third holder, who comes and goes; of the others there would soon be nobody left. Now and then somebody
 * whom nobody may have named.
 */
function pairOf(whole: Whole, schemeId: SchemeId, { kind, whom, which, stray }: Step) {
  if (kind === 'entitle' && whom % 6 === 1) {
    const holder = pick(strangers, which)
    return { beneficiary: beneficiaryNow(whole, schemeId, holder) ?? holder, holder }
  }
  const index = whom % 6 === 0 ? which % 2 : 2
  const holder = pick(holders, index)
  const present = kind === 'leave' ? beneficiaryNow(whole, schemeId, holder) : undefined
  const beneficiary = present ?? beneficiaryOf(schemeId, stray === 1 ? (index + 1) % 3 : index)
  return { beneficiary, holder }
}

function ofAgencies({ whole, id }: Telling, each: Step): Request | undefined {
  const { kind, who, whom, which, size } = each
  const schemeId = each.scheme ?? pick(schemeIds, who)
  const { agency, amount: allowance } = schemes[schemeId]
  const terminalId = pick(tillIds, whom)
  const both = [0, 1].map((index) => beneficiaryOf(schemeId, index))
  const beneficiaries = which % 2 === 1 && which % 4 !== 3 ? both : [pick(both, which % 4 === 3 ? 1 : 0)]
  switch (kind) {
    case 'scheme': {
      const { states, policy } = need(whole.schemes, schemeId)
      const version = whom % 5 === 0 ? 1 + (which % (states.length + 2)) : states.length + 1
      const isTurned = each.stray === turned
      const status = isActive(whole, schemeId) === isTurned ? 'active' : 'suspended'
      const other = policy === 'lease-pool' ? 'lease-listed' : 'lease-pool'
      const known = each.stray === 1 ? undefined : states[version - 1]
      const said = known ?? ({ status, policy: isTurned ? other : policy } as const)
      const body = schemeOf(schemeId, version, said.status, said.policy)
      return { by: agency, path: '/v1/schemes', body: { ...body } }
    }
    case 'fund': {
      const few = size === 'above' ? available(whole, agency) + 1n : (allowance * BigInt(1 + (which % 5))) / 2n
      const body = { transferId: id(each), accountId: agency, schemeId, amount: few }
      return { by: agency, path: '/v1/scheme-fundings', body }
    }
    case 'block':
    case 'unblock': {
      const card = pick([...whole.cards.keys()], whom)
      return { by: agency, path: `/v1/card-${kind}s`, body: { card } }
    }
    case 'card': {
      const body = { uid: pick(allUids, which), holder: pick([...holders, ...strangers], whom) }
      return { by: agency, path: '/v1/cards', body }
    }
    case 'lease': {
      const now = Math.floor((whole.now - firstFrom) / (3 * dayMs))
      const periodIds = [now, now + 1]
        .slice(which % 5 === 4 ? 1 : 0, which % 15 === 0 ? 1 : 2)
        .map((index) => periodId(Math.min(index, periodsOfScheme)))
      const sellUntil = whole.now + (size === 'one' ? 0 : 8 * hourMs)
      const grant = { terminalId, schemeId, beneficiaries, periodIds, sellUntil, presentUntil: sellUntil + dayMs }
      return { by: agency, path: '/v1/leases', body: { grantId: id(each), ...grant } }
    }
    case 'policy': {
      const lasts = { sellForMs: 12 * hourMs, presentForMs: pick([0, 6 * hourMs, 4 * dayMs], which) }
      const isOfPool = need(whole.schemes, schemeId).policy === 'lease-pool'
      const order = isOfPool ? poolOrder(beneficiaries, each) : { beneficiaries }
      const body = { terminalId, schemeId, ...order, ...lasts, periods: 1 + (which % 2) }
      return { by: agency, path: '/v1/lease-policies', body }
    }
    case 'entitle':
      return { by: agency, path: '/v1/beneficiaries', body: { schemeId, ...pairOf(whole, schemeId, each) } }
    case 'leave':
      return { by: agency, path: '/v1/entitlement-endings', body: { schemeId, ...pairOf(whole, schemeId, each) } }
    case 'join': {
      const { holder } = pairOf(whole, schemeId, each)
      const [member, other] = [pick(holders, which), pick(holders, which + 1)]
      const beneficiary =
        beneficiaryNow(whole, schemeId, each.stray === 1 ? other : member) ?? beneficiaryOf(schemeId, 1)
      return { by: agency, path: '/v1/household-members', body: { schemeId, beneficiary, holder, member } }
    }
    case 'reissue': {
      const card = newestCard(whole, pick(holders, which % 2))
      const isMade = (uid: string): boolean => whole.cards.has(need(whole.cardNames, uid))
      const uid = each.stray < 3 ? pick(allUids, whom) : (allUids.find((one) => !isMade(one)) ?? pick(allUids, whom))
      const by = whole.agencyOf.get(pick(holders, which % 2)) ?? agency
      return { by, path: '/v1/card-reissues', body: { card, uid } }
    }
    case 'merchant': {
      const merchant = pick(merchants, whom)
      const by = each.stray === 2 ? pick(banks, which) : (whole.accounts.get(accountOf(merchant))?.bank ?? '')
      return { by, path: '/v1/merchants', body: merchantAt(merchant, pick(places, which)) }
    }
    case 'closing':
      return { by: agency, path: '/v1/lease-closings', body: {} }
    case 'appeal':
    case 'decide': {
      const filed = whole.discrepancies.filter(({ appeal }) => kind === 'appeal' || appeal !== null)
      const one = filed.findLast(({ appeal }) => appeal === (kind === 'appeal' ? null : 'open')) ?? filed.at(-1)
      if (one === undefined) return undefined
      const body = { discrepancyId: one.id, reason: 'as it was' }
      if (kind === 'appeal') return { by: need(whole.tills, one.till).merchant, path: '/v1/appeals', body }
      const verdict = which % 4 === 0 ? 'refused' : 'accepted'
      return { by: one.agency ?? agency, path: '/v1/appeal-decisions', body: { ...body, verdict } }
    }
    default:
      throw new Error(`${kind} is drawn and asks for nothing`)
  }
}
