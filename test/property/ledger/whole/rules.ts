/**
 * Rules at the point of sale and payments at a merchant without a till (docs/design/19): what rules take and give with
 * a payment, and what of it comes back.
 */
import { isAtTurnoverLimit, whyNotOut } from './limits.ts'
import {
  actsFor,
  available,
  least,
  meet,
  move,
  need,
  once,
  refused,
  spend,
  sum,
  tooLittle,
  type Asked,
  type Debt,
  type Leg,
  type RuleVersion,
  type Share,
  type SharePart,
  type SoldLine,
  type Verdict,
  type Whole,
} from './state.ts'
import { comesBack } from './moves.ts'

/** Tax classes by category, of every merchant. */
export const taxClassOf: Readonly<Record<string, string>> = { lunch: 'reduced', books: 'free' }
const taxClass = (category: string): string => taxClassOf[category] ?? 'standard'

interface Writing extends Asked {
  readonly body: { readonly ruleId: string; readonly version: number; readonly from: number } & Verdict
}

/** The first version may be in force since long ago, a later one begins after now. */
export function writeRule(whole: Whole, { by, role, body }: Writing, version: RuleVersion, text: string): Verdict {
  const { ruleId, version: number, from } = body
  const mayWrite = version.kind === 'vat' ? role === 'central-bank' || by === 'tax-authority' : role === 'bank'
  if (!mayWrite) return refused('role_not_allowed')
  if (version.kind === 'cashback' && version.sponsor !== by) return refused('not_found')
  const known = whole.rules.get(ruleId)
  if (known !== undefined && known.owner !== by) return refused('exists_with_different_terms')
  const versions = known?.versions ?? []
  const same = versions[number - 1]
  if (same !== undefined) return same.text === text ? { arrival: 'exists' } : refused('exists_with_different_terms')
  if (number !== versions.length + 1) return refused('exists_with_different_terms')
  const last = versions.at(-1)
  if (last !== undefined && (from <= whole.now || from <= last.from)) return refused('rule_violated')
  whole.rules.set(ruleId, { owner: by, versions: [...versions, { ...version, text }] })
  return { arrival: 'created' }
}

interface Assigning extends Asked {
  readonly body: {
    readonly assignmentId: string
    readonly ruleId: string
    readonly merchantId: string
    readonly from: number
    readonly until: number | null
  } & Verdict
}

export function assignRule(whole: Whole, asked: Assigning): Verdict {
  const { assignmentId, ruleId, merchantId, from, until } = asked.body
  return once(whole, asked, 'rule-assignment', assignmentId, () => {
    const rule = whole.rules.get(ruleId)
    if (rule?.owner !== asked.by) return refused('not_found')
    if (!isMerchant(whole, merchantId)) return refused('not_found')
    if (from <= whole.now || (until !== null && until <= from)) return refused('rule_violated')
    const isTax = (id: string): boolean => need(whole.rules, id).versions[0]?.kind === 'vat'
    const clashes = [...whole.assignments.values()].some(
      (other) =>
        other.merchant === merchantId &&
        (other.rule === ruleId || (isTax(other.rule) && isTax(ruleId))) &&
        from < (other.until ?? Infinity) &&
        other.from < (until ?? Infinity),
    )
    if (clashes) return refused('rule_violated')
    whole.assignments.set(assignmentId, { rule: ruleId, merchant: merchantId, from, until })
    return { assignmentId }
  })
}

interface Ending extends Asked {
  readonly body: { readonly endingId: string; readonly assignmentId: string; readonly until: number }
}

export function endAssignment(whole: Whole, asked: Ending): Verdict {
  const { endingId, assignmentId, until } = asked.body
  return once(whole, asked, 'rule-assignment-ending', endingId, () => {
    const assignment = whole.assignments.get(assignmentId)
    if (assignment === undefined || need(whole.rules, assignment.rule).owner !== asked.by) return refused('not_found')
    if (until <= whole.now || (assignment.until !== null && assignment.until < until)) return refused('rule_violated')
    assignment.until = Math.max(assignment.from, until)
    return { assignmentId, until }
  })
}

const isMerchant = (whole: Whole, merchant: string): boolean =>
  whole.accounts.get(`merchant.${merchant}`)?.kind === 'merchant'

/** Half a tiyn up. */
const nearest = (numerator: bigint, denominator: bigint): bigint => (2n * numerator + denominator) / (2n * denominator)

export interface PaidAtMerchant {
  readonly paidAs: 'tender' | 'direct' | 'appeal'
  readonly id: string
  readonly payee: string
  /** Of a person; null where a voucher pays. */
  readonly payer: string | null
  readonly amount: bigint
  readonly soldAt: number
  /** Null where nobody knows them. */
  readonly lines: readonly SoldLine[] | null
}

/**
 * Pays with the shares of the merchant's rules, all of it or nothing; then who owes gives of what it got.
 *
 * @param leg what pays
 * @returns who is short, and nothing has moved
 */
export function payWithShares(whole: Whole, paid: PaidAtMerchant, leg: Leg): string | undefined {
  const shares = sharesOf(whole, paid)
  const short = move(whole, leg, ...shares.map(({ giver, receiver, amount }): Leg => [giver, receiver, amount]))
  if (short !== undefined) return short
  whole.shares.set(`${paid.paidAs} ${paid.id}`, shares)
  for (const { receiver, amount } of shares) netShare(whole, receiver, amount)
  return undefined
}

/** What the merchant keeps of a payment, once it is paid. */
export function keptOf(whole: Whole, { paidAs, id, payee, amount }: PaidAtMerchant): bigint {
  const shares = whole.shares.get(`${paidAs} ${id}`) ?? []
  return amount - sum(shares.filter(({ giver }) => giver === payee).map((share) => share.amount))
}

function sharesOf(whole: Whole, paid: PaidAtMerchant): Share[] {
  const merchant = need(whole.accounts, paid.payee).owner
  const soldAt = Math.min(paid.soldAt, whole.now)
  const inForce = [...whole.assignments.values()]
    .filter((one) => one.merchant === merchant && one.from <= soldAt && soldAt < (one.until ?? Infinity))
    .toSorted((one, other) => (one.rule < other.rule ? -1 : 1))
  const shares: Share[] = []
  for (const { rule } of inForce) {
    const version = need(whole.rules, rule).versions.findLast(({ from }) => from <= soldAt)
    if (version === undefined) continue
    const share =
      version.kind === 'vat'
        ? taxed(version, rule, { ...paid, soldAt })
        : gift(whole, version, rule, { ...paid, soldAt }, shares)
    if (share !== undefined) shares.push(share)
  }
  return shares
}

type Vat = Extract<RuleVersion, { kind: 'vat' }>
type Cashback = Extract<RuleVersion, { kind: 'cashback' }>

/** Of each class once, then over its lines by largest remainder, the larger line first. */
function taxed({ classes }: Vat, rule: string, { payee, amount, lines, soldAt }: PaidAtMerchant): Share {
  const to = { rule, giver: payee, receiver: 'budget', soldAt, back: 0n }
  if (lines === null) return { ...to, amount: 0n, parts: [{ line: null, base: amount, share: 0n }] }
  const parts: SharePart[] = []
  for (const [name, own] of Map.groupBy(lines, ({ category }) => taxClass(category))) {
    const rate = classes[name] ?? 0n
    const base = sum(own.map((line) => line.amount))
    const total = nearest(base * rate, 10_000n + rate)
    const shared = own.map(({ line, category, amount: of }) => ({
      line,
      category,
      base: of,
      share: base === 0n ? 0n : (total * of) / base,
      over: base === 0n ? 0n : (total * of) % base,
    }))
    const missing = total - sum(shared.map(({ share }) => share))
    const first = shared.toSorted(
      (one, other) =>
        Number(other.over - one.over) ||
        Number(other.base - one.base) ||
        (one.category < other.category ? -1 : one.category > other.category ? 1 : one.line - other.line),
    )
    const raised = new Set(first.slice(0, Number(missing)).map(({ line }) => line))
    for (const { line, base: of, share } of shared)
      parts.push({ line, base: of, share: raised.has(line) ? share + 1n : share })
  }
  return { ...to, amount: sum(parts.map(({ share }) => share)), parts }
}

/** Of the bank's own, to its client, as far as it has it: a payment does not fail for it. */
function gift(
  whole: Whole,
  version: Cashback,
  rule: string,
  { payer, amount, soldAt }: PaidAtMerchant,
  before: readonly Share[],
): Share | undefined {
  const { sponsor, basisPoints, mostPerPayment, mostPerPeriod, periods } = version
  if (payer === null || need(whole.accounts, payer).bank !== sponsor) return undefined
  const index = periods.findLastIndex((from) => from <= soldAt)
  const [from, to] = [periods[index], periods[index + 1]]
  if (from === undefined || to === undefined) return undefined
  const given = [...whole.shares.values()]
    .flat()
    .filter((each) => each.rule === rule && each.receiver === payer && each.soldAt >= from && each.soldAt < to)
  const left = mostPerPeriod - sum(given.map((each) => each.amount - each.back))
  const share = [(amount * basisPoints) / 10_000n, mostPerPayment, left].reduce(least)
  if (share <= 0n) return undefined
  const promised = sum(before.filter(({ giver }) => giver === sponsor).map((each) => each.amount))
  if (available(whole, sponsor) - promised < share) {
    meet(whole, 'a bank has not got its cashback')
    return undefined
  }
  if (share === left) meet(whole, 'a cashback up to the sum of its period')
  const parts = [{ line: null, base: amount, share }]
  return { rule, giver: sponsor, receiver: payer, amount: share, parts, soldAt, back: 0n }
}

/** Who owes gives of what it has just got, the oldest debt first. @param onPaid is told of what is paid in full */
export function payDebts(
  whole: Whole,
  debts: readonly Debt[],
  received: bigint,
  onPaid: (debt: Debt) => void = () => undefined,
): void {
  let left = received
  for (const debt of debts) {
    const part = least(debt.left, left)
    if (part === 0n || move(whole, [debt.debtor, debt.creditor, part]) !== undefined) return
    meet(whole, `netted: ${debt.kind}`)
    left -= part
    debt.left -= part
    if (debt.left === 0n) onPaid(debt)
  }
}

function netShare(whole: Whole, debtor: string, received: bigint): void {
  const own = whole.debts.filter((debt) => debt.debtor === debtor && debt.kind === 'share' && debt.left > 0n)
  if (received > 0n)
    payDebts(
      whole,
      own.toSorted((one, other) => one.at - other.at),
      received,
    )
}

/** What has gone back of a payment so far, this time included. */
export interface Progress {
  readonly amount: bigint
  readonly byLine: ReadonlyMap<number, bigint>
}
export interface GoingBack {
  readonly paidAs: PaidAtMerchant['paidAs']
  readonly id: string
  readonly payee: string
  readonly paid: bigint
  readonly progress: Progress | 'all'
}
interface Due {
  readonly share: Share
  readonly amount: bigint
  /** The rest is owed. */
  readonly now: bigint
}
export interface TakingBack {
  /** What the merchant can give, with what it gets back of its shares. */
  readonly available: bigint
  /** Moves the legs with all shares. @returns who is short, and nothing has moved */
  post(...legs: readonly Leg[]): string | undefined
}

export function takingBack(whole: Whole, of: GoingBack): TakingBack {
  const dues = (whole.shares.get(`${of.paidAs} ${of.id}`) ?? [])
    .map((share) => ({ share, amount: returnedOf(share, of) - share.back }))
    .filter(({ amount }) => amount > 0n)
  const isOwn = ({ share }: { readonly share: Share }): boolean => share.giver === of.payee
  const toMerchant = funded(whole, dues.filter(isOwn), [])
  return {
    available: available(whole, of.payee) + sum(toMerchant.map(({ now }) => now)),
    post: (...legs) => {
      const back = [
        ...toMerchant,
        ...funded(
          whole,
          dues.filter((due) => !isOwn(due)),
          legs,
        ),
      ]
      const short = move(whole, ...back.map(({ share, now }): Leg => [share.receiver, share.giver, now]), ...legs)
      if (short !== undefined) return short
      for (const { share, amount, now } of back) {
        share.back += amount
        if (now === amount) continue
        const owed = { debtor: share.receiver, creditor: share.giver, left: amount - now, at: whole.now }
        whole.debts.push({ kind: 'share', reference: of.id, ...owed })
        meet(whole, whole.people.has(share.receiver) ? 'a person owes a cashback' : 'the tax authority owes')
      }
      return undefined
    },
  }
}

/** Of each line in proportion, cumulatively; the last part takes the rest. */
function returnedOf({ amount, parts }: Share, { progress, paid }: GoingBack): bigint {
  if (progress === 'all' || progress.amount === paid) return amount
  const goneOf = (line: number | null): bigint => (line === null ? progress.amount : (progress.byLine.get(line) ?? 0n))
  return sum(
    parts.map(({ line, base, share }) => (base === 0n ? 0n : nearest(share * least(goneOf(line), base), base))),
  )
}

/** As much of each as its receiver has, with what these legs bring it. */
function funded(whole: Whole, dues: readonly Omit<Due, 'now'>[], legs: readonly Leg[]): readonly Due[] {
  const left = new Map<string, bigint>()
  return dues.map((due) => {
    const { receiver } = due.share
    const brought = sum(legs.filter(([, to]) => to === receiver).map(([, , amount]) => amount))
    const has = left.get(receiver) ?? available(whole, receiver) + brought
    const now = least(due.amount, has)
    left.set(receiver, has - now)
    return { ...due, now }
  })
}

interface Line {
  readonly category: string
  readonly quantity: number
  readonly unitPrice: bigint
}
interface DirectPaying extends Asked {
  readonly body: {
    readonly paymentId: string
    readonly payer: string
    readonly merchantId: string
    readonly amount: bigint
    readonly lines: readonly (Line & { readonly itemId: string })[]
  }
}

/** @param netMerchant takes what the merchant owes of what it keeps */
export function payDirectly(
  whole: Whole,
  asked: DirectPaying,
  netMerchant: (account: string, kept: bigint) => void,
): Verdict {
  const { paymentId, payer, merchantId, amount } = asked.body
  return once(whole, asked, 'individual-merchant-payment', paymentId, () => {
    if (!actsFor(whole, asked, payer)) return refused('not_found')
    if (!isMerchant(whole, merchantId)) return refused('not_found')
    const lines = asked.body.lines.map(({ category, quantity, unitPrice }, index) => {
      return { line: index + 1, category, amount: unitPrice * BigInt(quantity) }
    })
    if (sum(lines.map((line) => line.amount)) !== amount) return refused('rule_violated')
    if (available(whole, payer) < amount) return tooLittle(payer)
    const tooMuch = whyNotOut(whole, payer, amount)
    if (tooMuch !== undefined) return tooMuch
    const payee = `merchant.${merchantId}`
    const paid = { paidAs: 'direct', id: paymentId, payee, payer, amount, soldAt: whole.now, lines } as const
    if (payWithShares(whole, paid, [payer, payee, amount]) !== undefined) return tooLittle(payer)
    spend(whole, payer, amount)
    const kept = { payer, maker: asked.by, merchant: merchantId, amount, lines, refunded: new Map() }
    whole.directPayments.set(paymentId, kept)
    netMerchant(payee, keptOf(whole, paid))
    return { paymentId }
  })
}

interface DirectRefund extends Asked {
  readonly body: {
    readonly refundId: string
    readonly paymentId: string
    readonly amount: bigint
    readonly lines?: readonly { readonly line: number; readonly amount: bigint }[]
  }
}

export function refundDirectly(whole: Whole, asked: DirectRefund): Verdict {
  const { refundId, paymentId, amount, lines } = asked.body
  return once(whole, asked, 'individual-merchant-refund', refundId, () => {
    const payment = whole.directPayments.get(paymentId)
    if (payment?.merchant !== asked.by) return refused('not_found')
    if (lines !== undefined && sum(lines.map((line) => line.amount)) !== amount) return refused('rule_violated')
    const left = payment.lines.map(({ line, amount: of }) => ({
      line,
      amount: of - (payment.refunded.get(line) ?? 0n),
    }))
    if (amount > sum(left.map((line) => line.amount))) return refused('rule_violated')
    const parts = lines ?? spread(amount, left)
    const wanted = new Map<number, bigint>()
    for (const { line, amount: part } of parts) wanted.set(line, (wanted.get(line) ?? 0n) + part)
    for (const [line, part] of wanted)
      if (part > (left.find((each) => each.line === line)?.amount ?? 0n)) return refused('rule_violated')
    const byLine = new Map(
      payment.lines.map(({ line }) => [line, (payment.refunded.get(line) ?? 0n) + (wanted.get(line) ?? 0n)]),
    )
    const payee = `merchant.${payment.merchant}`
    const progress = { byLine, amount: sum(byLine.values()) }
    const taking = takingBack(whole, { paidAs: 'direct', id: paymentId, payee, paid: payment.amount, progress })
    if (taking.post([payee, payment.payer, amount]) !== undefined) return refused('insufficient_funds')
    for (const [line, part] of byLine) payment.refunded.set(line, part)
    if (isAtTurnoverLimit(whole, payment.payer)) meet(whole, 'a refund to who may spend no more')
    comesBack(whole, payment.payer)
    return { refundId, lines: parts.map(({ line, amount: part }) => ({ line, amount: part })) }
  })
}

/** A sum over what is left of each line, by largest remainder. */
function spread(amount: bigint, left: readonly { readonly line: number; readonly amount: bigint }[]) {
  const total = sum(left.map((line) => line.amount))
  const parts = left.map(({ line, amount: of }) => ({
    line,
    amount: (amount * of) / total,
    over: (amount * of) % total,
  }))
  const missing = Number(amount - sum(parts.map((part) => part.amount)))
  const first = parts.toSorted((one, other) => Number(other.over - one.over) || one.line - other.line).slice(0, missing)
  return parts
    .map((part) => ({ line: part.line, amount: first.includes(part) ? part.amount + 1n : part.amount }))
    .filter((part) => part.amount > 0n)
}
