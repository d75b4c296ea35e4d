/** The display's bytes, kept as they were read off a table of its commands; and its letters where it lacks some. */
import { describe, expect, it } from 'vitest'
import {
  asReports,
  displayBytes,
  displayProfileIds,
  displayProfiles,
  displayStart,
} from '../../../src/drivers/hid/display.ts'
import type { DisplayRow } from '../../../src/drivers/ports.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const rows: readonly DisplayRow[] = [
  { left: '2 x Сок', right: '700,00' },
  { left: 'Итого', right: '1\u202f850,00' },
]
/** Both rows without the commands before them. */
function shown(profile: (typeof displayProfileIds)[number], of: readonly DisplayRow[]): readonly string[] {
  const bytes = displayBytes(of, profile)
  const text = (from: number): string => new TextDecoder('ibm866').decode(bytes.slice(from, from + 20))
  expect([bytes.length, hex(bytes.slice(0, 4)), hex(bytes.slice(24, 28))]).toEqual([48, '1f240101', '1f240102'])
  return [text(4), text(28)]
}

describe('the bytes of a display', () => {
  it('golden: start and both rows in code page 866', () => {
    expect(hex(displayStart('escpos-cp866'))).toBe('1b401f011b7411')
    expect(hex(displayBytes(rows, 'escpos-cp866'))).toBe(
      ['1f240101', '32207820', '91aeaa', '20202020202020', '3730302c3030'].join('') +
        ['1f240102', '88e2aea3ae', '202020202020', '20', '312038', '35302c3030'].join(''),
    )
  })

  it('golden: start and both rows in ASCII', () => {
    expect(hex(displayStart('escpos-ascii'))).toBe('1b401f01')
    expect(hex(displayBytes(rows, 'escpos-ascii'))).toBe(
      Buffer.concat([
        Buffer.from([0x1f, 0x24, 1, 1]),
        Buffer.from('2 x Sok       700,00'),
        Buffer.from([0x1f, 0x24, 1, 2]),
        Buffer.from('Itogo       1 850,00'),
      ]).toString('hex'),
    )
  })

  it('a row with a letter that it lacks is in Latin letters as a whole; the other row stays', () => {
    const kazakh = [
      { left: 'Мектептегі түскі ас', right: '1\u202f150,00' },
      { left: 'Барлы\u0493ы', right: '1\u202f150,00' },
    ]
    const cyrillic = { left: 'Итого', right: '1,00' }
    expect(shown('escpos-cp866', kazakh)).toEqual(['Mekteptegi  1 150,00', 'Barlygy     1 150,00'])
    expect(shown('escpos-cp866', [kazakh[0] ?? cyrillic, cyrillic])[1]).toBe('Итого           1,00')
  })

  it('every Kazakh and Russian letter, ₸ and № have Latin ones', () => {
    const letters = 'ӘәҒғҚқҢңӨөҰұҮүҺһІіабвгдеёжзийклмнопрстуфхцчшщъыьэюя₸№«»–'
    const written = [...letters].flatMap((letter) => shown('escpos-ascii', [{ left: `${letter}|ә`, right: '' }]))
    expect(written.join('')).not.toContain('?')
  })

  it('the sum is never shortened, the name is; commands in a name are no commands', () => {
    const long = [
      { left: 'Очень длинное название', right: '123\u202f456,00' },
      { left: 'A\u001b@\u000cB', right: '' },
    ]
    const [first, second] = shown('escpos-cp866', long)
    expect(first).toBe('Очень дли 123 456,00')
    expect(second).toMatch(/^A\?@\?B {15}$/)
  })

  it('nothing to show empties both rows', () => {
    expect(shown('escpos-ascii', [])).toEqual([' '.repeat(20), ' '.repeat(20)])
  })

  it('goes in reports of one size, with their id, and with a length where it is asked for', () => {
    const bytes = Uint8Array.from({ length: 48 }, (_, index) => index + 1)
    const plain = asReports(bytes, { reportId: 0, reportBytes: 32, length: 'none' })
    expect(plain.map(({ length }) => length)).toEqual([33, 33])
    expect(hex(plain[1] ?? new Uint8Array())).toBe('00' + hex(bytes.slice(32)) + '00'.repeat(16))
    const counted = asReports(bytes, { reportId: 5, reportBytes: 32, length: 'first' })
    expect(counted.map((report) => [report.length, report[0], report[1], report[2]])).toEqual([
      [33, 5, 31, 1],
      [33, 5, 17, 32],
    ])
  })

  it('every profile says where it is from', () => {
    for (const id of displayProfileIds) expect(displayProfiles[id].source.length).toBeGreaterThan(40)
  })
})
