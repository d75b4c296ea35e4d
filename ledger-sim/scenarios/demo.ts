/**
 * The demonstration's world, the same for the same seed: an invented education department funds a school lunch and a
 * food voucher by the real path, pupils and families have cards, a few customers have wallets, two tills stand in a
 * school canteen.
 */
import { createECDH, createHmac, type JsonWebKey } from 'node:crypto'
import { signingKey, type PublicJwk } from '../../src/sync/protocol/keys.ts'
import { toHex } from '../../src/voucher/cards/bytes.ts'
import type { DiversifiedKeyNumber } from '../../src/voucher/cards/card-keys.ts'
import { tiyn, type Tiyn } from '../../src/voucher/money.ts'
import type { Scheme } from '../../src/voucher/scheme.ts'
import { findAccount, openAccount, type NewAccount } from '../accounts/accounts.ts'
import {
  depositNonCash,
  issueToBank,
  needClientNonCash,
  openBank,
  openCentralBank,
  reserveAccountOf,
  sellToClient,
} from '../accounts/conversions.ts'
import type { Posted } from '../accounts/transfers.ts'
import { inTransaction, newId, type LedgerPorts, type Work } from '../context.ts'
import type { Role } from '../http/operation.ts'
import { ledgerKeysOf, type LedgerSecrets } from '../keys.ts'
import { bindCard } from '../individuals/account-cards.ts'
import { setLeasePolicy } from '../leases/policy.ts'
import { entitle } from '../schemes/beneficiaries.ts'
import { registerCard, setCardStatus } from '../schemes/cards.ts'
import { fundScheme } from '../schemes/funding.ts'
import { registerMerchant } from '../schemes/merchants.ts'
import { publishScheme } from '../schemes/schemes.ts'
import { issueEnrolmentCode, type EnrolmentCode } from '../terminals/enrolment.ts'
import { writeMeta } from '../store/meta.ts'
import { registerTerminal } from '../terminals/terminals.ts'
import { canteen, canteenTiles, shop, shopTiles } from './demo-merchants.ts'
import { demoAgency, demoCanteen, demoShop, foodVoucher, schoolLunch } from './demo-schemes.ts'
import { seededRandom } from './seeded-random.ts'

export const demoBank = 'dala-bank'
export const demoCentralBank = 'central-bank'
export const demoTerminals = ['till-1', 'till-2'] as const

/** One card for the virtual hardware, with the keys that an issuing desk writes, upper-case hex. */
export interface IssuedCard {
  readonly label: string
  readonly uid: string
  readonly kind: 'ntag424'
  readonly keys: Readonly<Record<'0' | '1' | '2' | '3' | '4', string>>
}

export interface RoleKey {
  readonly role: Role
  readonly owner: string
  readonly privateJwk: JsonWebKey
}

export interface DemoWorld {
  readonly cards: readonly IssuedCard[]
  /** By label: under which pseudonym tills and ledger know a card. */
  readonly pseudonyms: Readonly<Record<string, string>>
  readonly roleKeys: readonly RoleKey[]
  readonly enrolmentCodes: readonly EnrolmentCode[]
  /** Which cards till-1 gets leased, which it does not, which is blocked: labels. */
  readonly leasedToFirstTill: readonly string[]
  readonly blocked: readonly string[]
}

export interface DemoWishes {
  /** Is given the world just before it is committed, to put its cards and keys where they are needed. */
  readonly keep?: (world: DemoWorld) => void
  /** A customer pays by card as well. */
  readonly withCbdcCard?: boolean
}

interface Person {
  readonly label: string
  readonly scheme: 'school-lunch' | 'food-voucher'
  readonly leased: boolean
  readonly blocked: boolean
}

/** Thirty pupils (20 leased to till-1, nine on line only, one blocked), five families (three leased). */
const people: readonly Person[] = [
  ...Array.from({ length: 30 }, (_, index) => ({
    label: `Pupil ${String(index + 1).padStart(2, '0')}`,
    scheme: 'school-lunch' as const,
    leased: index < 20,
    blocked: index === 29,
  })),
  ...Array.from({ length: 5 }, (_, index) => ({
    label: `Family ${String(index + 1).padStart(2, '0')}`,
    scheme: 'food-voucher' as const,
    leased: index < 3,
    blocked: false,
  })),
]

/** Customers with a wallet; each one's account has the name of its owner. */
export const demoIndividuals = ['individual-1', 'individual-2', 'individual-3'] as const

/** The card that a bank has bound to the last customer's account. */
export const demoCbdcCard = 'CBDC card'
export const demoCbdcAccount = demoIndividuals[2]
/** 5 000 ₸: there is no PIN. */
const cbdcTapMax = tiyn(500_000n)

const hourMs = 3_600_000
const fundedPerIndividual = tiyn(5_000_000n)
const fundedPerScheme = tiyn(100_000_000n)

/**
 * Fills an empty ledger, in one transaction.
 *
 * @param secrets those that `ports.keys` were made of: the cards are personalised with them
 * @throws when the ledger is not empty
 */
export async function seedDemoWorld(
  ports: LedgerPorts,
  secrets: LedgerSecrets,
  seed: string,
  { keep, withCbdcCard = false }: DemoWishes = {},
): Promise<DemoWorld> {
  const random = seededRandom(`tolem-demo/${seed}`)
  return inTransaction({ ...ports, random }, async (work) => {
    const roleKeys = await registerRoles(work)
    await openMoney(work)
    await registerMerchant(work, canteen, canteenTiles, demoBank)
    await registerMerchant(work, shop, shopTiles, demoBank)
    const schemes = [schoolLunch(work.now), foodVoucher(work.now)]
    for (const scheme of schemes) await publishFunded(work, scheme)
    for (const terminalId of demoTerminals) await registerTerminal(work, terminalId, demoCanteen, demoAgency)
    const issued = await issueCards(work, secrets, seed)
    await leaseToFirstTill(work, issued)
    const enrolmentCodes: EnrolmentCode[] = []
    for (const terminalId of demoTerminals) enrolmentCodes.push(await issueEnrolmentCode(work, terminalId))
    // Last, so that the same seed gives the same cards and codes as before there were wallets.
    const walletKeys = await openWallets(work)
    const cbdcCards = withCbdcCard ? [await bindCbdcCard(work, secrets, seed)] : []
    const world: DemoWorld = {
      cards: [...issued.map(({ card }) => card), ...cbdcCards],
      pseudonyms: Object.fromEntries(issued.map(({ card, pseudonym }) => [card.label, pseudonym])),
      roleKeys: [...roleKeys, ...walletKeys],
      enrolmentCodes,
      leasedToFirstTill: people.filter((person) => person.leased).map((person) => person.label),
      blocked: people.filter((person) => person.blocked).map((person) => person.label),
    }
    await writeMeta(work.connection, 'origin', seed)
    keep?.(world)
    return world
  })
}

async function registerRoles(work: Work): Promise<RoleKey[]> {
  const owners: readonly (readonly [Role, string])[] = [
    ['central-bank', demoCentralBank],
    ['bank', demoBank],
    ['agency', demoAgency],
    ['merchant', demoCanteen],
    ['merchant', demoShop],
    ['auditor', 'auditor'],
  ]
  const keys: RoleKey[] = []
  for (const [role, owner] of owners) keys.push(await registerRole(work, role, owner))
  return keys
}

async function registerRole(work: Work, role: Role, owner: string): Promise<RoleKey> {
  const privateJwk = p256PrivateJwk(work.random)
  const { keyId, jwk } = signingKey(privateJwk)
  await registerPrincipal(work, keyId, jwk, role, owner)
  return { role, owner, privateJwk }
}

async function registerPrincipal(
  { connection }: Work,
  keyId: string,
  jwk: PublicJwk,
  role: Role,
  owner: string,
): Promise<void> {
  await connection
    .insertInto('principal')
    .values({ key_id: keyId, jwk: JSON.stringify(jwk), role, owner, status: 'active' })
    .execute()
}

/** A P-256 key whose secret is 32 random bytes (one in 2^32 draws would be out of range; a seed never is twice). */
export function p256PrivateJwk(random: (length: number) => Uint8Array): JsonWebKey {
  const secret = Buffer.from(random(32))
  const curve = createECDH('prime256v1')
  curve.setPrivateKey(secret)
  const point = curve.getPublicKey()
  return {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
    d: secret.toString('base64url'),
  }
}

/** The central bank issues DT to the bank against its reserve, the bank sells DT to the agency against its non-cash. */
async function openMoney(work: Work): Promise<void> {
  const amount = tiyn(fundedPerScheme * 3n)
  await openCentralBank(work, demoCentralBank)
  await openBank(work, demoBank, 'Dala Bank')
  await openAccount(work, {
    accountId: demoAgency,
    currency: 'DT',
    kind: 'agency',
    owner: demoAgency,
    name: 'Almaly education department (demo)',
    bank: demoBank,
  })
  const agencyNonCash = await needClientNonCash(work, demoBank, demoAgency)
  const agency = await findAccount(work, demoAgency)
  if (agency === undefined) throw new Error('the agency has no account')
  must(await depositNonCash(work, reserveAccountOf(demoBank), amount, newId(work)))
  must(await depositNonCash(work, agencyNonCash, amount, newId(work)))
  must(await issueToBank(work, demoBank, amount, newId(work)))
  must(await sellToClient(work, demoBank, agency, amount, newId(work)))
}

/** The bank opens accounts of individuals, and sells them DT that it buys for it from the central bank. */
async function openWallets(work: Work): Promise<RoleKey[]> {
  const all = tiyn(fundedPerIndividual * BigInt(demoIndividuals.length))
  must(await depositNonCash(work, reserveAccountOf(demoBank), all, newId(work)))
  must(await issueToBank(work, demoBank, all, newId(work)))
  const keys: RoleKey[] = []
  for (const [index, owner] of demoIndividuals.entries()) {
    const account: NewAccount = {
      accountId: owner,
      currency: 'DT',
      kind: 'individual',
      owner,
      name: `Customer ${index + 1} (demo)`,
      bank: demoBank,
    }
    await openAccount(work, account)
    const nonCash = await needClientNonCash(work, demoBank, owner)
    must(await depositNonCash(work, nonCash, fundedPerIndividual, newId(work)))
    must(await sellToClient(work, demoBank, account, fundedPerIndividual, newId(work)))
    keys.push(await registerRole(work, 'individual', owner))
  }
  return keys
}

/** The last customer's card, beside the wallet: it pays from the same account. */
async function bindCbdcCard(work: Work, secrets: LedgerSecrets, seed: string): Promise<IssuedCard> {
  const uid = Uint8Array.of(0x04, ...seededRandom(`tolem-demo-cbdc-card/${seed}`)(6))
  const bank = { role: 'bank', owner: demoBank, keyId: '' } as const
  const wanted = { uid, accountId: demoCbdcAccount, tapMax: cbdcTapMax }
  const bound = await bindCard(work, bank, wanted)
  if (bound.kind !== 'bound') throw new Error(`the demonstration's CBDC card was not bound: ${bound.kind}`)
  return personalised(demoCbdcCard, uid, secrets)
}

async function publishFunded(work: Work, scheme: Scheme): Promise<void> {
  const published = await publishScheme(work, scheme)
  if (published !== 'published')
    throw new Error(`scheme ${scheme.schemeId} was not published: ${JSON.stringify(published)}`)
  must(await fundScheme(work, demoAgency, scheme.schemeId, fundedPerScheme as Tiyn, newId(work)))
}

interface Issued {
  readonly person: Person
  readonly card: IssuedCard
  readonly pseudonym: string
  readonly beneficiary: string
}

async function issueCards(work: Work, secrets: LedgerSecrets, seed: string): Promise<Issued[]> {
  const issued: Issued[] = []
  for (const person of people) {
    const uid = Uint8Array.of(0x04, ...work.random(6))
    const holder = demoPseudonym(seed, 'holder', person.label)
    const beneficiary = demoPseudonym(seed, person.scheme, person.label)
    const { card } = await registerCard(work, { uid, holder, agencyId: demoAgency })
    await entitle(work, { schemeId: person.scheme, beneficiary, holder })
    if (person.blocked) await setCardStatus(work, card, 'blocked')
    issued.push({ person, pseudonym: card, beneficiary, card: personalised(person.label, uid, secrets) })
  }
  return issued
}

/** @param purpose a scheme, whose beneficiary the person is, or `holder` of the card */
export function demoPseudonym(seed: string, purpose: string, label: string): string {
  return createHmac('sha256', `tolem-demo/${seed}`).update(`${purpose}/${label}`).digest('hex').slice(0, 32)
}

/**
 * A card as an issuing desk writes it, with the keys that belong to its UID (docs/design/02, "Keys").
 *
 * @param uid 7 bytes
 */
export function personalised(label: string, uid: Uint8Array, secrets: LedgerSecrets): IssuedCard {
  const { diversify } = ledgerKeysOf(secrets)
  const key = (keyNumber: DiversifiedKeyNumber) => toHex(diversify(uid, keyNumber))
  return {
    label,
    uid: toHex(uid),
    kind: 'ntag424',
    keys: { '0': key(0), '1': secrets.metaReadKey.toUpperCase(), '2': key(2), '3': key(3), '4': key(4) },
  }
}

/** Lunches of this and the next school day, the month's food voucher: renewed when the till asks for its package. */
async function leaseToFirstTill(work: Work, issued: readonly Issued[]): Promise<void> {
  const groupOf = (scheme: Person['scheme']) =>
    issued.filter(({ person }) => person.leased && person.scheme === scheme).map(({ beneficiary }) => beneficiary)
  const common = { terminalId: demoTerminals[0], presentForMs: 14 * 24 * hourMs }
  await setLeasePolicy(work, {
    ...common,
    schemeId: 'school-lunch',
    beneficiaries: groupOf('school-lunch'),
    sellForMs: 72 * hourMs,
    periods: 2,
  })
  await setLeasePolicy(work, {
    ...common,
    schemeId: 'food-voucher',
    beneficiaries: groupOf('food-voucher'),
    sellForMs: 24 * hourMs,
    periods: 1,
  })
}

function must(posted: Posted): void {
  if (posted.kind === 'short') throw new Error(`the demonstration's money does not suffice in ${posted.account}`)
}
