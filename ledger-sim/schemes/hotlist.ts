/**
 * The hotlist: all blocked cards as one immutable, numbered list, replaced as a whole (brief.md; in
 * docs/design/20-hotlist.md what a till sees of it). Kept are the changes of each version; the list is made of them,
 * and its hash says that it is the one that was published.
 *
 * The list has the first bytes of each pseudonym, and is exact all the same, for a till can be paid with no card that
 * the ledger does not know: every card that was ever registered is in `card`, and a version is published with the
 * shortest prefixes (from `prefixBytesMin` up) that no card shares which is not blocked. Blocking or unblocking a card,
 * and registering one, are the only acts that could make two cards share a prefix of which one is blocked and one is
 * not; each looks for that in its own transaction, and publishes longer prefixes where it is so. At full length every
 * card has its own.
 */
import { sql } from 'kysely'
import { canonicalText, hashOf } from '../../src/sync/protocol/canonical.ts'
import {
  applyDelta,
  packCards,
  prefixBytesMin,
  type HotlistDelta,
  type PackedHotlist,
} from '../../src/voucher/hotlist.ts'
import type { Work } from '../context.ts'
import { inRows } from '../store/in-rows.ts'

type Described = Pick<PackedHotlist, 'version' | 'issuedAt' | 'prefixBytes'>

/** A version as it is kept: all but the list. */
export interface HotlistVersion extends Described {
  /** Tag `tolem/hotlist/1`, as decision records name it. */
  readonly hash: string
}

interface Change {
  readonly card: string
  readonly isListed: boolean
}

/** The last lists by their hashes: all tills take the same one. */
const made = new Map<string, PackedHotlist>()
const madeMax = 8
const texts = new WeakMap<PackedHotlist, string>()

/** Sorts behind every digit of a pseudonym. */
const afterDigits = 'g'

/** The newest version. When there is none in this form yet, it is made of all that is blocked. */
export async function currentHotlist(work: Work): Promise<HotlistVersion> {
  const newest = await newestVersion(work)
  return newest.described ?? publishAll(work, newest.version)
}

/**
 * The list of a version, exactly as it was published.
 * @throws when there is no such version, or its changes make another list: broken invariants
 */
export async function hotlistAt(work: Work, version: number): Promise<PackedHotlist> {
  const described = await versionAt(work, version)
  if (described === undefined) throw new Error(`no hotlist ${version}`)
  const { hash, ...own } = described
  const known = made.get(hash)
  if (known !== undefined) return known
  const list = await makeList(work, own)
  if (hashOf('tolem/hotlist/1', list) !== hash) throw new Error(`hotlist ${version} is not the one that was published`)
  return keep(hash, list)
}

/** Canonical, as it stands under a package's signature. @throws like `hotlistAt` */
export async function hotlistTextAt(work: Work, version: number): Promise<string> {
  const list = await hotlistAt(work, version)
  const text = texts.get(list) ?? canonicalText(list)
  texts.set(list, text)
  return text
}

/** After a card was blocked or unblocked: a new version. */
export async function publishChange(work: Work, change: Change): Promise<void> {
  const { version, described } = await newestVersion(work)
  if (described === undefined) {
    await publishAll(work, version)
    return
  }
  const prefixBytes =
    described.prefixBytes === prefixBytesMin
      ? await bytesApart(work, change.card, prefixBytesMin)
      : await bytesAllApart(work)
  await publish(work, version, prefixBytes, [change])
}

/**
 * After a card was registered: when the newest version cannot tell it from a blocked one, a version with longer
 * prefixes.
 *
 * @returns whether there is a new version
 */
export async function keepApart(work: Work, card: string): Promise<boolean> {
  const { version, described } = await newestVersion(work)
  if (described === undefined || (await isApart(work, card, described.prefixBytes))) return false
  await publish(work, version, await bytesApart(work, card, described.prefixBytes), [])
  return true
}

/**
 * What makes one version of another.
 *
 * @returns undefined when only the whole list does: the former is unknown or has other prefixes, or nothing is saved
 */
export async function hotlistDelta(work: Work, from: number, to: number): Promise<HotlistDelta | undefined> {
  const { cards, ...described } = await hotlistAt(work, to)
  const former = from > to ? undefined : await versionAt(work, from)
  if (former === undefined || former.prefixBytes !== described.prefixBytes) return undefined
  const delta = await deltaBetween(work, from, described)
  return from === to || delta.added.length + delta.removed.length < cards.length ? delta : undefined
}

/** `version` 0 when there is none; `described` is undefined for one from before prefixes. */
async function newestVersion({ connection }: Work): Promise<{
  readonly version: number
  readonly described: HotlistVersion | undefined
}> {
  const row = await connection.selectFrom('hotlist').selectAll().orderBy('version', 'desc').limit(1).executeTakeFirst()
  return { version: Number(row?.version ?? 0), described: row === undefined ? undefined : describedOf(row) }
}

async function versionAt({ connection }: Work, version: number): Promise<HotlistVersion | undefined> {
  const row = await connection
    .selectFrom('hotlist')
    .selectAll()
    .where('version', '=', BigInt(version))
    .executeTakeFirst()
  return row === undefined ? undefined : describedOf(row)
}

function describedOf(row: {
  readonly version: bigint
  readonly issued_at: bigint
  readonly prefix_bytes: bigint | null
  readonly hash: string | null
}): HotlistVersion | undefined {
  const { version, issued_at: issuedAt, prefix_bytes: prefixBytes, hash } = row
  if (prefixBytes === null || hash === null) return undefined
  return { version: Number(version), issuedAt: Number(issuedAt), prefixBytes: Number(prefixBytes), hash }
}

async function publishAll(work: Work, after: number): Promise<HotlistVersion> {
  const blocked = await work.connection.selectFrom('card').select('card').where('status', '=', 'blocked').execute()
  return publish(
    work,
    after,
    await bytesAllApart(work),
    blocked.map(({ card }) => ({ card, isListed: true })),
  )
}

async function publish(
  work: Work,
  after: number,
  prefixBytes: number,
  changes: readonly Change[],
): Promise<HotlistVersion> {
  const { connection, now } = work
  const described = { version: after + 1, issuedAt: now, prefixBytes }
  const { version } = described
  const rows = changes.map(({ card, isListed }) => ({ card, version, listed: isListed ? 1 : 0 }))
  await inRows(rows, (some) => connection.insertInto('hotlist_change').values(some).execute())
  const list = await makeList(work, described)
  const hash = hashOf('tolem/hotlist/1', list)
  keep(hash, list)
  await connection.insertInto('hotlist').values({ version, issued_at: now, prefix_bytes: prefixBytes, hash }).execute()
  return { ...described, hash }
}

function keep(hash: string, list: PackedHotlist): PackedHotlist {
  const [oldest] = made.keys()
  if (made.size >= madeMax && oldest !== undefined) made.delete(oldest)
  made.set(hash, list)
  return list
}

/** Of the list before it, when that is at hand: of a hundred thousand cards hardly any has changed. */
async function makeList(work: Work, described: Described): Promise<PackedHotlist> {
  const { version, prefixBytes } = described
  const before = await versionAt(work, version - 1)
  const former = before?.prefixBytes === prefixBytes ? made.get(before.hash) : undefined
  if (former === undefined) return { ...described, cards: packCards(await listedAt(work, version), prefixBytes) }
  const applied = applyDelta(former, await deltaBetween(work, former.version, described))
  if (applied.kind !== 'applied') throw new Error(`hotlist ${version} does not follow: ${applied.fault}`)
  return applied.hotlist
}

async function listedAt({ connection }: Work, version: number): Promise<readonly string[]> {
  const rows = await connection
    .selectFrom('hotlist_change')
    .select(['card', 'listed'])
    .where('version', '<=', BigInt(version))
    .orderBy('card')
    .orderBy('version')
    .execute()
  const last = new Map(rows.map(({ card, listed }) => [card, listed]))
  return [...last].flatMap(([card, listed]) => (listed === 1n ? [card] : []))
}

async function deltaBetween(work: Work, from: number, to: Described): Promise<HotlistDelta> {
  const { version, prefixBytes } = to
  const prefixes = new Map<string, { before: boolean; after: boolean }>()
  for (const [card, state] of await nearChanges(work, from, to)) {
    const prefix = card.slice(0, 2 * prefixBytes)
    // Two blocked cards may share a prefix: it is on the list while one of them is.
    const shared = prefixes.get(prefix) ?? { before: false, after: false }
    prefixes.set(prefix, { before: shared.before || state.before, after: shared.after || state.after })
  }
  const changed = (wanted: { before: boolean; after: boolean }): string =>
    packCards(
      [...prefixes].flatMap(([prefix, { before, after }]) =>
        before === wanted.before && after === wanted.after ? [prefix] : [],
      ),
      prefixBytes,
    )
  return {
    from,
    version,
    issuedAt: to.issuedAt,
    prefixBytes,
    added: changed({ before: false, after: true }),
    removed: changed({ before: true, after: false }),
  }
}

/** Whether each card that has changed between, or shares a prefix with one that has, was listed before and after. */
async function nearChanges(
  { connection }: Work,
  from: number,
  { version: to, prefixBytes }: Described,
): Promise<ReadonlyMap<string, { readonly before: boolean; readonly after: boolean }>> {
  if (from === to) return new Map()
  const digits = 2 * prefixBytes
  const { rows } = await sql<{ card: string; version: bigint; listed: bigint }>`
    select distinct near.card, near.version, near.listed
    from hotlist_change changed join hotlist_change near
      on near.card >= substr(changed.card, 1, ${digits})
      and near.card < substr(changed.card, 1, ${digits}) || ${afterDigits}
    where changed.version > ${from} and changed.version <= ${to} and near.version <= ${to}
    order by near.card, near.version`.execute(connection)
  const cards = new Map<string, { readonly before: boolean; readonly after: boolean }>()
  for (const { card, version, listed } of rows) {
    const after = listed === 1n
    cards.set(card, { before: Number(version) <= from ? after : (cards.get(card)?.before ?? false), after })
  }
  return cards
}

/** No card whose status is another shares so many bytes with this one. */
async function isApart({ connection }: Work, card: string, prefixBytes: number): Promise<boolean> {
  const prefix = card.slice(0, 2 * prefixBytes)
  const statuses = await connection
    .selectFrom('card')
    .select('status')
    .distinct()
    .where('card', '>=', prefix)
    .where('card', '<', `${prefix}${afterDigits}`)
    .execute()
  return statuses.length < 2
}

/** The shortest prefixes, from this length up, that keep the card apart from all of the other status. */
async function bytesApart(work: Work, card: string, from: number): Promise<number> {
  return (await isApart(work, card, from)) ? from : bytesApart(work, card, from + 1)
}

/** The same for all cards: reads each. */
async function bytesAllApart(work: Work, from = prefixBytesMin): Promise<number> {
  const digits = 2 * from
  const { rows } = await sql`
    select 1 from card blocked join card other
      on other.card >= substr(blocked.card, 1, ${digits})
      and other.card < substr(blocked.card, 1, ${digits}) || ${afterDigits}
    where blocked.status = 'blocked' and other.status <> 'blocked' limit 1`.execute(work.connection)
  return rows.length === 0 ? from : bytesAllApart(work, from + 1)
}
