/**
 * The issuing desk makes a blank applet into a card (docs/design/22, "Personalisation"): its id, the keys that it is to
 * believe, a key pair of its own that never leaves it, and the certificate for that. Then the card proves itself as it
 * will at any till. Slots and the permission for a first PIN come by scripts, which the same presence can carry.
 *
 * Torn anywhere, the call can be repeated with the same order: before ACTIVATE everything is written anew (with a new
 * key, and so another certificate); after it the card is only asked to prove itself.
 */
import type { CardChannel, RandomBytes } from '../card-channel.ts'
import { asciiBytes, concatBytes, equalBytes } from '../bytes.ts'
import { exchange, type CardAnswer, type Torn } from '../exchange.ts'
import { cardCertificateLength } from './certificates.ts'
import { refusal, type AppletFailure, type AppletStep } from './failure.ts'
import { timeField } from './layout.ts'
import { p256PublicKey, publicKeyLength, sha256 } from './p256.ts'
import { openPresence, type AppletPresence, type CardTrust, type TerminalIdentity } from './presence.ts'
import { recogniseApplet } from './recognition.ts'
import { describeAppletStatus, statusOk } from './status.ts'

export interface AppletOrder {
  /** 16 bytes, new for each card. */
  readonly cardId: Uint8Array
  readonly issuerCertificate: Uint8Array
  /** Public keys of the terminal authority: the present one and, where there is one already, the next. */
  readonly authorityKeys: readonly [Uint8Array, Uint8Array | null]
  /** Now: the card takes no earlier time from then on. */
  readonly time: number
  /**
   * The issuer's certificate for the key that this card has made; null if the issuer gives none. May be asked again
   * for the same card after a tear: the certificate that the card shows in the end is the one that counts.
   */
  readonly certify: (publicKey: Uint8Array) => Promise<Uint8Array | null>
}

export type AppletPersonalisation = AppletPresence | AppletFailure

/** @param identity of the desk, with which the new card is tried */
export async function personaliseApplet(
  channel: CardChannel,
  order: AppletOrder,
  identity: TerminalIdentity,
  trust: CardTrust,
  random: RandomBytes,
): Promise<AppletPersonalisation> {
  const applet = await recogniseApplet(channel)
  if (applet.kind === 'torn') return applet
  if (applet.kind === 'unsupported') return refusal('select', 'CARD_UNKNOWN', `${applet.reason}: ${applet.detail}`)
  if (applet.authorityKeyIds.length === 0) {
    const failure = await write(channel, order)
    if (failure !== null) return failure
  }
  // A channel needs a challenge that no ACTIVATE came after: select anew.
  const presence = await openPresence(channel, identity, trust, random)
  if (presence.kind !== 'present') return presence
  return equalBytes(presence.card.cardId, order.cardId)
    ? presence
    : refusal('identify', 'CARD_NOT_BLANK', 'another-card-id')
}

/** Null: the card is active, and signed for exactly what it was given. */
async function write(channel: CardChannel, order: AppletOrder): Promise<AppletFailure | null> {
  const { cardId, issuerCertificate, authorityKeys, time } = order
  const [presentKey, nextKey] = authorityKeys
  const items: readonly (readonly [number, Uint8Array])[] = [
    [0x01, cardId],
    [0x02, issuerCertificate],
    [0x03, presentKey],
    ...(nextKey === null ? [] : [[0x04, nextKey] as const]),
  ]
  for (const [item, value] of items) {
    const stored = await ask(channel, 'personalise', storeData(item, value))
    if (stored.kind !== 'answered') return stored
  }
  const made = await ask(channel, 'personalise', Uint8Array.of(0x80, 0xe6, 0x00, 0x00, 0x00))
  if (made.kind !== 'answered') return made
  const cardKey = made.data.length === publicKeyLength ? p256PublicKey(made.data) : null
  if (cardKey === null) return refusal('personalise', 'CARD_ANSWER_MALFORMED', 'public-key')

  const certificate = await order.certify(cardKey.bytes)
  if (certificate?.length !== cardCertificateLength)
    return refusal('personalise', 'CARD_NOT_CERTIFIED', 'no-certificate')
  const certified = await ask(channel, 'personalise', storeData(0x05, certificate))
  if (certified.kind !== 'answered') return certified

  const moment = timeField.encode(time)
  const activate = concatBytes(Uint8Array.of(0x80, 0xe8, 0x00, 0x00, 0x08), moment, Uint8Array.of(0x00))
  const activated = await ask(channel, 'activate', activate)
  if (activated.kind !== 'answered') return activated
  const given = sha256(issuerCertificate, presentKey, nextKey ?? new Uint8Array(publicKeyLength), certificate, moment)
  const said = concatBytes(asciiBytes('TLMPER01'), cardId, given)
  return cardKey.verify(said, activated.data) ? null : refusal('activate', 'CARD_NOT_AUTHENTIC', 'activation')
}

async function ask(
  channel: CardChannel,
  step: AppletStep,
  command: Uint8Array,
): Promise<CardAnswer | Torn<AppletStep> | AppletFailure> {
  const answer = await exchange(channel, step, command)
  if (answer.kind === 'torn' || answer.status.code === statusOk) return answer
  return refusal(step, 'CARD_COMMAND_REFUSED', describeAppletStatus(answer.status.code))
}

function storeData(item: number, value: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0x80, 0xe2, item, 0x00, value.length), value)
}
