/** Method: any block on the paper of any profile; no line is wider than that paper, whatever is in it. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { PrintBlock } from '../../../src/drivers/printer/document.ts'
import { layOut } from '../../../src/drivers/printer/layout.ts'
import { printerProfiles } from '../../../src/drivers/printer/profile.ts'
import { prepareText } from '../../../src/drivers/printer/text-preparation.ts'

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
console.log(`layout.test.ts: seed ${seed} (SEED=${seed} repeats it)`)

const letters = fc.string({ unit: fc.constantFrom(...'ӘғҚңӨұҮһІАяЁёazZ09 .,-₸\n\t\u00a0'), maxLength: 200 })
const text = fc.oneof(letters, fc.string({ unit: 'grapheme', maxLength: 80 })).map(prepareText)
const block: fc.Arbitrary<PrintBlock> = fc.oneof(
  fc.record({
    kind: fc.constant('text' as const),
    text,
    align: fc.constantFrom('left', 'center', 'right'),
    size: fc.constantFrom('normal', 'double'),
  }),
  fc.record({ kind: fc.constant('row' as const), left: text, right: text }),
  fc.record({ kind: fc.constant('copyMark' as const), text }),
  fc.constant({ kind: 'rule' as const }),
)

it('is never wider than the paper, on any profile', () => {
  fc.assert(
    fc.property(block, fc.constantFrom(...Object.values(printerProfiles)), (one, { columns, dots }) => {
      for (const line of layOut(one, columns)) {
        const width = [...line.text].length * (line.size === 'double' ? 2 : 1)
        expect(width).toBeLessThanOrEqual(columns)
        expect((width * dots) / columns).toBeLessThanOrEqual(dots)
      }
    }),
    { seed, numRuns: 1000 },
  )
})

it('of a profile has room for its columns, and its dots are whole bytes', () => {
  for (const { columns, dots, rasterRowsMax, source } of Object.values(printerProfiles)) {
    expect(dots).toBeGreaterThanOrEqual(columns * 12)
    expect([dots % 8, rasterRowsMax % 8]).toEqual([0, 0])
    expect(source).not.toBe('')
  }
})
