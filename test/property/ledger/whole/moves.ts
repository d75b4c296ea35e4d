/** Conversions, cash, payments of legal entities, reversals and refunds (docs/design/18, "Moves"), each a function. */
import { cannotTake, whyNotIn, whyNotOut } from './limits.ts'
import {
  actsFor,
  available,
  dayMs,
  entities,
  meet,
  mustMove,
  need,
  once,
  refused,
  spend,
  tooLittle,
  type AccountKind,
  type Asked,
  type Leg,
  type Tender,
  type Transfer,
  type Verdict,
  type Whole,
  shortIn,
  move,
} from './state.ts'

export interface Named extends Asked {
  readonly body: { readonly transferId: string; readonly amount: bigint } & Readonly<Record<string, unknown>>
}
interface ForBank extends Named {
  readonly body: Named['body'] & { readonly bank: string }
}
interface ForClient extends Named {
  readonly body: ForBank['body'] & { readonly accountId: string }
}
interface Payment extends Named {
  readonly body: Named['body'] & { readonly payer: string; readonly payee: string }
}

/** Keeps what a client named, once it has moved. */
export function named(whole: Whole, asked: Named, kind: string, payer: string, payee: string): Verdict {
  const { transferId, amount } = asked.body
  const moved = { kind, maker: asked.by, payer, payee, amount, refunded: 0n, reversed: false, at: whole.now }
  whole.transfers.set(transferId, moved)
  return { transferId }
}

/** @param limit asked only of who has the money */
function moveNamed(
  whole: Whole,
  asked: Named,
  kind: string,
  legs: readonly Leg[],
  to: readonly [string, string],
  limit: () => Verdict | undefined = () => undefined,
): Verdict {
  const short = shortIn(whole, legs)
  if (short !== undefined) return tooLittle(short)
  const tooMuch = limit()
  if (tooMuch !== undefined) return tooMuch
  mustMove(whole, ...legs)
  return named(whole, asked, kind, ...to)
}

function clientNonCash(whole: Whole, bank: string, owner: string): string {
  const account = `${bank}.client.${owner}`
  if (!whole.accounts.has(account))
    whole.accounts.set(account, { kind: 'client-non-cash', owner, bank, name: account, balance: 0n })
  return account
}

export function depositNonCash(whole: Whole, asked: Named): Verdict {
  const { transferId, amount } = asked.body
  const accountId = String(asked.body['accountId'])
  return once(whole, asked, 'non-cash-deposit', transferId, () => {
    const [bank = '', owner = ''] = accountId.split('.client.')
    const isClient = [...whole.accounts.values()].some(
      (account) => account.owner === owner && account.bank === bank && account.kind !== 'client-non-cash',
    )
    if (isClient) clientNonCash(whole, bank, owner)
    const kind = whole.accounts.get(accountId)?.kind
    const kinds = ['reserve', 'client-non-cash', 'taken', 'own-non-cash', 'vault', 'non-cash-outside', 'cash-outside']
    if (kind === undefined || !kinds.includes(kind)) return refused('not_found')
    if (kind !== 'reserve' && kind !== 'client-non-cash') return refused('rule_violated')
    const way = ['non-cash.outside', accountId] as const
    return moveNamed(whole, asked, 'non-cash-deposit', [[...way, amount]], way)
  })
}

export function issue(whole: Whole, asked: ForBank): Verdict {
  const { transferId, amount, bank } = asked.body
  return once(whole, asked, 'issue', transferId, () => {
    if (bank !== asked.by) return refused('role_not_allowed')
    const legs: Leg[] = [
      [`${bank}.reserve`, 'central-bank.non-cash', amount],
      ['central-bank.issue', bank, amount],
    ]
    return moveNamed(whole, asked, 'issue', legs, ['central-bank.issue', bank])
  })
}

export function redeem(whole: Whole, asked: ForBank): Verdict {
  const { transferId, amount, bank } = asked.body
  return once(whole, asked, 'issue-return', transferId, () => {
    if (bank !== asked.by) return refused('role_not_allowed')
    const legs: Leg[] = [
      [bank, 'central-bank.issue', amount],
      ['central-bank.non-cash', `${bank}.reserve`, amount],
    ]
    const answer = moveNamed(whole, asked, 'issue-return', legs, [bank, 'central-bank.issue'])
    if (!('code' in answer) && need(whole.accounts, bank).balance === 0n) meet(whole, 'a bank redeems all of its DT')
    return answer
  })
}

/** Why that bank does not serve that account that way. @param leaves whether DT leave the platform */
function notClient(
  whole: Whole,
  asked: ForClient,
  kinds: readonly AccountKind[],
  leaves: boolean,
): Verdict | undefined {
  const { bank, accountId } = asked.body
  if (bank !== asked.by) return refused('role_not_allowed')
  const account = whole.accounts.get(accountId)
  const isOfClients = account !== undefined && [...entities, 'individual', 'marked'].includes(account.kind)
  if (!isOfClients || account.bank !== bank) return refused('not_found')
  // Marked money stays DT until it has reached a merchant.
  if (account.kind === 'marked' || (leaves && account.kind === 'agency')) {
    if (account.kind === 'marked') meet(whole, 'marked money is asked to leave')
    return refused('rule_violated')
  }
  return kinds.includes(account.kind) ? undefined : refused('rule_violated')
}

function sellDt(whole: Whole, asked: ForClient, kinds: readonly AccountKind[]): Verdict {
  const { transferId, amount, bank, accountId } = asked.body
  return once(whole, asked, 'sale-of-dt', transferId, () => {
    const fault = notClient(whole, asked, kinds, false)
    if (fault !== undefined) return fault
    const legs: Leg[] = [
      [clientNonCash(whole, bank, need(whole.accounts, accountId).owner), `${bank}.non-cash`, amount],
      [bank, accountId, amount],
    ]
    return moveNamed(whole, asked, 'sale-of-dt', legs, [bank, accountId], () => whyNotIn(whole, accountId, amount))
  })
}

function buyDt(whole: Whole, asked: ForClient, kinds: readonly AccountKind[]): Verdict {
  const { transferId, amount, bank, accountId } = asked.body
  return once(whole, asked, 'redemption-of-dt', transferId, () => {
    const fault = notClient(whole, asked, kinds, true)
    if (fault !== undefined) return fault
    const legs: Leg[] = [
      [accountId, bank, amount],
      [`${bank}.non-cash`, clientNonCash(whole, bank, need(whole.accounts, accountId).owner), amount],
    ]
    const limit = () => whyNotOut(whole, accountId, amount, 'cash')
    return leaving(whole, asked, moveNamed(whole, asked, 'redemption-of-dt', legs, [accountId, bank], limit))
  })
}

/** What rules about laundering see of it. */
function leaving(whole: Whole, asked: ForClient, answer: Verdict): Verdict {
  if ('code' in answer) return answer
  const { transferId, amount, bank, accountId } = asked.body
  spend(whole, accountId, amount)
  whole.watched.push({ id: transferId, maker: asked.by, from: accountId, to: bank, amount, at: whole.now })
  return answer
}

export const sellToEntity = (whole: Whole, asked: ForClient): Verdict => sellDt(whole, asked, entities)
export const sellToPerson = (whole: Whole, asked: ForClient): Verdict => sellDt(whole, asked, ['individual'])
export const buyFromEntity = (whole: Whole, asked: ForClient): Verdict => buyDt(whole, asked, entities)
export const buyFromPerson = (whole: Whole, asked: ForClient): Verdict => buyDt(whole, asked, ['individual'])

export function supplyCash(whole: Whole, asked: ForBank): Verdict {
  const { transferId, amount, bank } = asked.body
  return once(whole, asked, 'cash-supply', transferId, () => {
    if (whole.accounts.get(bank)?.kind !== 'bank') return refused('not_found')
    const way = ['cash.outside', `${bank}.cash`] as const
    return moveNamed(whole, asked, 'cash-supply', [[...way, amount]], way)
  })
}

export function cashOut(whole: Whole, asked: ForClient): Verdict {
  const { transferId, amount, bank, accountId } = asked.body
  return once(whole, asked, 'cash-withdrawal', transferId, () => {
    const kinds = [...entities, 'individual'] as const
    const fault = notClient(whole, asked, kinds, true)
    if (fault !== undefined) return fault
    const legs: Leg[] = [
      [accountId, bank, amount],
      [`${bank}.cash`, 'cash.outside', amount],
    ]
    const limit = () => whyNotOut(whole, accountId, amount, 'cash')
    return leaving(whole, asked, moveNamed(whole, asked, 'cash-withdrawal', legs, [accountId, bank], limit))
  })
}

export function cashIn(whole: Whole, asked: ForClient): Verdict {
  const { transferId, amount, bank, accountId } = asked.body
  return once(whole, asked, 'cash-deposit', transferId, () => {
    const kinds = [...entities, 'individual'] as const
    const fault = notClient(whole, asked, kinds, false)
    if (fault !== undefined) return fault
    const legs: Leg[] = [
      ['cash.outside', `${bank}.cash`, amount],
      [bank, accountId, amount],
    ]
    return moveNamed(whole, asked, 'cash-deposit', legs, [bank, accountId], () => whyNotIn(whole, accountId, amount))
  })
}

interface Way {
  readonly kind: string
  readonly from: readonly AccountKind[]
  readonly to: readonly AccountKind[]
}

function pay(whole: Whole, asked: Payment, { kind, from, to }: Way): Verdict {
  const { transferId, amount, payer, payee } = asked.body
  return once(whole, asked, kind, transferId, () => {
    const [giver, taker] = [whole.accounts.get(payer), whole.accounts.get(payee)]
    if (giver === undefined || !from.includes(giver.kind)) return refused('not_found')
    if (giver.kind === 'individual' ? !actsFor(whole, asked, payer) : giver.owner !== asked.by)
      return refused('not_found')
    if (taker === undefined || !to.includes(taker.kind)) return refused('not_found')
    if (payer === payee) return refused('rule_violated')
    const limit = (): Verdict | undefined =>
      whyNotOut(whole, payer, amount) ?? (whyNotIn(whole, payee, amount) === undefined ? undefined : cannotTake)
    const answer = moveNamed(whole, asked, kind, [[payer, payee, amount]], [payer, payee], limit)
    if (!('code' in answer)) spend(whole, payer, amount)
    return answer
  })
}

const toPerson = { kind: 'payment-to-individual', to: ['individual'] } as const
export const payEntity = (whole: Whole, asked: Payment): Verdict =>
  pay(whole, asked, { kind: 'payment', from: entities, to: entities })
export const payPerson = (whole: Whole, asked: Payment): Verdict => pay(whole, asked, { ...toPerson, from: entities })
export const payGovernment = (whole: Whole, asked: Payment): Verdict =>
  pay(whole, asked, { kind: 'payment-to-government', from: ['individual'], to: ['agency'] })

interface Payout extends Asked {
  readonly body: {
    readonly payer: string
    readonly purpose: string
    readonly payments: readonly { readonly transferId: string; readonly payee: string; readonly amount: bigint }[]
  }
}

/** Each as if it came alone, in the order given: the same id alone is the same payment. */
export function payOut(whole: Whole, asked: Payout): Verdict {
  const { payer, purpose, payments } = asked.body
  const results = payments.map((payment) => {
    const body = { ...payment, payer, purpose }
    const answer = pay(whole, { ...asked, body }, { ...toPerson, from: ['agency'] })
    if (!('code' in answer)) return { ...answer, state: 'done' }
    return { transferId: payment.transferId, state: 'refused', code: answer['code'] }
  })
  return { results }
}

interface Return extends Asked {
  readonly body: { readonly transferId: string } & Readonly<Record<string, unknown>>
}
const returnable = ['payment', 'payment-to-individual', 'payment-to-government']

/** The maker disowns it within a day; an id that nothing came under is disowned for good. */
export function reverse(whole: Whole, asked: Return): Verdict {
  const { transferId } = asked.body
  const reversalId = String(asked.body['reversalId'])
  return once(whole, asked, 'reversal', reversalId, () => {
    if (transferId === reversalId) return refused('rule_violated')
    const transfer = whole.transfers.get(transferId)
    if (transfer === undefined) return disown(whole, asked, transferId)
    if (transfer.maker !== asked.by) return refused(isParty(whole, asked, transfer) ? 'rule_violated' : 'not_found')
    if (!returnable.includes(transfer.kind)) return refused('rule_violated')
    if (transfer.reversed) return { state: 'reversed', returned: 0n }
    if (whole.now - transfer.at > dayMs) {
      meet(whole, 'a reversal after its day')
      return refused('rule_violated')
    }
    const back = transfer.amount - transfer.refunded
    const short = move(whole, [transfer.payee, transfer.payer, back])
    if (short !== undefined) return tooLittle(short)
    transfer.reversed = true
    if (transfer.refunded > 0n) meet(whole, 'what is left of a refunded payment is reversed')
    comesBack(whole, transfer.payer)
    return { state: 'reversed', returned: back }
  })
}

/** Who hears of a transfer by its id, and so hears who may give it back; who watches everybody is none. */
function isParty(whole: Whole, { by, role }: Asked, { maker, payer, payee }: Transfer): boolean {
  if (role === 'central-bank') return false
  const parties = [maker, need(whole.accounts, payer).owner, need(whole.accounts, payee).owner]
  if (parties.includes(by)) meet(whole, 'a party asks for what another one may give back')
  return parties.includes(by)
}

/** Money that comes back is not asked about. */
export function comesBack(whole: Whole, account: string): void {
  if (whyNotIn(whole, account, 0n) !== undefined) meet(whole, 'money comes back above a limit of balance')
}

/** To who has to do with it, a sale of a till is a sale of a till. Another id is nobody's, or somebody's. */
function disown(whole: Whole, asked: Asked, id: string): Verdict {
  const whose = whoseOther(whole, asked, id)
  if (whose !== 'nothing') return refused(whose === 'own' ? 'rule_violated' : 'not_found')
  const known = whole.ids.get(id)
  if (known === undefined) {
    whole.ids.set(id, { kind: 'disowned', by: asked.by, terms: '', answer: {} })
    return { state: 'reversed_before_arrival', returned: 0n }
  }
  if (known.by !== asked.by) return refused('not_found')
  return known.kind === 'disowned' ? { state: 'reversed_before_arrival', returned: 0n } : refused('rule_violated')
}

/** The person, or the bank that paid for it. */
function paysAs(whole: Whole, { by, role }: Asked, maker: string, payer: string): boolean {
  return ['individual', 'bank'].includes(role) && (maker === by || need(whole.accounts, payer).owner === by)
}

/** An id may name a sale of a till and a payment too: whoever has to do with either is told. */
function whoseOther(whole: Whole, asked: Asked, id: string): 'own' | 'others' | 'nothing' {
  const { by, role } = asked
  const between = whole.watched.find((each) => each.id === id)
  if (between !== undefined && paysAs(whole, asked, between.maker, between.from)) return 'own'
  if (between !== undefined && actsFor(whole, asked, between.to)) return 'own'
  const direct = whole.directPayments.get(id)
  if (direct !== undefined && role === 'merchant' && direct.merchant === by) return 'own'
  if (direct !== undefined && paysAs(whole, asked, direct.maker, direct.payer)) return 'own'
  const paid = whole.requestPayments.get(id)
  const tenderId = whole.tenders.has(id) ? id : (whole.refunds.get(id)?.tender ?? paid?.tender)
  const isPayment = between !== undefined || direct !== undefined
  if (tenderId === undefined) return isPayment || whole.surrenders.has(id) ? 'others' : 'nothing'
  const tender = whole.tenders.get(tenderId)
  const payers = [...whole.requestPayments.values()].filter((each) => each.tender === tenderId)
  const isParty =
    role === 'merchant'
      ? tender !== undefined && need(whole.tills, tender.till).merchant === by
      : role === 'agency'
        ? isSaleOf(whole, tender, by)
        : payers.some(({ maker, payer }) => paysAs(whole, asked, maker, payer))
  return isParty ? 'own' : 'others'
}

function isSaleOf(whole: Whole, tender: Tender | undefined, agency: string): boolean {
  const sold = tender?.sold ?? null
  return sold !== null && need(whole.schemes, sold.scheme).agency === agency
}

/** The payee gives back, or its bank where it is a person. */
export function refund(whole: Whole, asked: Return): Verdict {
  const { transferId } = asked.body
  const amount = asked.body['amount'] as bigint
  return once(whole, asked, 'refund', String(asked.body['refundId']), () => {
    const transfer = whole.transfers.get(transferId)
    if (transfer === undefined)
      return refused(whoseOther(whole, asked, transferId) === 'own' ? 'rule_violated' : 'not_found')
    const payee = need(whole.accounts, transfer.payee)
    const isPayees = payee.kind === 'individual' ? actsFor(whole, asked, transfer.payee) : payee.owner === asked.by
    if (!isPayees) return refused(isParty(whole, asked, transfer) ? 'rule_violated' : 'not_found')
    if (!returnable.includes(transfer.kind) || transfer.reversed) return refused('rule_violated')
    if (transfer.refunded + amount > transfer.amount) return refused('rule_violated')
    if (available(whole, transfer.payee) < amount) return tooLittle(transfer.payee)
    mustMove(whole, [transfer.payee, transfer.payer, amount])
    transfer.refunded += amount
    comesBack(whole, transfer.payer)
    return { amount }
  })
}
