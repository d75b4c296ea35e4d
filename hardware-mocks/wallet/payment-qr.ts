/**
 * What a customer's wallet reads from a QR: an EMV merchant-presented QR (EMVCo QRCPS Merchant-Presented Mode 1.1).
 * It takes the id of the payment request and nothing else, for all that is shown to the payer comes from the ledger
 * (docs/design/17-qr-payment.md, "The QR"). Strict: what is not exactly of the form is refused by a code.
 */

/** In the order in which they are found; the first that applies is given. */
export type QrRefusal =
  /** Neither a request's id nor the beginning of an EMV QR (§4.7.1). */
  | 'not-a-payment-qr'
  /** Ids, lengths and values do not add up, or one comes twice. */
  | 'qr-malformed'
  /** The checksum at the end (§4.7.3) is another: misread, or changed. */
  | 'qr-checksum-wrong'
  /** A good QR of another payment scheme, or one that is not for one payment. */
  | 'qr-of-another-scheme'
  /** Our template without the id of a request. */
  | 'qr-without-request'

export type ReadQr =
  | { readonly kind: 'read'; readonly requestId: string }
  | { readonly kind: 'refused'; readonly code: QrRefusal }

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const ours = 'kz.tolem'
/** For one payment, not for many (§4.7.2). */
const dynamic = '12'

const refused = (code: QrRefusal): ReadQr => ({ kind: 'refused', code })

/** @param text of a QR, or a request's id by itself; white space around it is of the one who copied it */
export function readPaymentQr(text: string): ReadQr {
  const given = text.trim()
  if (uuid.test(given.toLowerCase())) return { kind: 'read', requestId: given.toLowerCase() }
  if (!given.startsWith('000201')) return refused('not-a-payment-qr')
  const fields = fieldsOf(given)
  // The checksum is the last object, over all before it and its own id and length (§4.7.3).
  if (fields === null || [...fields.keys()].at(-1) !== '63' || fields.get('63')?.length !== 4)
    return refused('qr-malformed')
  if (checksumOf(given.slice(0, -4)) !== given.slice(-4)) return refused('qr-checksum-wrong')
  const templates = [...fields].flatMap(([id, value]) => (isMerchantTemplate(id) ? [fieldsOf(value)] : []))
  if (templates.includes(null)) return refused('qr-malformed')
  const [own, ...more] = templates.filter((template) => template?.get('00') === ours)
  if (own === undefined || own === null || fields.get('01') !== dynamic) return refused('qr-of-another-scheme')
  const requestId = own.get('01') ?? ''
  if (more.length > 0 || !uuid.test(requestId)) return refused('qr-without-request')
  return { kind: 'read', requestId }
}

/** Free for schemes that describe themselves (§4.7.11). */
const isMerchantTemplate = (id: string): boolean => Number(id) >= 26 && Number(id) <= 51

/** Objects of two digits of id, two of length, and as many characters; `null` when it is not made of such. */
function fieldsOf(text: string): ReadonlyMap<string, string> | null {
  const fields = new Map<string, string>()
  for (let at = 0; at < text.length;) {
    const [, id, digits] = /^(\d\d)(\d\d)/.exec(text.slice(at, at + 4)) ?? []
    const length = Number(digits)
    const value = text.slice(at + 4, at + 4 + length)
    if (id === undefined || length === 0 || value.length !== length || fields.has(id)) return null
    fields.set(id, value)
    at += 4 + length
  }
  return fields
}

/** CRC-16/CCITT-FALSE of the bytes, four upper-case hex digits. */
function checksumOf(text: string): string {
  let crc = 0xffff
  for (const byte of Buffer.from(text, 'utf8')) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : crc << 1
  }
  return crc.toString(16).toUpperCase().padStart(4, '0')
}
