/** The recorded presences of test/fixtures/vectors/tolem-applet.json, as tests of the applet's profile play them. */
import { createPrivateKey, sign as signBytes } from 'node:crypto'
import { fromHex } from '../../../src/voucher/cards/bytes.ts'
import type { CardChannel } from '../../../src/voucher/cards/card-channel.ts'
import type { Sign } from '../../../src/voucher/cards/tolem-applet/p256.ts'
import {
  openPresence,
  type AppletPresence,
  type TerminalIdentity,
} from '../../../src/voucher/cards/tolem-applet/presence.ts'
import { schemeRef } from '../../../src/voucher/cards/tolem-applet/names.ts'
import type { SpendOrder } from '../../../src/voucher/cards/tolem-applet/spend.ts'
import { slotLayout } from '../../../src/voucher/cards/tolem-applet/slots.ts'
import vectors from '../../fixtures/vectors/tolem-applet.json' with { type: 'json' }
import { answered, playbackCard, scriptedRandom, type Exchange, type ScriptedCard } from './scripted-card.ts'

export { vectors }

export const trust = { rootKeys: [fromHex(vectors.keys.root.public)], trustedTime: vectors.now }
export const ourScheme = schemeRef(vectors.names.schemeId)

/** With a key of the vectors, r ‖ s. */
export function signWith(key: keyof typeof vectors.keys): Sign {
  const { private: secret, public: point } = vectors.keys[key]
  const text = (hex: string): string => Buffer.from(hex, 'hex').toString('base64url')
  const jwk = { kty: 'EC', crv: 'P-256', d: text(secret), x: text(point.slice(0, 64)), y: text(point.slice(64)) }
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
  return (bytes) => signBytes('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' })
}

type RecordedPresence = 'sale' | 'recovery' | 'updatePresence'

/** The till of the recording: its signature is the recorded one, whatever it is to sign. */
export function recordedTill(of: RecordedPresence): TerminalIdentity {
  return {
    certificate: fromHex(vectors.terminalCertificate),
    sign: () => fromHex(vectors[of].authenticationSignature),
  }
}

export async function openRecorded(of: RecordedPresence, card: CardChannel) {
  return openPresence(card, recordedTill(of), trust, scriptedRandom(vectors.keys.terminalEphemeral.private))
}

/** The recorded sale: one lunch, PIN verified, off line. */
export function recordedOrder(): SpendOrder {
  const slot = slotLayout.decode(fromHex(vectors.slotBefore))
  if (slot === null) throw new Error('the slot of the vectors is none')
  return {
    tenderId: fromHex(vectors.spend.tenderId),
    slot,
    amount: 115_000n,
    challenge: fromHex(vectors.spend.challenge),
    terminalTime: vectors.now,
    decisionHash: fromHex(vectors.spend.decisionHash),
    termsHash: fromHex(vectors.spend.termsHash),
    isOnline: false,
    isPinVerified: true,
  }
}

export const stateBefore = { atc: vectors.spend.atcBefore, headHash: fromHex(vectors.spend.headHashBefore) }

export async function openedRecorded(of: RecordedPresence, card: CardChannel): Promise<AppletPresence> {
  const presence = await openRecorded(of, card)
  if (presence.kind !== 'present') throw new Error(JSON.stringify(presence))
  return presence
}

interface Recording {
  readonly exchanges: readonly Exchange[]
}

export const commandsOf = ({ exchanges }: Recording) => exchanges.map(({ command }) => command)

/** The recording with one answer replaced, by its place. */
export function cardWith(recording: Recording, place: number, response: string): ScriptedCard {
  return playbackCard((index) => {
    const exchange = recording.exchanges[index]
    return exchange && answered(index === place ? response : exchange.response)
  })
}
