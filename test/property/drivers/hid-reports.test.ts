/**
 * Method: random codes are cut into reports, spoilt, mixed with garbage and replayed at random paces. Nothing throws,
 * and every code that comes out is one that was sent, whole. The seed is printed by fast-check when it fails.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KeyboardScannerParser, keypadKeysOf, PressedKeys } from '../../../src/drivers/hid/keyboard-reports.ts'
import { PosScannerParser, posLayouts, type PosLayoutName } from '../../../src/drivers/hid/pos-scanner.ts'

/** As a scanner sends it; written here anew, and not with the virtual scanner's code either. */
function reportsOf(code: string, layout: PosLayoutName): Uint8Array[] {
  const data = Buffer.from(code, 'utf8')
  const at = layout === 'aim' ? 5 : 2
  return Array.from({ length: Math.ceil(data.length / 56) }, (_, index) => {
    const part = data.subarray(index * 56, index * 56 + 56)
    const bytes = new Uint8Array(64)
    bytes.set([2, part.length, ...(layout === 'aim' ? [0x5d, 0x51, 0x31] : [])])
    bytes.set(part, at)
    bytes[63] = (index + 1) * 56 < data.length ? 1 : 0
    return bytes
  })
}

const codes = fc.string({
  unit: fc.constantFrom(...'0123456789ABCdef.-_ қә'),
  minLength: 1,
  maxLength: 300,
  size: 'max',
})
const garbage = fc.uint8Array({ minLength: 0, maxLength: 80 })
/** What is broken where it shows: too short, another kind of report, a length or an identifier that cannot be. */
const spoiling = fc.constantFrom(
  (report: Uint8Array) => report.slice(0, 30),
  (report: Uint8Array) => report.with(1, 0),
  (report: Uint8Array) => report.with(1, 60),
)

type Sent = { readonly code: string; readonly spoilt: ((report: Uint8Array) => Uint8Array) | null; readonly at: number }
const sent: fc.Arbitrary<Sent> = fc.record({
  code: codes,
  spoilt: fc.option(spoiling, { nil: null }),
  at: fc.nat(9),
})

describe('reports of a scanner', () => {
  it.each(Object.keys(posLayouts) as PosLayoutName[])('%s: what comes out was sent, whole', (layout) => {
    fc.assert(
      fc.property(
        fc.array(sent, { maxLength: 8 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 900 })),
        (all, pauses) => {
          const parser = new PosScannerParser(layout, 0)
          const waits = pauses[Symbol.iterator]()
          let now = 1_000
          const heard: string[] = []
          for (const { code, spoilt, at } of all) {
            now += waits.next().value as number
            const reports = reportsOf(code, layout)
            const broken = reports.map((one, index) =>
              spoilt !== null && index === at % reports.length ? spoilt(one) : one,
            )
            for (const one of broken) {
              const reading = parser.read(one, (now += 2))
              if (reading.kind === 'code') heard.push(reading.code)
            }
            const wanted = spoilt === null ? code.replace(/[\r\n\t]+$/u, '') : null
            for (const one of heard.splice(0)) expect(one).toBe(wanted)
          }
        },
      ),
    )
  })

  it('garbage never throws, and a whole code after a quiet moment is read', () => {
    fc.assert(
      fc.property(fc.array(garbage, { maxLength: 40 }), codes, (chunks, code) => {
        const parser = new PosScannerParser('aim', 0)
        chunks.forEach((chunk, index) => parser.read(chunk, 1_000 + index * 3))
        // A garbage that looks like a head may lie there: it takes the next report with it, and no more.
        parser.read(new Uint8Array([2]), 5_000)
        const readings = reportsOf(code, 'aim').map((one, index) => parser.read(one, 9_000 + index))
        expect(readings.at(-1)).toEqual({ kind: 'code', code, symbology: ']Q1' })
      }),
    )
  })

  it('an EAN-13 with one digit changed is never a code', () => {
    fc.assert(
      fc.property(fc.nat(12), fc.integer({ min: 1, max: 9 }), (place, by) => {
        const digits = [...'4870000000067'].map(Number)
        const changed = digits.with(place, ((digits[place] ?? 0) + by) % 10).join('')
        const [report = new Uint8Array()] = reportsOf(changed, 'aim')
        report.set([0x45, 0x30], 3)
        expect(new PosScannerParser('aim', 0).read(report, 1_000).kind).toBe('malformed')
      }),
    )
  })
})

describe('reports of keyboards', () => {
  const usageOf = (digit: string): number => (digit === '0' ? 0x27 : 0x1d + Number(digit))
  const down = (usage: number): Uint8Array => Uint8Array.of(0, 0, usage, 0, 0, 0, 0, 0)
  const typedReports = (code: string): Uint8Array[] =>
    [...[...code].map(usageOf), 0x28].flatMap((usage) => [down(usage), new Uint8Array(8)])

  /** Well-formed keys as well as noise: few usages, so that the same key comes again and Enter is among them. */
  const keysOrNoise = fc.oneof(
    garbage,
    fc
      .record({ modifiers: fc.constantFrom(0, 2, 1), usages: fc.array(fc.constantFrom(0, 1, 0x1e, 0x1f, 0x28, 0x59)) })
      .map(({ modifiers, usages }) => Uint8Array.of(modifiers, 0, ...[...usages, 0, 0, 0, 0, 0, 0].slice(0, 6))),
  )

  it('garbage never throws, slow keys are never a code, and a whole code after them is read', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(keysOrNoise, fc.integer({ min: 201, max: 900 })), { maxLength: 60 }),
        fc.stringMatching(/^[0-9]{6,20}$/),
        (chunks, code) => {
          const parser = new KeyboardScannerParser(0)
          const keys = new PressedKeys()
          let now = 1_000
          const read = (chunk: Uint8Array, wait: number) => parser.read(chunk, (now += wait))
          for (const [chunk, wait] of chunks) {
            for (const usage of keys.read(chunk) ?? []) keypadKeysOf(usage)
            expect(read(chunk, wait).kind).not.toBe('code')
          }
          // A key of the garbage may be the head of a code that breaks off here, and takes the next code with it.
          now += 500
          for (const one of typedReports(code)) read(one, 2)
          now += 500
          const codes = typedReports(code)
            .map((one) => read(one, 2))
            .filter(({ kind }) => kind === 'code')
          expect(codes).toEqual([{ kind: 'code', code, symbology: null }])
        },
      ),
    )
  })

  it('a typed code with any one report lost is no code, or the code itself', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9]{6,20}$/), fc.nat(60), (code, lost) => {
        const reports = typedReports(code)
        const at = lost % reports.length
        const parser = new KeyboardScannerParser(0)
        const heard = reports.flatMap((one, index) => {
          // Not lost in silence, which USB does not do, but spoilt.
          const reading = parser.read(index === at ? one.slice(0, 4) : one, 1_000 + index * 2)
          return reading.kind === 'code' ? [reading.code] : []
        })
        // Its last report says that Enter was let go: the code is over by then.
        expect(heard).toEqual(at === reports.length - 1 ? [code] : [])
      }),
    )
  })
})
