/** What tills do in a story: they sell to cards, show QRs, hand over. Each act is a request and the model's answer. */
import fc from 'fast-check'
import { decide } from '../../../../src/voucher/decide.ts'
import { saleHashOf } from '../../../../src/sync/protocol/canonical.ts'
import type { JournalPosition, SyncItem } from '../../../../src/sync/protocol/messages.ts'
import { tiyn } from '../../../../src/voucher/money.ts'
import type { Sale } from '../../../../src/voucher/sale.ts'
import type { Slot } from '../../../../src/voucher/slot.ts'
import { dayMs, type Decided, type TestCard, type TestTill } from '../../../integration/ledger/demo-ledger.ts'
import { termsOf } from '../../../integration/ledger/payment-by-qr.ts'
import { shownIn, type Baskets } from './baskets.ts'
import { beneficiaryNow } from './households.ts'
import { nowhere, write } from './journals.ts'
import { pick } from './pick.ts'
import { amountFor } from './requests.ts'
import { paidByOthers } from './qr-sale.ts'
import { bridgeIdOf } from './bridges.ts'
import { holding, periodId, slotIdOf } from './slots.ts'
import { meet, need, sum, type Sold, type Verdict, type Whole } from './state.ts'
import { capture, presentment, refundItem, reversal, surrender, type QrTerms } from './tills.ts'
import {
  beneficiaryOf,
  firstFrom,
  holders,
  merchants,
  moreOf,
  people,
  schemeIds,
  schemes,
  type SchemeId,
} from './world.ts'

export const tillKinds = {
  fetch: 8,
  sell: 14,
  sell_online: 10,
  ask_qr: 14,
  capture: 12,
  reverse_tender: 10,
  refund_tender: 10,
  surrender: 3,
  hand_over: 12,
  inquire: 3,
} as const
export type TillKind = keyof typeof tillKinds
/** What needs the ledger's answer; all else a till does by itself, and hands over. */
export const isAsked = (kind: TillKind): boolean =>
  ['fetch', 'sell_online', 'ask_qr', 'inquire', 'hand_over'].includes(kind)

export const tillStep = fc.record({
  kind: fc.oneof(
    ...Object.entries(tillKinds).map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind as TillKind) })),
  ),
  who: fc.nat(999),
  whom: fc.nat(999),
  which: fc.nat(999),
  size: fc.constantFrom('one', 'small', 'half', 'single', 'room', 'all'),
  stray: fc.nat(29),
})
/** `scheme`: of which is sold, where it is another than lunches and groceries. */
export type TillStep = Parameters<Parameters<typeof tillStep.map>[0]>[0] & { readonly scheme?: SchemeId }

/** Something to hand over, and what the model says of it when its turn comes. */
export interface Item {
  readonly item: SyncItem
  readonly answer: (whole: Whole) => Verdict
  /** Of a sale. */
  readonly sale?: Sale_
}

export interface Selling {
  readonly whole: Whole
  readonly till: TestTill
  readonly baskets: Baskets
  /** A new id, or now and then one that was used before. */
  id(step: TillStep): string
}

export interface Sale_ {
  readonly decided: Decided
  readonly sold: Sold
}

/** Decides and takes the card's proof, by what the till knows. @returns undefined where the till itself refuses */
export function sell({ whole, till, id }: Selling, each: TillStep, card: TestCard, index: number): Sale_ | undefined {
  if (till.package === undefined) return undefined
  const mode = each.kind === 'sell' ? 'offline' : 'online'
  const schemeId = each.scheme ?? pick(schemeIds, each.which)
  const leased = leasedOf(till, card, schemeId)
  const slot = leased?.slot ?? (mode === 'online' ? freshSlot(whole, till, schemeId, index) : undefined)
  if (slot === undefined) return undefined
  const sale = saleOf(id({ ...each, stray: 9 }), schemeId, each)
  const input = till.input(card, sale, slot, mode, leased?.lease)
  const verdict = decide(input)
  const part = verdict.verdict === 'approve' ? verdict.parts[0] : undefined
  if (part === undefined) {
    meet(whole, 'a till refuses by itself')
    return undefined
  }
  const leaseId = leased?.lease.leaseId ?? id({ ...each, stray: 9 })
  const decided = till.decided(input, card, leaseId, id(each))
  const offline = mode === 'offline' ? verdict : decide({ ...input, mode: 'offline' })
  const covered = offline.verdict === 'approve' ? offline.parts.find(({ slotId }) => slotId === part.slotId) : undefined
  const { tenderId, payerSlot, payeeAccount, amount, saleHash } = decided.terms
  const categories = new Map(sale.lines.map(({ line, category }) => [line, category]))
  return {
    decided,
    sold: {
      tender: tenderId,
      slot: payerSlot,
      payee: payeeAccount,
      amount,
      scheme: schemeId,
      saleHash,
      card: card.pseudonym,
      leaseId,
      decidedAt: input.trustedTime,
      packageAt: till.package.issuedAt,
      isAllowedOffline: covered !== undefined && covered.amount >= amount,
      lines: part.lines.map(({ line, amount: of }) => ({ line, category: categories.get(line) ?? '', amount: of })),
      sequence: till.sequence + 1,
    },
  }
}

function leasedOf(till: TestTill, card: TestCard, schemeId: string) {
  const period = periodId(Math.floor((till.clock.now - firstFrom) / (3 * dayMs)))
  for (const lease of till.package?.leases ?? [])
    for (const { slot, cards } of lease.slots)
      if (slot.schemeId === schemeId && slot.periodId === period && cards.some((own) => own.card === card.pseudonym))
        return { lease, slot }
  return undefined
}

/** As a card session would have it of a slot that nobody has used. */
function freshSlot(whole: Whole, till: TestTill, schemeId: SchemeId, index: number): Slot {
  const beneficiary = beneficiaryNow(whole, schemeId, holders[index] ?? '') ?? beneficiaryOf(schemeId, index)
  const period = periodId(Math.floor((whole.now - firstFrom) / (3 * dayMs)))
  const { count, amount } = schemes[schemeId]
  // As if all that may pass on had.
  const { count: countMore = 0, amount: amountMore = 0n } = moreOf(schemeId).carries ?? {}
  const slotId = slotIdOf(schemeId, beneficiary, period)
  // Where another till holds the slot, its bridge is shown; who knows of it may ask for it at any time.
  const held = holding(whole, slotId)
  const isShown = held !== undefined ? held.till !== till.terminalId : whole.now % 3 === 0
  return {
    slotId: isShown && whole.slots.has(bridgeIdOf(slotId)) ? bridgeIdOf(slotId) : slotId,
    schemeId,
    beneficiary,
    periodId: period,
    countAllowed: count + countMore,
    amountAllowed: tiyn(amount + amountMore),
    countSpent: 0,
    amountSpent: tiyn(0n),
    booked: [],
  }
}

function saleOf(saleId: string, schemeId: SchemeId, { which, size }: TillStep): Sale {
  const { category, amount } = schemes[schemeId]
  const { perTap = amount } = moreOf(schemeId)
  const all =
    size === 'all'
      ? perTap
      : size === 'room' && schemeId === 'milk'
        ? amount + amount / 2n
        : size === 'half'
          ? amount / 2n
          : BigInt(7_000 + which * 137)
  const parts = [all / 3n, all - 2n * (all / 3n), all / 3n]
  const lines = parts.map((unitPrice, index) => {
    const name = { kk: category, ru: category, en: category }
    return { line: index + 1, itemId: `some-${category}`, name, category, quantity: 1, unitPrice: tiyn(unitPrice) }
  })
  const books = { kk: 'books', ru: 'books', en: 'books' }
  const other = { line: 4, itemId: 'some-books', name: books, category: 'books', quantity: 1, unitPrice: tiyn(5_000n) }
  return { saleId, lines: [...lines, other] }
}

/** Its row is the till's next, or another at the place of a former one: then the journal was copied. */
function placed(
  till: TestTill,
  { stray, which }: TillStep,
  item: SyncItem,
  answer: (whole: Whole, position: JournalPosition) => Verdict,
  sale?: Sale_,
): Item {
  const made = (position: JournalPosition): Item => {
    return { item: { ...item, position }, answer: (whole) => answer(whole, position), ...(sale && { sale }) }
  }
  if (stray !== 29 || which % 4 > 0 || till.sequence < 3) return write(till, item, made)
  const position = till.position()
  till.sequence -= 1
  return made({ ...position, sequence: till.sequence })
}

export function presentmentOf(till: TestTill, sale: Sale_, each: TillStep): Item {
  const { decided, sold } = sale
  const { terminalId } = till
  const answer = (whole: Whole, { sequence, hash }: JournalPosition): Verdict =>
    presentment(whole, terminalId, { ...sold, sequence }, hash)
  return placed(till, each, till.presentment(decided, nowhere), answer, sale)
}

/** A sale under an id that means something else. */
export function resold(sale: Sale_): Sale_ {
  return { ...sale, sold: { ...sale.sold, saleHash: saleHashOf({ saleId: sale.sold.tender, lines: [] }) } }
}

export function qrTerms({ whole, till, id, baskets }: Selling, each: TillStep): QrTerms {
  const payer = pick(Object.keys(people), each.whom)
  const most = amountFor(whole, payer, '', { ...each, kind: 'pay_qr' })
  const tenderId = id(each)
  const { amount, saleHash } = baskets.ask(till.terminalId, tenderId, id({ ...each, stray: 9 }), most, each)
  const terms = { ...termsOf(till, amount, tenderId), saleHash }
  const payee = each.stray === 2 ? pick(merchants, each.whom) : need(whole.tills, till.terminalId).merchant
  const lasts = each.stray === 1 ? pick([0, 2 * 3_600_000], each.which) : 300_000
  return { ...terms, payeeAccount: `merchant.${payee}`, expiresAt: till.clock.now + lasts }
}

/** Of a tender of this till, mostly one that fits. */
export function itemOf({ whole, till, id, baskets }: Selling, each: TillStep): Item | undefined {
  const { kind, which, whom } = each
  const { terminalId } = till
  const own = [...whole.tenders].filter(([, tender]) => tender.till === terminalId || each.stray === 3)
  const fitting = own.filter(([, { state }]) => which % 5 === 0 || states[kind]?.includes(state) === true)
  const [tenderId, tender] = fitting.at(-1 - (whom % 3)) ?? fitting[0] ?? []
  switch (kind) {
    case 'capture': {
      if (tenderId === undefined || tender === undefined) return undefined
      const shown = {
        amount: tender.asked?.amount ?? 0n,
        before: paidByOthers(whole, tenderId, tender),
        now: till.clock.now,
      }
      const sold = baskets.shown(tenderId, shown, each)
      return placed(till, each, till.capture(tenderId, sold, nowhere), (of, position) =>
        capture(of, terminalId, tenderId, position, sold === undefined ? sold : shownIn(sold)),
      )
    }
    case 'reverse_tender': {
      const gone = each.stray < 3 || tenderId === undefined ? id({ ...each, stray: 9 }) : tenderId
      return placed(till, each, till.reversal(gone, nowhere), (of, position) =>
        reversal(of, terminalId, gone, position),
      )
    }
    case 'refund_tender': {
      if (tenderId === undefined || tender === undefined) return undefined
      const paid = tender.sold?.lines ??
        tender.asked?.lines ?? [{ line: 1, amount: tender.sold?.amount ?? tender.asked?.amount ?? 0n }]
      const part = (amount: bigint): bigint =>
        each.size === 'single' ? amount + 1n : which % 2 === 0 ? amount : (amount * BigInt(whom % 7)) / 9n
      const lines = paid
        .slice(0, 1 + (whom % 3))
        .map(({ line, amount }) => ({ line, amount: tiyn(part(amount)) }))
        .filter(({ amount }) => amount > 0n)
      if (lines.length === 0) return undefined
      const refundId = id(each)
      return placed(till, each, till.refund(tenderId, lines, refundId, nowhere), (of, position) =>
        refundItem(of, terminalId, { refundId, tenderId, lines }, position),
      )
    }
    case 'surrender': {
      const ofScheme: readonly string[] = each.scheme === undefined ? schemeIds : [each.scheme]
      const leases = [...whole.leases].filter(
        ([, { till: at, scheme }]) => (at === terminalId || each.stray === 3) && ofScheme.includes(scheme),
      )
      const [leaseId, lease] = leases.at(-1 - (whom % 2)) ?? []
      const slotId = [...(lease?.slots.keys() ?? [])][0]
      if (leaseId === undefined || slotId === undefined) return undefined
      const surrenderId = id(each)
      const item = { kind: 'surrender', surrenderId, leaseId, slotId, position: nowhere } as const
      return placed(till, each, item, (of, position) =>
        surrender(of, terminalId, { surrenderId, leaseId, slotId }, position),
      )
    }
    default:
      return undefined
  }
}

const states: Readonly<Record<string, readonly string[] | undefined>> = {
  capture: ['held'],
  reverse_tender: ['settled', 'held', 'awaiting_funds', 'not_paid', 'requested'],
  refund_tender: ['settled'],
}

/** What one item refunds, for who counts. */
export const amountOf = (item: SyncItem): bigint =>
  item.kind === 'refund' ? sum(item.lines.map(({ amount }) => amount)) : 0n
