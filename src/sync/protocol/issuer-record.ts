/**
 * What the issuer of a zone, here the ledger, signs for a card that cannot sign by itself: that it issued a card with
 * this UID (docs/design/24-card-profiles.md, "The issuer's record"). It is said of the UID's keyed hash, so that nobody
 * without the key of the hash learns from the signature whose card it is.
 *
 * Whoever copies the card copies the signature: it keeps blank and foreign cards out, and proves no presence.
 */
import { signTagged, verifyTagged, type SigningKey, type VerifyingKey } from './keys.ts'

const tag = 'tolem/issuer-record/1'

/** @param card keyed hash of the UID. @returns 64 bytes, base64url */
export function signIssuerRecord(key: SigningKey, card: string): string {
  return signTagged(key, tag, { card, profile: 'ntag21x' })
}

export function verifyIssuerRecord(key: VerifyingKey, card: string, record: string): boolean {
  return verifyTagged(key, tag, { card, profile: 'ntag21x' }, record)
}
