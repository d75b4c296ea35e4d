/**
 * What a terminal may know, as one signed package whose version rises whenever something in it changes. Every package
 * is kept: decisions name the one they were made under, and are replayed with it (architecture.md, "Trust").
 */
import { hash } from 'node:crypto'
import type { z } from 'zod'
import { canonicalTextWith, hashOfText, toJson } from '../../src/sync/protocol/canonical.ts'
import { signTaggedText } from '../../src/sync/protocol/keys.ts'
import type { packageAnswerSchema, packageRequestSchema } from '../../src/sync/protocol/messages.ts'
import { activationOf, type CardsNotActivated } from '../../src/voucher/activation.ts'
import { countsOnCard } from '../../src/voucher/card-rules.ts'
import { engineVersion } from '../../src/voucher/decide.ts'
import { tiyn } from '../../src/voucher/money.ts'
import type { Lease, LeasedSlot, TerminalPackage } from '../../src/voucher/package.ts'
import type { AnyScheme } from '../../src/voucher/scheme.ts'
import { isMerchantIn } from '../../src/voucher/where.ts'
import { appletTrustFor } from '../applet/certificates.ts'
import { newId, type Work } from '../context.ts'
import { closeDueLeases } from '../leases/close.ts'
import { liveLeasesOf, type LeaseRow } from '../leases/leases.ts'
import { leftIn } from '../leases/pools.ts'
import { beneficiariesOf, leasePoliciesOf, renewLeases } from '../leases/policy.ts'
import { cardsNotActivated } from '../schemes/activations.ts'
import { currentHotlist, hotlistDelta, hotlistTextAt } from '../schemes/hotlist.ts'
import { findMerchant } from '../schemes/merchants.ts'
import { listSchemes } from '../schemes/schemes.ts'
import { findSlots } from '../schemes/slots.ts'
import { wholePackage, type StoredContent } from './stored-package.ts'
import type { Terminal } from './terminals.ts'
import { statement } from '../store/statement.ts'

/** Of the hotlist only which one it is. */
type Content = Omit<TerminalPackage, 'packageId' | 'version' | 'issuedAt' | 'hotlist'>
/** As it stands on the wire and under the signature: amounts as text. */
type PackageAnswer = z.input<typeof packageAnswerSchema>

interface StoredPackage extends StoredContent {
  readonly version: bigint
  readonly fingerprint: string
  readonly issued_at: bigint
  readonly signature: string
}

/**
 * The newest package, made now if the world has changed since the last one, or that one grew old. To a terminal that
 * names the hotlist that it has, that of the package goes as what has changed since.
 */
export async function packageFor(
  work: Work,
  terminal: Terminal,
  { haveVersion, haveHotlist }: z.output<typeof packageRequestSchema>,
): Promise<PackageAnswer> {
  if (terminal.status === 'active') {
    await closeDueLeases(work)
    await renewLeases(work, terminal.terminalId)
  }
  const last = await lastPackage(work, terminal.terminalId)
  const content = await contentFor(work, terminal)
  const { version: hotlistVersion } = await currentHotlist(work)
  const fingerprint = fingerprintOf(content, hotlistVersion)
  const current =
    last !== undefined && isStillGood(last, fingerprint, work.now - Number(last.issued_at), renewAfterMs(content))
      ? last
      : await issue(work, content, fingerprint, last, hotlistVersion)
  if (Number(current.version) <= haveVersion) return { kind: 'current' }
  const { signature } = current
  const whole = await wholePackage(work, current)
  const delta = haveHotlist === undefined ? undefined : await hotlistDelta(work, haveHotlist, hotlistVersion)
  return delta === undefined
    ? { kind: 'newer', signed: { package: whole, signature } }
    : { kind: 'newer_by_delta', signed: { package: { ...whole, hotlist: delta }, signature } }
}

/**
 * What is used of a pool's slots changes with each payment of any of its beneficiaries anywhere: five thousand of them
 * would make a package for each. The till is told within this time.
 */
const poolUsesAfterMs = 5 * 60_000

/**
 * Says only whether something has changed, each few seconds for each till: it need not be the canonical text's. Where
 * there is a pool, a second part says whether what is used of its slots has.
 */
function fingerprintOf(content: Content, hotlistVersion: number): string {
  const hashOf = (of: unknown): string => hash('sha256', toJson(of))
  if (content.leases.every(({ pool }) => pool === undefined)) return hashOf({ content, hotlistVersion })
  const leases = content.leases.map((lease) => (lease.pool === undefined ? lease : withoutUses(lease)))
  return `${hashOf({ content: { ...content, leases }, hotlistVersion })}.${hashOf(content.leases)}`
}

function withoutUses(lease: Lease): unknown {
  const slots = lease.slots.map(
    ({ slot: { countSpent: _count, amountSpent: _amount, booked: _booked, ...slot }, cards }) => {
      return { slot, cards }
    },
  )
  return { ...lease, slots }
}

function isStillGood(last: StoredPackage, fingerprint: string, ageMs: number, renewAfter: number): boolean {
  if (ageMs >= renewAfter) return false
  if (last.fingerprint === fingerprint) return true
  const [before] = last.fingerprint.split('.')
  const [now, uses] = fingerprint.split('.')
  return uses !== undefined && before === now && ageMs < poolUsesAfterMs
}

/** A till that syncs must not run into `PACKAGE_TOO_OLD` only because nothing changed. */
function renewAfterMs(content: Content): number {
  const ages = content.schemes.map((scheme) => scheme.offline.allowedPolicyAgeMs)
  return Math.min(24 * 3_600_000, ...ages) / 4
}

const newestPackage = statement((connection, { terminalId }: { terminalId: string }) =>
  connection
    .selectFrom('package')
    .select(['version', 'fingerprint', 'issued_at', 'content', 'hotlist_version', 'signature'])
    .where('terminal_id', '=', terminalId)
    .orderBy('version', 'desc')
    // Without it every package of the terminal would be read, and each is tens of kilobytes.
    .limit(1),
)

async function lastPackage({ connection }: Work, terminalId: string): Promise<StoredPackage | undefined> {
  const [newest] = await newestPackage(connection, { terminalId })
  return newest
}

async function contentFor(work: Work, terminal: Terminal): Promise<Content> {
  const found = await findMerchant(work, terminal.merchantId)
  if (found === undefined) throw new Error(`terminal ${terminal.terminalId} has no merchant`)
  const { merchant, catalogue, categories } = found
  const schemes = (await listSchemes(work)).filter((scheme) => isMerchantIn(scheme, merchant.merchantId, merchant))
  const leases: Lease[] = []
  for (const row of await liveLeasesOf(work, terminal.terminalId)) {
    if (row.sellUntil <= work.now) continue
    const slots = await leasedSlots(work, row)
    if (slots.length === 0) continue
    const { leaseId, schemeId, sellUntil, presentUntil } = row
    const pool = row.isPool ? { pool: { left: await leftIn(work, row.escrowAccount) } } : {}
    leases.push({ leaseId, schemeId, amount: tiyn(row.amount), ...pool, sellUntil, presentUntil, slots })
  }
  const cards = schemes.some(countsOnCard) ? { cards: await appletTrustFor(work, terminal) } : {}
  const notActivated = await cardsToActivate(work, terminal.terminalId, schemes)
  return {
    terminalId: terminal.terminalId,
    engineVersion,
    merchant,
    cardReferenceKey: work.keys.cardReferenceKey,
    schemes: [...schemes],
    leases,
    ...(notActivated.length === 0 ? {} : { notActivated }),
    ...cards,
    catalogue: [...catalogue],
    categories: [...categories],
  }
}

/** Of those whose slots the terminal would hold. */
async function cardsToActivate(
  work: Work,
  terminalId: string,
  schemes: readonly AnyScheme[],
): Promise<CardsNotActivated[]> {
  const asking = schemes.filter((scheme) => activationOf(scheme) !== undefined)
  const waiting: CardsNotActivated[] = []
  for (const policy of asking.length === 0 ? [] : await leasePoliciesOf(work, terminalId)) {
    const scheme = asking.find((one) => one.schemeId === policy.schemeId)
    if (scheme === undefined) continue
    waiting.push(...(await cardsNotActivated(work, scheme, await beneficiariesOf(work, scheme.schemeId, policy))))
  }
  return waiting
}

const slotsOfLease = statement((connection, { leaseId }: { leaseId: string }) =>
  connection
    .selectFrom('lease_slot')
    .select('slot_id')
    .where('lease_id', '=', leaseId)
    .where('state', '=', 'live')
    .orderBy('slot_id'),
)

const keysOfLease = statement((connection, { leaseId }: { leaseId: string }) =>
  connection
    .selectFrom('lease_card')
    .innerJoin('card', 'card.card', 'lease_card.card')
    .innerJoin('slot', 'slot.slot_id', 'lease_card.slot_id')
    // Who has left the household, or the scheme, buys off line no more.
    .innerJoin('entitlement', (join) =>
      join
        .onRef('entitlement.scheme_id', '=', 'slot.scheme_id')
        .onRef('entitlement.holder', '=', 'card.holder')
        .onRef('entitlement.beneficiary', '=', 'slot.beneficiary'),
    )
    .select(['lease_card.slot_id', 'lease_card.card', 'lease_card.sealed_till_key'])
    .where('lease_card.lease_id', '=', leaseId)
    // A key that a lost till held opens nothing off line any more.
    .where('card.exposed_at', 'is', null)
    .orderBy('lease_card.card'),
)

async function leasedSlots(work: Work, { leaseId }: LeaseRow): Promise<LeasedSlot[]> {
  const { connection } = work
  const live = await slotsOfLease(connection, { leaseId })
  const states = await findSlots(
    work,
    live.map((row) => row.slot_id),
  )
  const keys = await keysOfLease(connection, { leaseId })
  const keysOf = Map.groupBy(keys, (key) => key.slot_id)
  return live.flatMap(({ slot_id: slotId }) => {
    const state = states.get(slotId)
    if (state === undefined) throw new Error(`leased slot ${slotId} vanished`)
    const cards = (keysOf.get(slotId) ?? []).map(({ card, sealed_till_key: sealedTillKey }) =>
      sealedTillKey === '' ? { card } : { card, sealedTillKey },
    )
    return cards.length === 0 ? [] : [{ slot: state.slot, cards }]
  })
}

async function issue(
  work: Work,
  content: Content,
  fingerprint: string,
  last: StoredPackage | undefined,
  hotlistVersion: number,
): Promise<StoredPackage> {
  const version = (last?.version ?? 0n) + 1n
  const packageId = newId(work)
  const own = { packageId, version: Number(version), issuedAt: work.now, ...content }
  // Two hundred tills ask after one change: a list of a megabyte is not written out for each, and twice.
  const text = canonicalTextWith(own, 'hotlist', await hotlistTextAt(work, hotlistVersion))
  const stored = {
    version,
    fingerprint,
    issued_at: BigInt(work.now),
    content: toJson(own),
    hotlist_version: BigInt(hotlistVersion),
    signature: signTaggedText(work.keys.signing, 'tolem/package/1', text),
  }
  await work.connection
    .insertInto('package')
    .values({
      package_id: packageId,
      terminal_id: content.terminalId,
      hash: hashOfText('tolem/package/1', text),
      ...stored,
    })
    .execute()
  return stored
}
