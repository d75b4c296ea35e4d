/**
 * Who this terminal is: the enrolment that binds its two keys (key-file.ts) to a merchant (architecture.md, "Trust").
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { writeWhole } from '../../sync/journal/data-folder.ts'
import { verifyAnswer, signRequest } from '../../sync/protocol/http-signature.ts'
import { toJson } from '../../sync/protocol/canonical.ts'
import { publicJwkSchema, verifyingKey, thumbprintOf } from '../../sync/protocol/keys.ts'
import { enrolmentSchema, type Enrolment } from '../../sync/protocol/messages.ts'
import type { KeyPair } from '../../sync/engine/key-ring.ts'
import type { LedgerTransport, Randomness } from '../../sync/engine/ports.ts'

/**
 * The stored enrolment, if there is one.
 * @throws EnrolmentError IDENTITY_DAMAGED
 */
export function loadEnrolment(folder: string): Enrolment | undefined {
  if (!isEnrolled(folder)) return undefined
  const file = enrolmentFileIn(folder)
  try {
    return enrolmentSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    throw identityDamaged(file)
  }
}

export function storeEnrolment(folder: string, enrolment: Enrolment): void {
  writeWhole(enrolmentFileIn(folder), toJson(enrolment))
}

export function isEnrolled(folder: string): boolean {
  return existsSync(enrolmentFileIn(folder))
}

function enrolmentFileIn(folder: string): string {
  return join(folder, 'enrolment.json')
}

export function identityDamaged(file: string): EnrolmentError {
  return new EnrolmentError(
    'IDENTITY_DAMAGED',
    `The file ${file}, which says who this terminal is, is missing or damaged. Restore it from a backup. ` +
      'Keep the folder as it is, do not delete it: unsynced sales may be in it. ' +
      'To sell meanwhile, start with another --data folder.',
  )
}

export class EnrolmentError extends Error {
  readonly code:
    | 'IDENTITY_DAMAGED'
    | 'KEYS_SEALED'
    | 'ENROLMENT_CODE_MISSING'
    | 'ENROLMENT_REFUSED'
    | 'LEDGER_UNREACHABLE'
    | 'LEDGER_KEY_MISMATCH'
  constructor(code: EnrolmentError['code'], message: string) {
    super(message)
    this.name = 'EnrolmentError'
    this.code = code
  }
}

const ledgerKeySchema = z.strictObject({ ledgerKey: publicJwkSchema })
const enrolmentAnswerSchema = z.strictObject({
  terminalId: z.string(),
  merchantId: z.string(),
  ledgerKey: publicJwkSchema,
})

/**
 * Enrols with a one-time code `<12 digits>-<first 12 characters of the ledger key's thumbprint>`: the second half makes
 * a false ledger useless. It has to show that it holds that key before it is sent the code.
 * @throws EnrolmentError with the remedy
 */
export async function enrol(
  keys: KeyPair,
  code: string | undefined,
  ledgerUrl: string,
  transport: LedgerTransport,
  randomness: Randomness,
  nowMs: number,
): Promise<Enrolment> {
  if (code === undefined) {
    throw new EnrolmentError(
      'ENROLMENT_CODE_MISSING',
      'This terminal is not enrolled. Get a one-time code from the agency and start with it.',
    )
  }
  const ask = async (method: 'GET' | 'POST', path: string, body: string) => {
    const created = Math.floor(nowMs / 1000)
    const nonce = Buffer.from(randomness.bytes(16)).toString('base64url')
    const moment = { created, expires: created + 60, nonce }
    const request = signRequest({ method, url: `${ledgerUrl}${path}`, body }, keys.signing, moment)
    const sent = await transport(request, 10_000)
    if (sent.kind === 'response') return { request, response: sent.response, json: safeJson(sent.response.body) }
    throw new EnrolmentError(
      'LEDGER_UNREACHABLE',
      `The ledger at ${ledgerUrl} does not answer (${sent.detail}). Enrolment needs it once.`,
    )
  }
  const asked = await ask('GET', '/v1/ledger-key', '')
  const shown = ledgerKeySchema.safeParse(asked.json)
  const fingerprint = code.slice(code.indexOf('-') + 1)
  if (!shown.success || fingerprint.length < 12 || !thumbprintOf(shown.data.ledgerKey).startsWith(fingerprint))
    throw falseLedger()
  const { ledgerKey } = shown.data
  if (verifyAnswer(asked.response, asked.request, verifyingKey(ledgerKey)).kind !== 'valid') throw falseLedger()

  const own = { terminalKey: keys.signing.jwk, encryptionKey: keys.encryption.jwk }
  const { request, response, json } = await ask('POST', '/v1/terminal-enrolments', toJson({ code, ...own }))
  const answer = enrolmentAnswerSchema.safeParse(json)
  if (response.status !== 200 || !answer.success) {
    throw new EnrolmentError(
      'ENROLMENT_REFUSED',
      `The ledger refused the enrolment code (${response.status}). ` +
        'Get a new one: a code works once, for ten minutes.',
    )
  }
  if (verifyAnswer(response, request, verifyingKey(ledgerKey)).kind !== 'valid') throw falseLedger()
  const { terminalId, merchantId } = answer.data
  return { terminalId, merchantId, ledgerKey, ...own }
}

function falseLedger(): EnrolmentError {
  return new EnrolmentError(
    'LEDGER_KEY_MISMATCH',
    'The ledger that answered is not the one that the enrolment code names. Check the address.',
  )
}

/** Undefined for what is no JSON. */
export function safeJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
