/** STORE DATA, GENERATE KEY and ACTIVATE of docs/design/22 "Personalisation": in clear, in the issuer's room. */
import { newPrivateKey, publicKeyOf, sha256, type Signer } from './applet-curve.ts'
import {
  CARD_CERTIFICATE_BYTES,
  ISSUER_CERTIFICATE_BYTES,
  hex,
  readCardCertificate,
  readIssuerCertificate,
  tagged,
  unhex,
} from './applet-layout.ts'
import { Status, done, refused, type Outcome } from './applet-presence.ts'
import { storedAuthorityKey } from './applet-script.ts'
import type { AppletState } from './applet-state.ts'
import type { RandomSource } from './random.ts'

/** What a command wants kept, in one atomic step, before it is answered. */
export interface PersonalisationOutcome extends Outcome {
  readonly next?: AppletState
}

const Stored = { cardId: 0x01, issuerCertificate: 0x02, authorityKey: 0x03, nextAuthorityKey: 0x04, certificate: 0x05 }

const STORED_BYTES: ReadonlyMap<number, number> = new Map([
  [Stored.cardId, 16],
  [Stored.issuerCertificate, ISSUER_CERTIFICATE_BYTES],
  [Stored.authorityKey, 64],
  [Stored.nextAuthorityKey, 64],
  [Stored.certificate, CARD_CERTIFICATE_BYTES],
])

/** P1 of STORE DATA. */
export const isStored = (what: number): boolean => STORED_BYTES.has(what)

/** The card is in state PERSONALISATION. */
export function storeData(state: AppletState, what: number, data: Buffer): PersonalisationOutcome {
  if (data.length !== STORED_BYTES.get(what)) return refused(Status.wrongLength)
  const kept = (change: Partial<AppletState>): PersonalisationOutcome => ({ ...done(), next: { ...state, ...change } })
  const [present, next] = state.authorityKeys
  switch (what) {
    case Stored.cardId:
      return kept({ cardId: hex(data), cardCertificate: null })
    case Stored.issuerCertificate:
      if (readIssuerCertificate(data, state.cardKind) === null) return refused(Status.malformed)
      return kept({ issuerCertificate: hex(data), cardCertificate: null })
    case Stored.authorityKey:
      return kept({ authorityKeys: [storedAuthorityKey(data), next] })
    case Stored.nextAuthorityKey:
      return kept({ authorityKeys: [present, storedAuthorityKey(data)] })
    default: {
      if (state.cardId === null || state.issuerCertificate === null || state.activeKey === null)
        return refused(Status.notNow)
      const certificate = readCardCertificate(data, state.cardKind)
      const issuer = readIssuerCertificate(unhex(state.issuerCertificate), state.cardKind)!
      const isFitting =
        certificate !== null &&
        hex(certificate.cardId) === state.cardId &&
        certificate.publicKey.equals(publicKeyOf(unhex(state.activeKey))) &&
        certificate.keyEpoch === state.keyEpoch &&
        certificate.issuerSerial.equals(issuer.serial)
      return isFitting ? kept({ cardCertificate: hex(data) }) : refused(Status.malformed)
    }
  }
}

/** Another key each time, and a certificate of the former one is dropped. */
export function generateKey(state: AppletState, data: Buffer, random: RandomSource): PersonalisationOutcome {
  if (data.length !== 0) return refused(Status.wrongLength)
  const key = newPrivateKey(random)
  return { ...done(publicKeyOf(key)), next: { ...state, activeKey: hex(key), keyEpoch: 1, cardCertificate: null } }
}

/** @param data time, 8 bytes */
export function activate(state: AppletState, data: Buffer, signer: Signer): PersonalisationOutcome {
  if (data.length !== 8) return refused(Status.wrongLength)
  const { cardId, issuerCertificate, cardCertificate, activeKey } = state
  const [present, next] = state.authorityKeys
  if (cardId === null || issuerCertificate === null || cardCertificate === null || present === null)
    return refused(Status.notNow)
  const stored = [issuerCertificate, present, next ?? '00'.repeat(64), cardCertificate].map(unhex)
  const toSign = Buffer.concat([tagged('TLMPER01'), unhex(cardId), sha256(...stored, data)])
  const signature = Buffer.from(signer(unhex(activeKey!), toSign))
  return { ...done(signature), next: { ...state, state: 'active', lowestTime: hex(data) } }
}
