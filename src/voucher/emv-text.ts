/** The form that all EMV merchant-presented QRs have (EMVCo QRCPS Merchant-Presented Mode 1.1, §3 and §4). */

/** Our own identifier in the merchant account template (26 to 51 are free for such, §4.7.11). */
export const ourTemplate = 'kz.tolem'
/** ISO 4217. */
export const tenge = '398'

export function emvField(id: string, value: string): string {
  return id + value.length.toString().padStart(2, '0') + value
}

/** Fields with the check sum that ends them. */
export function emvText(...fields: readonly string[]): string {
  const unchecked = `${fields.join('')}6304`
  return unchecked + crcOf(unchecked)
}

/**
 * The fields of a text, or of a template in it, by their ids.
 *
 * @returns undefined when it does not have the form, or says a field twice
 */
export function emvFields(text: string): ReadonlyMap<string, string> | undefined {
  const fields = new Map<string, string>()
  let rest = text
  while (rest !== '') {
    const [, id, length] = /^(\d\d)(\d\d)/.exec(rest) ?? []
    if (id === undefined || fields.has(id)) return undefined
    const value = rest.slice(4, 4 + Number(length))
    if (value.length !== Number(length)) return undefined
    fields.set(id, value)
    rest = rest.slice(4 + value.length)
  }
  return fields
}

export function hasEmvCheckSum(text: string): boolean {
  return text.length > 8 && text.slice(-8, -4) === '6304' && crcOf(text.slice(0, -4)) === text.slice(-4)
}

/** ISO/IEC 13239, polynomial 1021, initial value FFFF (§4.7.2); the text is ASCII. */
export function crcOf(text: string): string {
  let crc = 0xffff
  for (const character of text) {
    crc ^= character.charCodeAt(0) << 8
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021) & 0xffff
  }
  return crc.toString(16).toUpperCase().padStart(4, '0')
}
