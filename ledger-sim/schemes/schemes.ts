/** Voucher schemes as the agency published them. Every version is kept: replay and "who pays" look back in time. */
import { canonicalBytes, toJson } from '../../src/sync/protocol/canonical.ts'
import { countsOnCard } from '../../src/voucher/card-rules.ts'
import { faultsOf } from '../../src/voucher/scheme-lint.ts'
import { sentenceOf } from '../../src/voucher/scheme-lint-texts.ts'
import { anySchemeSchema, unusedOf, type AnyScheme } from '../../src/voucher/scheme.ts'
import { openAccount } from '../accounts/accounts.ts'
import type { Work } from '../context.ts'
import { statement } from '../store/statement.ts'
import { announcePackages } from '../terminals/events.ts'

/** Where the money lies that an agency has marked for a scheme. */
export function schemeAccountOf(schemeId: string): string {
  return `scheme.${schemeId}`
}

export type Published =
  | 'published'
  | 'exists'
  /** That version is published, and says something else. */
  | 'exists_with_different_terms'
  /** @property next the version that can be published */
  | { readonly next: number }
  | 'other_agency'
  /** Safe publishing (money-rules.md, "Offline"): the first fault, as a sentence. */
  | { readonly unsafe: string }

/**
 * The first version is 1; each later one rises by one and replaces the last for new decisions. A version that is known
 * is answered first, also when a later one stands: who heard no answer sends the same again, whatever came since.
 */
export async function publishScheme(work: Work, scheme: AnyScheme): Promise<Published> {
  const { connection, now } = work
  const content = toJson(scheme)
  const unused = unusedOf(scheme)
  const returnsBy = unused.kind === 'returns' ? unused.by : null
  const existing = await connection
    .selectFrom('scheme')
    .select(['version', 'agency_id', 'content'])
    .where('scheme_id', '=', scheme.schemeId)
    .executeTakeFirst()
  if (existing !== undefined && existing.agency_id !== scheme.agencyId) return 'other_agency'
  const known = await publishedAs(work, scheme)
  if (known !== undefined) return sameJson(known, content) ? 'exists' : 'exists_with_different_terms'
  const [fault] = faultsOf(scheme)
  if (fault !== undefined) return { unsafe: sentenceOf(fault, 'en') }
  const next = Number(existing?.version ?? 0) + 1
  if (scheme.version !== next) return { next }
  if (existing !== undefined) {
    if (countsOnCard(scheme) !== countsOnCard(parsedScheme(existing.content)))
      return { unsafe: 'the policy card is for the whole life of a scheme: publish another scheme' }
    const promised = await otherLeases(work, scheme)
    if (promised !== undefined) return { unsafe: promised }
    await connection
      .updateTable('scheme')
      .set({ version: scheme.version, content, returns_by: returnsBy })
      .where('scheme_id', '=', scheme.schemeId)
      .execute()
  } else {
    const accountId = schemeAccountOf(scheme.schemeId)
    await openAccount(work, {
      accountId,
      currency: 'DT',
      kind: 'scheme',
      owner: scheme.agencyId,
      name: scheme.schemeId,
    })
    await connection
      .insertInto('scheme')
      .values({
        scheme_id: scheme.schemeId,
        version: scheme.version,
        agency_id: scheme.agencyId,
        account_id: accountId,
        content,
        returns_by: returnsBy,
      })
      .execute()
  }
  await connection
    .insertInto('scheme_version')
    .values({ scheme_id: scheme.schemeId, version: scheme.version, status: scheme.status, content, at: now })
    .execute()
  await announcePackages(work)
  return 'published'
}

/** The text of that version, if there is one. */
async function publishedAs({ connection }: Work, { schemeId, version }: AnyScheme): Promise<string | undefined> {
  const row = await connection
    .selectFrom('scheme_version')
    .select('content')
    .where('scheme_id', '=', schemeId)
    .where('version', '=', BigInt(version))
    .executeTakeFirst()
  return row?.content
}

/**
 * A slot that is held for one till, and listed in the pool of another, would be paid by both, and the first one's
 * promise would be broken: leases of the one kind are over before there are any of the other.
 */
async function otherLeases({ connection, now }: Work, { schemeId, offline }: AnyScheme): Promise<string | undefined> {
  if (offline.policy === 'deny') return undefined
  const rows = await connection
    .selectFrom('lease')
    .select(['kind', 'present_until'])
    .where('scheme_id', '=', schemeId)
    .where('state', '=', 'live')
    .where('present_until', '>=', BigInt(now))
    .execute()
  const other = rows.filter(({ kind }) => (kind === 'pool') !== (offline.policy === 'lease-pool'))
  if (other.length === 0) return undefined
  const last = Math.max(...other.map((row) => Number(row.present_until)))
  const until = new Date(last).toISOString()
  const held = `tills hold ${other.length} leases of the other kind until ${until}`
  return `${held}: choose deny now, and this when they are closed`
}

const newestOf = statement((connection, { schemeId }: { schemeId: string }) =>
  connection.selectFrom('scheme').select('content').where('scheme_id', '=', schemeId),
)

export async function findScheme({ connection }: Work, schemeId: string): Promise<AnyScheme | undefined> {
  const [row] = await newestOf(connection, { schemeId })
  return row === undefined ? undefined : parsedScheme(row.content)
}

const everyScheme = statement((connection) => connection.selectFrom('scheme').select('content').orderBy('scheme_id'))

/** Ordered by id. */
export async function listSchemes({ connection }: Work): Promise<readonly AnyScheme[]> {
  const rows = await everyScheme(connection, {})
  return rows.map((row) => parsedScheme(row.content))
}

/** The version that was in force at that moment; undefined before the first one. */
export async function schemeAt({ connection }: Work, schemeId: string, at: number): Promise<AnyScheme | undefined> {
  const row = await connection
    .selectFrom('scheme_version')
    .select('content')
    .where('scheme_id', '=', schemeId)
    .where('at', '<=', BigInt(at))
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row === undefined ? undefined : parsedScheme(row.content)
}

const statusAt = statement((connection, { schemeId, at }: { schemeId: string; at: bigint }) =>
  connection
    .selectFrom('scheme_version')
    .select('status')
    .where('scheme_id', '=', schemeId)
    .where('at', '<=', at)
    .orderBy('version', 'desc')
    .limit(1),
)

/** Whether the scheme had been suspended or ended at that moment. */
export async function wasInactiveAt({ connection }: Work, schemeId: string, at: number): Promise<boolean> {
  const [row] = await statusAt(connection, { schemeId, at: BigInt(at) })
  return row !== undefined && row.status !== 'active'
}

// Schemes are large (a year of periods) and immutable text: parsing each once is what keeps a decision cheap.
const parsed = new Map<string, AnyScheme>()
const parsedLimit = 64

function parsedScheme(content: string): AnyScheme {
  const known = parsed.get(content)
  if (known !== undefined) return known
  const scheme = anySchemeSchema.parse(JSON.parse(content))
  if (parsed.size >= parsedLimit) parsed.clear()
  parsed.set(content, scheme)
  return scheme
}

function sameJson(first: string, second: string): boolean {
  return Buffer.compare(canonicalBytes(JSON.parse(first)), canonicalBytes(JSON.parse(second))) === 0
}
