/** The text of a QR, read again by a reader of its own, and its check sum by the standard's known answer. */
import { describe, expect, it } from 'vitest'
import { paymentQr } from '../../../src/voucher/payment-qr.ts'
import { tiyn } from '../../../src/voucher/money.ts'

const requestId = '019aaf6e-1c00-7000-8000-00000000a11d'
const three = (text: string) => ({ kk: text, ru: text, en: text })
const qrOf = (name = 'Test canteen', address = '1 Test Street, Almaty', amount = 35_000n) =>
  paymentQr({ requestId, amount: tiyn(amount), merchant: { name: three(name), address: three(address) } })

function fieldsOf(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (let rest = text; rest !== '';) {
    const end = 4 + Number(rest.slice(2, 4))
    fields.set(rest.slice(0, 2), rest.slice(4, end))
    rest = rest.slice(end)
  }
  return fields
}

/** CRC-16/IBM-3740 bit by bit from the other end: a register of booleans. */
function checkOf(text: string): string {
  const register = Array.from({ length: 16 }, () => true)
  for (const character of text)
    for (let bit = 7; bit >= 0; bit -= 1) {
      const out = register.shift() !== ((character.charCodeAt(0) >> bit) % 2 === 1)
      register.push(false)
      for (const tap of [15, 10, 3]) if (out) register[tap] = !register[tap]
    }
  return Number.parseInt(register.map(Number).join(''), 2).toString(16).toUpperCase().padStart(4, '0')
}

describe('the QR of a payment request', () => {
  it('is dynamic, in tenge, and names request, amount, merchant and city', () => {
    const fields = fieldsOf(qrOf())
    expect([...fields.keys()]).toEqual(['00', '01', '26', '52', '53', '54', '58', '59', '60', '63'])
    expect(fieldsOf(fields.get('26') ?? '')).toEqual(
      new Map([
        ['00', 'kz.tolem'],
        ['01', requestId],
      ]),
    )
    const said = ['00', '01', '53', '54', '58', '59', '60'].map((id) => fields.get(id))
    expect(said).toEqual(['01', '12', '398', '350.00', 'KZ', 'Test canteen', 'Almaty'])
  })

  it.each([
    [1n, '0.01'],
    [99n, '0.99'],
    [100n, '1.00'],
    [123_456_705n, '1234567.05'],
  ])('%s tiyn are %s tenge', (amount, said) => expect(fieldsOf(qrOf('A', 'B', amount)).get('54')).toBe(said))

  it('keeps to printable ASCII and the longest that fields may be, and leaves none empty', () => {
    const fields = fieldsOf(qrOf('Асхана Nan № 7 and a very long name that nobody prints', 'Тек қазақша'))
    expect(fields.get('59')).toBe('Nan  7 and a very long na')
    expect(fields.get('60')).toBe('-')
  })

  it('ends in its check sum, which is the standard’s', () => {
    // The check value of CRC-16/IBM-3740, once called CCITT-FALSE.
    expect(checkOf('123456789')).toBe('29B1')
    const text = qrOf()
    expect(text.slice(-4)).toBe(checkOf(text.slice(0, -4)))
  })
})
