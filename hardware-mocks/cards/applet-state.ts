/**
 * The EEPROM of a virtual tolem-applet card as a plain, serialisable object (docs/design/22 "What the card holds"), and
 * the two states in which a card comes to a test or a panel: as the applet was installed, and as an issuing desk left
 * it. Bytes are upper-case hex.
 */
import { keyIdOf, publicKeyOf, signWithNode } from './applet-curve.ts'
import { cardCertificateToSign, hex, readIssuerCertificate, uint64, unhex, writeSlot } from './applet-layout.ts'
import type { AppletKind, AppletSlot } from './applet-layout.ts'

export const SLOT_ENTRIES = 32
export const RING_RECORDS = 8
export const PIN_TRIES = 5

export interface AppletState {
  readonly kind: 'tolem-applet'
  /** 4 or 7 bytes that the anti-collision shows; null: 08 and three random bytes, others in each field. */
  readonly uid: string | null
  readonly cardKind: AppletKind
  readonly state: 'personalisation' | 'active' | 'blocked'
  readonly cardId: string | null
  readonly keyEpoch: number
  /** Private keys, 32 bytes. */
  readonly activeKey: string | null
  readonly pendingKey: string | null
  readonly cardCertificate: string | null
  readonly issuerCertificate: string | null
  readonly authorityKeys: readonly [string | null, string | null]
  /** 8 bytes. */
  readonly lowestTime: string
  /** 32 entries of 91 bytes. */
  readonly slots: readonly (string | null)[]
  readonly atc: number
  readonly headHash: string
  /** Records of 348 bytes, the oldest first; the newest is number `atc`. */
  readonly ring: readonly string[]
  /** The PIN block, 8 bytes. */
  readonly pin: string | null
  readonly pinTries: number
  readonly scriptCounter: number
  readonly lastScript: { readonly hash: string; readonly receipt: string } | null
}

/** The applet as it was installed: nothing is stored yet. */
export function blankApplet(of: { readonly uid: string | null; readonly cardKind: AppletKind }): AppletState {
  return {
    kind: 'tolem-applet',
    uid: of.uid,
    cardKind: of.cardKind,
    state: 'personalisation',
    cardId: null,
    keyEpoch: 1,
    activeKey: null,
    pendingKey: null,
    cardCertificate: null,
    issuerCertificate: null,
    authorityKeys: [null, null],
    lowestTime: '00'.repeat(8),
    slots: Array.from({ length: SLOT_ENTRIES }, () => null),
    atc: 0,
    headHash: '00'.repeat(32),
    ring: [],
    pin: null,
    pinTries: PIN_TRIES,
    scriptCounter: 0,
    lastScript: null,
  }
}

export interface AppletPersonalisation {
  readonly uid: string | null
  readonly cardKind: AppletKind
  /** 16 bytes. */
  readonly cardId: Uint8Array
  /** The card's private key. */
  readonly cardKey: Uint8Array
  /** 8 bytes. */
  readonly cardSerial: Uint8Array
  readonly notBefore: bigint
  readonly notAfter: bigint
  /** The private key of the issuer whose certificate this is. */
  readonly issuerKey: Uint8Array
  readonly issuerCertificate: Uint8Array
  /** Public keys, the present one first. */
  readonly authorityKeys: readonly [Uint8Array, Uint8Array?]
  /** Time of ACTIVATE. */
  readonly activatedAt: bigint
  /** 4 to 8 digits; null: none is set. */
  readonly pin: string | null
  readonly slots: readonly AppletSlot[]
}

/**
 * As a desk leaves a card after personalisation and its first scripts, but made at once: no script has been counted.
 * @throws RangeError when the issuer's certificate is for another key or kind, or something does not fit
 */
export function personalisedApplet(of: AppletPersonalisation): AppletState {
  const issuerCertificate = Buffer.from(of.issuerCertificate)
  const issuer = readIssuerCertificate(issuerCertificate, of.cardKind)
  if (issuer === null || !issuer.publicKey.equals(publicKeyOf(of.issuerKey)))
    throw new RangeError("the issuer's certificate is not one of this key for this kind of card")
  if (of.pin !== null && !/^\d{4,8}$/.test(of.pin)) throw new RangeError('a PIN has 4 to 8 digits')
  if (of.slots.length > SLOT_ENTRIES) throw new RangeError(`a card has room for ${SLOT_ENTRIES} slots`)
  const toSign = cardCertificateToSign({
    issuerSerial: issuer.serial,
    serial: Buffer.from(of.cardSerial),
    cardId: Buffer.from(of.cardId),
    keyEpoch: 1,
    kind: of.cardKind,
    notBefore: of.notBefore,
    notAfter: of.notAfter,
    publicKey: publicKeyOf(of.cardKey),
  })
  const blank = blankApplet(of)
  const [present, next] = of.authorityKeys
  return {
    ...blank,
    state: 'active',
    cardId: hex(of.cardId),
    activeKey: hex(of.cardKey),
    cardCertificate: hex(Buffer.concat([toSign, signWithNode(of.issuerKey, toSign)])),
    issuerCertificate: hex(issuerCertificate),
    authorityKeys: [hex(present), next === undefined ? null : hex(next)],
    lowestTime: hex(uint64(of.activatedAt)),
    slots: blank.slots.map((_, index) => {
      const slot = of.slots[index]
      return slot === undefined ? null : hex(writeSlot(slot))
    }),
    pin: of.pin === null ? null : hex(Buffer.from(of.pin, 'ascii')).padEnd(16, 'F'),
  }
}

/** What SELECT shows of an authority key; zeros where the entry is empty. */
export const authorityIdOf = (publicKey: string | null): Buffer =>
  publicKey === null ? Buffer.alloc(8) : keyIdOf(unhex(publicKey))
