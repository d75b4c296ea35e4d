/**
 * Enrolment with a one-time code of ten minutes and five tries. The printed code carries the beginning of the ledger
 * key's thumbprint, so that a till cannot be enrolled at a false ledger (architecture.md, "Trust").
 */
import type { z } from 'zod'
import { thumbprintOf, type PublicJwk } from '../../src/sync/protocol/keys.ts'
import type { EncryptionJwk } from '../../src/sync/protocol/sealed-box.ts'
import type { enrolmentRequestSchema } from '../../src/sync/protocol/messages.ts'
import type { Work } from '../context.ts'
import type { LedgerKeys } from '../keys.ts'
import { sealCardKeysAnew } from '../leases/seal-anew.ts'

type EnrolmentRequest = z.output<typeof enrolmentRequestSchema>

const codeLifetimeMs = 10 * 60_000
const triesPerCode = 5
const thumbprintCharacters = 12

export interface EnrolmentCode {
  readonly terminalId: string
  /** `<8 digits>-<first 12 characters of the ledger key's RFC 7638 thumbprint>`. */
  readonly code: string
  readonly expiresAt: number
}

/** A new code for a registered terminal; earlier ones of that terminal end. */
export async function issueEnrolmentCode(work: Work, terminalId: string): Promise<EnrolmentCode> {
  const { connection, keys, now } = work
  await connection
    .deleteFrom('enrolment_code')
    .where('terminal_id', '=', terminalId)
    .where('used_by', 'is', null)
    .execute()
  const digits = (Buffer.from(work.random(6)).readUIntBE(0, 6) % 100_000_000).toString().padStart(8, '0')
  const code = `${digits}-${fingerprintOf(keys)}`
  const expiresAt = now + codeLifetimeMs
  await connection
    .insertInto('enrolment_code')
    .values({
      code_hash: keys.hashCode(code),
      terminal_id: terminalId,
      expires_at: expiresAt,
      tries_left: triesPerCode,
      used_by: null,
    })
    .execute()
  return { terminalId, code, expiresAt }
}

export type Enrolled =
  | {
      readonly kind: 'enrolled'
      readonly terminalId: string
      readonly merchantId: string
      readonly ledgerKey: PublicJwk
    }
  /** Unknown, used with other keys, expired. */
  | { readonly kind: 'code_not_valid' }
  /** Too many wrong codes: every open code is spent. */
  | { readonly kind: 'no_tries_left' }
  /** The terminal's signing key is not a P-256 key, or belongs to somebody else. */
  | { readonly kind: 'key_not_accepted' }

/** The same code with the same keys, because the answer was lost, is answered the same. */
export async function enrolTerminal(work: Work, request: EnrolmentRequest): Promise<Enrolled> {
  const { connection, keys, now } = work
  const { terminalKey, encryptionKey } = request
  if (terminalKey.crv !== 'P-256') return { kind: 'key_not_accepted' }
  const keyId = thumbprintOf(terminalKey)
  const row = await connection
    .selectFrom('enrolment_code')
    .selectAll()
    .where('code_hash', '=', keys.hashCode(request.code))
    .executeTakeFirst()
  if (row === undefined || row.expires_at < BigInt(now)) return countWrongTry(work)
  if (row.tries_left <= 0n) return { kind: 'no_tries_left' }
  if (row.used_by !== null && row.used_by !== keyId) return countWrongTry(work)
  const holder = await connection.selectFrom('principal').select('owner').where('key_id', '=', keyId).executeTakeFirst()
  if (holder !== undefined && holder.owner !== row.terminal_id) return { kind: 'key_not_accepted' }
  if (row.used_by === null) await bindKeys(work, row.terminal_id, keyId, terminalKey, encryptionKey)
  await connection
    .updateTable('enrolment_code')
    .set({ used_by: keyId })
    .where('code_hash', '=', row.code_hash)
    .execute()
  const terminal = await connection
    .selectFrom('terminal')
    .select('merchant_id')
    .where('terminal_id', '=', row.terminal_id)
    .executeTakeFirstOrThrow()
  return {
    kind: 'enrolled',
    terminalId: row.terminal_id,
    merchantId: terminal.merchant_id,
    ledgerKey: keys.signing.jwk,
  }
}

/** A guess counts against every open code, since it may have meant any of them. */
async function countWrongTry({ connection, now }: Work): Promise<Enrolled> {
  const open = await connection
    .selectFrom('enrolment_code')
    .select('tries_left')
    .where('expires_at', '>=', BigInt(now))
    .where('used_by', 'is', null)
    .execute()
  await connection
    .updateTable('enrolment_code')
    .set((expression) => ({ tries_left: expression('tries_left', '-', 1n) }))
    .where('tries_left', '>', 0n)
    .where('used_by', 'is', null)
    .execute()
  return open.length > 0 && open.every((row) => row.tries_left <= 1n)
    ? { kind: 'no_tries_left' }
    : { kind: 'code_not_valid' }
}

async function bindKeys(
  work: Work,
  terminalId: string,
  keyId: string,
  jwk: PublicJwk,
  encryptionKey: EncryptionJwk,
): Promise<void> {
  const { connection } = work
  await connection
    .updateTable('principal')
    .set({ status: 'revoked' })
    .where('owner', '=', terminalId)
    .where('role', '=', 'terminal')
    .execute()
  await connection
    .insertInto('principal')
    .values({ key_id: keyId, jwk: JSON.stringify(jwk), role: 'terminal', owner: terminalId, status: 'active' })
    .onConflict((conflict) =>
      conflict.column('key_id').doUpdateSet({ status: 'active', heard_until: null, follows: null }),
    )
    .execute()
  await connection
    .updateTable('terminal')
    .set({ status: 'active', key_id: keyId, encryption_key: JSON.stringify(encryptionKey) })
    .where('terminal_id', '=', terminalId)
    .execute()
  // A till in another's place: its leases and their money stay, and their keys are to be read by it.
  await sealCardKeysAnew(work, terminalId, encryptionKey)
}

export function fingerprintOf(keys: LedgerKeys): string {
  return thumbprintOf(keys.signing.jwk).slice(0, thumbprintCharacters)
}
