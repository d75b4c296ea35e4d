/**
 * Enrolment with a one-time code of ten minutes and five tries. The printed code carries the beginning of the ledger
 * key's thumbprint, so that a till cannot be enrolled at a false ledger (architecture.md, "Trust").
 */
import type { z } from 'zod'
import { thumbprintOf, verifyingKeyIfAny, type PublicJwk } from '../../src/sync/protocol/keys.ts'
import { canSealTo, type EncryptionJwk } from '../../src/sync/protocol/sealed-box.ts'
import type { enrolmentRequestSchema } from '../../src/sync/protocol/messages.ts'
import type { Work } from '../context.ts'
import type { LedgerKeys } from '../keys.ts'
import { sealCardKeysAnew } from '../leases/seal-anew.ts'

type EnrolmentRequest = z.output<typeof enrolmentRequestSchema>

export const codeLifetimeMs = 10 * 60_000
const triesPerCode = 5
const numberDigits = 4
const secretDigits = 8
const thumbprintCharacters = 12

export interface EnrolmentCode {
  readonly terminalId: string
  /**
   * `<12 digits>-<first 12 characters of the ledger key's RFC 7638 thumbprint>`. The first four digits name the open
   * enrolment, and are no secret: a wrong code counts against that one alone.
   */
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
  const number = await freeNumber(work)
  const secret = digitsFrom(work, secretDigits)
  const code = `${number}${secret}-${fingerprintOf(keys)}`
  const expiresAt = now + codeLifetimeMs
  await connection
    .insertInto('enrolment_code')
    .values({
      code_hash: keys.hashCode(code),
      terminal_id: terminalId,
      expires_at: expiresAt,
      tries_left: triesPerCode,
      used_by: null,
      number,
    })
    .execute()
  return { terminalId, code, expiresAt }
}

/** @throws Error when there are as many open enrolments as numbers */
async function freeNumber(work: Work): Promise<string> {
  const open = await openEnrolments(work).select('number').execute()
  const taken = new Set(open.map((row) => row.number))
  if (taken.size >= 10 ** numberDigits) throw new Error('every number of an enrolment is taken')
  for (;;) {
    const number = digitsFrom(work, numberDigits)
    if (!taken.has(number)) return number
  }
}

/** Of each agency; all of them have the numbers of four digits between them. */
const openCodesMax = 500
const openCodesInAllMax = 9_900

/** Whether its agency, or all of them, have so many codes open that none is given before some end. */
export async function hasTooManyCodes(work: Work, terminalId: string): Promise<boolean> {
  const open = await openEnrolments(work)
    .innerJoin('terminal', 'terminal.terminal_id', 'enrolment_code.terminal_id')
    .select('terminal.registered_by')
    .execute()
  const own = await work.connection
    .selectFrom('terminal')
    .select('registered_by')
    .where('terminal_id', '=', terminalId)
    .executeTakeFirst()
  const ofAgency = open.filter((row) => row.registered_by === own?.registered_by)
  return open.length >= openCodesInAllMax || ofAgency.length >= openCodesMax
}

function openEnrolments({ connection, now }: Work) {
  return connection.selectFrom('enrolment_code').where('expires_at', '>=', BigInt(now)).where('used_by', 'is', null)
}

/** @param length at most 12 */
function digitsFrom(work: Work, length: number): string {
  return (Buffer.from(work.random(6)).readUIntBE(0, 6) % 10 ** length).toString().padStart(length, '0')
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
  /** Too many wrong codes: the enrolment that they named is spent. */
  | { readonly kind: 'no_tries_left' }
  /** The signing key is not a P-256 key or somebody else's, or nothing can be sealed to the encryption key. */
  | { readonly kind: 'key_not_accepted' }

/** The same code with the same keys, because the answer was lost, is answered the same. */
export async function enrolTerminal(work: Work, request: EnrolmentRequest): Promise<Enrolled> {
  const { connection, keys, now } = work
  const { terminalKey, encryptionKey } = request
  if (terminalKey.crv !== 'P-256' || verifyingKeyIfAny(terminalKey) === undefined || !canSealTo(encryptionKey))
    return { kind: 'key_not_accepted' }
  const keyId = thumbprintOf(terminalKey)
  const row = await connection
    .selectFrom('enrolment_code')
    .selectAll()
    .where('code_hash', '=', keys.hashCode(request.code))
    .executeTakeFirst()
  if (row === undefined || row.expires_at < BigInt(now)) return countWrongTry(work, request.code)
  if (row.tries_left <= 0n) return { kind: 'no_tries_left' }
  if (row.used_by !== null && row.used_by !== keyId) return { kind: 'code_not_valid' }
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

/** Against the open enrolment that the code names; a code that names none costs nobody a try. */
async function countWrongTry(work: Work, code: string): Promise<Enrolled> {
  const number = /^\d+(?=-)/.exec(code)?.[0].slice(0, numberDigits)
  const named =
    number === undefined
      ? undefined
      : await openEnrolments(work).select(['code_hash', 'tries_left']).where('number', '=', number).executeTakeFirst()
  if (named === undefined) return { kind: 'code_not_valid' }
  await work.connection
    .updateTable('enrolment_code')
    .set((expression) => ({ tries_left: expression('tries_left', '-', 1n) }))
    .where('code_hash', '=', named.code_hash)
    .where('tries_left', '>', 0n)
    .execute()
  return named.tries_left <= 1n ? { kind: 'no_tries_left' } : { kind: 'code_not_valid' }
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
