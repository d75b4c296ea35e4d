import { describe, expect, it } from 'vitest'
import { printerProfiles } from '../../../hardware-mocks/printer/code-pages.ts'
import { bench, cut, initialise, selectCodePage } from './bench.ts'

// The vector of KZ-1048 that was recomputed with Python's codec kz1048.
const kazakh = {
  select: '1B7435',
  text: 'Қазақстан Республикасы. Цифрлық ваучер №1: әіңғүұқөһ ӘІҢҒҮҰҚӨҺ',
  bytes:
    '8DE0E7E09DF1F2E0ED20D0E5F1EFF3E1EBE8EAE0F1FB2E20D6E8F4F0EBFB9D20E2E0F3F7E5F020B9313A20' +
    'BCB3BEBABFA29DB49E20A3B2BDAAAFA18DA58E',
}

describe('code pages', () => {
  it('prints the Kazakh vector with the right letters', () => {
    const table = bench()
    table.send(initialise, Buffer.from(kazakh.select + kazakh.bytes, 'hex'), '\n')
    // 62 characters on 48 columns: the printer wraps by itself.
    expect(table.text().replace('\n', '').trimEnd()).toBe(kazakh.text)
    expect(table.text().split('\n')[0]).toHaveLength(48)
    expect(table.faults()).toEqual([])
  })

  it('prints garbage on a model that has CP858 at slot 53', () => {
    const table = bench({ profile: 'budget' })
    table.send(Buffer.from(kazakh.select + '8DE0E7E09D', 'hex'), '\n')
    expect(table.text().trimEnd()).toBe('ìÓþÓØ')
  })

  it.each([
    [0, 'cp437', [0x80, 0xe1, 0xf8], 'Çß°'],
    [17, 'cp866', [0x8f, 0xe0, 0xa8, 0xa2, 0xa5, 0xe2], 'Привет'],
    [46, 'cp1251', [0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2, 0xb3], 'Приветі'],
    [53, 'kz1048', [0x8d, 0xb3, 0x9e], 'Қіһ'],
  ])('slot %i is %s', (slot, _name, bytes, text) => {
    const table = bench()
    table.send(selectCodePage(slot), bytes, '\n')
    expect(table.text().trimEnd()).toBe(text)
  })

  it('has 128 upper characters on each page', () => {
    for (const slot of printerProfiles.kazakh.slots.keys()) {
      const table = bench({ widthDots: 12 * 128 })
      table.send(
        selectCodePage(slot),
        Array.from({ length: 128 }, (_, index) => 0x80 + index),
        '\n',
      )
      expect(table.text().replace(/\n/g, '').trimEnd().length, `slot ${slot}`).toBeGreaterThanOrEqual(127)
    }
  })

  it('reports an empty slot and an undefined character instead of swallowing them', () => {
    const table = bench()
    table.send(selectCodePage(99), selectCodePage(46), [0x98], '\n')
    expect(table.faults()).toEqual(['unknown-code-page', 'undefined-character'])
    expect(table.text().trimEnd()).toBe('\ufffd')
  })
})

describe('style and place', () => {
  const lines = (table: ReturnType<typeof bench>) =>
    table.engine.unfinished.elements.flatMap((element) => (element.kind === 'line' ? [element] : []))

  it('keeps bold, underline, size and font of each run', () => {
    const table = bench()
    table.send(
      'a',
      [0x1b, 0x45, 1],
      'b',
      [0x1b, 0x45, 0, 0x1b, 0x2d, 2],
      'c',
      [0x1b, 0x2d, 0, 0x1d, 0x21, 0x11],
      'd',
      [0x1d, 0x21, 0, 0x1b, 0x4d, 1],
      'e',
      [0x1b, 0x21, 0xb8],
      'f',
      '\n',
    )
    expect(lines(table)[0]?.runs.map(({ text, style }) => ({ text, ...style }))).toEqual([
      { text: 'a', bold: false, underline: 0, font: 'A', across: 1, down: 1, reverse: false },
      { text: 'b', bold: true, underline: 0, font: 'A', across: 1, down: 1, reverse: false },
      { text: 'c', bold: false, underline: 2, font: 'A', across: 1, down: 1, reverse: false },
      { text: 'd', bold: false, underline: 0, font: 'A', across: 2, down: 2, reverse: false },
      { text: 'e', bold: false, underline: 0, font: 'B', across: 1, down: 1, reverse: false },
      { text: 'f', bold: true, underline: 1, font: 'A', across: 2, down: 2, reverse: false },
    ])
    expect(lines(table)[0]?.height).toBe(48)
  })

  it('aligns within the print area and ignores, loudly, an alignment in the middle of a line', () => {
    const table = bench()
    table.send([0x1b, 0x61, 1], 'ab\n', [0x1b, 0x61, 2], 'ab\n', [0x1d, 0x4c, 24, 0, 0x1d, 0x57, 240, 0], 'ab\n')
    expect(lines(table).map((line) => line.runs[0]?.x)).toEqual([276, 552, 240])
    table.send('x', [0x1b, 0x61, 0])
    expect(table.faults()).toEqual(['ignored-command'])
  })

  it('counts columns: 48 of font A and 64 of font B on 80 mm, 32 on 58 mm', () => {
    for (const [widthDots, font, columns] of [
      [576, 0, 48],
      [576, 1, 64],
      [384, 0, 32],
    ] as const) {
      const table = bench({ widthDots })
      table.send([0x1b, 0x4d, font], 'x'.repeat(100), '\n')
      expect(table.text().split('\n')[0]).toHaveLength(columns)
    }
  })

  it('moves by tabs, absolute and relative positions', () => {
    const table = bench()
    table.send('a\tb', [0x1b, 0x24, 240, 0], 'c', [0x1b, 0x5c, 12, 0], 'd\n')
    expect(table.text().trimEnd()).toBe('a       b           c d')
  })

  it('feeds: ESC d counts the line it prints, ESC 3 sets the spacing', () => {
    const table = bench()
    table.send('a', [0x1b, 0x64, 3], [0x1b, 0x33, 40], 'b\n', [0x1b, 0x32], 'c\n', [0x1b, 0x4a, 7])
    expect(
      table.engine.unfinished.elements.map((element) => [element.kind, 'height' in element && element.height]),
    ).toEqual([
      ['line', 30],
      ['feed', 60],
      ['line', 40],
      ['line', 30],
      ['feed', 7],
    ])
  })

  it('prints user-defined characters as dots, not as a guess', () => {
    const table = bench()
    const tenge = Array.from({ length: 36 }, (_, index) => (index % 3 === 0 ? 0xff : 0x10))
    table.send([0x1b, 0x26, 3, 0x7e, 0x7e, 12, ...tenge], [0x1b, 0x25, 1], '5~', [0x1b, 0x25, 0], '~\n')
    expect(table.text().trimEnd()).toBe('5\ufffc~')
    expect(lines(table)[0]?.graphics[0]).toMatchObject({ x: 12, bitmap: { width: 12, height: 24 } })
  })
})

describe('cutting', () => {
  it.each([
    [0, 'full'],
    [1, 'partial'],
    [48, 'full'],
    [49, 'partial'],
  ])('GS V %i is a %s cut', (mode, ended) => {
    const table = bench()
    table.send('a\n', [0x1d, 0x56, mode])
    expect(table.slips.map((slip) => slip.ended)).toEqual([ended])
  })

  it.each([
    [65, 'full'],
    [66, 'partial'],
    [97, 'full'],
    [98, 'partial'],
    [103, 'full'],
    [104, 'partial'],
  ])('GS V %i n feeds and is a %s cut', (mode, ended) => {
    const table = bench()
    table.send('a\n', [0x1d, 0x56, mode, 9], 'b\n', [0x1b, 0x69])
    expect(table.slips.map((slip) => slip.ended)).toEqual([ended, 'full'])
    expect(table.slips[0]?.elements.at(-1)).toEqual({ kind: 'feed', height: 9 })
  })

  it('keeps the consumed bytes with the slip and numbers slips', () => {
    const table = bench()
    table.send(initialise, 'one\n', cut, 'two\n', cut, 'three')
    expect(table.slips.map((slip) => [slip.number, Buffer.from(slip.bytes).toString('latin1')])).toEqual([
      [1, '\x1b@one\n\x1dV\0'],
      [2, 'two\n\x1dV\0'],
    ])
  })

  it('makes no slip of blank paper, and says so', () => {
    const table = bench()
    table.send([0x1b, 0x64, 5], cut)
    expect(table.slips).toEqual([])
    expect(table.events.map((event) => event.what)).toContain('blank-paper-cut')
  })

  it('does not cut in the middle of a line', () => {
    const table = bench()
    table.send('half', cut)
    expect(table.slips).toEqual([])
    expect(table.faults()).toEqual(['ignored-command'])
  })
})

describe('what the printer does not know', () => {
  it.each([
    ['an unknown escape', [0x1b, 0x7a], 'unknown-command'],
    ['an unknown group', [0x1d, 0x7a], 'unknown-command'],
    ['a bare control byte', [0x01], 'unknown-command'],
    ['page mode', [0x1b, 0x4c], 'unsupported-command'],
    ['a PDF417 code', [0x1d, 0x28, 0x6b, 3, 0, 48, 81, 48], 'unsupported-command'],
    ['QR print without data', [0x1d, 0x28, 0x6b, 3, 0, 49, 81, 48], 'ignored-command'],
    ['QR error correction 99', [0x1d, 0x28, 0x6b, 3, 0, 49, 69, 99], 'bad-parameter'],
    ['a real-time command out of the book', [0x10, 0x14, 0x55], 'unknown-command'],
    ['DLE EOT 5', [0x10, 0x04, 5], 'bad-parameter'],
    ['GS r 9', [0x1d, 0x72, 9], 'bad-parameter'],
  ])('records %s', (_name, bytes, code) => {
    const table = bench()
    table.send(bytes, 'ok\n')
    expect(table.faults()).toEqual([code])
    expect(table.text()).toContain('ok')
  })
})
