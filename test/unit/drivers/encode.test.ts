/** Method: jobs are read back by a reader of ESC/POS that shares nothing with the encoder; vectors are from Python. */
import Encoder from '@point-of-sale/receipt-printer-encoder'
import fc from 'fast-check'
import jsQR from 'jsqr'
import { describe, expect, it } from 'vitest'
import type { PrintBlock } from '../../../src/drivers/printer/document.ts'
import { drawerPulse, realTimeDrawerPulse } from '../../../src/drivers/printer/drawer-pulse.ts'
import { encodeDocument } from '../../../src/drivers/printer/encode.ts'
import { kz1048Repertoire } from '../../../src/drivers/printer/kz1048.ts'
import { printerProfiles } from '../../../src/drivers/printer/profile.ts'
import { loadTypeface } from '../../../src/drivers/printer/raster.ts'
import kz1048 from '../../fixtures/kz1048.json' with { type: 'json' }
import { readJob } from './escpos-reader.ts'

type ReadQr = (pixels: Uint8ClampedArray, width: number, height: number) => { data: string } | null
/** jsqr is CommonJS with a `default` that its types and Node see differently. */
const readQr = ((jsQR as { default?: unknown }).default ?? jsQR) as ReadQr

const typeface = loadTypeface()
const epson = printerProfiles['epson-tm-t20iii']
const unknownPrinter = printerProfiles['generic-80mm']

const encode = (blocks: PrintBlock[], profile = epson) => encodeDocument({ blocks }, profile, typeface)
const text = (value: string): PrintBlock => ({ kind: 'text', text: value })

describe('KZ-1048', () => {
  it('gives the bytes of the vector after selecting slot 53', () => {
    const bytes = Buffer.from(encode([text(kz1048.text)]).bytes)
      .toString('hex')
      .toUpperCase()
    expect(bytes).toContain(kz1048.select)
    // The vector is longer than a line of 48: its words arrive in order, one line feed at the break.
    expect(bytes.replace('0A', '20')).toContain(kz1048.bytes)
  })

  it('agrees with the encoder about every character that it takes for printable, and about no other', () => {
    const writtenBy = (character: string) => {
      const encoder = new Encoder({ codepageMapping: { rk1048: 53 }, columns: 48 })
      const bytes = Buffer.from(encoder.codepage('rk1048').line(`${character}.`).encode())
      return bytes[bytes.indexOf('.', bytes.indexOf('1b7435', 0, 'hex') + 4) - 1]
    }
    for (const [character, byte] of kz1048Repertoire)
      expect([character, writtenBy(character)]).toEqual([character, byte])
    // U+00AD is in the set, and left out on purpose (kz1048.ts).
    for (let code = 0xa1; code < 0x3000; code++) {
      const character = String.fromCodePoint(code)
      if (code !== 0xad && !kz1048Repertoire.has(character))
        expect([character, writtenBy(character)]).toEqual([character, 0x3f])
    }
  })

  it('spells the tenge sign, and turns the no-break spaces of amounts into spaces', () => {
    const job = readJob(encode([{ kind: 'row', left: 'Барлығы', right: '1\u00a0234\u202f567,50\u00a0\u20b8' }]).bytes)
    expect(job.lines).toEqual([`Барлығы${' '.repeat(48 - 7 - 15)}1 234 567,50 тг`])
    expect(job.pictures).toEqual([])
  })
})

describe('a character that the code page lacks', () => {
  it('makes its line a picture, and only its line', () => {
    const encoded = encode([text('Дәптер'), text('Crème brûlée'), text('Қалам')])
    expect(readJob(encoded.bytes).lines).toEqual(['Дәптер', null, '', 'Қалам'])
    expect(encoded.drawnLines).toBe(1)
    expect(encoded.replaced).toEqual([])
  })

  it('is replaced visibly and reported where even the typeface lacks it', () => {
    const encoded = encode([text('茶 1')])
    expect(encoded.replaced).toEqual(['茶'])
    const [picture] = readJob(encoded.bytes).pictures
    expect(blackDots(picture)).toBeGreaterThan(blackDots(readJob(encode([text('é 1')]).bytes).pictures[0]) / 2)
  })

  it('cannot be a printer command: controls in a name are drawn as replacement characters', () => {
    const job = readJob(encode([text('Нан\u001bp\u0000\u0019\u00fa\u0010\u0004\u0001')]).bytes)
    expect(job.textBytes).toEqual([])
    expect(job.pictures).toHaveLength(1)
  })
})

describe('any text', () => {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`encode.test.ts: seed ${seed} (SEED=${seed} repeats it)`)

  const letters = [
    ...'АаӘәБбГгҒғЕеЁёИиЙйКкҚқНнҢңОоӨөУуҰұҮүҺһІіЫыЭэЮюЯя',
    ...'abcXYZ0123456789 .,:;!?№«»—-₸"()%/',
    ' ',
    '\n',
  ]
  const fromLetters = fc.string({ unit: fc.constantFrom(...letters), maxLength: 120 })
  const anything = fc.string({ unit: 'grapheme', maxLength: 40 })
  const value = fc.oneof({ weight: 3, arbitrary: fromLetters }, { weight: 1, arbitrary: anything })
  const countMarks = (strings: (string | null)[]) =>
    strings.reduce((count, string) => count + (string ?? '').split('?').length - 1, 0)

  it('prints as many question marks as it has, and never one more', () => {
    fc.assert(
      fc.property(value, fc.constantFrom(epson, unknownPrinter), (string, profile) => {
        const job = readJob(encode([text(string)], profile).bytes)
        expect(countMarks(job.lines)).toBe(job.pictures.length > 0 ? 0 : countMarks([string.normalize('NFC')]))
      }),
      { seed, numRuns: 300 },
    )
  })

  it('keeps every written letter, in order, in lines no wider than the paper', () => {
    fc.assert(
      fc.property(fromLetters, (string) => {
        const job = readJob(encode([text(string)]).bytes)
        const squeeze = (joined: string) => joined.replaceAll(/\s/gu, '')
        expect(squeeze(job.lines.join(''))).toBe(squeeze(string.replaceAll('₸', 'тг')))
        expect(Math.max(0, ...job.lines.map((line) => line?.length ?? 0))).toBeLessThanOrEqual(48)
      }),
      { seed, numRuns: 300 },
    )
  })

  it('keeps the amount of a row at the right edge and whole', () => {
    const amount = fc.integer({ min: 0, max: 99_999_999 }).map((tiyn) => `${(tiyn / 100).toFixed(2)} тг`)
    fc.assert(
      fc.property(fromLetters, amount, (name, right) => {
        const { lines } = readJob(encode([{ kind: 'row', left: name, right }]).bytes)
        expect(lines.at(-1)).toHaveLength(48)
        expect(lines.at(-1)?.endsWith(right)).toBe(true)
      }),
      { seed, numRuns: 200 },
    )
  })
})

describe('an unknown printer', () => {
  const receipt: PrintBlock[] = [
    { kind: 'copyMark', text: 'КӨШІРМЕ' },
    { kind: 'text', text: 'Мектеп асханасы', align: 'center', bold: true },
    { kind: 'rule' },
    { kind: 'row', left: 'Ыстық тамақ', right: '450,00 \u20b8' },
    { kind: 'feed', lines: 2 },
    { kind: 'qr', payload: 'https://tolem.invalid/r/0123456789' },
    { kind: 'cut' },
  ]

  it('gets pictures only: no letter and no code page that it might misread', () => {
    for (const id of ['generic-80mm', 'generic-58mm'] as const) {
      const encoded = encode(receipt, printerProfiles[id])
      const job = readJob(encoded.bytes)
      expect(job.textBytes).toEqual([])
      expect(job.codePages).toEqual([])
      expect(job.qrPayloads).toEqual([])
      expect(job.pictures.every(({ width }) => width === printerProfiles[id].dots)).toBe(true)
      expect(encoded.replaced).toEqual([])
    }
    expect(readJob(encode(receipt, printerProfiles['generic-58mm']).bytes).cuts).toBe(0)
  })

  it('gets a QR code that a reader reads, native printers the payload itself', () => {
    const job = readJob(encode([receipt[5] as PrintBlock], unknownPrinter).bytes)
    const picture = joined(job.pictures)
    const pixels = new Uint8ClampedArray(picture.width * picture.height * 4).fill(255)
    forEachBlackDot(picture, (x, y) => pixels.fill(0, (y * picture.width + x) * 4, (y * picture.width + x) * 4 + 3))
    expect(readQr(pixels, picture.width, picture.height)?.data).toBe('https://tolem.invalid/r/0123456789')
    expect(readJob(encode([receipt[5] as PrintBlock]).bytes).qrPayloads).toEqual(['https://tolem.invalid/r/0123456789'])
  })

  it('never gets a QR code drawn by the printer whose letters the encoder would lose', () => {
    const job = readJob(encode([{ kind: 'qr', payload: 'Қалам' }]).bytes)
    expect(job.qrPayloads).toEqual([])
    expect(blackDots(joined(job.pictures))).toBeGreaterThan(1000)
  })

  it('draws long receipts in pictures that small buffers take, all lines there, without a gap', () => {
    const lines = Array.from({ length: 70 }, (_, index) => text(`Ж${index}`))
    const job = readJob(encode(lines, unknownPrinter).bytes)
    expect(Math.max(...job.pictures.map(({ height }) => height))).toBe(unknownPrinter.rasterRowsMax)
    const filled = new Set<number>()
    let top = 0
    for (const picture of job.pictures) {
      forEachBlackDot(picture, (_, y) => filled.add(Math.floor((top + y) / 32)))
      top += picture.height
    }
    expect(top).toBe(70 * 32)
    expect(job.gaps).toBe(0)
    expect(filled.size).toBe(70)
  })
})

describe('double size and the drawer', () => {
  it('halves the columns of a double-size text', () => {
    const job = readJob(encode([{ kind: 'text', text: 'ж'.repeat(30), size: 'double' }]).bytes)
    expect(job.lines).toEqual(['ж'.repeat(24), 'ж'.repeat(6)])
  })

  it('pulses a connector for its time, and no longer than the command can say', () => {
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
    expect(hex(drawerPulse('escpos', { connector: 0, onMs: 100, offMs: 500 }))).toBe('1b700032fa')
    expect(hex(drawerPulse('escpos', { connector: 1, onMs: 600, offMs: 600 }))).toBe('1b7001ffff')
    expect(hex(drawerPulse('starprnt', { connector: 0, onMs: 200, offMs: 200 }))).toBe('1b07141407')
    expect(hex(drawerPulse('starprnt', { connector: 1, onMs: 200, offMs: 200 }))).toBe('1b0714141a')
    expect(hex(realTimeDrawerPulse({ connector: 1, onMs: 20, offMs: 500 }))).toBe('1014010101')
  })
})

type Picture = { width: number; height: number; bits: Uint8Array }

/** Pieces of one picture, below each other. */
function joined(pictures: Picture[]): Picture {
  const bits = Buffer.concat(pictures.map((picture) => picture.bits))
  const [first] = pictures
  if (first === undefined) throw new Error('no picture')
  return { width: first.width, height: pictures.reduce((sum, { height }) => sum + height, 0), bits }
}

function forEachBlackDot(picture: Picture, call: (x: number, y: number) => void): void {
  picture.bits.forEach((byte, index) => {
    for (let bit = 0; bit < 8; bit++) {
      if ((byte & (0x80 >> bit)) === 0) continue
      call((index % (picture.width / 8)) * 8 + bit, Math.floor(index / (picture.width / 8)))
    }
  })
}

function blackDots(picture: Picture | undefined): number {
  let count = 0
  if (picture !== undefined) forEachBlackDot(picture, () => (count += 1))
  return count
}
