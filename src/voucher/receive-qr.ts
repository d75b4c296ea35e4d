/**
 * The QR of a person who is paid: an EMV merchant-presented QR, static, without an amount, that names a token of the
 * ledger and neither the account nor its owner. A wallet hands its whole text to the ledger.
 */
import { emvField, emvFields, emvText, hasEmvCheckSum, ourTemplate, tenge } from './emv-text.ts'

const tokenPattern = /^[0-9a-f]{32}$/

/** @param token lower-case hex of 16 bytes */
export function receiveQr(token: string): string {
  return emvText(
    emvField('00', '01'),
    // Static: for any number of payments, until its owner wants another one.
    emvField('01', '11'),
    // 01 is the id of a payment request (payment-qr.ts); a person is 02, so that neither is taken for the other.
    emvField('26', emvField('00', ourTemplate) + emvField('02', token)),
    // No category is known.
    emvField('52', '0000'),
    emvField('53', tenge),
    emvField('58', 'KZ'),
    // A person's name and city are nobody's who only sees the QR.
    emvField('59', '-'),
    emvField('60', '-'),
  )
}

/** @returns undefined for a text that is no such QR, or was read wrongly */
export function receiveTokenOf(text: string): string | undefined {
  if (!hasEmvCheckSum(text)) return undefined
  const template = emvFields(emvFields(text)?.get('26') ?? '')
  const token = template?.get('00') === ourTemplate ? template.get('02') : undefined
  return token !== undefined && tokenPattern.test(token) ? token : undefined
}
