/** What the panel of HID devices works out by itself: names of usages and symbologies, and bytes as they are read. */
import { describe, expect, test } from 'vitest'
import { usbIds } from '../../../src/terminal/contract/index.ts'
import { reportLine } from '../../../src/terminal/ui/bench/hid-report.tsx'
import { kindOf, spaced, symbologyName } from '../../../src/terminal/ui/bench/hid-words.ts'

describe('a HID device', () => {
  test.each([
    [0x8c, 0x02, 'scanner'],
    [0x01, 0x06, 'keyboard'],
    [0x01, 0x07, 'keypad'],
    [0x01, 0x02, 'pointer'],
    [0x01, 0x80, 'other'],
    [0x0c, 0x01, 'media'],
    [0x0d, 0x04, 'touch'],
    [0x14, 0x01, 'display'],
    [0xff00, 0x01, 'maker'],
    [0xffff, 0x01, 'maker'],
    [0x00, 0x00, 'untold'],
    [0x8d, 0x01, 'other'],
  ])('of usage %i/%i is named', (usagePage, usage, kind) => {
    expect(kindOf({ usagePage, usage })).toBe(`bench.hid.kind.${kind}`)
  })

  test('has its ids as lsusb prints them', () => {
    expect(usbIds({ vendorId: 0xc2e, productId: 0x1 })).toBe('0c2e:0001')
  })
})

describe('a report', () => {
  test('names its symbology where AIM’s letter is known, and else leaves the identifier', () => {
    expect([']E0', ']E4', ']E3', ']C1', ']C0', ']Q1', ']X9'].map(symbologyName)).toEqual([
      'EAN-13 / UPC-A (]E0)',
      'EAN-8 (]E4)',
      'EAN / UPC (]E3)',
      'GS1-128 (]C1)',
      'Code 128 (]C0)',
      'QR Code (]Q1)',
      ']X9',
    ])
  })

  test('stands byte by byte, and on the clipboard with its time, its way and its device', () => {
    expect([spaced('020D5D'), spaced('02'), spaced('')]).toEqual(['02 0D 5D', '02', ''])
    const report = { number: 7, sinceMs: 1_204, device: 3, direction: 'out', reportId: 0, bytes: '001B40', length: 3 }
    expect(reportLine({ ...report, direction: 'out', meaning: { kind: 'taken' } })).toBe('1204 ms > 3: 00 1B 40')
  })
})
