/**
 * An issuer for cards that are only ever checked: its keys follow from their names, so everybody has them, and a card
 * that it personalised can be checked again on any machine. No ledger knows its root.
 */
import { createECDH, createHash, createPrivateKey, sign as signBytes, type KeyObject } from 'node:crypto'
import {
  cardKind,
  makeCardCertificate,
  makeIssuerCertificate,
  makeTerminalCertificate,
  terminalRole,
} from '../../src/voucher/cards/tolem-applet/certificates.ts'
import { issuerRef, merchantRef, terminalRef } from '../../src/voucher/cards/tolem-applet/names.ts'
import { sha256, type Sign } from '../../src/voucher/cards/tolem-applet/p256.ts'
import type { AppletOrder } from '../../src/voucher/cards/tolem-applet/personalisation.ts'
import type { TerminalIdentity } from '../../src/voucher/cards/tolem-applet/presence.ts'

const dayMs = 86_400_000
const keyIdLength = 8

interface Key {
  readonly publicKey: Uint8Array
  readonly keyId: Uint8Array
  readonly sign: Sign
}

function keyNamed(name: string): Key {
  const curve = createECDH('prime256v1')
  const secret = createHash('sha256').update(`tolem applet-check: ${name}`).digest()
  curve.setPrivateKey(secret)
  const publicKey = Uint8Array.from(curve.getPublicKey().subarray(1))
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
  const [x, y] = [text(publicKey.subarray(0, 32)), text(publicKey.subarray(32))]
  const key: KeyObject = createPrivateKey({ key: { kty: 'EC', crv: 'P-256', d: text(secret), x, y }, format: 'jwk' })
  return {
    publicKey,
    keyId: sha256(publicKey).subarray(0, keyIdLength),
    sign: (bytes) => signBytes('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }),
  }
}

const root = keyNamed('root')
const authority = keyNamed('terminal authority')
const issuer = keyNamed('issuer')
const issuerSerial = issuer.keyId

export const rootKeys = [root.publicKey]
export const signScript = issuer.sign

export interface CheckTerminal extends TerminalIdentity {
  readonly serial: Uint8Array
}

/** @param by whose word it is; cards of this issuer take `authority` only */
export function terminalOf(role: keyof typeof terminalRole, now: number, by: 'authority' | 'stranger'): CheckTerminal {
  const key = keyNamed(`terminal, ${role}`)
  const signer = by === 'authority' ? authority : keyNamed('stranger')
  const certificate = makeTerminalCertificate(
    {
      authorityKeyId: signer.keyId,
      serial: key.keyId,
      terminalRef: terminalRef(`check-${role}`),
      merchantRef: merchantRef('check-merchant'),
      role: terminalRole[role],
      notBefore: now,
      notAfter: now + dayMs,
      publicKey: key.publicKey,
    },
    signer.sign,
  )
  return { certificate, sign: key.sign, serial: key.keyId }
}

/** @param cardId 16 bytes, new for each card */
export function orderFor(cardId: Uint8Array, now: number): AppletOrder {
  const validity = { notBefore: now - dayMs, notAfter: now + 3_650 * dayMs }
  return {
    cardId,
    issuerCertificate: makeIssuerCertificate(
      {
        ...validity,
        rootKeyId: root.keyId,
        serial: issuerSerial,
        issuerRef: issuerRef('applet-check'),
        kind: cardKind.voucher,
        publicKey: issuer.publicKey,
      },
      root.sign,
    ),
    authorityKeys: [authority.publicKey, null],
    time: now,
    certify: async (publicKey) =>
      makeCardCertificate(
        {
          ...validity,
          issuerSerial,
          serial: cardId.slice(0, 8),
          cardId,
          keyEpoch: 1,
          kind: cardKind.voucher,
          publicKey,
        },
        issuer.sign,
      ),
  }
}
