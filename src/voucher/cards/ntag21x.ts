/**
 * The card profile `ntag21x`: what a till asks an NTAG213, NTAG215 or NTAG216 (docs/design/24-card-profiles.md). Both
 * answers, the maker's signature and the issuer's record, are the same for everybody and for ever, so a copy of the
 * card has them too: they keep foreign and home-made cards out, and prove no presence.
 *
 * Nothing is ever written at a till, so a torn presence costs nothing: the card is held there again.
 */
import type { CardChannel } from './card-channel.ts'
import { asciiBytes, concatBytes, toHex } from './bytes.ts'
import type { Torn } from './exchange.ts'
import { findNdefMessage, oneRecordMemory, parseNdefMessage } from './ndef.ts'
import { firstUserPage, type Ntag21xModel } from './ntag21x-layout.ts'
import { isOriginal } from './originality.ts'
import { passThrough, readPages } from './pass-through.ts'

export type Ntag21xStep = 'read-signature' | 'read-record'

export type Ntag21xRefusalCode =
  /** Nothing of ours is on it. */
  | 'CARD_UNKNOWN'
  /** The chip is not NXP's. */
  | 'CARD_NOT_ORIGINAL'
  | 'CARD_ANSWER_MALFORMED'

export interface Ntag21xRefusal {
  readonly kind: 'refused'
  readonly code: Ntag21xRefusalCode
  readonly detail: string
}

/** Whom the issuer's signature is about and whose it is, is for the caller to check. @field issuerSignature 64 bytes */
export type Ntag21xRead =
  | { readonly kind: 'read'; readonly issuerSignature: Uint8Array }
  | Ntag21xRefusal
  | Torn<Ntag21xStep>

const readSignature = Uint8Array.of(0x3c, 0x00)
const signatureLength = 32

const recordFormatExternal = 4
const recordType = asciiBytes('tolem.invalid:card')
const recordVersion = 0x01
const issuerSignatureLength = 64

/** After the card was recognised, in the same presence. */
export async function readNtag21x(
  channel: CardChannel,
  card: { readonly uid: Uint8Array; readonly model: Ntag21xModel },
): Promise<Ntag21xRead> {
  const original = await checkOriginality(channel, card.uid)
  if (original.kind !== 'original') return original
  return readRecord(channel, card.model)
}

/** READ_SIG (`3C 00`), and whether NXP made the chip. */
export async function checkOriginality(
  channel: CardChannel,
  uid: Uint8Array,
): Promise<{ readonly kind: 'original' } | Ntag21xRefusal | Torn<'read-signature'>> {
  const answer = await passThrough(channel, 'read-signature', readSignature)
  if (answer.kind === 'torn') return answer
  if (answer.kind !== 'answered')
    return refusal('CARD_ANSWER_MALFORMED', answer.kind === 'malformed' ? answer.detail : 'no signature')
  if (answer.data.length !== signatureLength)
    return refusal('CARD_ANSWER_MALFORMED', `${answer.data.length} bytes of signature`)
  return isOriginal('ntag21x', uid, answer.data)
    ? { kind: 'original' }
    : refusal('CARD_NOT_ORIGINAL', 'the signature is not the maker’s over this UID')
}

/** As many pages as the NDEF message needs, from the first one on. */
async function readRecord(channel: CardChannel, model: Ntag21xModel): Promise<Ntag21xRead> {
  let memory: Uint8Array = new Uint8Array(0)
  for (;;) {
    const found = findNdefMessage(memory)
    if (found.kind === 'none') return refusal('CARD_UNKNOWN', 'no message')
    if (found.kind === 'found') return recordOf(found.message)
    if (found.bytes > model.userBytes) return refusal('CARD_UNKNOWN', 'a message longer than the memory')
    const read = await readPages(channel, 'read-record', firstUserPage + memory.length / 4)
    if (read.kind === 'torn') return read
    if (read.kind === 'malformed') return refusal('CARD_ANSWER_MALFORMED', read.detail)
    memory = concatBytes(memory, read.data)
  }
}

function recordOf(message: Uint8Array): Ntag21xRead {
  const parsed = parseNdefMessage(message)
  if (parsed.kind === 'fault') return refusal('CARD_UNKNOWN', parsed.fault)
  const own = parsed.records.find(
    ({ format, type }) => format === recordFormatExternal && toHex(type) === toHex(recordType),
  )
  if (own === undefined) return refusal('CARD_UNKNOWN', 'no record of an issuer')
  const { payload } = own
  if (payload[0] !== recordVersion || payload.length !== 1 + issuerSignatureLength)
    return refusal('CARD_UNKNOWN', 'a record of another version')
  return { kind: 'read', issuerSignature: payload.slice(1) }
}

/** What the issuing desk writes from page 4 on: whole pages. @param issuerSignature 64 bytes */
export function issuedMemory(issuerSignature: Uint8Array): Uint8Array {
  if (issuerSignature.length !== issuerSignatureLength)
    throw new RangeError(`a signature has 64 bytes, not ${issuerSignature.length}`)
  const payload = concatBytes(Uint8Array.of(recordVersion), issuerSignature)
  const memory = oneRecordMemory({ format: recordFormatExternal, type: recordType, payload })
  const padded = new Uint8Array(Math.ceil(memory.length / 4) * 4)
  padded.set(memory)
  return padded
}

function refusal(code: Ntag21xRefusalCode, detail: string): Ntag21xRefusal {
  return { kind: 'refused', code, detail }
}
