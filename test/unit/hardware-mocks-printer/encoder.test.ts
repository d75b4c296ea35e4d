/**
 * Method: a third party's ESC/POS encoder against our printer. Neither knows the other: what it writes must come out,
 * without a single fault.
 */
import ReceiptPrinterEncoder from '@point-of-sale/receipt-printer-encoder'
import { describe, expect, it } from 'vitest'
import { slipText } from '../../../hardware-mocks/printer/paper.ts'
import { bench } from './bench.ts'

const encoder = (columns: number) =>
  new ReceiptPrinterEncoder({
    language: 'esc-pos',
    codepageMapping: 'epson',
    columns,
    imageMode: 'raster',
    feedBeforeCut: 3,
  })

describe('a third party encoder', () => {
  it.each([
    [48, 576],
    [32, 384],
  ])('prints Kazakh, styles, QR and an image on %i columns', (columns, widthDots) => {
    const image = {
      width: 16,
      height: 8,
      data: new Uint8ClampedArray(16 * 8 * 4).fill(0).map((_, index) => (index % 4 === 3 ? 255 : 0)),
    }
    const job: Uint8Array = encoder(columns)
      .initialize()
      .codepage('rk1048')
      .align('center')
      .size(2, 2)
      .line('Түскі ас')
      .size(1, 1)
      .align('left')
      .bold(true)
      .line('Қазақстан: Әә Ғғ Ққ Ңң Өө Ұұ Үү Һһ')
      .bold(false)
      .underline(true)
      .line('1 150,00 тг')
      .underline(false)
      .invert(true)
      .line('ТӨЛЕНДІ')
      .invert(false)
      .font('B')
      .line('font B')
      .font('A')
      .align('center')
      .image(image, 16, 8, 'threshold', 128)
      .qrcode('https://tolem.invalid/r', { model: 2, size: 6, errorlevel: 'm' })
      .align('left')
      .pulse()
      .cut('partial')
      .encode()
    const table = bench({ widthDots })
    table.send(job)
    expect(table.slips).toHaveLength(1)
    const slip = table.slips[0]!
    expect(slip.faults).toEqual([])
    expect(slip.ended).toBe('partial')
    const text = slipText(slip)
    for (const words of [
      'Түскі ас',
      'Қазақстан: Әә Ғғ Ққ Ңң',
      'Һһ',
      '1 150,00 тг',
      'ТӨЛЕНДІ',
      'font B',
      '[image 16x8]',
      '[QR https://tolem.invalid/r]',
    ]) {
      expect(text).toContain(words)
    }
    expect(table.events.some((event) => event.what === 'drawer-kicked')).toBe(true)
  })
})
