/** Every operation of roles that the model answers, by its path; who may ask for it; keys and batches. */
import { canonical } from './canonical.ts'
import { claimReceipt, revoke } from './gone.ts'
import { changeCard, registerCard } from './holders.ts'
import { end, entitle, join } from './households.ts'
import {
  buyFromEntity,
  buyFromPerson,
  cashIn,
  cashOut,
  depositNonCash,
  issue,
  payEntity,
  payGovernment,
  payOut,
  payPerson,
  redeem,
  refund,
  reverse,
  sellToEntity,
  sellToPerson,
  supplyCash,
  named,
} from './moves.ts'
import { changeTier, newCode, open, payPersonToPerson, registerNumber, releaseNumber } from './people.ts'
import { assignRule, endAssignment, payDirectly, refundDirectly, writeRule } from './rules.ts'
import { lease } from './leases.ts'
import { accountOfScheme, isSuspendedAt } from './slots.ts'
import {
  entities,
  meet,
  move,
  need,
  once,
  refused,
  tooLittle,
  type Asked,
  type Policy,
  type RuleVersion,
  type SchemePolicy,
  type Verdict,
  type Whole,
} from './state.ts'
import { decideAppeal, openAppeal } from './appeals.ts'
import { decideReview } from './reviews.ts'
import { reissueCard } from './reissues.ts'
import { closeDue, doWhatIsDue } from './closing.ts'
import { registerMerchant } from './places.ts'
import { payRequest } from './tills.ts'
import { judgeFreed, netMerchant, settleWaiting } from './vouchers.ts'

interface Funding extends Asked {
  readonly body: {
    readonly transferId: string
    readonly accountId: string
    readonly schemeId: string
    readonly amount: bigint
  }
}

function fundScheme(whole: Whole, asked: Funding): Verdict {
  const { transferId, accountId, schemeId, amount } = asked.body
  return once(whole, asked, 'scheme-funding', transferId, () => {
    if (whole.schemes.get(schemeId)?.agency !== asked.by) return refused('not_found')
    const account = whole.accounts.get(accountId)
    if (account?.owner !== asked.by || account.kind !== 'agency') return refused('not_found')
    const short = move(whole, [accountId, accountOfScheme(schemeId), amount])
    if (short !== undefined) return tooLittle(short)
    settleWaiting(whole, schemeId)
    return named(whole, asked, 'scheme-funding', accountId, accountOfScheme(schemeId))
  })
}

interface Publishing extends Asked {
  readonly body: { readonly schemeId: string; readonly agencyId: string; readonly version: number } & {
    readonly status: 'active' | 'suspended'
    readonly unused?: { readonly kind: string; readonly by?: number }
    readonly offline: { readonly policy: SchemePolicy }
  } & Verdict
}

/** Versions differ by their status, by how tills sell, and by what becomes of what is not used. */
function publish(whole: Whole, { by, body }: Publishing): Verdict {
  const { schemeId, agencyId, version, status, unused } = body
  const { policy } = body.offline
  const carries = unused?.kind === 'carries_over'
  if (agencyId !== by) return refused('role_not_allowed')
  const scheme = need(whole.schemes, schemeId)
  const known = scheme.states[version - 1]
  if (known !== undefined && version < scheme.states.length) meet(whole, 'a former version of a scheme')
  if (known !== undefined)
    return known.status === status && known.policy === policy
      ? { arrival: 'exists' }
      : refused('exists_with_different_terms')
  if (version !== scheme.states.length + 1) return refused('rule_violated')
  const isPool = policy === 'lease-pool'
  const isPromised = [...whole.leases.values()].some(
    (lease) =>
      lease.scheme === schemeId && !lease.isClosed && lease.presentUntil >= whole.now && lease.isPool !== isPool,
  )
  if (isPromised) {
    meet(whole, isPool ? 'no pools while tills hold slots' : 'no leases of slots while tills have pools')
    return refused('rule_violated')
  }
  if (scheme.policy !== policy) meet(whole, isPool ? 'a scheme is sold from pools' : 'a scheme’s slots are leased')
  scheme.policy = policy
  scheme.states.push({ at: whole.now, status, policy, carries, returnsBy: unused?.by ?? null })
  if (status === 'suspended') meet(whole, 'a scheme is suspended')
  return { arrival: 'created' }
}

interface PolicyChange extends Asked {
  readonly body: Omit<Policy, 'scheme' | 'till'> & { readonly terminalId: string; readonly schemeId: string } & Verdict
}

function setPolicy(whole: Whole, { by, body }: PolicyChange): Verdict {
  const { terminalId: till, schemeId: scheme, ...policy } = body
  if (whole.schemes.get(scheme)?.agency !== by || !whole.tills.has(till)) return refused('not_found')
  const isOfPool = need(whole.schemes, scheme).policy === 'lease-pool'
  if (isOfPool !== (policy.pool !== undefined)) return refused('rule_violated')
  whole.policies.set(`${till} ${scheme}`, { ...policy, till, scheme })
  return { terminalId: till, schemeId: scheme }
}

interface WireRule extends Asked {
  readonly body: {
    readonly kind: 'vat' | 'cashback'
    readonly ruleId: string
    readonly version: number
    readonly from: number
    readonly classes: readonly { readonly taxClass: string; readonly basisPoints?: number }[]
    readonly sponsorAccount: string
    readonly basisPoints: number
    readonly mostPerPayment: bigint
    readonly mostPerPeriod: bigint
    readonly periods: readonly { readonly from: number; readonly to: number }[]
  } & Verdict
}

function ruleOf({ body }: WireRule): RuleVersion {
  const { kind, from } = body
  if (kind === 'vat') {
    const classes = body.classes.map(({ taxClass, basisPoints = 0 }) => [taxClass, BigInt(basisPoints)] as const)
    return { kind, from, classes: Object.fromEntries(classes) }
  }
  const { sponsorAccount: sponsor, mostPerPayment, mostPerPeriod } = body
  const periods = [...body.periods.map((period) => period.from), body.periods.at(-1)?.to ?? 0]
  return { kind, from, sponsor, basisPoints: BigInt(body.basisPoints), mostPerPayment, mostPerPeriod, periods }
}

interface KeyChange extends Asked {
  readonly body: {
    readonly formerKey: string
    /** Of the next key: `nextKey` is a point of a curve. */
    readonly formerEndsAfterSeconds: number
  } & Verdict
}

/** @param next the id of the next key */
export function changeKey(whole: Whole, { by, key, body }: KeyChange, next: string): Verdict {
  const { formerKey, formerEndsAfterSeconds } = body
  const graceMs = formerEndsAfterSeconds * 1_000
  const known = whole.keys.get(next)
  if (known !== undefined) {
    if (known.owner !== by || known.follows === null) return refused('rule_violated')
    const isSame = known.follows === formerKey && known.graceMs === graceMs
    return isSame ? { keyId: next, arrival: 'exists' } : refused('exists_with_different_terms')
  }
  const former = need(whole.keys, formerKey)
  if (key !== formerKey || former.heardUntil !== null) return refused('rule_violated')
  const isFormerHeard = [...whole.keys.values()].some(
    ({ owner, heardUntil }) => owner === by && heardUntil !== null && heardUntil >= whole.now,
  )
  if (graceMs > 0 && isFormerHeard) return refused('rule_violated')
  former.heardUntil = whole.now + graceMs
  whole.keys.set(next, { owner: by, heardUntil: null, follows: formerKey, graceMs })
  return { keyId: next, formerHeardUntil: whole.now + graceMs, arrival: 'created' }
}

interface Operation {
  readonly roles: readonly string[]
  readonly answer: (whole: Whole, asked: Asked) => Verdict
}

/** Each function says what it wants of a body; whoever draws it gives it that. */
function operation<Wanted extends Asked>(
  roles: readonly string[],
  answer: (whole: Whole, asked: Wanted) => Verdict,
): Operation {
  return { roles, answer: (whole, asked) => answer(whole, asked as Wanted) }
}

const bank = ['bank']
const agency = ['agency']
const personOrBank = ['individual', 'bank']
const writers = ['central-bank', 'bank', 'legal-entity', 'agency']

export const door: Readonly<Record<string, Operation>> = {
  '/v1/accounts/legal-entities': operation(bank, open),
  '/v1/accounts/individuals': operation(bank, open),
  '/v1/non-cash-deposits': operation(['central-bank'], depositNonCash),
  '/v1/conversions/non-cash-to-dt/bank-central-bank': operation(bank, issue),
  '/v1/conversions/dt-to-non-cash/bank-central-bank': operation(bank, redeem),
  '/v1/conversions/non-cash-to-dt/legal-entity-bank': operation(bank, sellToEntity),
  '/v1/conversions/non-cash-to-dt/individual-bank': operation(bank, sellToPerson),
  '/v1/conversions/dt-to-non-cash/legal-entity-bank': operation(bank, buyFromEntity),
  '/v1/conversions/dt-to-non-cash/individual-bank': operation(bank, buyFromPerson),
  '/v1/cash-supplies': operation(['central-bank'], supplyCash),
  '/v1/cash-withdrawals': operation(bank, cashOut),
  '/v1/cash-deposits': operation(bank, cashIn),
  '/v1/payments/legal-entity-legal-entity': operation(entities, payEntity),
  '/v1/payments/legal-entity-individual': operation(entities, payPerson),
  '/v1/scenarios/government-to-customer': operation(agency, payOut),
  '/v1/scenarios/customer-to-government': operation(personOrBank, payGovernment),
  '/v1/reversals': operation([...entities, ...personOrBank, 'central-bank'], reverse),
  '/v1/refunds': operation([...entities, ...personOrBank], refund),
  '/v1/individual-tiers': operation(bank, changeTier),
  '/v1/aliases': operation(personOrBank, registerNumber),
  '/v1/alias-releases': operation(personOrBank, releaseNumber),
  '/v1/receive-codes': operation(personOrBank, newCode),
  '/v1/transfers/individual-individual': operation(personOrBank, payPersonToPerson),
  '/v1/schemes': operation(agency, publish),
  '/v1/scheme-fundings': operation(agency, fundScheme),
  '/v1/beneficiaries': operation(agency, entitle),
  '/v1/household-members': operation(agency, join),
  '/v1/entitlement-endings': operation(agency, end),
  '/v1/cards': operation(agency, registerCard),
  '/v1/card-reissues': operation<Parameters<typeof reissueCard>[1]>(agency, (whole, asked) =>
    reissueCard(whole, asked, () => closeDue(whole, (scheme) => settleWaiting(whole, scheme))),
  ),
  '/v1/card-blocks': operation<Parameters<typeof changeCard>[1]>(agency, (whole, asked) =>
    changeCard(whole, asked, true),
  ),
  '/v1/card-unblocks': operation<Parameters<typeof changeCard>[1]>(agency, (whole, asked) =>
    changeCard(whole, asked, false),
  ),
  '/v1/leases': operation<Parameters<typeof lease>[1]>(agency, (whole, asked) =>
    lease(whole, asked, (scheme) => settleWaiting(whole, scheme)),
  ),
  '/v1/lease-policies': operation(agency, setPolicy),
  '/v1/lease-closings': operation(agency, (whole) => ({
    closed: doWhatIsDue(whole, (scheme) => settleWaiting(whole, scheme)),
  })),
  '/v1/merchants': operation(bank, registerMerchant),
  '/v1/payment-requests/payments': operation(personOrBank, payRequest),
  '/v1/appeals': operation(['merchant', 'terminal'], openAppeal),
  '/v1/appeal-decisions': operation(agency, decideAppeal),
  '/v1/terminal-revocations': operation(['agency', 'bank'], revoke),
  '/v1/receipt-claims': operation(['merchant'], claimReceipt),
  '/v1/review-decisions': operation(agency, decideReview),
  '/v1/rules': operation<WireRule>(writers, (whole, asked) =>
    writeRule(whole, asked, ruleOf(asked), canonical(asked.body)),
  ),
  '/v1/rule-assignments': operation(writers, assignRule),
  '/v1/rule-assignment-endings': operation(writers, endAssignment),
  '/v1/payments/individual-merchant': operation<Parameters<typeof payDirectly>[1]>(personOrBank, (whole, asked) =>
    payDirectly(whole, asked, (account, kept) => netMerchant(whole, account, kept)),
  ),
  '/v1/payments/individual-merchant/refunds': operation(['merchant'], refundDirectly),
}

/** What the ledger has to answer to a request of a role. */
export function ask(whole: Whole, path: string, asked: Asked): Verdict {
  const { heardUntil } = need(whole.keys, asked.key)
  if (heardUntil !== null && heardUntil < whole.now) {
    meet(whole, 'a request by a key that is heard no more')
    return refused('key_unknown')
  }
  if (heardUntil !== null) meet(whole, 'a request by a former key')
  return askHeard(whole, path, asked)
}

/** As an item of a batch, which is nothing that comes in numbers itself. */
export function askInBatch(whole: Whole, path: string, asked: Asked): Verdict {
  return path === '/v1/scenarios/government-to-customer' ? refused('rule_violated') : askHeard(whole, path, asked)
}

function askHeard(whole: Whole, path: string, asked: Asked): Verdict {
  const { roles, answer } = need(new Map(Object.entries(door)), path)
  if (!roles.includes(asked.role)) return refused('role_not_allowed')
  const verdict = answer(whole, asked)
  judgeFreed(whole)
  return verdict
}

/** Whether anything of the scheme could be sold: for who draws. */
export function isActive(whole: Whole, schemeId: string): boolean {
  return !isSuspendedAt(need(whole.schemes, schemeId), whole.now)
}
