/**
 * The card profile `ntag424`: what a till says to an NTAG 424 DNA to get a proof that this card was at this till for
 * this tender (docs/design/02, "One presence at the till").
 *
 * No allowance is stored on the card, so a torn presence costs nothing but time: the tender keeps its id and the card
 * is presented again.
 */
import type { CardChannel, RandomBytes } from './card-channel.ts'
import { asciiBytes, concatBytes, littleEndian, toHex } from './bytes.ts'
import { unwrapResponse, wrapCommand } from './ev2.ts'
import type { Ev2Session } from './ev2.ts'
import { exchange } from './exchange.ts'
import type { Torn } from './exchange.ts'
import { authenticate } from './ntag424-authentication.ts'
import type { AuthenticationRefusalCode, CardAuthenticator } from './ntag424-authentication.ts'
import {
  bindingHexLength,
  bindingOffset,
  ndefFileNumber,
  readNdefFile,
  readNdefFileCommand,
  selectApplicationCommand,
  selectNdefFileCommand,
} from './ntag424-layout.ts'
import type { SunMessage } from './ntag424-layout.ts'
import { recogniseCard } from './ntag424-recognition.ts'
import type { Ntag424Card } from './ntag424-recognition.ts'
import { describeStatus, statusIsoOk } from './status.ts'

const writeData = 0x8d
const termsHashLength = 32

export type ProofStep =
  | 'select-application'
  | 'get-version'
  | 'authenticate'
  | 'write-binding'
  | 'select-again'
  | 'read-message'

export type CardRefusalCode =
  /** Not an NTAG 424 DNA with our application. */
  | 'CARD_UNKNOWN'
  | AuthenticationRefusalCode
  /** The card is genuine and would not write the binding. */
  | 'CARD_WRITE_REFUSED'
  /** The file does not hold the binding that was written. Present the card again. */
  | 'CARD_BINDING_MISMATCH'

export interface CardRefusal<Step extends string = ProofStep> {
  readonly kind: 'refused'
  readonly step: Step
  readonly code: CardRefusalCode
  /** For the log and the detail line: never a key, a UID or a message. */
  readonly detail: string
}

export type BindingWritten =
  | { readonly kind: 'written'; readonly session: Ev2Session }
  | CardRefusal<'write-binding'>
  | Torn<'write-binding'>

/** Writes the terms' hash as 64 upper-case hex digits where the SDM MAC covers it: WriteData, MAC mode (step 5). */
export async function writeBinding(
  channel: CardChannel,
  session: Ev2Session,
  termsHash: Uint8Array,
): Promise<BindingWritten> {
  const binding = asciiBytes(bindingOf(termsHash))
  const header = concatBytes(
    Uint8Array.of(ndefFileNumber),
    littleEndian(bindingOffset, 3),
    littleEndian(bindingHexLength, 3),
  )
  const command = wrapCommand(session, writeData, header, binding, 'mac')
  if (command.kind !== 'wrapped') return refusal('write-binding', 'CARD_WRITE_REFUSED', command.kind)
  const answer = await exchange(channel, 'write-binding', command.apdu)
  if (answer.kind === 'torn') return answer
  const response = unwrapResponse(command.session, answer.response, 'mac')
  switch (response.kind) {
    case 'status':
      return refusal('write-binding', 'CARD_WRITE_REFUSED', describeStatus(response.status))
    case 'malformed':
      return refusal('write-binding', 'CARD_ANSWER_MALFORMED', response.detail)
    case 'data':
      return { kind: 'written', session: command.session }
  }
}

export type SunRead =
  | { readonly kind: 'sun'; readonly message: SunMessage }
  | CardRefusal<'select-again' | 'read-message'>
  | Torn<'select-again' | 'read-message'>

/**
 * Selects the application again, which ends the authenticated state, and reads the SUN message (steps 6 and 7). The
 * card mirrors only when it is not authenticated. Raises SDMReadCtr by one.
 */
export async function readSun(channel: CardChannel): Promise<SunRead> {
  for (const command of [selectApplicationCommand(), selectNdefFileCommand()]) {
    const selected = await exchange(channel, 'select-again', command)
    if (selected.kind === 'torn') return selected
    if (selected.status.code !== statusIsoOk) {
      return refusal('select-again', 'CARD_ANSWER_MALFORMED', describeStatus(selected.status))
    }
  }
  const read = await exchange(channel, 'read-message', readNdefFileCommand())
  if (read.kind === 'torn') return read
  if (read.status.code !== statusIsoOk) {
    return refusal('read-message', 'CARD_ANSWER_MALFORMED', describeStatus(read.status))
  }
  const file = readNdefFile(read.data)
  return file.kind === 'sun' ? file : refusal('read-message', 'CARD_ANSWER_MALFORMED', file.detail)
}

export type ProofTaken =
  /** `sun.b` is the binding of these terms. Only the ledger can tell whether `sun.m` is the card's. */
  { readonly kind: 'proof'; readonly sun: SunMessage; readonly uid: Uint8Array } | Torn<ProofStep> | CardRefusal

/**
 * The whole presence after the decision and its intent row: select, authenticate once, write the binding, reselect,
 * read, compare (steps 1 to 8). Never retries; never throws on anything a card says.
 *
 * @param termsHash 32 bytes, the hash of the tender's terms; other lengths throw
 * @param recognised what `recogniseCard` found in this same presence; without it the card is asked here
 */
export async function takeSaleBoundProof(
  channel: CardChannel,
  authenticator: CardAuthenticator,
  termsHash: Uint8Array,
  random: RandomBytes,
  recognised?: Ntag424Card,
): Promise<ProofTaken> {
  const binding = bindingOf(termsHash)
  const card = recognised === undefined ? await recognise(channel) : await reselect(channel, recognised)
  if (card.kind !== 'ntag424') return card

  const authentication = await authenticate(channel, card.uid, authenticator, random)
  if (authentication.kind !== 'session') return authentication
  const written = await writeBinding(channel, authentication.session, termsHash)
  if (written.kind !== 'written') return written
  const read = await readSun(channel)
  if (read.kind !== 'sun') return read
  if (read.message.b !== binding) return refusal('read-message', 'CARD_BINDING_MISMATCH', 'other-binding-read-back')
  return { kind: 'proof', sun: read.message, uid: card.uid }
}

/** The binding of a tender: upper-case hex of its 32-byte terms hash (docs/design/02, "The binding"). */
export function bindingOf(termsHash: Uint8Array): string {
  if (termsHash.length !== termsHashLength) throw new RangeError(`a terms hash has 32 bytes, not ${termsHash.length}`)
  return toHex(termsHash)
}

type Ready = Ntag424Card | Torn<'select-application' | 'get-version'> | CardRefusal

async function recognise(channel: CardChannel): Promise<Ready> {
  const recognition = await recogniseCard(channel)
  switch (recognition.kind) {
    case 'ntag424':
      return recognition
    case 'unsupported':
      return refusal('get-version', 'CARD_UNKNOWN', recognition.detail.reason)
    case 'torn':
      return { kind: 'torn', step: recognition.step, executed: 'unknown', reason: recognition.reason }
    case 'card-gone':
      return { kind: 'torn', step: recognition.step, executed: 'no', reason: recognition.reason }
  }
}

/** pcscd may have cut the power of a card that lay still while the sale was decided. */
async function reselect(channel: CardChannel, card: Ntag424Card): Promise<Ready> {
  const selected = await exchange(channel, 'select-application', selectApplicationCommand())
  if (selected.kind === 'torn') return selected
  if (selected.status.code === statusIsoOk) return card
  return refusal('select-application', 'CARD_ANSWER_MALFORMED', describeStatus(selected.status))
}

function refusal<Step extends ProofStep>(step: Step, code: CardRefusalCode, detail: string): CardRefusal<Step> {
  return { kind: 'refused', step, code, detail }
}
