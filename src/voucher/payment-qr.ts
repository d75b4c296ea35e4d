/**
 * The QR of a payment request: an EMV merchant-presented QR, dynamic (EMVCo QRCPS Merchant-Presented Mode 1.1, §3 and
 * §4). A wallet trusts nothing of it but the request's id; the rest is for one that knows no other form.
 */
import { emvField, emvText, ourTemplate, tenge } from './emv-text.ts'
import type { Texts } from './identifiers.ts'
import type { Tiyn } from './money.ts'

export interface QrRequest {
  readonly requestId: string
  readonly amount: Tiyn
  readonly merchant: { readonly name: Texts; readonly address: Texts }
}

/** Text of the QR. */
export function paymentQr({ requestId, amount, merchant }: QrRequest): string {
  // As addresses are written in English, the city stands last.
  const city = merchant.address.en.split(',').at(-1) ?? ''
  return emvText(
    emvField('00', '01'),
    // Dynamic: for one payment.
    emvField('01', '12'),
    emvField('26', emvField('00', ourTemplate) + emvField('01', requestId)),
    // No category is known.
    emvField('52', '0000'),
    emvField('53', tenge),
    emvField('54', `${amount / 100n}.${(amount % 100n).toString().padStart(2, '0')}`),
    emvField('58', 'KZ'),
    emvField('59', latin(merchant.name.en, 25)),
    emvField('60', latin(city, 15)),
  )
}

/** The common character set, §3.2: printable ASCII. A field is never empty. */
function latin(text: string, longest: number): string {
  const plain = text.replaceAll(/[^ -~]/g, '').trim()
  return plain === '' ? '-' : plain.slice(0, longest)
}
