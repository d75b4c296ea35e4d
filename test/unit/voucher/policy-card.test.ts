/**
 * Method: decide() on a card that holds its allowance itself, beside the same sale from a lease where that says more;
 * and each pair of scheme and cards that cannot be safe.
 */
import { describe, expect, test } from 'vitest'
import { unsafePairOf, type CardProfile } from '../../../src/voucher/card-rules.ts'
import { decide, type DecisionInput } from '../../../src/voucher/decide.ts'
import { tiyn, zeroTiyn } from '../../../src/voucher/money.ts'
import type { Scheme } from '../../../src/voucher/scheme.ts'
import { fullSlot } from '../../../src/voucher/slot.ts'
import { exampleScheme } from '../../fixtures/example-scheme.ts'

const scheme: Scheme = {
  ...exampleScheme,
  goods: [{ goods: { by: 'category', categories: ['food'] }, unitsPerPiece: 1, pays: { kind: 'whole' } }],
  benefit: { kind: 'amount', perPeriod: tiyn(1_000_000) },
  caps: { ...exampleScheme.caps, perSale: tiyn(400_000), perBeneficiaryAndPeriod: tiyn(1_000_000) },
  cards: { accepts: ['tolem-applet'] },
  offline: { ...exampleScheme.offline, policy: 'card', pinAbove: null },
}
const [period] = scheme.periods
const at = period?.openings[0]?.from ?? 0
const beneficiary = 'b0'.repeat(16)
const slot = {
  ...fullSlot(scheme, beneficiary, period?.periodId ?? ''),
  countAllowed: 3,
  amountAllowed: tiyn(300_000),
}

const input = (change: Partial<DecisionInput> = {}): DecisionInput => ({
  engineVersion: 1,
  mode: 'offline',
  trustedTime: at,
  merchantId: scheme.merchants[0] ?? '',
  card: { card: 'ca'.repeat(16), blocked: false, profile: 'tolem-applet' },
  schemes: [scheme],
  slots: [slot],
  localSpends: [],
  leases: [],
  terminal: { clockTrusted: true, packageIssuedAt: at, lastSyncAt: at, exposure: [] },
  sale: {
    saleId: '019aaf00-0000-7000-8000-00000000001a',
    lines: [{ line: 1, itemId: 'rice', name: scheme.name, category: 'food', quantity: 1, unitPrice: tiyn(500_000) }],
  },
  covered: [],
  ...change,
})
const outcome = (change: Partial<DecisionInput> = {}) => {
  const decision = decide(input(change))
  if (decision.verdict === 'refuse') return decision.code
  const [part] = decision.parts
  return { amount: part?.amount, reducedBy: part?.reducedBy, amountLeft: part?.amountLeft, countLeft: part?.countLeft }
}

describe('a card that holds its allowance', () => {
  test.each(['offline', 'online'] as const)('pays %s what it has left, and no lease is asked for', (mode) => {
    expect(outcome({ mode })).toEqual({ amount: 300_000n, reducedBy: null, amountLeft: zeroTiyn, countLeft: 2 })
  })

  test('pays no more than it lets one payment take', () => {
    const card = { ...input().card, spendCaps: [{ slotId: slot.slotId, amount: tiyn(120_000) }] }
    expect(outcome({ card })).toMatchObject({ amount: 120_000n, reducedBy: 'CAP_PER_SALE' })
    const other = { ...input().card, spendCaps: [{ slotId: 'another', amount: tiyn(120_000) }] }
    expect(outcome({ card: other })).toMatchObject({ amount: 300_000n })
  })

  test.each(['offline', 'online'] as const)('without a slot of this period %s it has to fetch it first', (mode) => {
    expect(outcome({ mode, slots: [] })).toBe('ALLOWANCE_NOT_ON_CARD')
    expect(outcome({ mode, slots: [{ ...slot, periodId: 'another' }] })).toBe('ALLOWANCE_NOT_ON_CARD')
  })

  test('keeps the caps of selling without the ledger', () => {
    const { terminal } = input()
    expect(outcome({ terminal: { ...terminal, packageIssuedAt: at - 1_000_000_000 } })).toBe('PACKAGE_TOO_OLD')
    const exposure = [{ schemeId: scheme.schemeId, amount: scheme.caps.terminalExposure }]
    expect(outcome({ terminal: { ...terminal, exposure } })).toBe('CAP_TERMINAL_EXPOSURE')
    expect(outcome({ mode: 'online', terminal: { ...terminal, exposure } })).toMatchObject({ amount: 300_000n })
  })

  test('is the only kind that pays, and pays nowhere else', () => {
    const { profile: _applet, ...ntag424 } = input().card
    expect(outcome({ card: ntag424 })).toBe('CARD_KIND_NOT_ACCEPTED')
    const atTill: Scheme = { ...scheme, offline: exampleScheme.offline }
    expect(outcome({ schemes: [atTill] })).toBe('CARD_KIND_NOT_ACCEPTED')
    const both: Scheme = { ...scheme, cards: { accepts: ['tolem-applet', 'ntag424'] } }
    expect(outcome({ schemes: [both], card: ntag424 })).toBe('CARD_KIND_NOT_ACCEPTED')
  })
})

describe('pairs that cannot be safe', () => {
  const accepts = (...kinds: CardProfile[]): Scheme => ({ ...scheme, cards: { accepts: kinds } })
  test.each(['uid', 'ntag21x', 'ntag424'] as const)('%s where the card is to count', (kind) => {
    expect(unsafePairOf(accepts(kind))).toBe('other_kind')
    expect(unsafePairOf(accepts('tolem-applet', kind))).toBe('other_kind')
  })

  test('a card that counts where tills do', () => {
    expect(unsafePairOf({ ...accepts('tolem-applet'), offline: exampleScheme.offline })).toBe('other_kind')
  })

  test('two cards that count of one beneficiary; other cards beside one are of other schemes', () => {
    expect(unsafePairOf(scheme, ['tolem-applet', 'tolem-applet'])).toBe('several_cards')
    expect(unsafePairOf(scheme, ['ntag424', 'tolem-applet'])).toBeUndefined()
    expect(unsafePairOf(exampleScheme, ['tolem-applet', 'tolem-applet', 'ntag424'])).toBeUndefined()
  })
})
