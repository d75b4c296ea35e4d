/**
 * Method: the jobs of all profiles (the self-test page, and a receipt in Kazakh) are cut into commands by the virtual
 * printer's own grammar, which shares nothing with the driver. Both must find the same ends of lines; and no end may be
 * invented where a command is unknown or is data.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CommandCutter } from '../../../hardware-mocks/printer/grammar.ts'
import { createStarCutter } from '../../../hardware-mocks/printer/star-grammar.ts'
import { encodeDocument } from '../../../src/drivers/printer/encode.ts'
import { lineEndsOf } from '../../../src/drivers/printer/line-ends.ts'
import { longestCommand, printerProfiles } from '../../../src/drivers/printer/profile.ts'
import type { PrinterLanguage } from '../../../src/drivers/printer/profile.ts'
import { loadTypeface } from '../../../src/drivers/printer/raster.ts'
import { selfTestDocument } from '../../../src/drivers/printer/self-test.ts'

const typeface = loadTypeface()

/** Where the virtual printer ends a line: behind each line feed that it takes for a command. */
function endsByGrammar(job: Uint8Array, language: PrinterLanguage): number[] {
  const cutter = language === 'escpos' ? new CommandCutter() : createStarCutter()
  let at = 0
  return cutter.push(job).flatMap(({ name, bytes }) => {
    at += bytes.length
    return name === 'LF' ? [at] : []
  })
}

describe.each(Object.values(printerProfiles))('$id', (profile) => {
  const { bytes } = encodeDocument(selfTestDocument(profile), profile, typeface)
  const ends = lineEndsOf(bytes, profile.language)

  it('ends its lines where the virtual printer does, to the end of the job', () => {
    expect(ends.length).toBeGreaterThan(10)
    expect(ends).toEqual(endsByGrammar(bytes, profile.language))
  })

  it('has no stretch without an end that is longer than its longest command and a few short ones', () => {
    const stretches = [0, ...ends].map((start, index) => (ends[index] ?? bytes.length) - start)
    expect(Math.max(...stretches)).toBeLessThan(longestCommand(profile) + 40)
  })
})

describe('a job', () => {
  it('has no end of a line in the data of a picture, and none behind a command that nobody knows', () => {
    const picture = Uint8Array.of(0x1d, 0x76, 0x30, 0, 1, 0, 3, 0, 0x0a, 0x0a, 0x0a, 0x0a, 0x41)
    expect(lineEndsOf(picture, 'escpos')).toEqual([12])
    const unknown = Uint8Array.of(0x41, 0x0a, 0x1b, 0x7f, 0x0a, 0x41, 0x0a)
    expect(lineEndsOf(unknown, 'escpos')).toEqual([2])
    expect(lineEndsOf(unknown, 'starprnt')).toEqual([2])
    // It breaks off inside the picture.
    expect(lineEndsOf(picture.subarray(0, 10), 'escpos')).toEqual([])
  })

  it.each(['escpos', 'starprnt'] as const)(
    'of any bytes ends no line where the virtual printer does not (%s)',
    (of) => {
      const byte = fc.oneof(fc.constantFrom(0x0a, 0x1b, 0x1d, 0x1c, 0x76, 0x30, 0x28, 0x56, 0x58, 0, 1), fc.nat(255))
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 60 }), fc.array(byte, { maxLength: 60 }), (head, tail) => {
          const job = Uint8Array.from([...head, ...tail])
          const theirs = new Set(endsByGrammar(job, of))
          expect(lineEndsOf(job, of).filter((end) => !theirs.has(end))).toEqual([])
        }),
      )
    },
  )
})
