/**
 * The issuing desk makes an NTAG21x into a card of an issuer zone: the issuer's record from page 4 on, and a password
 * without which nobody writes there again (docs/design/24-card-profiles.md, "NTAG21x").
 *
 * The order: record, password and its answer, rights, and last AUTH0, from which on the password is asked. Torn
 * anywhere, the call is repeated with the same order: what is open is written again, and what is closed opens with our
 * password, or is somebody else's card. The password is sent in clear: it keeps passers-by from writing, and nobody who
 * listens at the desk.
 */
import type { CardChannel } from './card-channel.ts'
import { diversifyAes128 } from './an10922.ts'
import { asciiBytes, concatBytes, toHex } from './bytes.ts'
import { uidLength } from './card-keys.ts'
import type { Torn } from './exchange.ts'
import { checkOriginality, issuedMemory, readNtag21x, type Ntag21xRefusal } from './ntag21x.ts'
import { firstUserPage, type Ntag21xModel } from './ntag21x-layout.ts'
import { passThrough, readPages, writePage } from './pass-through.ts'
import { recogniseAnyCard, type AnyRecognitionStep } from './recognition.ts'

const passwordAuthentication = 0x1b
const strongModulationOnly = Uint8Array.of(0x04, 0x00, 0x00)
/** Anybody reads; CFGLCK and NFC_CNT_EN off; no limit of wrong passwords, which a passer-by could use up. */
const accessRights = Uint8Array.of(0x00, 0x05, 0x00, 0x00)

export interface Ntag21xPassword {
  /** 4 bytes. */
  readonly password: Uint8Array
  /** PACK, 2 bytes: by it the card shows that it knew the password already. */
  readonly acknowledge: Uint8Array
}

/**
 * Of one card: AN10922 with M = UID (7) ‖ `TLM21x`; the first four bytes are the password, the next two its answer.
 *
 * @param masterKey 16 bytes, the issuer's for passwords and for nothing else
 */
export function passwordOf(masterKey: Uint8Array, uid: Uint8Array): Ntag21xPassword {
  if (uid.length !== uidLength) throw new RangeError(`a UID has 7 bytes, not ${uid.length}`)
  const key = diversifyAes128(masterKey, concatBytes(uid, asciiBytes('TLM21x')))
  return { password: key.slice(0, 4), acknowledge: key.slice(4, 6) }
}

export interface Ntag21xOrder {
  readonly passwordOf: (uid: Uint8Array) => Ntag21xPassword
  /** Registers the card at the ledger: its issuer's signature, 64 bytes; null where it does not register it. */
  readonly issue: (uid: Uint8Array) => Promise<Uint8Array | null>
}

type Step = AnyRecognitionStep | 'read-signature' | 'read-record' | 'unlock' | 'write' | 'verify'

export type Ntag21xPersonalisation =
  | { readonly kind: 'personalised'; readonly uid: Uint8Array; readonly model: Ntag21xModel['name'] }
  | {
      readonly kind: 'refused'
      readonly code:
        | Ntag21xRefusal['code']
        | 'CARD_RANDOM_UID'
        /** Protected with a password that is not ours. */
        | 'CARD_NOT_BLANK'
        /** The ledger does not register it. */
        | 'CARD_NOT_ISSUED'
        | 'CARD_COMMAND_REFUSED'
        /** All was written, and the card does not show it. Do not issue it. */
        | 'CARD_NOT_VERIFIED'
      readonly detail: string
    }
  | Torn<Step>

/** Personalises the card on the reader, or completes a torn personalisation. */
export async function personaliseNtag21x(channel: CardChannel, order: Ntag21xOrder): Promise<Ntag21xPersonalisation> {
  const card = await recogniseAnyCard(channel)
  switch (card.kind) {
    case 'torn':
      return { kind: 'torn', step: card.step, executed: 'unknown', reason: card.reason }
    case 'card-gone':
      return { kind: 'torn', step: card.step, executed: 'no', reason: card.reason }
    case 'random-uid':
      return refusal('CARD_RANDOM_UID', card.name)
    case 'unreadable':
      return refusal('CARD_ANSWER_MALFORMED', card.name)
    case 'ntag21x':
      break
    default:
      return refusal('CARD_UNKNOWN', card.name)
  }
  const { uid, model } = card
  const original = await checkOriginality(channel, uid)
  if (original.kind !== 'original') return original
  const issuerSignature = await order.issue(uid)
  if (issuerSignature === null) return refusal('CARD_NOT_ISSUED', 'the ledger did not register it')

  const password = order.passwordOf(uid)
  const opened = await unlock(channel, model, password)
  if (opened !== null) return opened
  const written = await write(channel, model, issuedMemory(issuerSignature), password)
  if (written !== null) return written
  return verify(channel, card, issuerSignature)
}

type Failure = Exclude<Ntag21xPersonalisation, { kind: 'personalised' }>

/** Null when pages may be written now. */
async function unlock(
  channel: CardChannel,
  { configurationPage }: Ntag21xModel,
  { password, acknowledge }: Ntag21xPassword,
): Promise<Failure | null> {
  const configuration = await readPages(channel, 'unlock', configurationPage)
  if (configuration.kind === 'torn') return configuration
  if (configuration.kind === 'malformed') return refusal('CARD_NOT_BLANK', configuration.detail)
  const isOpen = (configuration.data[3] ?? 0) > configurationPage + 3
  if (isOpen) return null
  const answer = await passThrough(channel, 'unlock', concatBytes(Uint8Array.of(passwordAuthentication), password))
  if (answer.kind === 'torn') return answer
  return answer.kind === 'answered' && toHex(answer.data) === toHex(acknowledge)
    ? null
    : refusal('CARD_NOT_BLANK', 'protected with another password')
}

async function write(
  channel: CardChannel,
  { configurationPage }: Ntag21xModel,
  memory: Uint8Array,
  { password, acknowledge }: Ntag21xPassword,
): Promise<Failure | null> {
  const pages: [page: number, content: Uint8Array][] = []
  for (let at = 0; at < memory.length; at += 4) pages.push([firstUserPage + at / 4, memory.slice(at, at + 4)])
  pages.push(
    [configurationPage + 2, password],
    [configurationPage + 3, concatBytes(acknowledge, Uint8Array.of(0, 0))],
    [configurationPage + 1, accessRights],
    [configurationPage, concatBytes(strongModulationOnly, Uint8Array.of(firstUserPage))],
  )
  for (const [page, content] of pages) {
    const written = await writePage(channel, 'write', page, content)
    if (written.kind === 'torn') return written
    if (written.kind === 'refused') return refusal('CARD_COMMAND_REFUSED', `page ${page}: ${written.detail}`)
  }
  return null
}

/** As a till will read it; and that the password is asked from now on. */
async function verify(
  channel: CardChannel,
  { uid, model }: { readonly uid: Uint8Array; readonly model: Ntag21xModel },
  issuerSignature: Uint8Array,
): Promise<Ntag21xPersonalisation> {
  const read = await readNtag21x(channel, { uid, model })
  if (read.kind === 'torn') return read
  if (read.kind === 'refused') return refusal('CARD_NOT_VERIFIED', read.detail)
  const configuration = await readPages(channel, 'verify', model.configurationPage)
  if (configuration.kind === 'torn') return configuration
  const isClosed = configuration.kind === 'read' && configuration.data[3] === firstUserPage
  return toHex(read.issuerSignature) === toHex(issuerSignature) && isClosed
    ? { kind: 'personalised', uid, model: model.name }
    : refusal('CARD_NOT_VERIFIED', 'the card shows something else')
}

function refusal(code: Extract<Failure, { kind: 'refused' }>['code'], detail: string): Failure {
  return { kind: 'refused', code, detail }
}
