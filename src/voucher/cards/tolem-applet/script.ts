/** What the issuer says to one card, once, and what the card signs about it (docs/design/22, "UPDATE"). */
import { concatBytes, equalBytes } from '../bytes.ts'
import { cardCertificateLength, issuerCertificateLength } from './certificates.ts'
import { plaintextMost } from './channel-crypto.ts'
import { refusal, type AppletFailure } from './failure.ts'
import { bytesField, layout, numberField, timeField, unsignedField, type ValueOf } from './layout.ts'
import { cardIdLength, referenceLength, serialLength } from './names.ts'
import { p256PublicKey, publicKeyLength, sha256, signatureLength, type Sign } from './p256.ts'
import type { AppletPresence } from './presence.ts'
import { refusalOf } from './secure-channel.ts'
import { slotLayout, type AppletSlot } from './slots.ts'
import { statusOk } from './status.ts'

const headFields = {
  cardId: bytesField(cardIdLength),
  keyEpoch: numberField(2),
  /** One more than the card's scriptCounter. */
  counter: numberField(4),
  time: timeField,
}
export type ScriptHead = ValueOf<typeof headFields>
const headLayout = layout('TLMSCR01', headFields)

export const scriptMost = 1024

const removeSlot = 0x02

export type ScriptItem =
  /** countLeft and amountLeft are added to what is there. */
  | { readonly kind: 'load-slot'; readonly slot: AppletSlot }
  /** Its rest goes into the receipt. At most one in a script. */
  | { readonly kind: 'remove-slot'; readonly slotRef: Uint8Array }
  | { readonly kind: 'unblock-pin' }
  /** For the desk whose certificate has this serial, in the channel in which the script comes. */
  | { readonly kind: 'allow-new-pin'; readonly terminalSerial: Uint8Array }
  | { readonly kind: 'block' }
  | { readonly kind: 'unblock' }
  /** The receipt carries the new public key; a CERTIFICATE in a later script makes it the card's. */
  | { readonly kind: 'new-key'; readonly keyEpoch: number }
  | { readonly kind: 'certificate'; readonly certificate: Uint8Array }
  /** Null empties the entry. */
  | { readonly kind: 'authority-key'; readonly entry: 0 | 1; readonly publicKey: Uint8Array | null }
  | { readonly kind: 'issuer-certificate'; readonly certificate: Uint8Array }

/** The script's bytes, signed. Throws above 1024 bytes: the issuer cuts it into two scripts. */
export function makeScript(head: ScriptHead, items: readonly ScriptItem[], sign: Sign): Uint8Array {
  const content = concatBytes(headLayout.encode(head), ...items.map(itemBytes))
  if (content.length + signatureLength > scriptMost) throw new RangeError('a script has at most 1024 bytes')
  return concatBytes(content, sign(content))
}

function itemBytes(item: ScriptItem): Uint8Array {
  switch (item.kind) {
    case 'load-slot':
      return itemOf(0x01, slotLayout.encode(item.slot), slotLayout.length)
    case 'remove-slot':
      return itemOf(removeSlot, item.slotRef, referenceLength)
    case 'unblock-pin':
      return itemOf(0x03, nothing, 0)
    case 'allow-new-pin':
      return itemOf(0x04, item.terminalSerial, serialLength)
    case 'block':
      return itemOf(0x05, nothing, 0)
    case 'unblock':
      return itemOf(0x06, nothing, 0)
    case 'new-key':
      return itemOf(0x07, numberField(2).encode(item.keyEpoch), 2)
    case 'certificate':
      return itemOf(0x08, item.certificate, cardCertificateLength)
    case 'authority-key': {
      const key = item.publicKey ?? new Uint8Array(publicKeyLength)
      return itemOf(0x09, concatBytes(Uint8Array.of(item.entry), key), 1 + publicKeyLength)
    }
    case 'issuer-certificate':
      return itemOf(0x0a, item.certificate, issuerCertificateLength)
  }
}

/** The slotRef in the REMOVE SLOT of a script that was made here; null where it has none. */
export function slotRemovedBy(script: Uint8Array): Uint8Array | null {
  const end = script.length - signatureLength
  for (let at = headLayout.length; at < end; at += 2 + (script[at + 1] ?? 0)) {
    if (script[at] === removeSlot) return script.slice(at + 2, at + 2 + referenceLength)
  }
  return null
}

const nothing = new Uint8Array(0)

function itemOf(type: number, value: Uint8Array, length: number): Uint8Array {
  if (value.length !== length) throw new RangeError(`item ${type} has ${length} bytes, not ${value.length}`)
  return concatBytes(Uint8Array.of(type, length), value)
}

const receiptFields = {
  cardId: bytesField(cardIdLength),
  cardSerial: bytesField(serialLength),
  keyEpoch: numberField(2),
  scriptCounter: numberField(4),
  scriptHash: bytesField(32),
  atc: numberField(4),
  headHash: bytesField(32),
  removedCount: numberField(2),
  removedAmount: unsignedField(8),
  /** Zeros unless the script said NEW KEY. */
  pendingKey: bytesField(publicKeyLength),
}
export type ScriptReceipt = ValueOf<typeof receiptFields>
const receiptLayout = layout('TLMUPD01', receiptFields)

/**
 * Null: no receipt for this script by the card with this key. Judged with public keys alone.
 *
 * @param receipt 244 bytes
 * @param publicKey of the card after the script
 */
export function verifyReceipt(receipt: Uint8Array, script: Uint8Array, publicKey: Uint8Array): ScriptReceipt | null {
  const input = receipt.slice(0, receiptLayout.length)
  const value = receiptLayout.decode(input)
  const key = p256PublicKey(publicKey)
  if (value === null || key === null || !key.verify(input, receipt.subarray(receiptLayout.length))) return null
  const head = headLayout.decode(script.subarray(0, headLayout.length))
  const isOfScript =
    head !== null &&
    equalBytes(value.cardId, head.cardId) &&
    value.scriptCounter === head.counter &&
    equalBytes(value.scriptHash, sha256(script))
  return isOfScript ? value : null
}

export type Updated =
  | { readonly kind: 'applied'; readonly receipt: Uint8Array; readonly said: ScriptReceipt }
  /** The last block was on its way, or its answer was: the same script again gives the receipt, and is applied once. */
  | AppletFailure

/**
 * Carries a script to the card, in blocks, and takes its receipt. After a tear: the same bytes in a new presence. A
 * refusal changed nothing.
 *
 * @param publicKeyAfter the card's key after this script, where the script brings a certificate for another one
 */
export async function update(
  presence: AppletPresence,
  script: Uint8Array,
  publicKeyAfter: Uint8Array = presence.card.publicKey,
): Promise<Updated> {
  const count = Math.ceil(script.length / plaintextMost)
  for (let number = 0; number < count; number += 1) {
    const isLast = number === count - 1
    const answer = await presence.channel.ask({
      step: 'update',
      instruction: 0x50,
      p1: isLast ? 0x80 : 0x00,
      p2: number,
      plaintext: script.subarray(number * plaintextMost, (number + 1) * plaintextMost),
    })
    // Nothing is applied before the last block.
    if (answer.kind === 'torn') return isLast ? answer : { ...answer, executed: 'no' }
    if (answer.status !== statusOk) {
      const refused = refusalOf('update', answer.status)
      return { ...refused, code: 'CARD_SCRIPT_REFUSED' }
    }
    if (!isLast) continue
    const said = verifyReceipt(answer.data, script, publicKeyAfter)
    if (said === null) return { kind: 'torn', step: 'update', executed: 'unknown', reason: 'receipt-wrong' }
    return { kind: 'applied', receipt: answer.data, said }
  }
  return refusal('update', 'CARD_SCRIPT_REFUSED', 'empty-script')
}
