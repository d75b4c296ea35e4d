/**
 * The QR of a payment request: an EMV merchant-presented QR, dynamic (EMVCo QRCPS Merchant-Presented Mode 1.1, §3 and
 * §4). A wallet trusts nothing of it but the request's id; the rest is for one that knows no other form.
 */
import type { Texts } from './identifiers.ts'
import type { Tiyn } from './money.ts'

/** Our own identifier in the merchant account template (26 to 51 are free for such, §4.7.11). */
const ourTemplate = 'kz.tolem'
/** ISO 4217. */
const tenge = '398'

export interface QrRequest {
  readonly requestId: string
  readonly amount: Tiyn
  readonly merchant: { readonly name: Texts; readonly address: Texts }
}

/** Text of the QR. */
export function paymentQr({ requestId, amount, merchant }: QrRequest): string {
  // As addresses are written in English, the city stands last.
  const city = merchant.address.en.split(',').at(-1) ?? ''
  const fields = [
    field('00', '01'),
    // Dynamic: for one payment.
    field('01', '12'),
    field('26', field('00', ourTemplate) + field('01', requestId)),
    // No category is known.
    field('52', '0000'),
    field('53', tenge),
    field('54', `${amount / 100n}.${(amount % 100n).toString().padStart(2, '0')}`),
    field('58', 'KZ'),
    field('59', latin(merchant.name.en, 25)),
    field('60', latin(city, 15)),
    '6304',
  ].join('')
  return fields + crcOf(fields)
}

function field(id: string, value: string): string {
  return id + value.length.toString().padStart(2, '0') + value
}

/** The common character set, §3.2: printable ASCII. A field is never empty. */
function latin(text: string, longest: number): string {
  const plain = text.replaceAll(/[^ -~]/g, '').trim()
  return plain === '' ? '-' : plain.slice(0, longest)
}

/** ISO/IEC 13239, polynomial 1021, initial value FFFF (§4.7.2); the text is ASCII. */
function crcOf(text: string): string {
  let crc = 0xffff
  for (const character of text) {
    crc ^= character.charCodeAt(0) << 8
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021) & 0xffff
  }
  return crc.toString(16).toUpperCase().padStart(4, '0')
}
