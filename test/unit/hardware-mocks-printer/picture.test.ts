import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import jsQR from 'jsqr'
import { PNG } from 'pngjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { drawSlip } from '../../../hardware-mocks/printer/slip-picture.ts'
import { SlipStore } from '../../../hardware-mocks/printer/slip-store.ts'
import { bench, cut, qr } from './bench.ts'

// jsqr is CommonJS with its function as the default export's default.
const decode = ((jsQR as unknown as { default?: unknown }).default ?? jsQR) as (
  dots: Uint8ClampedArray,
  width: number,
  height: number,
) => { readonly binaryData: readonly number[] } | null

async function picture(table: ReturnType<typeof bench>): Promise<PNG> {
  const slip = table.slips[0]
  if (slip === undefined) throw new Error('no slip')
  return PNG.sync.read(await drawSlip(slip))
}

/** Dark dots in a rectangle. */
function ink(png: PNG, left: number, top: number, width: number, height: number): number {
  let dark = 0
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) if ((png.data[(y * png.width + x) * 4] ?? 255) < 128) dark++
  }
  return dark
}

describe('the picture', () => {
  it.each([576, 384])('is %i dots wide and carries a QR code that scans', async (widthDots) => {
    const payload = 'https://tolem.invalid/r?s=Қазақстан№1'
    const table = bench({ widthDots })
    table.send([0x1b, 0x61, 1], 'Receipt\n', qr(Buffer.from(payload, 'utf8'), 5), cut)
    const png = await picture(table)
    expect(png.width).toBe(widthDots)
    const found = decode(new Uint8ClampedArray(png.data), png.width, png.height)
    expect(Buffer.from(found?.binaryData ?? []).toString('utf8')).toBe(payload)
  })

  it('shows every Kazakh letter with ink of its own', async () => {
    const table = bench()
    table.send([0x1b, 0x74, 53], Buffer.from('8D8E9D9EA1A2A3A5AAAFB4BABCBDBEBF', 'hex'), '\n', cut)
    const png = await picture(table)
    const shapes = new Set<string>()
    for (let column = 0; column < 16; column++) {
      const cell: number[] = []
      for (let y = 16; y < 46; y++) {
        for (let x = column * 12; x < column * 12 + 12; x++)
          cell.push((png.data[(y * png.width + x) * 4] ?? 255) < 128 ? 1 : 0)
      }
      expect(
        cell.some((dot) => dot === 1),
        `column ${column}`,
      ).toBe(true)
      shapes.add(cell.join(''))
    }
    expect(shapes.size).toBe(16)
  })

  it('sets alignment, bold, double size and reverse on paper', async () => {
    const table = bench()
    table.send(
      [0x1b, 0x61, 2],
      'H\n',
      [0x1b, 0x61, 0],
      'H',
      [0x1b, 0x45, 1],
      'H',
      [0x1b, 0x45, 0, 0x1d, 0x42, 1],
      'H\n',
      [0x1d, 0x42, 0, 0x1d, 0x21, 0x11],
      'H\n',
      cut,
    )
    const png = await picture(table)
    expect(ink(png, 0, 16, 560, 30)).toBe(0)
    expect(ink(png, 564, 16, 12, 30)).toBeGreaterThan(20)
    const plain = ink(png, 0, 46, 12, 30)
    const bold = ink(png, 12, 46, 12, 30)
    const reverse = ink(png, 24, 46, 12, 24 + 6)
    expect(bold).toBeGreaterThan(plain * 1.2)
    expect(reverse).toBeGreaterThan(12 * 24 - plain * 1.6)
    expect(ink(png, 0, 76, 24, 48)).toBeGreaterThan(plain * 3)
  })

  it('sets raster dots exactly where they belong', async () => {
    const table = bench()
    table.send([0x1b, 0x61, 1, 0x1d, 0x76, 0x30, 0, 1, 0, 2, 0, 0b10000001, 0b11111111], cut)
    const png = await picture(table)
    expect(ink(png, 284, 16, 8, 1)).toBe(2)
    expect(ink(png, 284, 17, 8, 1)).toBe(8)
    expect(ink(png, 0, 0, 576, png.height)).toBe(10)
  })
})

describe('the folder', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tolem-slips-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('holds bytes, text, record and picture of each slip, and numbers go on after a restart', async () => {
    const table = bench()
    table.send('Hello\n', qr(Buffer.from('pay')), cut)
    const slip = table.slips[0]
    if (slip === undefined) throw new Error('no slip')
    const store = new SlipStore(folder)
    await store.save(slip)
    expect(readdirSync(folder).toSorted()).toEqual(['0001.bin', '0001.json', '0001.png', '0001.txt'])
    expect(readFileSync(join(folder, '0001.txt'), 'utf8')).toBe('Hello\n[QR pay]\n')
    expect(readFileSync(join(folder, '0001.bin')).subarray(0, 6).toString()).toBe('Hello\n')
    expect(store.record(1)).toMatchObject({
      number: 1,
      ended: 'full',
      text: 'Hello\n[QR pay]\n',
      qrPayloads: ['pay'],
      faults: [],
    })
    expect(new SlipStore(folder).nextNumber()).toBe(2)
  })
})
