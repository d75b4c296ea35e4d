/** Method: the precedence on every pair of codes; then decide() on taps where two reasons apply at once. */
import { describe, expect, it } from 'vitest'
import { decide } from '../../../src/voucher/decide.ts'
import { mostTelling, refusalCodes, type RefusalCode } from '../../../src/voucher/reasons.ts'
import { decisionInputOf, hourMs, type World, type WorldScheme } from '../../property/voucher/world.ts'

const now = Date.UTC(2026, 10, 23, 6)
const period = {
  periodId: '2026-11-23',
  from: now - hourMs,
  to: now + hourMs,
  openings: [{ from: now - hourMs, to: now + hourMs }],
}
const wholePriceOf = (category: string): WorldScheme['goods'] => [
  { categories: [category], gtins: [], unitsPerPiece: 1, pays: { kind: 'whole' } },
]

const lunch: WorldScheme = {
  schemeId: 'lunch-c',
  order: 0,
  status: 'active',
  kind: 'count',
  maximumPerTap: 12,
  periods: [period],
  merchants: ['canteen-1'],
  where: null,
  activateUntil: null,
  accepts: ['ntag424'],
  uidCaps: null,
  goods: wholePriceOf('lunch'),
  perSale: 100,
  perBeneficiaryAndPeriod: 100,
  countPerBeneficiary: 5,
  terminalExposure: 1_000,
  ageSinceSyncMs: 24 * hourMs,
  offline: 'lease-listed',
  allowedPolicyAgeMs: 24 * hourMs,
}
const slot = {
  slotId: 'lunch-c/x/2026-11-23',
  schemeId: 'lunch-c',
  periodId: '2026-11-23',
  countAllowed: 1,
  amountAllowed: 12,
  countSpent: 0,
  amountSpent: 0,
}
/** A lunch offline that is paid in full. */
const good: World = {
  mode: 'offline',
  now,
  merchantId: 'canteen-1',
  merchantPlace: { region: null, kind: null },
  blocked: false,
  profile: 'ntag424',
  notActivated: [],
  clockTrusted: true,
  packageIssuedAt: now,
  lastSyncAt: now,
  schemes: [lunch],
  slots: [slot],
  localSpends: [],
  leases: [{ schemeId: 'lunch-c', sellUntil: now }],
  exposure: [],
  lines: [{ line: 1, category: 'lunch', gtin: null, quantity: 1, unitPrice: 11 }],
  covered: [],
}
const withScheme = (change: Partial<WorldScheme>) => (world: World) => ({
  ...world,
  schemes: world.schemes.map((scheme) => ({ ...scheme, ...change })),
})
const withSlot = (change: Partial<typeof slot>) => (world: World) => ({
  ...world,
  slots: world.slots.map((one) => ({ ...one, ...change })),
})

const waiting = (world: World): World => ({ ...world, notActivated: ['lunch-c'] })

/** One spoilt thing for each reason that decide() knows, offline. */
const spoilings: readonly (readonly [RefusalCode, (world: World) => World])[] = [
  ['CARD_BLOCKED', (world) => ({ ...world, blocked: true })],
  ['CARD_KIND_NOT_ACCEPTED', withScheme({ accepts: ['ntag21x'] })],
  ['CARD_ONLINE_ONLY', (world) => ({ ...withScheme({ accepts: ['uid', 'ntag424'] })(world), profile: 'uid' })],
  ['CLOCK_NOT_TRUSTED', (world) => ({ ...world, clockTrusted: false })],
  ['PACKAGE_TOO_OLD', (world) => ({ ...world, packageIssuedAt: now - 24 * hourMs - 1 })],
  [
    'ACTIVATION_LAPSED',
    (world) => withScheme({ activateUntil: now })(withSlot({ periodId: '2026-11-24' })(waiting(world))),
  ],
  [
    'NOT_ACTIVATED',
    (world) => withScheme({ activateUntil: now + 1 })(withSlot({ periodId: '2026-11-24' })(waiting(world))),
  ],
  ['CARD_NOT_IN_LEASE', withSlot({ periodId: '2026-11-24' })],
  ['SCHEME_SUSPENDED', withScheme({ status: 'suspended' })],
  ['SCHEME_ENDED', withScheme({ status: 'ended' })],
  ['MERCHANT_NOT_ALLOWED', withScheme({ merchants: ['shop-2'] })],
  ['OUTSIDE_HOURS', withScheme({ periods: [{ ...period, openings: [{ from: now + 1, to: now + 2 }] }] })],
  ['LEASE_EXPIRED', (world) => ({ ...world, leases: [{ schemeId: 'lunch-c', sellUntil: now - 1 }] })],
  ['NOTHING_ELIGIBLE', (world) => ({ ...world, lines: world.lines.map((line) => ({ ...line, category: 'soap' })) })],
  ['ALLOWANCE_USED', withSlot({ amountAllowed: 0 })],
  ['CAP_AGE_SINCE_SYNC', (world) => ({ ...world, lastSyncAt: now - 24 * hourMs - 1 })],
  [
    'CAP_COUNT_PER_BENEFICIARY',
    (world) => withScheme({ countPerBeneficiary: 1 })(withSlot({ countSpent: 1, countAllowed: 2 })(world)),
  ],
  ['CAP_PER_BENEFICIARY_AND_PERIOD', withScheme({ perBeneficiaryAndPeriod: 0 })],
  [
    'POOL_USED_UP',
    (world) => ({ ...world, leases: world.leases.map((lease) => ({ ...lease, pool: { left: 11, sold: 11 } })) }),
  ],
  ['CAP_TERMINAL_EXPOSURE', withScheme({ terminalExposure: 0 })],
  ['CAP_PER_SALE', withScheme({ perSale: 0 })],
]
const codeOf = (world: World) => {
  const decision = decide(decisionInputOf(world))
  return decision.verdict === 'refuse' ? decision.code : 'approve'
}

describe('the precedence of reasons', () => {
  it('lists each code once, and of any two the earlier is the one shown', () => {
    expect(new Set(refusalCodes).size).toBe(refusalCodes.length)
    refusalCodes.forEach((code, index) => {
      expect(mostTelling([code])).toBe(code)
      for (const later of refusalCodes.slice(index)) expect(mostTelling([later, code, later])).toBe(code)
    })
    expect(() => mostTelling([])).toThrow('at least one code')
  })

  it('pays the lunch that nothing spoils', () => {
    expect(decide(decisionInputOf(good))).toEqual({
      verdict: 'approve',
      parts: [
        {
          schemeId: 'lunch-c',
          slotId: 'lunch-c/x/2026-11-23',
          periodId: '2026-11-23',
          amount: 11n,
          lines: [{ line: 1, amount: 11n }],
          reducedBy: null,
          countLeft: 0,
          amountLeft: 1n,
        },
      ],
      leftToPay: 0n,
      notCovered: [],
    })
  })

  it.each(spoilings)('%s is named alone, and before every later reason that applies too', (code, spoil) => {
    expect(codeOf(spoil(good))).toBe(code)
    for (const [later, spoilToo] of spoilings.slice(spoilings.findIndex(([one]) => one === code) + 1)) {
      // A scheme is suspended or ended, not both.
      if (code === 'SCHEME_SUSPENDED' && later === 'SCHEME_ENDED') continue
      // Too late, or not.
      if (code === 'ACTIVATION_LAPSED' && later === 'NOT_ACTIVATED') continue
      expect([later, codeOf(spoil(spoilToo(good)))]).toEqual([later, code])
    }
  })

  it('shows the most telling reason of several schemes, and tells each', () => {
    const other = { ...lunch, schemeId: 'food-a', order: 1, status: 'suspended' as const }
    const both = {
      ...good,
      schemes: [{ ...lunch, goods: wholePriceOf('soap') }, other],
      slots: [slot, { ...slot, slotId: 'food-a/x/2026-11-23', schemeId: 'food-a' }],
      leases: [...good.leases, { schemeId: 'food-a', sellUntil: now }],
    }
    expect(decide(decisionInputOf(both))).toEqual({
      verdict: 'refuse',
      code: 'SCHEME_SUSPENDED',
      schemes: [
        { schemeId: 'lunch-c', code: 'NOTHING_ELIGIBLE' },
        { schemeId: 'food-a', code: 'SCHEME_SUSPENDED' },
      ],
    })
  })

  it('names the count cap where an amount scheme still has money but no use left', () => {
    const amounts = withScheme({ kind: 'amount', countPerBeneficiary: 3 })(
      withSlot({ countAllowed: 3, countSpent: 3 })(good),
    )
    expect(codeOf(amounts)).toBe('CAP_COUNT_PER_BENEFICIARY')
  })
})
