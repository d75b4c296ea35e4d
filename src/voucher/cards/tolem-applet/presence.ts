/**
 * From the card on the reader to an open channel with a card that has proved who it is (docs/design/22, "One presence
 * at the till", step 1): the terminal proves itself first, the card inside the channel, and before that nothing of the
 * card is believed and no PIN is sent.
 */
import type { CardChannel, RandomBytes } from '../card-channel.ts'
import { concatBytes } from '../bytes.ts'
import { exchange } from '../exchange.ts'
import {
  cardCertificateLength,
  checkChain,
  issuerCertificateLength,
  readTerminalCertificate,
  type CardCertificate,
  type CardChain,
  type IssuerCertificate,
  type TerminalCertificate,
} from './certificates.ts'
import { authenticationInput, cardAuthenticationInput, channelKeys, transcriptHash } from './channel-crypto.ts'
import { refusal, type AppletFailure, type AppletStep } from './failure.ts'
import { newEphemeralKey, publicKeyLength, signatureLength, type P256PublicKey, type Sign } from './p256.ts'
import { recogniseApplet, type AppletCard } from './recognition.ts'
import { refusalOf, SecureChannel } from './secure-channel.ts'
import { describeAppletStatus, statusOk } from './status.ts'

/** How this terminal shows itself to cards. */
export interface TerminalIdentity {
  /** 201 bytes, of the terminal authority. */
  readonly certificate: Uint8Array
  /** With the key that the certificate names. */
  readonly sign: Sign
}

/** What the terminal believes of cards. */
export interface CardTrust {
  /** Public keys, 64 bytes each, of the terminal's package. */
  readonly rootKeys: readonly Uint8Array[]
  /** Milliseconds since 1970: at which the card's certificates have to be valid. */
  readonly trustedTime: number
}

/** A card that proved who it is, and the channel to it. Ends with the presence, or when it is torn. */
export interface AppletPresence {
  readonly kind: 'present'
  readonly channel: SecureChannel
  readonly card: CardCertificate
  readonly issuer: IssuerCertificate
  readonly cardKey: P256PublicKey
  readonly issuerKey: P256PublicKey
  /** As the card gave it, to go with its records. */
  readonly chain: CardChain
  /** This terminal's own, whose names stand in what the card signs. */
  readonly terminal: TerminalCertificate
}

/**
 * Opens a channel and lets the card prove itself.
 *
 * @param recognised what `recogniseApplet` found a moment ago in this presence; its challenge serves once
 */
export async function openPresence(
  channel: CardChannel,
  identity: TerminalIdentity,
  trust: CardTrust,
  random: RandomBytes,
  recognised?: AppletCard,
): Promise<AppletPresence | AppletFailure> {
  const terminal = readTerminalCertificate(identity.certificate)
  if (terminal === null) return refusal('present-certificate', 'TERMINAL_NOT_ACCEPTED', 'own-certificate-malformed')
  const applet = recognised ?? (await recogniseApplet(channel))
  if (applet.kind === 'torn') return applet
  if (applet.kind === 'unsupported') return refusal('select', 'CARD_UNKNOWN', `${applet.reason}: ${applet.detail}`)

  const opened = await openChannel(channel, identity, applet, random)
  if (opened.kind !== 'opened') return opened
  return identify(opened.channel, opened.transcript, applet, terminal, trust)
}

type Opened =
  | { readonly kind: 'opened'; readonly channel: SecureChannel; readonly transcript: Uint8Array }
  | AppletFailure

async function openChannel(
  channel: CardChannel,
  { certificate, sign }: TerminalIdentity,
  { selectAnswer }: AppletCard,
  random: RandomBytes,
): Promise<Opened> {
  const presented = await exchange<AppletStep>(channel, 'present-certificate', plainCommand(0x10, certificate, false))
  if (presented.kind === 'torn') return presented
  if (presented.status.code !== statusOk) {
    return refusal('present-certificate', 'TERMINAL_NOT_ACCEPTED', describeAppletStatus(presented.status.code))
  }

  const ephemeral = newEphemeralKey(random)
  const handshake = { selectAnswer, terminalCertificate: certificate, terminalEphemeral: ephemeral.publicKey }
  const request = concatBytes(ephemeral.publicKey, sign(authenticationInput(handshake)))
  const answer = await exchange<AppletStep>(channel, 'open-channel', plainCommand(0x12, request, true))
  if (answer.kind === 'torn') return answer
  if (answer.status.code !== statusOk) {
    return refusal('open-channel', 'TERMINAL_NOT_ACCEPTED', describeAppletStatus(answer.status.code))
  }
  const shared = answer.data.length === publicKeyLength ? ephemeral.agree(answer.data) : null
  if (shared === null) return refusal('open-channel', 'CARD_ANSWER_MALFORMED', 'card-ephemeral-key')
  const transcript = transcriptHash(handshake, answer.data)
  return { kind: 'opened', channel: new SecureChannel(channel, channelKeys(shared, transcript)), transcript }
}

async function identify(
  channel: SecureChannel,
  transcript: Uint8Array,
  applet: AppletCard,
  terminal: TerminalCertificate,
  { rootKeys, trustedTime }: CardTrust,
): Promise<AppletPresence | AppletFailure> {
  const answer = await channel.ask({ step: 'identify', instruction: 0x14 })
  if (answer.kind === 'torn') return answer
  if (answer.status !== statusOk) return refusalOf('identify', answer.status)
  if (answer.data.length !== cardCertificateLength + issuerCertificateLength + signatureLength) {
    return refusal('identify', 'CARD_ANSWER_MALFORMED', 'identity-length')
  }
  const end = cardCertificateLength + issuerCertificateLength
  const chain: CardChain = {
    cardCertificate: answer.data.slice(0, cardCertificateLength),
    issuerCertificate: answer.data.slice(cardCertificateLength, end),
  }
  const checked = checkChain(chain, rootKeys, trustedTime)
  if (checked.kind === 'refused') {
    const hasEnded = checked.fault === 'card-not-valid-then' || checked.fault === 'issuer-not-valid-then'
    return refusal('identify', hasEnded ? 'CARD_CERTIFICATE_ENDED' : 'CARD_NOT_AUTHENTIC', checked.fault)
  }
  if (checked.card.kind !== applet.cardKind) return refusal('identify', 'CARD_NOT_AUTHENTIC', 'kind-differs')
  if (!checked.cardKey.verify(cardAuthenticationInput(transcript), answer.data.subarray(end))) {
    return refusal('identify', 'CARD_NOT_AUTHENTIC', 'card-authentication')
  }
  const { card, issuer, cardKey, issuerKey } = checked
  return { kind: 'present', channel, card, issuer, cardKey, issuerKey, chain, terminal }
}

/** A command outside of the channel, 80 INS 00 00 Lc data [Le]. */
function plainCommand(instruction: number, data: Uint8Array, hasAnswer: boolean): Uint8Array {
  return concatBytes(
    Uint8Array.of(0x80, instruction, 0x00, 0x00, data.length),
    data,
    hasAnswer ? Uint8Array.of(0x00) : new Uint8Array(0),
  )
}
