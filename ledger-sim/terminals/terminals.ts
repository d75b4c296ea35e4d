/** Terminals as the ledger knows them. */
import { verifyingKey, publicJwkSchema, type VerifyingKey } from '../../src/sync/protocol/keys.ts'
import { encryptionJwkSchema, type EncryptionJwk } from '../../src/sync/protocol/sealed-box.ts'
import type { Kysely } from 'kysely'
import type { Work } from '../context.ts'
import { tellOfSuspension } from '../feed/till-news.ts'
import type { Caller } from '../http/operation.ts'
import type { Tables } from '../store/schema.ts'
import { statement } from '../store/statement.ts'
import type { RevocationReason } from './revocation-reasons.ts'

export interface Terminal {
  readonly terminalId: string
  readonly merchantId: string
  /** `registered`: not enrolled yet, has no keys. `revoked`: gone for good, its keys are heard no more. */
  readonly status: 'registered' | 'active' | 'suspended' | 'revoked'
  readonly encryptionKey: EncryptionJwk | null
  /** Why it is gone, if it is. */
  readonly revokedFor: RevocationReason | null
  /** The last place of its journal that the ledger has seen. */
  readonly head: { readonly epoch: number; readonly sequence: number }
}

/** @param agency gives it codes, and ends it */
export async function registerTerminal(
  { connection }: Work,
  terminalId: string,
  merchantId: string,
  agency: string,
): Promise<'registered' | 'exists' | 'exists_with_different_terms'> {
  const inserted = await connection
    .insertInto('terminal')
    .values({
      terminal_id: terminalId,
      merchant_id: merchantId,
      status: 'registered',
      key_id: null,
      encryption_key: null,
      head_epoch: 0,
      head_sequence: 0,
      head_hash: '',
      head_created: 0,
      last_seen_at: 0,
      announced_version: 0,
      revoked_for: null,
      revoked_at: null,
      registered_by: agency,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('terminal_id')
    .executeTakeFirst()
  if (inserted !== undefined) return 'registered'
  const existing = await connection
    .selectFrom('terminal')
    .select(['merchant_id', 'registered_by'])
    .where('terminal_id', '=', terminalId)
    .executeTakeFirst()
  const isSame = existing?.merchant_id === merchantId && existing.registered_by === agency
  return isSame ? 'exists' : 'exists_with_different_terms'
}

/** Who may end it and give it a code: the agency that registered it, and the bank that keeps its merchant's account. */
export async function actsForTerminal(
  { connection }: Work,
  { role, owner }: Pick<Caller, 'role' | 'owner'>,
  terminalId: string,
): Promise<boolean> {
  const own = await connection
    .selectFrom('terminal')
    .innerJoin('merchant', 'merchant.merchant_id', 'terminal.merchant_id')
    .innerJoin('account', 'account.account_id', 'merchant.account_id')
    .select('terminal.terminal_id')
    .where('terminal.terminal_id', '=', terminalId)
    .where(role === 'bank' ? 'account.bank' : 'terminal.registered_by', '=', owner)
    .executeTakeFirst()
  return own !== undefined
}

const terminalWithId = statement((connection, { terminalId }: { terminalId: string }) =>
  connection
    .selectFrom('terminal')
    .select(['terminal_id', 'merchant_id', 'status', 'encryption_key', 'revoked_for', 'head_epoch', 'head_sequence'])
    .where('terminal_id', '=', terminalId),
)

export async function findTerminal(
  { connection }: { readonly connection: Kysely<Tables> },
  terminalId: string,
): Promise<Terminal | undefined> {
  const [row] = await terminalWithId(connection, { terminalId })
  if (row === undefined) return undefined
  return {
    terminalId: row.terminal_id,
    merchantId: row.merchant_id,
    status: row.status,
    encryptionKey: row.encryption_key === null ? null : encryptionJwkSchema.parse(JSON.parse(row.encryption_key)),
    revokedFor: row.revoked_for,
    head: { epoch: Number(row.head_epoch), sequence: Number(row.head_sequence) },
  }
}

/**
 * A suspended terminal sells nothing new with the ledger's help; what it already sold can still be presented
 * (money-rules.md, "Who pays").
 */
export async function suspendTerminal(work: Work, terminalId: string): Promise<void> {
  const suspended = await work.connection
    .updateTable('terminal')
    .set({ status: 'suspended' })
    .where('terminal_id', '=', terminalId)
    .where('status', 'not in', ['revoked', 'suspended'])
    .returning('merchant_id')
    .executeTakeFirst()
  if (suspended !== undefined) await tellOfSuspension(work, terminalId, suspended.merchant_id)
}

const keysOfOwner = statement((connection, { owner }: { owner: string }) =>
  connection.selectFrom('principal').select('jwk').where('owner', '=', owner).where('role', '=', 'terminal'),
)

/** Every key the terminal ever signed with, the present one included: rows signed before a change stay valid. */
export async function signingKeysOf({ connection }: Work, terminalId: string): Promise<readonly VerifyingKey[]> {
  const rows = await keysOfOwner(connection, { owner: terminalId })
  return rows.map((row) => verifyingKeyOf(row.jwk))
}

// Importing a key costs more than verifying with it, and a key is immutable.
const importedKeys = new Map<string, VerifyingKey>()
const importedKeysLimit = 10_000

/** @param jwk JSON text of a public key */
export function verifyingKeyOf(jwk: string): VerifyingKey {
  const known = importedKeys.get(jwk)
  if (known !== undefined) return known
  const key = verifyingKey(publicJwkSchema.parse(JSON.parse(jwk)))
  if (importedKeys.size >= importedKeysLimit) importedKeys.clear()
  importedKeys.set(jwk, key)
  return key
}
