/** Method: the wallet's reader of QRs against the till's writer, and against texts made wrong on purpose. */
import { describe, expect, it } from 'vitest'
import { readPaymentQr } from '../../../hardware-mocks/wallet/payment-qr.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { paymentQr } from '../../../src/voucher/payment-qr.ts'

const requestId = '019aaf6e-1c00-7000-8000-00000000a11d'
const texts = (text: string) => ({ kk: text, ru: text, en: text })
const good = paymentQr({
  requestId,
  amount: tiyn(70_000),
  merchant: { name: texts('Canteen number 1'), address: texts('Almaty, Abai 1') },
})

/** CRC-16 with the polynomial's table left out: bit by bit from a register of ones, as the standard draws it. */
function withChecksum(text: string): string {
  let register = 0xffff
  for (const byte of Buffer.from(`${text}6304`)) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      const isOut = ((register >> 15) ^ (byte >> bit)) & 1
      register = (register << 1) & 0xffff
      if (isOut === 1) register ^= 0x1021
    }
  }
  return `${text}6304${register.toString(16).toUpperCase().padStart(4, '0')}`
}
const inside = good.slice(0, -8)
const ours = good.slice(12, 68)
const codeOf = (text: string): string => {
  const read = readPaymentQr(text)
  return read.kind === 'read' ? read.requestId : read.code
}

describe('a wallet reads', () => {
  it('the QR of the till, and its request by itself, with what copying adds', () => {
    expect(codeOf(good)).toBe(requestId)
    expect(codeOf(withChecksum(inside))).toBe(requestId)
    for (const text of [` ${good}\n`, requestId, `\t${requestId.toUpperCase()} `]) expect(codeOf(text)).toBe(requestId)
  })

  it('nothing of a QR in which any one character was misread', () => {
    for (let at = 0; at < good.length; at += 1) {
      for (const wrong of ['0', '7', 'x']) {
        const changed = good.slice(0, at) + wrong + good.slice(at + 1)
        if (changed !== good) expect(readPaymentQr(changed), changed).toMatchObject({ kind: 'refused' })
      }
      expect(readPaymentQr(good.slice(0, at)), `cut at ${at}`).toMatchObject({ kind: 'refused' })
    }
  })

  it.each([
    ['nothing at all', '', 'not-a-payment-qr'],
    ['a receipt', 'TOLEM1.abc', 'not-a-payment-qr'],
    ['an address', 'https://example.com/', 'not-a-payment-qr'],
    ['half a request', requestId.slice(0, 20), 'not-a-payment-qr'],
    ['a checksum of its own', `${good.slice(0, -4)}0000`, 'qr-checksum-wrong'],
    ['more after the checksum', `${good}5802KZ`, 'qr-malformed'],
    ['an object that comes twice', withChecksum(`${inside}5802KZ`), 'qr-malformed'],
    ['an object without a value', withChecksum(`${inside}6100`), 'qr-malformed'],
    ['a length beyond the end', `${inside}6399AAAA`, 'qr-malformed'],
    ['a broken template', withChecksum(inside.replace(ours, '26040012')), 'qr-malformed'],
    ['another scheme', withChecksum(inside.replace('0008kz.tolem', '0008kz.other')), 'qr-of-another-scheme'],
    ['no template', withChecksum(inside.replace(ours, '')), 'qr-of-another-scheme'],
    ['a QR for many payments', withChecksum(inside.replace('010212', '010211')), 'qr-of-another-scheme'],
    ['no request', withChecksum(inside.replace(ours, '26120008kz.tolem')), 'qr-without-request'],
    [
      'a request that is no id',
      withChecksum(inside.replace(requestId, requestId.replace('7', 'g'))),
      'qr-without-request',
    ],
    ['two requests', withChecksum(inside.replace(ours, ours + ours.replace('2652', '2752'))), 'qr-without-request'],
  ])('%s: a code', (_what, text, code) => {
    expect(codeOf(text)).toBe(code)
  })
})
