/** Method: recorded reports go through the parsers at the pace of a device; what is broken on the way makes no code. */
import { describe, expect, it } from 'vitest'
import { KeyboardScannerParser, keypadKeysOf, PressedKeys } from '../../../src/drivers/hid/keyboard-reports.ts'
import { layoutOfVendor, PosScannerParser, quietMs } from '../../../src/drivers/hid/pos-scanner.ts'
import type { ScanReading } from '../../../src/drivers/hid/pos-scanner.ts'
import * as recorded from '../../fixtures/hid/reports.ts'

const { report } = recorded
const start = 1_000

/** One report each 2 ms, long after the opening. */
function readings(
  parser: { read(report: Uint8Array, at: number): ScanReading },
  reports: readonly Uint8Array[],
  everyMs = 2,
): ScanReading[] {
  return reports.map((one, index) => parser.read(one, start + index * everyMs))
}
const meaningful = (all: readonly ScanReading[]): readonly ScanReading[] => all.filter(({ kind }) => kind !== 'nothing')
const scanner = () => new PosScannerParser('aim', 0)

describe('a scanner of usage page 0x8C', () => {
  it.each([
    ['EAN-13', recorded.ean13],
    ['EAN-13 and Enter', recorded.ean13WithEnter],
    ['EAN-8', recorded.ean8],
    ['GS1-128', recorded.gs1],
    ['a receipt in three reports', recorded.receipt],
  ])('%s', (_what, { code, symbology, reports }) => {
    expect(meaningful(readings(scanner(), reports.map(report)))).toEqual([{ kind: 'code', code, symbology }])
  })

  it('one after the other, as fast as a hand is', () => {
    const parser = scanner()
    const all = [...recorded.ean13.reports, ...recorded.receipt.reports, ...recorded.ean8.reports].map(report)
    expect(meaningful(readings(parser, all, 5)).map((one) => (one.kind === 'code' ? one.code : one.kind))).toEqual([
      recorded.ean13.code,
      recorded.receipt.code,
      recorded.ean8.code,
    ])
  })

  it("Newland's layout is its vendor's, and neither layout reads the other's", () => {
    expect([layoutOfVendor(0x1eab), layoutOfVendor(0x0c2e)]).toEqual(['newland', 'aim'])
    const reports = recorded.newland.reports.map(report)
    const { code } = recorded.newland
    expect(meaningful(readings(new PosScannerParser('newland', 0), reports))).toEqual([
      { kind: 'code', code, symbology: null },
    ])
    expect(meaningful(readings(scanner(), reports))).toEqual([
      { kind: 'malformed', why: 'no AIM symbology identifier' },
    ])
  })

  it('the tail of a code that began before the opening is no code, nor is what follows at once', () => {
    const parser = new PosScannerParser('aim', start)
    const tail = report(recorded.receipt.reports[2] ?? '')
    expect(parser.read(tail, start + 1)).toEqual({ kind: 'nothing', why: 'quiet' })
    expect(parser.read(tail, start + quietMs)).toEqual({ kind: 'nothing', why: 'quiet' })
    expect(parser.read(report(recorded.ean8.reports[0] ?? ''), start + 3 * quietMs)).toMatchObject({ kind: 'code' })
  })

  it('the tail of a code whose middle came spoiled is no code', () => {
    const reports = recorded.receipt.reports.map(report)
    const spoiled = reports.map((one, index) => (index === 1 ? one.slice(0, 20) : one))
    expect(meaningful(readings(scanner(), spoiled))).toEqual([{ kind: 'malformed', why: 'a report of 20 bytes' }])
  })

  it('a code that stops in the middle swallows the next report, and not the one after', () => {
    const parser = scanner()
    const [head = '', , tail = ''] = recorded.receipt.reports
    expect(parser.read(report(head), start)).toEqual({ kind: 'nothing', why: 'continued' })
    expect(parser.read(report(tail), start + quietMs)).toEqual({ kind: 'malformed', why: 'a code that broke off' })
    expect(parser.read(report(recorded.ean8.reports[0] ?? ''), start + 2 * quietMs)).toMatchObject({ kind: 'code' })
  })

  it.each([
    ['a digit that is another', (bytes: Uint8Array) => bytes.with(9, 0x31), 'data that are no code'],
    ['a length of nothing', (bytes: Uint8Array) => bytes.with(1, 0), 'a length of 0'],
    ['a length that is too long', (bytes: Uint8Array) => bytes.with(1, 57), 'a length of 57'],
    ['a control character', (bytes: Uint8Array) => bytes.with(3, 0x51).with(9, 0x02), 'data that are no code'],
    ['bytes of no text', (bytes: Uint8Array) => bytes.with(3, 0x51).with(9, 0xff), 'data that are no code'],
  ])('%s is no code', (_what, spoil, why) => {
    const bytes = spoil(report(recorded.ean13.reports[0] ?? ''))
    expect(scanner().read(bytes, start)).toEqual({ kind: 'malformed', why })
  })

  it('a report of another id is none of a code', () => {
    const another = report(recorded.ean13.reports[0] ?? '').with(0, 0x04)
    expect(scanner().read(another, start)).toEqual({ kind: 'nothing', why: 'other-report' })
  })

  it('a code without an end is given up', () => {
    const head = report(recorded.receipt.reports[0] ?? '')
    const all = readings(
      scanner(),
      Array.from({ length: 80 }, () => head),
    )
    expect(meaningful(all)).toEqual([{ kind: 'malformed', why: 'a code without an end' }])
  })
})

describe('a scanner that types', () => {
  const typing = () => new KeyboardScannerParser(0)

  it.each([recorded.typedEan13, recorded.typedLetters])('$code', ({ code, reports }) => {
    expect(meaningful(readings(typing(), reports.map(report)))).toEqual([{ kind: 'code', code, symbology: null }])
  })

  it.each([
    ['Tab', ['2b']],
    ['the keypad’s Enter', ['58']],
    ['Tab and Enter', ['2b', '28']],
  ])('that ends its code with %s', (_, ends) => {
    const ended = ends.flatMap((usage) => [`00 00 ${usage} 00 00 00 00 00`, '00 00 00 00 00 00 00 00'])
    const reports = [...recorded.typedEan13.reports.slice(0, -2), ...ended]
    const { code } = recorded.typedEan13
    expect(meaningful(readings(typing(), reports.map(report)))).toEqual([{ kind: 'code', code, symbology: null }])
  })

  it('a lost key, a pause, two keys at once, Ctrl and an unknown key make no code of what is left', () => {
    const reports = recorded.typedEan13.reports.map(report)
    const spoiltBy = (spoil: (bytes: Uint8Array) => Uint8Array): readonly ScanReading[] =>
      meaningful(readings(typing(), reports.with(4, spoil(reports[4] ?? new Uint8Array(8)))))
    expect(spoiltBy((bytes) => bytes.slice(0, 5)).map(({ kind }) => kind)).toEqual(['malformed'])
    expect(spoiltBy((bytes) => bytes.with(3, 0x20)).map(({ kind }) => kind)).toEqual(['malformed'])
    expect(spoiltBy((bytes) => bytes.with(0, 0x01)).map(({ kind }) => kind)).toEqual(['malformed'])
    expect(spoiltBy((bytes) => bytes.with(2, 0x3a)).map(({ kind }) => kind)).toEqual(['malformed'])
    const parser = typing()
    const halves = [reports.slice(0, 8), reports.slice(8)]
    const all = halves.flatMap((half, index) => half.map((one, at) => parser.read(one, start + index * 150 + at)))
    expect(meaningful(all).map(({ kind }) => kind)).toEqual(['malformed'])
  })

  it('five characters were typed by a hand', () => {
    const reports = recorded.typedEan13.reports.map(report)
    const all = readings(typing(), [...reports.slice(0, 10), ...reports.slice(-2)])
    expect([meaningful(all), all.slice(-4)]).toEqual([
      [],
      ['typed', 'released', 'short', 'released'].map((why) => ({ kind: 'nothing', why })),
    ])
  })
})

describe('a numeric keypad', () => {
  it('says what its keys mean at a till', () => {
    const keys = new PressedKeys()
    const pressed = recorded.keypad.reports.flatMap((text) => keys.read(report(text)) ?? [])
    expect(pressed.flatMap(keypadKeysOf)).toEqual(recorded.keypad.keys)
  })

  it('a key that stays down is pressed once; too many at once are none', () => {
    const keys = new PressedKeys()
    const one = Uint8Array.of(0, 0, 0x59, 0, 0, 0, 0, 0)
    expect([keys.read(one), keys.read(one), keys.read(one.with(3, 0x5a))]).toEqual([[0x59], [], [0x5a]])
    expect(keys.read(Uint8Array.of(0, 0, 1, 1, 1, 1, 1, 1))).toBe(undefined)
  })
})
