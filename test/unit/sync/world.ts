/**
 * A small invented world for the tests of journal and engine: one scheme, one lease, one merchant, and the rows that a
 * till writes about them. Everything random comes from a seed.
 */
import { createHash, generateKeyPairSync } from 'node:crypto'
import Database from 'better-sqlite3'
import type { StoredKeys } from '../../../src/sync/engine/key-ring.ts'
import { Journal } from '../../../src/sync/journal/journal.ts'
import type { Anchor } from '../../../src/sync/journal/data-folder.ts'
import type { RowOf } from '../../../src/sync/journal/rows.ts'
import { hashOf, saleHashOf } from '../../../src/sync/protocol/canonical.ts'
import { signingKey, signTagged } from '../../../src/sync/protocol/keys.ts'
import type { Evidence, ItemResult, SignedItemResult, SignedPackage } from '../../../src/sync/protocol/messages.ts'
import { decide, type DecisionInput } from '../../../src/voucher/decide.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import type { Lease, TerminalPackage } from '../../../src/voucher/package.ts'
import type { Sale } from '../../../src/voucher/sale.ts'
import { saleTotal } from '../../../src/voucher/sale.ts'
import type { Scheme } from '../../../src/voucher/scheme.ts'
import { slotIdOf, type Slot } from '../../../src/voucher/slot.ts'

const privateJwk = (type: 'ec' | 'ed25519') =>
  type === 'ec'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
    : generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })

const terminalJwk = privateJwk('ec')
export const terminalKey = signingKey(terminalJwk)
/** As they lie in the terminal's folder. */
export const storedTerminalKeys: StoredKeys = {
  signing: { ...terminalJwk },
  encryption: Buffer.alloc(32, 9).toString('base64url'),
}
export const ledgerKey = signingKey(privateJwk('ed25519'))
export const otherLedgerKey = signingKey(privateJwk('ed25519'))

/** 2026-11-23T07:00:00Z, a Monday at noon in Almaty. */
export const noon = 1_795_417_200_000
const hour = 3_600_000

/** Repeats exactly for the same seed. */
export class Seeded {
  readonly seed: string
  #count = 0

  constructor(seed: string) {
    this.seed = seed
  }

  bytes(length: number): Uint8Array {
    const blocks: Buffer[] = []
    while (blocks.length * 32 < length)
      blocks.push(
        createHash('sha256')
          .update(`${this.seed}/${(this.#count += 1)}`)
          .digest(),
      )
    return Buffer.concat(blocks).subarray(0, length)
  }

  /** 0 to below − 1. */
  int(below: number): number {
    return Buffer.from(this.bytes(4)).readUInt32BE() % below
  }

  pick<T>(from: readonly T[]): T {
    return from[this.int(from.length)]!
  }

  uuid(): string {
    const bytes = Buffer.from(this.bytes(16))
    bytes.writeUIntBE(noon, 0, 6)
    bytes[6] = 0x70 | (bytes[6]! & 0x0f)
    bytes[8] = 0x80 | (bytes[8]! & 0x3f)
    const hex = bytes.toString('hex')
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
  }
}

/** A seed of this run unless `TOLEM_SEED` names one; printed, so that a failure can be repeated. */
export function printedSeed(test: string): Seeded {
  const seed = process.env['TOLEM_SEED'] ?? String(Date.now())
  console.log(`${test}: TOLEM_SEED=${seed}`)
  return new Seeded(seed)
}

const texts = (name: string) => ({ kk: name, ru: name, en: name })

export const scheme: Scheme = {
  schemeId: 'school-lunch',
  version: 1,
  agencyId: 'agency-1',
  name: texts('Lunch'),
  status: 'active',
  benefit: { kind: 'count', perPeriod: 1, maximumPerTap: tiyn(120_000n) },
  periods: [
    {
      periodId: '2026-11-23',
      from: noon - 12 * hour,
      to: noon + 12 * hour,
      openings: [{ from: noon - 6 * hour, to: noon + 6 * hour }],
    },
  ],
  merchants: ['canteen-1'],
  goods: [{ goods: { by: 'category', categories: ['food'] }, unitsPerPiece: 1, pays: { kind: 'whole' } }],
  caps: {
    perSale: tiyn(200_000n),
    perBeneficiaryAndPeriod: tiyn(200_000n),
    countPerBeneficiary: 2,
    terminalExposure: tiyn(50_000_000n),
    ageSinceSyncMs: 24 * hour,
  },
  offline: { policy: 'lease-listed', allowedPolicyAgeMs: 24 * hour, lossBearer: { kind: 'merchant' } },
  order: 1,
}

export const leaseId = '019aaf00-0000-7000-8000-0000000001ea'

export function slotOf(beneficiary: string): Slot {
  return {
    slotId: slotIdOf(scheme.schemeId, beneficiary, '2026-11-23'),
    schemeId: scheme.schemeId,
    beneficiary,
    periodId: '2026-11-23',
    countAllowed: 1,
    amountAllowed: tiyn(120_000n),
    countSpent: 0,
    amountSpent: tiyn(0n),
    booked: [],
  }
}

/** A card of the profile `uid`, and one that proves itself: with a sealed key, which is not one that opens. */
export function leaseOf(seeded: Seeded, sellUntil: number): Lease {
  const hex = (bytes: number) => Buffer.from(seeded.bytes(bytes)).toString('hex')
  const sealedTillKey = Buffer.from(seeded.bytes(64)).toString('base64url')
  const cards = [{ card: hex(16) }, { card: hex(16), sealedTillKey }]
  return {
    leaseId: seeded.uuid(),
    schemeId: scheme.schemeId,
    amount: tiyn(120_000n),
    sellUntil,
    presentUntil: sellUntil + 14 * 24 * hour,
    slots: [{ slot: slotOf(hex(16)), cards }],
  }
}

export function packageOf(version: number, more: Partial<TerminalPackage> = {}): TerminalPackage {
  return {
    packageId: new Seeded(`package ${version}`).uuid(),
    version,
    terminalId: 'till-1',
    engineVersion: 1,
    issuedAt: noon,
    merchant: {
      merchantId: 'canteen-1',
      accountId: 'canteen-1-dt',
      name: texts('Canteen'),
      address: texts('Street 1'),
    },
    cardReferenceKey: 'ab'.repeat(32),
    schemes: [scheme],
    leases: [],
    hotlist: { version: 1, issuedAt: noon, prefixBytes: 7, cards: '' },
    catalogue: [],
    categories: [],
    ...more,
  }
}

export function signedPackage(terminalPackage: TerminalPackage, key = ledgerKey): SignedPackage {
  return { package: terminalPackage, signature: signTagged(key, 'tolem/package/1', terminalPackage) }
}

export function saleOf(seeded: Seeded): Sale {
  const unitPrice = tiyn(BigInt(1_000 * (1 + seeded.int(100))))
  const line = { line: 1, itemId: 'lunch', name: texts('Lunch'), category: 'food', quantity: 1, unitPrice }
  return { saleId: seeded.uuid(), lines: [line] }
}

export function saleFrozen(sale: Sale): RowOf<'sale_frozen'> {
  return { kind: 'sale_frozen', sale, total: saleTotal(sale) }
}

/** A tender as `CardPayment` journals it: really decided. */
export function intentOf(seeded: Seeded, sale: Sale, mode: 'online' | 'offline'): RowOf<'tender_intent'> {
  const card = Buffer.from(seeded.bytes(16)).toString('hex')
  const slot = slotOf(Buffer.from(seeded.bytes(16)).toString('hex'))
  const input: DecisionInput = {
    engineVersion: 1,
    mode,
    trustedTime: noon,
    merchantId: 'canteen-1',
    card: { card, blocked: false },
    schemes: [scheme],
    slots: [slot],
    localSpends: [],
    leases: [{ schemeId: scheme.schemeId, sellUntil: noon + hour }],
    terminal: { clockTrusted: true, packageIssuedAt: noon, lastSyncAt: noon, exposure: [] },
    sale,
    covered: [],
  }
  const decision = decide(input)
  if (decision.verdict !== 'approve') throw new Error(decision.code)
  const part = decision.parts[0]!
  const { schemes: _named, ...recorded } = input
  const record = {
    packageId: packageOf(1).packageId,
    packageHash: 'cd'.repeat(32),
    hotlistVersion: 1,
    input: recorded,
    decision,
    part: 0,
  }
  return {
    kind: 'tender_intent',
    terms: {
      tenderId: seeded.uuid(),
      payerSlot: part.slotId,
      payeeAccount: 'canteen-1-dt',
      amount: part.amount,
      schemeId: part.schemeId,
      saleHash: saleHashOf(sale),
    },
    saleId: sale.saleId,
    mode,
    card,
    leaseId: mode === 'offline' ? leaseId : null,
    part,
    record,
  }
}

export function evidenceOf({ record, terms }: RowOf<'tender_intent'>): Evidence {
  const sun = {
    e: 'EF963FF7828658A599F3041510671E88',
    b: hashOf('tolem/tender-terms/1', terms).toUpperCase(),
    m: '94EED9EE65337086',
  }
  const cardProof = { profile: 'ntag424' as const, sun }
  return {
    cardProof,
    record,
    signature: signTagged(terminalKey, 'tolem/decision-record/1', { record, cardProof, terms }),
  }
}

export function approvedOffline(intent: RowOf<'tender_intent'>): RowOf<'approved_offline'> {
  return {
    kind: 'approved_offline',
    tenderId: intent.terms.tenderId,
    evidence: evidenceOf(intent),
    leaseId,
    decidedAt: noon,
  }
}

/** The ledger's signed word. */
export function itemOf(
  itemId: string,
  state: ItemResult['state'],
  more: Partial<ItemResult> = {},
  key = ledgerKey,
): SignedItemResult {
  const result: ItemResult = {
    itemId,
    arrival: 'created',
    state,
    paidBy: state === 'settled' ? 'escrow' : null,
    amount: tiyn(1n),
    refusal: state === 'refused' ? 'INSUFFICIENT_FUNDS' : null,
    loss: state === 'not_paid' ? 'SLOT_ALREADY_USED' : null,
    slot: null,
    at: noon,
    ...more,
  }
  return { result, signature: signTagged(key, 'tolem/item-result/1', result) }
}

/** A journal in memory, at noon unless told otherwise. */
export function journalInMemory(
  of: { database?: Database.Database; now?: () => number; anchor?: Anchor } = {},
): Journal {
  const options = { now: of.now ?? (() => noon) }
  return new Journal(
    of.database ?? new Database(':memory:'),
    of.anchor === undefined ? options : { ...options, anchor: of.anchor },
  )
}

/** Sells offline: freezes a sale and accepts it under the lease. */
export function sellOffline(journal: Journal, seeded: Seeded): RowOf<'tender_intent'> {
  const sale = saleOf(seeded)
  const intent = intentOf(seeded, sale, 'offline')
  journal.commit(saleFrozen(sale), intent)
  journal.commit(approvedOffline(intent))
  return intent
}

/** Leaves a tender unknown, with its evidence unless a crash came between. */
export function leaveUnknown(journal: Journal, seeded: Seeded, withEvidence = true): RowOf<'tender_intent'> {
  const sale = saleOf(seeded)
  const intent = intentOf(seeded, sale, 'online')
  journal.commit(saleFrozen(sale), intent)
  journal.commit({
    kind: 'tender_unknown',
    tenderId: intent.terms.tenderId,
    evidence: withEvidence ? evidenceOf(intent) : null,
  })
  return intent
}
