/**
 * The ledger that the whole model is compared with: real SQLite on disk, the real door. Few of everybody, so that they
 * meet often: two banks, agencies, merchants, tills, cards; four people of three tiers.
 *
 * It is filled once and copied for each story.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { openAccount, type AccountKind } from '../../../../ledger-sim/accounts/accounts.ts'
import { supplyCash } from '../../../../ledger-sim/accounts/cash.ts'
import {
  depositNonCash,
  issueToBank,
  needClientNonCash,
  openBank,
  openCentralBank,
  sellToClient,
} from '../../../../ledger-sim/accounts/conversions.ts'
import { auditFile } from '../../../../ledger-sim/audit.ts'
import { inTransaction, newId, type LedgerPorts, type Work } from '../../../../ledger-sim/context.ts'
import type { Role } from '../../../../ledger-sim/http/operation.ts'
import type { Tier } from '../../../../ledger-sim/individuals/tiers.ts'
import { ledgerKeysOf, newLedgerSecrets } from '../../../../ledger-sim/keys.ts'
import { createLedger } from '../../../../ledger-sim/ledger.ts'
import { seededRandom } from '../../../../ledger-sim/scenarios/seeded-random.ts'
import { entitle } from '../../../../ledger-sim/schemes/beneficiaries.ts'
import { registerCard } from '../../../../ledger-sim/schemes/cards.ts'
import { joinHousehold } from '../../../../ledger-sim/schemes/households.ts'
import { registerMerchant } from '../../../../ledger-sim/schemes/merchants.ts'
import { publishScheme } from '../../../../ledger-sim/schemes/schemes.ts'
import { openStore } from '../../../../ledger-sim/store/open-store.ts'
import { issueEnrolmentCode } from '../../../../ledger-sim/terminals/enrolment.ts'
import { keepClientTransfers } from '../../../../ledger-sim/transfers/client-transfers.ts'
import { registerTerminal } from '../../../../ledger-sim/terminals/terminals.ts'
import { cardPseudonym } from '../../../../src/sync/protocol/card-pseudonym.ts'
import { tiyn } from '../../../../src/voucher/money.ts'
import type { Scheme } from '../../../../src/voucher/scheme.ts'
import {
  dayMs,
  p256,
  schoolMorning,
  temporaryFolder,
  TestSigner,
  TestTill,
  type TestCard,
  type TestClock,
} from '../../../integration/ledger/demo-ledger.ts'
import { periodId, periodsOfScheme } from './slots.ts'
import { need, type SchemePolicy } from './state.ts'

export const banks = ['bank-a', 'bank-b'] as const
export const merchants = ['canteen', 'kiosk'] as const
export const tillIds = ['till-1', 'till-2'] as const
/** Each one's account has the name of its owner, but the tax authority's and Dana's second one. */
export const agencies = { education: 'bank-a', social: 'bank-b' } as const
interface PersonsAccount {
  readonly tier: Tier
  readonly bank: string
  readonly funds: bigint
}
export const people: Readonly<Record<string, PersonsAccount>> = {
  aru: { tier: 'anonymous', bank: 'bank-a', funds: 15_000_000n },
  berik: { tier: 'simplified', bank: 'bank-a', funds: 40_000_000n },
  dana: { tier: 'simplified', bank: 'bank-b', funds: 50_000_000n },
  erlan: { tier: 'full', bank: 'bank-b', funds: 1_000_000_000n },
  'dana-too': { tier: 'simplified', bank: 'bank-a', funds: 40_000_000n },
}
/** Of a person's account. */
export const ownerOf = (account: string): string => (account === 'dana-too' ? 'dana' : account)
export const roleOf = (owner: string): Role => {
  if (owner === 'central-bank' || owner === 'auditor') return owner
  if (owner === 'tax-authority') return 'legal-entity'
  if (owner in agencies) return 'agency'
  if (owner.startsWith('bank-')) return 'bank'
  return (merchants as readonly string[]).includes(owner) ? 'merchant' : 'individual'
}
export const owners: readonly string[] = [
  'central-bank',
  'auditor',
  'tax-authority',
  ...banks,
  ...merchants,
  ...Object.keys(agencies),
  ...new Set(Object.keys(people).map(ownerOf)),
]

const periodMs = 3 * dayMs
export const firstFrom = schoolMorning - periodMs / 2
const everything = tiyn(10n ** 12n)

/**
 * A lunch in each period; food for a sum, of which the merchant bears what comes too late; meals that tills sell from
 * pools, two in a period.
 */
export const schemes = {
  lunch: { agency: 'education', category: 'lunch', count: 1, amount: 100_000n, agencyBears: 150_000n },
  groceries: { agency: 'social', category: 'food', count: 50, amount: 400_000n, agencyBears: 0n },
  meals: { agency: 'education', category: 'food', count: 2, amount: 120_000n, agencyBears: 200_000n },
  milk: { agency: 'social', category: 'food', count: 50, amount: 100_000n, agencyBears: 150_000n },
  fruit: { agency: 'education', category: 'food', count: 2, amount: 120_000n, agencyBears: 100_000n },
  bread: { agency: 'social', category: 'food', count: 50, amount: 100_000n, agencyBears: 150_000n },
} as const
export type SchemeId = keyof typeof schemes
/** Where payments are counted, what one may be; where an allowance passes on to the next period, how much may. */
interface MoreOfScheme {
  readonly perTap?: bigint
  readonly carries?: { readonly count: number; readonly amount: bigint }
  /** The most that is lent of one allowance. */
  readonly bridge?: { readonly count: number; readonly amount: bigint }
  /** From when on the money that is not promised goes back. */
  readonly returnsBy?: number
  readonly activateUntil?: number
  /** Where it pays, beside no merchant by name. */
  readonly where?: { readonly regions: string[]; readonly kinds: string[] }
}
const more: Readonly<Partial<Record<SchemeId, MoreOfScheme>>> = {
  lunch: { perTap: 100_000n },
  meals: { carries: { count: 0, amount: 50_000n } },
  milk: { carries: { count: 0, amount: 130_000n }, bridge: { count: 50, amount: 60_000n } },
  fruit: { perTap: 60_000n, carries: { count: 1, amount: 0n }, bridge: { count: 1, amount: 60_000n } },
  bread: {
    returnsBy: schoolMorning + 6 * dayMs,
    activateUntil: schoolMorning + 5 * dayMs,
    where: { regions: ['751000000'], kinds: ['5411', '8211'] },
  },
}
/** Within its region 75-10; in 75-11, of another kind; all of the region; above it; where nobody knows. */
export const places = [
  { region: '751011000', kind: '5411' },
  { region: '751111000', kind: '5411' },
  { region: '751011000', kind: '5812' },
  { region: '751000000', kind: '8211' },
  { region: '750000000', kind: '8211' },
  {},
] as const
export const firstPlace = places[0]
export const moreOf = (schemeId: SchemeId): MoreOfScheme => more[schemeId] ?? {}
/** Whose slots are leased: what a step is about that names no other one. */
export const schemeIds: readonly SchemeId[] = ['lunch', 'groceries']
export const allSchemeIds: readonly SchemeId[] = [...schemeIds, 'meals', 'milk', 'fruit', 'bread']
/** When a story begins. */
export const policyOf = (schemeId: SchemeId): SchemePolicy => (schemeId === 'meals' ? 'lease-pool' : 'lease-listed')
export const allowedPolicyAgeMs = dayMs

export function schemeOf(
  schemeId: SchemeId,
  version: number,
  status: Scheme['status'],
  policy = policyOf(schemeId),
): Scheme {
  const { agency, category, count, amount, agencyBears } = schemes[schemeId]
  const { perTap, carries, bridge, returnsBy, activateUntil, where } = moreOf(schemeId)
  const carried =
    perTap === undefined
      ? ({ kind: 'amount', amount: tiyn(carries?.amount ?? 0n) } as const)
      : ({ kind: 'count', count: carries?.count ?? 0 } as const)
  return {
    schemeId,
    version,
    agencyId: agency,
    name: { kk: schemeId, ru: schemeId, en: schemeId },
    status,
    benefit:
      perTap === undefined
        ? { kind: 'amount', perPeriod: tiyn(amount) }
        : { kind: 'count', perPeriod: count, maximumPerTap: tiyn(perTap) },
    ...(bridge !== undefined && {
      bridge:
        perTap === undefined
          ? ({ kind: 'amount', amount: tiyn(bridge.amount) } as const)
          : ({ kind: 'count', count: bridge.count } as const),
    }),
    // Each third version lets it lapse, and the money stay.
    ...(returnsBy !== undefined && version % 3 > 0 && { unused: { kind: 'returns', by: returnsBy } }),
    ...(carries !== undefined && version % 3 > 0 && { unused: { kind: 'carries_over', atMost: carried } }),
    periods: Array.from({ length: periodsOfScheme }, (_, index) => {
      const window = { from: firstFrom + index * periodMs, to: firstFrom + (index + 1) * periodMs }
      return { periodId: periodId(index), ...window, openings: [window] }
    }),
    merchants: where === undefined ? [...merchants] : [],
    ...(where !== undefined && { where: { ...where, except: [] } }),
    ...(activateUntil !== undefined && { activation: { by: 'beneficiary', until: activateUntil } }),
    goods: [{ goods: { by: 'category', categories: [category] }, unitsPerPiece: 1, pays: { kind: 'whole' } }],
    caps: {
      perSale: everything,
      perBeneficiaryAndPeriod: everything,
      countPerBeneficiary: count + (carries?.count ?? 0),
      terminalExposure: everything,
      ageSinceSyncMs: 3 * dayMs,
    },
    offline: {
      policy,
      allowedPolicyAgeMs,
      lossBearer: agencyBears > 0n ? { kind: 'agency', upTo: tiyn(agencyBears) } : { kind: 'merchant' },
    },
    order: 1 + allSchemeIds.indexOf(schemeId),
  }
}

/**
 * Each holder has one card. The first two are in both schemes under another pseudonym, the third shares the groceries
 * of the first.
 */
export const holders = ['a', 'b', 'c'].map((letter) => letter.repeat(32))
/** Whose they are, whatever the other agency entitles them to. */
export const agencyOfHolder = ['education', 'education', 'social']
/** Whom nobody has named when a story begins. */
export const strangers = ['1', '2', '3'].map((digit) => digit.repeat(32))
/** Of the third in the scheme where it is nobody: what it would be. */
export const beneficiaryOf = (schemeId: SchemeId, index: number): string =>
  beneficiaries[schemeId].charAt(index).repeat(32)
const beneficiaries = { lunch: 'cd9', groceries: 'efe', meals: '456', milk: '789', fruit: '012', bread: '3ab' } as const

const secrets = newLedgerSecrets(seededRandom('whole/secrets'))
const keys = ledgerKeysOf(secrets)
const uidOf = (last: number): Uint8Array => Uint8Array.of(4, 1, 2, 3, 4, 5, last)
const uidsMost = [1, 2, 3, 4, 5, 6, 7]
const uids = [1, 2, 3].map(uidOf)
/** Of the cards that are there, and of those that are made in a story; hex. */
export const allUids = uidsMost.map((last) => Buffer.from(uidOf(last)).toString('hex').toUpperCase())
const cardNames = new Map(
  allUids.map((uid) => [uid, cardPseudonym(keys.cardReferenceKey, new Uint8Array(Buffer.from(uid, 'hex')))]),
)

export interface WholeWorld {
  readonly clock: TestClock
  readonly ports: LedgerPorts
  readonly recovered: readonly unknown[]
  readonly paths: readonly string[]
  readonly tills: ReadonlyMap<string, TestTill>
  readonly cards: readonly TestCard[]
  /** Also those that are not made yet. */
  card(name: string): TestCard
  /** By UID, as in `allUids`. */
  readonly cardNames: ReadonlyMap<string, string>
  id(): string
  as(owner: string): TestSigner
  /** Who signs with another key from now on. */
  replace(owner: string, signer: TestSigner): void
  signer(seed: string): TestSigner
  rows(table: string): Promise<Record<string, unknown>[]>
  /** @throws what the audit finds */
  audit(): void
  close(): Promise<void>
}

let template: Promise<{ readonly bytes: Buffer; readonly cards: readonly string[] }> | undefined

export async function wholeWorld(seed: string): Promise<WholeWorld> {
  template ??= filled()
  const { bytes: full, cards: pseudonyms } = await template
  const folder = temporaryFolder()
  const path = join(folder.path, 'ledger.db')
  writeFileSync(path, full)
  const clock: TestClock = { now: schoolMorning }
  const recovered: unknown[] = []
  const store = await openStore(path)
  const random = seededRandom(`whole/${seed}`)
  const onDidRecover = (error: unknown): void => void recovered.push(error)
  const ports: LedgerPorts = { store, clock: () => clock.now, random, keys, onDidRecover }
  const ledger = createLedger(ports)
  const testRandom = seededRandom(`whole-test/${seed}`)
  const signer = (name: string): TestSigner => new TestSigner(ledger, clock, testRandom, p256(`whole/${name}`))
  const signers = new Map(owners.map((owner) => [owner, signer(owner)]))
  const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
  const cards = new Map(
    uidsMost.map(uidOf).map((uid, index): [string, TestCard] => {
      const pseudonym = cardPseudonym(keys.cardReferenceKey, uid)
      const [fileReadKey, tillKey] = [keys.diversify(uid, 2), keys.diversify(uid, 3)]
      const label = `card ${index}`
      return [
        pseudonym,
        { label, pseudonym, uid, fileReadKey, metaReadKey: bytes(secrets.metaReadKey), tillKey, counter: 0 },
      ]
    }),
  )
  return {
    clock,
    ports,
    recovered,
    paths: ledger.operations.map(({ method, path: of }) => `${method} ${of}`),
    tills: new Map(
      tillIds.map((tillId) => [tillId, new TestTill(ledger, clock, testRandom, tillId, p256(`whole/${tillId}`))]),
    ),
    cardNames,
    cards: pseudonyms.map((name) => need(cards, name)),
    card: (name) => need(cards, name),
    id: () => v7({ msecs: clock.now, random: testRandom(16) }),
    as: (owner) => {
      const found = signers.get(owner)
      if (found === undefined) throw new Error(`nobody is ${owner}`)
      return found
    },
    replace: (owner, by) => void signers.set(owner, by),
    signer,
    rows: (table) =>
      store.transaction((connection) =>
        connection
          .selectFrom(table as 'account')
          .selectAll()
          .execute(),
      ),
    audit: () => {
      const report = auditFile(path)
      if (report?.balanced !== true) throw new Error(report?.text)
    },
    close: async () => {
      await store.close()
      folder.remove()
    },
  }
}

async function filled(): Promise<{ readonly bytes: Buffer; readonly cards: readonly string[] }> {
  const folder = temporaryFolder()
  const path = join(folder.path, 'template.db')
  const store = await openStore(path)
  const random = seededRandom('whole/template')
  const ports: LedgerPorts = { store, clock: () => schoolMorning, random, keys }
  const codes = new Map<string, string>()
  const cards: string[] = []
  await inTransaction(ports, async (work) => {
    await openEverybody(work)
    for (const schemeId of allSchemeIds) await publishScheme(work, schemeOf(schemeId, 1, 'active'))
    for (const [index, uid] of uids.entries()) {
      const holder = holders[index] ?? ''
      cards.push((await registerCard(work, { uid, holder, agencyId: agencyOfHolder[index] ?? '' })).card)
      for (const schemeId of index < 2 ? allSchemeIds : [])
        await entitle(work, { schemeId, beneficiary: beneficiaryOf(schemeId, index), holder })
    }
    const [first = '', , third = ''] = holders
    const shared = { schemeId: 'groceries', beneficiary: beneficiaryOf('groceries', 2), holder: third }
    await joinHousehold(work, shared, first)
    for (const [index, tillId] of tillIds.entries()) {
      await registerTerminal(work, tillId, merchants[index] ?? '', 'education')
      codes.set(tillId, (await issueEnrolmentCode(work, tillId)).code)
    }
    for (const owner of owners) {
      const { keyId, jwk } = p256(`whole/${owner}`)
      const row = { key_id: keyId, jwk: JSON.stringify(jwk), role: roleOf(owner), owner, status: 'active' } as const
      await work.connection.insertInto('principal').values(row).execute()
    }
  })
  const clock: TestClock = { now: schoolMorning }
  const ledger = createLedger(ports)
  for (const [tillId, code] of codes)
    await new TestTill(ledger, clock, seededRandom(tillId), tillId, p256(`whole/${tillId}`)).enrol(code)
  await store.close()
  const full = readFileSync(path)
  folder.remove()
  return { bytes: full, cards }
}

/** What each has at the beginning, tiyn; people above. */
const funds = { bank: 120_000_000n, nonCash: 400_000_000n, agency: 2_500_000n, merchant: 50_000n }

/** What its bank registers. */
export function merchantAt(merchantId: string, place: (typeof places)[number]) {
  const texts = { kk: merchantId, ru: merchantId, en: merchantId }
  const catalogue = ['lunch', 'food', 'books'].map((category) => {
    return { itemId: `some-${category}`, name: texts, category, unitPrice: tiyn(10_000n) }
  })
  const categories = catalogue.map(({ category }) => ({ category, name: texts }))
  const merchant = { merchantId, accountId: `merchant.${merchantId}`, name: texts, address: texts, ...place }
  return { merchant, catalogue, categories }
}

/** By the same functions as the demonstration's world. */
async function openEverybody(work: Work): Promise<void> {
  await openCentralBank(work, 'central-bank')
  const open = async (accountId: string, owner: string, kind: AccountKind, bank: string, dt: bigint, tier?: Tier) => {
    const account = { accountId, owner, kind, bank, name: owner, currency: 'DT' } as const
    await openAccount(work, tier === undefined ? account : { ...account, tier })
    const nonCash = await needClientNonCash(work, bank, owner)
    await depositNonCash(work, nonCash, tiyn(funds.nonCash + dt), newId(work))
    await sellToClient(work, bank, account, tiyn(dt), newId(work))
  }
  for (const bank of banks) {
    await openBank(work, bank, bank)
    const clients = Object.values(people).filter((person) => person.bank === bank)
    const all = tiyn(clients.reduce((sum, person) => sum + person.funds, funds.bank))
    await depositNonCash(work, `${bank}.reserve`, tiyn(all + funds.nonCash), newId(work))
    await issueToBank(work, bank, all, newId(work))
    const cash = { transferId: newId(work), kind: 'cash-supply', amount: tiyn(funds.nonCash) } as const
    await supplyCash(work, bank, cash.amount, cash.transferId)
    const parties = { madeBy: 'central-bank', payer: 'cash.outside', payee: `${bank}.cash` }
    await keepClientTransfers(work, [{ ...cash, ...parties }])
  }
  await open('budget', 'tax-authority', 'legal-entity', 'bank-a', 0n)
  for (const [agency, bank] of Object.entries(agencies)) await open(agency, agency, 'agency', bank, funds.agency)
  for (const [index, merchantId] of merchants.entries()) {
    const bank = banks[index] ?? ''
    const { merchant, ...tiles } = merchantAt(merchantId, firstPlace)
    await registerMerchant(work, merchant, tiles, bank)
    const account = { accountId: merchant.accountId, owner: merchantId }
    const nonCash = await needClientNonCash(work, bank, merchantId)
    await depositNonCash(work, nonCash, tiyn(funds.nonCash), newId(work))
    await sellToClient(work, bank, account, tiyn(funds.merchant), newId(work))
  }
  for (const [account, { tier, bank, funds: own }] of Object.entries(people))
    await open(account, ownerOf(account), 'individual', bank, own, tier)
}
