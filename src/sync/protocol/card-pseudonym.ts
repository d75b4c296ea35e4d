/**
 * How a card is named outside of a tap: never by its UID, always by a keyed hash of it (architecture.md, "Trust",
 * Privacy). Till and ledger compute the same one; the key travels in the package (`cardReferenceKey`).
 */
import { createHmac, createSecretKey } from 'node:crypto'
import type { Pseudonym } from '../../voucher/identifiers.ts'

/**
 * The first 16 bytes of HMAC-SHA-256(key, UID), lower-case hex.
 *
 * @param cardReferenceKey 32 bytes of hex
 */
export function cardPseudonym(cardReferenceKey: string, uid: Uint8Array): Pseudonym {
  return createHmac('sha256', createSecretKey(cardReferenceKey, 'hex')).update(uid).digest('hex').slice(0, 32)
}
