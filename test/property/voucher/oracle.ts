/**
 * What decide() should say, from the words of money-rules.md ("The rule function and its replay", "Offline"), of
 * architecture.md ("Five caps, always") and of the contracts in src/voucher, by another way: a table of rules of which
 * the first that applies wins, and a purse that is emptied grain by grain. Shares no code with src/.
 */
import type { WorldCaps } from './world-cards.ts'
import type { World, WorldLine, WorldPeriod, WorldScheme, WorldSlot } from './world.ts'

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
  ['CARD_ONLINE_ONLY', ({ world, scheme }) => world.mode === 'offline' && !trusts(world, scheme)],
  [
    'PACKAGE_TOO_OLD',
    ({ world, scheme }) => leases(world, scheme) && world.packageIssuedAt + scheme.allowedPolicyAgeMs < world.now,
  ],
  [
    'NO_ENTITLEMENT',
    ({ world, period, slot }) => world.mode === 'online' && period !== undefined && slot === undefined,
  ],
  ['ACTIVATION_LAPSED', (situation) => waitsForCard(situation) && isTooLate(situation)],
  ['NOT_ACTIVATED', (situation) => waitsForCard(situation) && !isTooLate(situation)],
  [
    'CARD_NOT_IN_LEASE',
    ({ world, scheme, period, slot }) => leases(world, scheme) && period !== undefined && slot === undefined,
  ],
  ['SCHEME_SUSPENDED', ({ scheme }) => scheme.status === 'suspended'],
  ['SCHEME_ENDED', ({ scheme }) => scheme.status === 'ended'],
  ['MERCHANT_NOT_ALLOWED', ({ world, scheme }) => !isSeller(world, scheme)],
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
    ({ world, scheme }) =>
      world.mode === 'offline' && world.lastSyncAt + capsOf(world, scheme).ageSinceSyncMs < world.now,
  ],
  [
    'CAP_COUNT_PER_BENEFICIARY',
    ({ world, scheme, usesLeft, usesInPeriod }) =>
      usesLeft === 0 || usesInPeriod + 1 > capsOf(world, scheme).countPerBeneficiary,
  ],
  [
    'CAP_PER_BENEFICIARY_AND_PERIOD',
    ({ world, scheme, spentInPeriod }) => spentInPeriod >= capsOf(world, scheme).perBeneficiaryAndPeriod,
  ],
  ['POOL_USED_UP', (situation) => poolLeft(situation) === 0],
  ['CAP_TERMINAL_EXPOSURE', (situation) => situation.world.mode === 'offline' && exposureLeft(situation) === 0],
  ['CAP_PER_SALE', ({ world, scheme }) => capsOf(world, scheme).perSale === 0],
]

/** Which card it takes without network: one that proves the sale, or one whose copies its agency pays for. */
function trusts({ profile }: World, { accepts, uidCaps }: WorldScheme): boolean {
  const trusted = profile === 'ntag424' || (profile === 'uid' && uidCaps !== null)
  return trusted && accepts.some((kind) => kind === profile)
}

function capsOf({ mode, profile }: World, scheme: WorldScheme): WorldCaps {
  return mode === 'offline' && profile === 'uid' ? (scheme.uidCaps ?? scheme) : scheme
}

/** Off line there is no slot for a card that the till was told to be not activated: that is why. */
function waitsForCard({ world, scheme, period, slot }: Situation): boolean {
  return leases(world, scheme) && period !== undefined && slot === undefined && isToldOf(world, scheme)
}

function isTooLate({ world, scheme }: Situation): boolean {
  return scheme.activateUntil !== null && !(world.now < scheme.activateUntil)
}

function isToldOf({ mode, notActivated }: World, { schemeId }: WorldScheme): boolean {
  return mode === 'offline' && notActivated.some((one) => one === schemeId)
}

/** Named, or else not barred and of the place and the kind that are asked for, each where one is asked for at all. */
function isSeller({ merchantId, merchantPlace }: World, { merchants, where }: WorldScheme): boolean {
  const isNamed = merchants.filter((merchant) => merchant === merchantId).length > 0
  if (isNamed || where === null) return isNamed
  const questions = [
    where.except.every((merchant) => merchant !== merchantId),
    where.regions.length < 1 || where.regions.some((region) => isPartOf(merchantPlace.region, region)),
    where.kinds.length < 1 || where.kinds.some((kind) => kind === merchantPlace.kind),
  ]
  return !questions.includes(false)
}

/** Level by level, 2 + 2 + 2 + 3 digits, down to the last one of the region that is not zero. */
function isPartOf(place: string | null, region: string): boolean {
  const levelsOf = (code: string) => [code.slice(0, 2), code.slice(2, 4), code.slice(4, 6), code.slice(6)].map(Number)
  if (place === null) return false
  const wanted = levelsOf(region)
  const deepest = wanted.findLastIndex((level) => level > 0)
  return levelsOf(place).every((level, depth) => depth > deepest || level === wanted[depth])
}

/** The world in which leases and packages bound a sale: offline, under a scheme that sells offline at all. */
function leases(world: World, scheme: WorldScheme): boolean {
  return world.mode === 'offline' && scheme.offline !== 'deny'
}

/** Boundless with network, and where the till holds slots. Of several pools that are alive the poorest speaks. */
function poolLeft({ world, scheme }: Situation): number {
  const alive = world.leases.filter((lease) => lease.schemeId === scheme.schemeId && !(lease.sellUntil < world.now))
  const sums = alive.map(({ pool }) => (pool === undefined ? Infinity : Math.max(0, pool.left - pool.sold)))
  return world.mode === 'online' ? Infinity : Math.min(Infinity, ...sums)
}

function exposureLeft({ world, scheme }: Situation): number {
  const sold = sum(world.exposure.filter((one) => one.schemeId === scheme.schemeId).map((one) => one.amount))
  const isAgeing = world.now > world.packageIssuedAt + scheme.allowedPolicyAgeMs / 2
  return Math.max(0, capsOf(world, scheme).terminalExposure / (isAgeing ? 2 : 1) - sold)
}

export function expectedDecision(world: World): Expected {
  if (world.blocked) return { verdict: 'refuse', code: 'CARD_BLOCKED', schemes: [] }
  const withSlots = world.schemes.filter(({ schemeId }) => world.slots.some((slot) => slot.schemeId === schemeId))
  const taking = world.schemes.filter(({ accepts }) => accepts.some((kind) => kind === world.profile))
  if (withSlots.length > 0 && !withSlots.some((one) => taking.includes(one)))
    return { verdict: 'refuse', code: 'CARD_KIND_NOT_ACCEPTED', schemes: [] }
  if (world.mode === 'offline' && world.profile !== 'ntag424' && !world.schemes.some((one) => trusts(world, one)))
    return { verdict: 'refuse', code: 'CARD_ONLINE_ONLY', schemes: [] }
  if (world.mode === 'offline' && !world.clockTrusted)
    return { verdict: 'refuse', code: 'CLOCK_NOT_TRUSTED', schemes: [] }
  const onCard = taking.filter(
    (scheme) => isToldOf(world, scheme) || world.slots.some((slot) => slot.schemeId === scheme.schemeId),
  )
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
  return world.lines.flatMap(({ line, quantity, unitPrice }) => {
    const covered = sum(world.covered.filter((one) => one.line === line).map((one) => one.amount))
    const open = Math.max(0, quantity * unitPrice - covered)
    return Array.from({ length: open }, () => ({ line, paidBy: null }))
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
    wanted: wantedGrains(scheme, basket, world.lines),
    usesLeft: Math.max(0, (slot?.countAllowed ?? 0) - usesInPeriod),
    amountLeft: Math.max(0, (slot?.amountAllowed ?? 0) - spentInPeriod),
    spentInPeriod,
    usesInPeriod,
  }
}

function wantedGrains(scheme: WorldScheme, basket: readonly Grain[], lines: readonly WorldLine[]): readonly Grain[] {
  const open = Map.groupBy(
    basket.filter((grain) => grain.paidBy === null),
    (grain) => grain.line,
  )
  const piles = lines.flatMap((line) => {
    const grains = open.get(line.line) ?? []
    const rule = scheme.goods.findIndex(
      ({ categories, gtins }) =>
        categories.includes(line.category) || (line.gtin !== null && gtins.includes(line.gtin)),
    )
    return grains.length === 0 || rule === -1 ? [] : [{ line, grains, rule, wanted: 0 }]
  })
  for (const [place, { pays, unitsPerPiece }] of scheme.goods.entries()) {
    const own = piles.filter(({ rule }) => rule === place)
    for (const pile of own) {
      const { quantity, unitPrice } = pile.line
      const all = pile.grains.length
      const ofUnits = (perUnit: number) => quantity * unitsPerPiece * perUnit
      if (pays.kind === 'whole') pile.wanted = all
      if (pays.kind === 'up_to') pile.wanted = Math.min(all, ofUnits(pays.perUnit))
      if (pays.kind === 'above') pile.wanted = Math.max(0, Math.min(all, quantity * unitPrice - ofUnits(pays.perUnit)))
    }
    if (pays.kind === 'percent') dealOut(own, pays.percent, pays.tenge)
  }
  return piles
    .map(({ line, grains, wanted }) => ({
      wanted: grains.slice(0, wanted),
      place: placeOf(line, grains.length, wanted),
    }))
    .toSorted((a, b) => (a.place < b.place ? -1 : 1))
    .flatMap((pile) => pile.wanted)
}

/**
 * So many percent of all the grains together, half a grain (or half a hundred) up, dealt out one by one: always to the
 * pile that is furthest below its share, that is below it by the most hundredths of a grain times all.
 */
function dealOut(
  piles: readonly { readonly line: WorldLine; readonly grains: readonly Grain[]; wanted: number }[],
  percent: number,
  inHundreds: boolean,
): void {
  const all = sum(piles.map(({ grains }) => grains.length))
  const step = inHundreds ? 100 : 1
  let left = Math.min(all, Math.floor((all * percent) / (100 * step) + 0.5) * step)
  const total = left
  const inOrder = piles.toSorted((a, b) =>
    placeOf(a.line, a.grains.length, 0) < placeOf(b.line, b.grains.length, 0) ? -1 : 1,
  )
  for (const pile of inOrder) {
    pile.wanted = Math.floor((pile.grains.length * total) / all)
    left -= pile.wanted
  }
  const owed = (pile: { grains: readonly Grain[] }) => (pile.grains.length * total) % all
  for (const pile of inOrder.toSorted((a, b) => owed(b) - owed(a)).slice(0, left)) pile.wanted += 1
}

/** As one text that sorts like the rule: largest wanted, category, GTIN, quantity, smallest due, price, number. */
function placeOf(line: WorldLine, due: number, wanted: number): string {
  const digits = (number: number) => String(number).padStart(9, '0')
  const numbers = [line.quantity, due, line.unitPrice, line.line].map(digits)
  return [digits(999_999_999 - wanted), line.category, line.gtin ?? '.', ...numbers].join(' ')
}

/** Pays grain by grain until the purse or the tightest cap is empty. */
function pay(situation: Situation): ExpectedPart {
  const { world, scheme, period, slot, wanted, usesLeft, amountLeft, spentInPeriod } = situation
  if (period === undefined || slot === undefined) throw new Error('paid without a slot')
  const caps: readonly (readonly [code: string, left: number])[] = [
    ['CAP_PER_BENEFICIARY_AND_PERIOD', capsOf(world, scheme).perBeneficiaryAndPeriod - spentInPeriod],
    ['POOL_USED_UP', poolLeft(situation)],
    ['CAP_TERMINAL_EXPOSURE', world.mode === 'offline' ? exposureLeft(situation) : Infinity],
    ['CAP_PER_SALE', capsOf(world, scheme).perSale],
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
