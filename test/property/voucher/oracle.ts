/**
 * What decide() should say, from the words of money-rules.md ("The rule function and its replay", "Offline"), of
 * architecture.md ("Five caps, always") and of the contracts in src/voucher, by another way: a table of rules of which
 * the first that applies wins, and a purse that is emptied grain by grain. Shares no code with src/.
 */
import type { World, WorldPeriod, WorldScheme, WorldSlot } from './world.ts'

export interface ExpectedPart {
  readonly schemeId: string
  readonly slotId: string
  readonly periodId: string
  readonly amount: number
  readonly lines: readonly { readonly line: number; readonly amount: number }[]
  readonly reducedBy: string | null
  readonly countLeft: number
  readonly amountLeft: number
}

export type Expected =
  | {
      readonly verdict: 'approve'
      readonly parts: readonly ExpectedPart[]
      readonly leftToPay: number
      readonly notCovered: readonly number[]
    }
  | {
      readonly verdict: 'refuse'
      readonly code: string
      readonly schemes: readonly { readonly schemeId: string; readonly code: string }[]
    }

/** One grain of one line that somebody still has to pay. */
interface Grain {
  readonly line: number
  readonly category: string
  readonly quantity: number
  paidBy: string | null
}

interface Situation {
  readonly world: World
  readonly scheme: WorldScheme
  readonly period: WorldPeriod | undefined
  readonly slot: WorldSlot | undefined
  /** Grains that the scheme would pay if its purse had no bottom, in the order in which it pays them. */
  readonly wanted: readonly Grain[]
  readonly usesLeft: number
  readonly amountLeft: number
  readonly spentInPeriod: number
  readonly usesInPeriod: number
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)

/** Reasons of one scheme, in the order of precedence. Each says by itself whether it applies. */
export const schemeRules: readonly (readonly [code: string, applies: (situation: Situation) => boolean])[] = [
  [
    'PACKAGE_TOO_OLD',
    ({ world, scheme }) => leases(world, scheme) && world.packageIssuedAt + scheme.allowedPolicyAgeMs < world.now,
  ],
  [
    'NO_ENTITLEMENT',
    ({ world, period, slot }) => world.mode === 'online' && period !== undefined && slot === undefined,
  ],
  [
    'CARD_NOT_IN_LEASE',
    ({ world, scheme, period, slot }) => leases(world, scheme) && period !== undefined && slot === undefined,
  ],
  ['SCHEME_SUSPENDED', ({ scheme }) => scheme.status === 'suspended'],
  ['SCHEME_ENDED', ({ scheme }) => scheme.status === 'ended'],
  ['MERCHANT_NOT_ALLOWED', ({ world, scheme }) => scheme.merchants.every((merchant) => merchant !== world.merchantId)],
  ['OUTSIDE_PERIOD', ({ period }) => period === undefined],
  [
    'OUTSIDE_HOURS',
    ({ world, period }) => !(period?.openings ?? []).some(({ from, to }) => !(world.now < from) && world.now < to),
  ],
  ['OFFLINE_NOT_ALLOWED', ({ world, scheme }) => world.mode === 'offline' && scheme.offline === 'deny'],
  [
    'LEASE_EXPIRED',
    ({ world, scheme }) =>
      leases(world, scheme) &&
      world.leases.filter((lease) => lease.schemeId === scheme.schemeId).every((lease) => lease.sellUntil < world.now),
  ],
  ['NOTHING_ELIGIBLE', ({ wanted }) => wanted.length === 0],
  [
    'ALLOWANCE_USED',
    ({ scheme, usesLeft, amountLeft }) =>
      amountLeft === 0 || (scheme.kind === 'count' && (usesLeft === 0 || scheme.maximumPerTap === 0)),
  ],
  [
    'CAP_AGE_SINCE_SYNC',
    ({ world, scheme }) => world.mode === 'offline' && world.lastSyncAt + scheme.ageSinceSyncMs < world.now,
  ],
  [
    'CAP_COUNT_PER_BENEFICIARY',
    ({ scheme, usesLeft, usesInPeriod }) => usesLeft === 0 || usesInPeriod + 1 > scheme.countPerBeneficiary,
  ],
  ['CAP_PER_BENEFICIARY_AND_PERIOD', ({ scheme, spentInPeriod }) => spentInPeriod >= scheme.perBeneficiaryAndPeriod],
  ['CAP_TERMINAL_EXPOSURE', (situation) => situation.world.mode === 'offline' && exposureLeft(situation) === 0],
  ['CAP_PER_SALE', ({ scheme }) => scheme.perSale === 0],
]

/** The world in which leases and packages bound a sale: offline, under a scheme that sells offline at all. */
function leases(world: World, scheme: WorldScheme): boolean {
  return world.mode === 'offline' && scheme.offline === 'lease-listed'
}

function exposureLeft({ world, scheme }: Situation): number {
  const sold = sum(world.exposure.filter((one) => one.schemeId === scheme.schemeId).map((one) => one.amount))
  return Math.max(0, scheme.terminalExposure - sold)
}

export function expectedDecision(world: World): Expected {
  if (world.blocked) return { verdict: 'refuse', code: 'CARD_BLOCKED', schemes: [] }
  if (world.mode === 'offline' && !world.clockTrusted)
    return { verdict: 'refuse', code: 'CLOCK_NOT_TRUSTED', schemes: [] }
  const onCard = world.schemes.filter((scheme) => world.slots.some((slot) => slot.schemeId === scheme.schemeId))
  if (onCard.length === 0) {
    return { verdict: 'refuse', code: world.mode === 'offline' ? 'CARD_NOT_IN_LEASE' : 'NO_ENTITLEMENT', schemes: [] }
  }

  const basket = unpaidGrains(world)
  const parts: ExpectedPart[] = []
  const refusals: { schemeId: string; code: string }[] = []
  for (const scheme of inTurn(onCard)) {
    const situation = situationOf(world, scheme, basket)
    const rule = schemeRules.find(([, applies]) => applies(situation))
    if (rule === undefined) parts.push(pay(situation))
    else refusals.push({ schemeId: scheme.schemeId, code: rule[0] })
  }
  if (parts.length === 0) {
    const codes = refusals.map((refusal) => refusal.code)
    return { verdict: 'refuse', code: schemeRules.find(([code]) => codes.includes(code))?.[0] ?? '', schemes: refusals }
  }
  const numbers = [...new Set(basket.map((grain) => grain.line))].toSorted((a, b) => a - b)
  return {
    verdict: 'approve',
    parts,
    leftToPay: basket.filter((grain) => grain.paidBy === null).length,
    notCovered: numbers.filter((line) => basket.every((grain) => grain.line !== line || grain.paidBy === null)),
  }
}

/** The lowest order first, by name where the order is the same: picked one after the other. */
function inTurn(schemes: readonly WorldScheme[]): readonly WorldScheme[] {
  const waiting = [...schemes]
  const turns: WorldScheme[] = []
  while (waiting.length > 0) {
    const lowest = Math.min(...waiting.map((scheme) => scheme.order))
    const [name] = waiting
      .filter((scheme) => scheme.order === lowest)
      .map((scheme) => scheme.schemeId)
      .toSorted()
    turns.push(
      ...waiting.splice(
        waiting.findIndex((scheme) => scheme.schemeId === name),
        1,
      ),
    )
  }
  return turns
}

/** Every grain of the basket that earlier tenders left open. */
function unpaidGrains(world: World): readonly Grain[] {
  return world.lines.flatMap(({ line, category, quantity, unitPrice }) => {
    const covered = sum(world.covered.filter((one) => one.line === line).map((one) => one.amount))
    const open = Math.max(0, quantity * unitPrice - covered)
    return Array.from({ length: open }, () => ({ line, category, quantity, paidBy: null }))
  })
}

function situationOf(world: World, scheme: WorldScheme, basket: readonly Grain[]): Situation {
  const period = scheme.periods.find(({ from, to }) => !(world.now < from) && world.now < to)
  const slot = world.slots.find((one) => one.schemeId === scheme.schemeId && one.periodId === period?.periodId)
  const spends = world.localSpends.filter((spend) => spend.slotId === slot?.slotId)
  const spentInPeriod = (slot?.amountSpent ?? 0) + sum(spends.map((spend) => spend.amount))
  const usesInPeriod = (slot?.countSpent ?? 0) + spends.length
  return {
    world,
    scheme,
    period,
    slot,
    wanted: wantedGrains(scheme, basket),
    usesLeft: Math.max(0, (slot?.countAllowed ?? 0) - usesInPeriod),
    amountLeft: Math.max(0, (slot?.amountAllowed ?? 0) - spentInPeriod),
    spentInPeriod,
    usesInPeriod,
  }
}

function wantedGrains(scheme: WorldScheme, basket: readonly Grain[]): readonly Grain[] {
  const byLine = Map.groupBy(
    basket.filter(
      (grain) => grain.paidBy === null && scheme.categories.some((category) => category === grain.category),
    ),
    (grain) => grain.line,
  )
  const piles = [...byLine.values()].map((grains) => {
    const cap = scheme.priceCaps.find((one) => one.category === grains[0]?.category)
    const upTo = cap === undefined ? Infinity : cap.maximumPerUnit * (grains[0]?.quantity ?? 0)
    const wanted = grains.filter((_grain, index) => index < upTo)
    // As one text that sorts like the rule: largest wanted, category, quantity, smallest due, number.
    const digits = (number: number) => String(number).padStart(9, '0')
    const place = [
      digits(999_999_999 - wanted.length),
      grains[0]?.category,
      ...[grains[0]?.quantity ?? 0, grains.length, grains[0]?.line ?? 0].map(digits),
    ]
    return { wanted, place: place.join(' ') }
  })
  return piles.toSorted((a, b) => (a.place < b.place ? -1 : 1)).flatMap((pile) => pile.wanted)
}

/** Pays grain by grain until the purse or the tightest cap is empty. */
function pay(situation: Situation): ExpectedPart {
  const { world, scheme, period, slot, wanted, usesLeft, amountLeft, spentInPeriod } = situation
  if (period === undefined || slot === undefined) throw new Error('paid without a slot')
  const caps: readonly (readonly [code: string, left: number])[] = [
    ['CAP_PER_BENEFICIARY_AND_PERIOD', scheme.perBeneficiaryAndPeriod - spentInPeriod],
    ['CAP_TERMINAL_EXPOSURE', world.mode === 'offline' ? exposureLeft(situation) : Infinity],
    ['CAP_PER_SALE', scheme.perSale],
  ]
  const tightest = Math.min(...caps.map(([, left]) => left))
  const purse = scheme.kind === 'count' ? Math.min(amountLeft, scheme.maximumPerTap) : amountLeft
  const withoutCaps = wanted.slice(0, purse).length
  const paid = wanted.slice(0, purse).slice(0, tightest)
  for (const grain of paid) grain.paidBy = scheme.schemeId
  const numbers = [...new Set(paid.map((grain) => grain.line))].toSorted((a, b) => a - b)
  return {
    schemeId: scheme.schemeId,
    slotId: slot.slotId,
    periodId: period.periodId,
    amount: paid.length,
    lines: numbers.map((line) => ({ line, amount: paid.filter((grain) => grain.line === line).length })),
    reducedBy: paid.length < withoutCaps ? (caps.find(([, left]) => left === tightest)?.[0] ?? null) : null,
    countLeft: usesLeft - 1,
    amountLeft: amountLeft - paid.length,
  }
}
