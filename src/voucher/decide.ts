/**
 * The rule function. Pure: the till and the ledger run the same one, and the ledger replays every recorded decision
 * (money-rules.md, "The rule function and its replay"). Released versions are frozen; a change of meaning is a new
 * version beside the old one.
 */
import { z } from 'zod'
import { hasLapsed } from './activation.ts'
import type { Caps } from './caps.ts'
import {
  acceptsCard,
  acceptsCardOffline,
  capsFor,
  countsOnCard,
  decisionProfileSchema,
  profileOf,
} from './card-rules.ts'
import { byGoods, eligibleLines, type DueLine, type EligibleLine } from './goods.ts'
import { instantSchema, nameSchema, pseudonymSchema } from './identifiers.ts'
import { addTiyn, remainderTiyn, smallestTiyn, tiyn, tiynSchema, zeroTiyn, type Tiyn } from './money.ts'
import { ascending } from './proportion.ts'
import { mostTelling, refusalCodes, type RefusalCode } from './reasons.ts'
import { coveredLineSchema, lineTotal, saleSchema } from './sale.ts'
import { anySchemeSchema, goodsOf, isOpenAt, periodAt, type AnyScheme } from './scheme.ts'
import { localSpendSchema, slotSchema, type LocalSpend, type Slot } from './slot.ts'
import { isMerchantIn, merchantPlaceSchema } from './where.ts'

export const engineVersion = 1

/** Everything the verdict depends on, and nothing else: recorded as it is, and replayed as it is. */
export const decisionInputSchema = z.strictObject({
  engineVersion: z.literal(engineVersion),
  mode: z.enum(['online', 'offline']).describe('Whether the ledger was asked while the customer waited.'),
  trustedTime: instantSchema.describe('When it was decided, by the till’s trusted time, ms since 1970.'),
  merchantId: nameSchema,
  merchantPlace: merchantPlaceSchema
    .optional()
    .describe('As the package says it. Absent where it says nothing of it, and in records of before.'),
  card: z.strictObject({
    card: pseudonymSchema,
    blocked: z.boolean().describe('Whether the list of blocked cards has it.'),
    profile: decisionProfileSchema.optional().describe('Absent of an NTAG 424 DNA, and in records of before.'),
    spendCaps: z
      .array(z.strictObject({ slotId: z.string(), amount: tiynSchema }))
      .optional()
      .describe('Of an applet card: the most that it lets one payment take of each slot.'),
    notActivated: z
      .array(nameSchema)
      .optional()
      .describe(
        'Schemes that wait for activation by this card, as the package says; absent for none. Asked offline only.',
      ),
  }),
  schemes: z.array(anySchemeSchema),
  slots: z
    .array(slotSchema)
    .describe(
      "The card's slots: of this till's live leases offline, of the ledger's answer online. Of an applet card as " +
        'it names them itself, off line as on line (`nameSlot`): what they allow is what it has left, and nothing ' +
        'of it is spent.',
    ),
  localSpends: z
    .array(localSpendSchema)
    .describe('Uses of those slots that the figures in `slots` do not contain yet.'),
  /** Of the leases that hold the slots; absent for a slot that is not leased to this till. */
  leases: z.array(
    z.strictObject({
      schemeId: nameSchema,
      sellUntil: instantSchema,
      pool: z
        .strictObject({ left: tiynSchema, sold: tiynSchema })
        .optional()
        .describe(
          'Of a pool: its sum as the package says it, and what this till has sold that may not be taken off it there.',
        ),
    }),
  ),
  terminal: z.strictObject({
    clockTrusted: z.boolean().describe('Whether nothing speaks against its clock.'),
    packageIssuedAt: instantSchema,
    lastSyncAt: instantSchema.describe('When it last had the ledger’s word, ms since 1970.'),
    exposure: z
      .array(z.strictObject({ schemeId: nameSchema, amount: tiynSchema }))
      .describe('Sold by this terminal and not yet settled at the ledger, by scheme.'),
  }),
  sale: saleSchema.describe('The whole basket.'),
  covered: z.array(coveredLineSchema).describe('What was paid of it before, by other tenders.'),
})
export type DecisionInput = z.infer<typeof decisionInputSchema>

export const decisionPartSchema = z.strictObject({
  schemeId: nameSchema,
  slotId: z.string().describe('The allowance that pays.'),
  periodId: z.string().describe('The period of that allowance.'),
  amount: tiynSchema,
  lines: z.array(coveredLineSchema).describe('What it pays of which lines.'),
  reducedBy: z
    .enum(refusalCodes)
    .nullable()
    .describe('The cap that made the amount smaller than the allowance alone would have, if one did.'),
  countLeft: z.int().min(0).describe('What is left in the slot after this tender.'),
  amountLeft: tiynSchema,
})
export type DecisionPart = z.infer<typeof decisionPartSchema>

export const decisionSchema = z.discriminatedUnion('verdict', [
  z.strictObject({
    verdict: z.literal('approve'),
    parts: z
      .array(decisionPartSchema)
      .min(1)
      .describe('One per scheme that pays, in the order of the schemes. Each becomes a tender of its own.'),
    leftToPay: tiynSchema.describe('What the schemes leave to other tenders.'),
    notCovered: z.array(z.int().min(1)).describe('Lines that no scheme pays at all.'),
  }),
  z.strictObject({
    verdict: z.literal('refuse'),
    code: z.enum(refusalCodes).describe('The first reason in the order of the list.'),
    schemes: z
      .array(z.strictObject({ schemeId: nameSchema, code: z.enum(refusalCodes) }))
      .describe('The schemes that were looked at, each with its own reason.'),
  }),
])
export type Decision = z.infer<typeof decisionSchema>

type SchemeVerdict = { readonly part: DecisionPart } | { readonly code: RefusalCode }

/**
 * Decides what the card's schemes pay of a sale.
 *
 * Holds (money-rules.md, same section): never more than the basket; never negative; neither the order nor the numbering
 * of the lines matters to what a scheme pays; with one scheme on the card, a larger allowance never pays less.
 */
export function decide(input: DecisionInput): Decision {
  const barred = refusalBeforeSchemes(input)
  if (barred !== undefined) return { verdict: 'refuse', code: barred, schemes: [] }

  let due = dueLines(input)
  const parts: DecisionPart[] = []
  const refusals: { schemeId: string; code: RefusalCode }[] = []
  for (const scheme of schemesOfCard(input)) {
    const verdict = decideScheme(scheme, input, due)
    if ('code' in verdict) {
      refusals.push({ schemeId: scheme.schemeId, code: verdict.code })
    } else {
      parts.push(verdict.part)
      due = afterPart(due, verdict.part)
    }
  }
  if (parts.length === 0) {
    return { verdict: 'refuse', code: mostTelling(refusals.map((refusal) => refusal.code)), schemes: refusals }
  }
  const paidLines = new Set(parts.flatMap((part) => part.lines.map((line) => line.line)))
  return {
    verdict: 'approve',
    parts,
    leftToPay: addTiyn(...due.map((line) => line.due)),
    notCovered: due.filter((line) => line.due > 0n && !paidLines.has(line.line.line)).map((line) => line.line.line),
  }
}

/** The schemes that would pay for something of the basket, whoever came with a card. In the order of `schemes`. */
export function schemesThatFit({
  schemes,
  sale,
  covered,
}: Pick<DecisionInput, 'schemes' | 'sale' | 'covered'>): readonly string[] {
  const due = dueLines({ sale, covered })
  return schemes
    .filter((scheme) => eligibleLines(goodsOf(scheme), due).some((line) => line.eligible > 0n))
    .map((scheme) => scheme.schemeId)
}

function refusalBeforeSchemes(input: DecisionInput): RefusalCode | undefined {
  if (input.card.blocked) return 'CARD_BLOCKED'
  if (isOfOtherKind(input)) return 'CARD_KIND_NOT_ACCEPTED'
  if (isOnlineOnly(input)) return 'CARD_ONLINE_ONLY'
  if (input.mode === 'offline' && !input.terminal.clockTrusted) return 'CLOCK_NOT_TRUSTED'
  if (schemesOfCard(input).length === 0) {
    if (profileOf(input.card) === 'tolem-applet') return 'ALLOWANCE_NOT_ON_CARD'
    return input.mode === 'offline' ? 'CARD_NOT_IN_LEASE' : 'NO_ENTITLEMENT'
  }
  return undefined
}

/** It has slots, and none of their schemes pays with such a card. */
function isOfOtherKind({ schemes, slots, card }: DecisionInput): boolean {
  const ofSlots = schemes.filter((scheme) => slots.some((slot) => slot.schemeId === scheme.schemeId))
  return ofSlots.length > 0 && ofSlots.every((scheme) => !acceptsCard(scheme, profileOf(card)))
}

/** Without network a card that only says who it is needs a scheme that takes the risk; none can for `ntag21x`. */
function isOnlineOnly({ mode, schemes, card }: DecisionInput): boolean {
  const profile = profileOf(card)
  return mode === 'offline' && profile !== 'ntag424' && !schemes.some((scheme) => acceptsCardOffline(scheme, profile))
}

function schemesOfCard(input: DecisionInput): readonly AnyScheme[] {
  return input.schemes
    .filter((scheme) => acceptsCard(scheme, profileOf(input.card)))
    .filter(
      (scheme) => input.slots.some((slot) => slot.schemeId === scheme.schemeId) || isActivatedFirst(scheme, input),
    )
    .toSorted((a, b) => a.order - b.order || (a.schemeId < b.schemeId ? -1 : 1))
}

/** Whether this card has to activate the scheme before it can pay without network. */
function isActivatedFirst({ schemeId }: AnyScheme, { mode, card }: DecisionInput): boolean {
  return mode === 'offline' && card.notActivated?.includes(schemeId) === true
}

/** What each line still needs after the tenders that cover some of it, by line number. */
export function dueLines(input: Pick<DecisionInput, 'sale' | 'covered'>): readonly DueLine[] {
  return input.sale.lines
    .toSorted((a, b) => a.line - b.line)
    .map((line) => {
      const covered = input.covered.filter((part) => part.line === line.line).map((part) => part.amount)
      return { line, due: remainderTiyn(lineTotal(line), addTiyn(...covered)) }
    })
}

function afterPart(due: readonly DueLine[], part: DecisionPart): readonly DueLine[] {
  const paid = new Map(part.lines.map((line) => [line.line, line.amount]))
  return due.map((line) => ({ line: line.line, due: remainderTiyn(line.due, paid.get(line.line.line) ?? zeroTiyn) }))
}

/** Each refusal in the order of `refusalCodes`: the first that applies is the scheme's reason. */
function decideScheme(scheme: AnyScheme, input: DecisionInput, due: readonly DueLine[]): SchemeVerdict {
  const offline = input.mode === 'offline'
  const sellsOffline = scheme.offline.policy !== 'deny'
  const period = periodAt(scheme, input.trustedTime)
  const slot = input.slots.find(
    (candidate) => candidate.schemeId === scheme.schemeId && candidate.periodId === period?.periodId,
  )
  if (offline && !acceptsCardOffline(scheme, profileOf(input.card))) return { code: 'CARD_ONLINE_ONLY' }
  // What a scheme that never sells offline would ask of packages and leases is not the reason.
  if (offline && sellsOffline && isPackageTooOld(scheme, input)) return { code: 'PACKAGE_TOO_OLD' }
  if (period !== undefined && slot === undefined) {
    if (countsOnCard(scheme)) return { code: 'ALLOWANCE_NOT_ON_CARD' }
    if (!offline) return { code: 'NO_ENTITLEMENT' }
    if (sellsOffline && isActivatedFirst(scheme, input))
      return { code: hasLapsed(scheme, input.trustedTime) ? 'ACTIVATION_LAPSED' : 'NOT_ACTIVATED' }
    if (sellsOffline) return { code: 'CARD_NOT_IN_LEASE' }
  }
  if (scheme.status !== 'active') return { code: scheme.status === 'ended' ? 'SCHEME_ENDED' : 'SCHEME_SUSPENDED' }
  if (!isMerchantIn(scheme, input.merchantId, input.merchantPlace ?? {})) return { code: 'MERCHANT_NOT_ALLOWED' }
  if (period === undefined) return { code: 'OUTSIDE_PERIOD' }
  if (!isOpenAt(period, input.trustedTime)) return { code: 'OUTSIDE_HOURS' }
  if (offline && !sellsOffline) return { code: 'OFFLINE_NOT_ALLOWED' }
  if (offline && !countsOnCard(scheme) && !hasLiveLease(scheme, input)) return { code: 'LEASE_EXPIRED' }
  if (slot === undefined) throw new Error('a scheme without a slot was not refused')

  const eligible = eligibleLines(goodsOf(scheme), due)
  const eligibleTotal = addTiyn(...eligible.map((line) => line.eligible))
  if (eligibleTotal === 0n) return { code: 'NOTHING_ELIGIBLE' }
  const left = leftInSlot(slot, input.localSpends)
  const perTap = scheme.benefit.kind === 'count' ? smallestTiyn(left.amount, scheme.benefit.maximumPerTap) : left.amount
  if (perTap === 0n || (scheme.benefit.kind === 'count' && left.count === 0)) return { code: 'ALLOWANCE_USED' }

  const capped = withinCaps(scheme, slot, input)
  if ('code' in capped) return capped

  const lines = spread(eligible, smallestTiyn(perTap, capped.amount))
  const amount = addTiyn(...lines.map((line) => line.amount))
  const wanted = smallestTiyn(perTap, eligibleTotal)
  return {
    part: {
      schemeId: scheme.schemeId,
      slotId: slot.slotId,
      periodId: period.periodId,
      amount,
      lines,
      reducedBy: amount < wanted ? capped.by : null,
      countLeft: left.count - 1,
      amountLeft: remainderTiyn(left.amount, amount),
    },
  }
}

const packageAge = ({ trustedTime, terminal }: DecisionInput): number => trustedTime - terminal.packageIssuedAt

function isPackageTooOld({ offline }: AnyScheme, input: DecisionInput): boolean {
  return packageAge(input) > offline.allowedPolicyAgeMs
}

/** What a till may owe without the ledger: half of it once half of the package's allowed age is over. */
function exposureCap({ terminalExposure }: Caps, { offline }: AnyScheme, input: DecisionInput): Tiyn {
  const isAgeing = packageAge(input) * 2 > offline.allowedPolicyAgeMs
  return isAgeing ? tiyn(terminalExposure / 2n) : terminalExposure
}

function hasLiveLease(scheme: AnyScheme, input: DecisionInput): boolean {
  return liveLeases(scheme, input).length > 0
}

function liveLeases({ schemeId }: AnyScheme, { leases, trustedTime }: DecisionInput): DecisionInput['leases'] {
  return leases.filter((lease) => lease.schemeId === schemeId && trustedTime <= lease.sellUntil)
}

/** What the scheme's pool still has at this till; undefined where it sells from slots that it holds. */
function leftInPool(scheme: AnyScheme, input: DecisionInput): Tiyn | undefined {
  const pools = liveLeases(scheme, input).flatMap(({ pool }) => (pool === undefined ? [] : [pool]))
  const [first, ...others] = pools.map(({ left, sold }) => remainderTiyn(left, sold))
  return first === undefined ? undefined : smallestTiyn(first, ...others)
}

/**
 * Gives an allowance to lines, the largest eligible sum first. Among equals the goods decide, and only then the number:
 * a basket rung up in another order is paid alike, whatever schemes follow.
 */
function spread(eligible: readonly EligibleLine[], allowance: Tiyn): { line: number; amount: Tiyn }[] {
  let left = allowance
  const isEnough = addTiyn(...eligible.map((line) => line.eligible)) <= allowance
  const inTurn = isEnough ? eligible : eligible.toSorted((a, b) => ascending(b.eligible, a.eligible) || byGoods(a, b))
  return inTurn
    .map((line) => {
      const amount = smallestTiyn(line.eligible, left)
      left = tiyn(left - amount)
      return { line: line.line.line, amount }
    })
    .filter((line) => line.amount > 0n)
    .toSorted((a, b) => a.line - b.line)
}

function leftInSlot(slot: Slot, localSpends: readonly LocalSpend[]): { count: number; amount: Tiyn } {
  const spends = localSpends.filter((spend) => spend.slotId === slot.slotId)
  const spent = addTiyn(slot.amountSpent, ...spends.map((spend) => spend.amount))
  return {
    count: Math.max(0, slot.countAllowed - slot.countSpent - spends.length),
    amount: remainderTiyn(slot.amountAllowed, spent),
  }
}

type Capped = { readonly amount: Tiyn; readonly by: RefusalCode } | { readonly code: RefusalCode }

/**
 * The five caps in one place (architecture.md, "Five caps, always"). A cap of an amount reduces what is paid, and
 * refuses only where nothing is left: otherwise a larger allowance could pay less. Age and exposure bound what is sold
 * without the ledger, so they apply offline only; so does the sum of a pool, which is no cap but bounds like one.
 */
function withinCaps(scheme: AnyScheme, slot: Slot, input: DecisionInput): Capped {
  const caps = capsFor(scheme, profileOf(input.card), input.mode)
  const spends = input.localSpends.filter((spend) => spend.slotId === slot.slotId)
  if (input.mode === 'offline' && input.trustedTime - input.terminal.lastSyncAt > caps.ageSinceSyncMs) {
    return { code: 'CAP_AGE_SINCE_SYNC' }
  }
  // The slot of an amount benefit carries the cap as it was when the slot was made: the smaller of both counts.
  if (slot.countSpent + spends.length >= Math.min(caps.countPerBeneficiary, slot.countAllowed)) {
    return { code: 'CAP_COUNT_PER_BENEFICIARY' }
  }
  const inPeriod = addTiyn(slot.amountSpent, ...spends.map((spend) => spend.amount))
  const exposed = input.terminal.exposure.find((entry) => entry.schemeId === scheme.schemeId)?.amount ?? zeroTiyn
  const pool = input.mode === 'offline' ? leftInPool(scheme, input) : undefined
  const ofCard = input.card.spendCaps?.filter(({ slotId }) => slotId === slot.slotId) ?? []
  const bounds: { amount: Tiyn; by: RefusalCode }[] = [
    { amount: remainderTiyn(caps.perBeneficiaryAndPeriod, inPeriod), by: 'CAP_PER_BENEFICIARY_AND_PERIOD' },
    ...(pool === undefined ? [] : [{ amount: pool, by: 'POOL_USED_UP' as const }]),
    ...(input.mode === 'offline'
      ? [{ amount: remainderTiyn(exposureCap(caps, scheme, input), exposed), by: 'CAP_TERMINAL_EXPOSURE' as const }]
      : []),
    ...[caps.perSale, ...ofCard.map(({ amount }) => amount)].map((amount) => ({ amount, by: 'CAP_PER_SALE' as const })),
  ]
  const tightest = bounds.reduce((least, bound) => (bound.amount < least.amount ? bound : least))
  return tightest.amount === 0n ? { code: tightest.by } : tightest
}
