/**
 * Method: reply bytes of published examples (hardless_http_dialects PrinterStatus; Citizen iDP-3221 manual p. 200;
 * Epson command manual p. 319; Star Line Mode specification pp. 5-7 to 5-10), and random mixtures of them.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PrinterStatus } from '../../../src/drivers/ports.ts'
import { createStarStatusReader } from '../../../src/drivers/printer/star-status.ts'
import { createEscposStatusReader, readStatus } from '../../../src/drivers/printer/status-reply.ts'
import type { StatusEvent, StatusReader } from '../../../src/drivers/printer/status-reply.ts'

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
console.log(`printer-status.test.ts: seed ${seed} (SEED=${seed} repeats it)`)

const idle = { printer: 0x12, offline: 0x12, error: 0x12, paper: 0x12 }
const well: PrinterStatus = { online: true, trouble: null, paperNearEnd: false }
const read = (reader: StatusReader, ...bytes: number[]): StatusEvent[] => reader.push(Uint8Array.from(bytes))

describe('replies to DLE EOT', () => {
  it('of an idle printer mean that it is well', () => {
    expect(readStatus(idle)).toEqual(well)
  })

  it('of the worked example mean no paper', () => {
    expect(readStatus({ ...idle, printer: 0x1a, offline: 0x32, paper: 0x7e })).toEqual({
      online: false,
      trouble: 'paper-out',
      paperNearEnd: true,
    })
  })

  it.each([
    ['near end', { paper: 0x1e }, null, true],
    ['cover open, which also reads as no paper', { printer: 0x1a, offline: 0x36, paper: 0x72 }, 'cover-open', false],
    ['cutter jam', { printer: 0x1a, offline: 0x52, error: 0x1a }, 'cutter-error', false],
    ['another error', { printer: 0x1a, offline: 0x52, error: 0x32 }, 'error', false],
    ['feed button', { printer: 0x1a, offline: 0x1a }, 'busy', false],
  ] as const)('%s', (_name, replies, trouble, paperNearEnd) => {
    expect(readStatus({ ...idle, ...replies })).toEqual({ online: trouble === null, trouble, paperNearEnd })
  })
})

describe('automatic status', () => {
  const automatic = (...bytes: number[]) => read(createEscposStatusReader(), ...bytes)

  it.each([
    ['well', [0x10, 0, 0, 0x0f], null, false],
    ['near end', [0x10, 0, 0x03, 0x0f], null, true],
    ['paper end', [0x18, 0, 0x0f, 0x0f], 'paper-out', true],
    ['cover', [0x38, 0, 0, 0x0f], 'cover-open', false],
    ['cutter', [0x18, 0x08, 0, 0x0f], 'cutter-error', false],
    ['cannot recover', [0x18, 0x20, 0, 0x0f], 'error', false],
    ['off line', [0x18, 0, 0, 0x0f], 'busy', false],
  ] as const)('%s', (_name, bytes, trouble, paperNearEnd) => {
    expect(automatic(...bytes)).toEqual([
      { kind: 'status', status: { online: trouble === null, trouble, paperNearEnd } },
    ])
  })

  it('is told apart from replies that come between its bytes, from GS r, and from XON and XOFF', () => {
    expect(automatic(0x12, 0x18, 0x13, 0x00, 0x32, 0x0f, 0x11, 0x0f, 0x00)).toEqual([
      { kind: 'reply', byte: 0x12 },
      { kind: 'reply', byte: 0x32 },
      { kind: 'status', status: { online: false, trouble: 'paper-out', paperNearEnd: true } },
      { kind: 'drained' },
    ])
  })

  it('that was not finished is a fault, and the next one is read', () => {
    expect(automatic(0x10, 0x00, 0x10, 0x00, 0x00, 0x0f)).toEqual([
      { kind: 'fault', fault: 'broken_status' },
      { kind: 'status', status: well },
    ])
    expect(automatic(0x10, 0x00, 0xff, 0x12)).toEqual([
      { kind: 'fault', fault: 'broken_status' },
      { kind: 'fault', fault: 'unknown_byte' },
      { kind: 'reply', byte: 0x12 },
    ])
  })

  it('in any mixture with replies, in any cut: each is found, in its order, and nothing else', () => {
    const bits = (mask: number) => fc.integer({ min: 0, max: 255 }).map((value) => value & mask)
    const reply = bits(0b0110_1100).map((value) => ({ kind: 'reply' as const, bytes: [value | 0x12] }))
    const queued = bits(0b0110_1111).map((value) => ({ kind: 'drained' as const, bytes: [value] }))
    const automaticOnes = fc
      .tuple(bits(0b0110_1100), bits(0b0110_1111), bits(0b0110_1111), bits(0b0110_1111))
      .map(([first, ...rest]) => ({ kind: 'status' as const, bytes: [first | 0x10, ...rest] }))
    const flow = fc.constantFrom(0x11, 0x13).map((byte) => ({ kind: null, bytes: [byte] }))
    const message = fc.oneof(reply, queued, automaticOnes, flow)
    /** Replies and flow control cut into the four bytes of a status; nothing else does. */
    const mixture = fc.array(fc.tuple(message, fc.array(fc.oneof(reply, flow), { maxLength: 3 })), { maxLength: 20 })
    fc.assert(
      fc.property(mixture, fc.integer({ min: 1, max: 7 }), (messages, cut) => {
        const sent: number[] = []
        const expected: StatusEvent['kind'][] = []
        for (const [{ kind, bytes }, between] of messages) {
          bytes.forEach((byte, at) => {
            sent.push(byte)
            const inserted = at < bytes.length - 1 ? between[at] : undefined
            if (inserted === undefined) return
            sent.push(...inserted.bytes)
            if (inserted.kind !== null) expected.push(inserted.kind)
          })
          if (kind !== null) expected.push(kind)
        }
        const reader = createEscposStatusReader()
        const found: StatusEvent[] = []
        for (let at = 0; at < sent.length; at += cut) found.push(...read(reader, ...sent.slice(at, at + cut)))
        expect(found.map(({ kind }) => kind)).toEqual(expected)
      }),
      { seed, numRuns: 500 },
    )
  })
})

describe('a StarPRNT packet', () => {
  const packet = (...status: number[]) => [0x0f, 0x02, ...status]
  const star = (...bytes: number[]) => read(createStarStatusReader(), ...bytes)

  it.each([
    ['well', [0, 0, 0, 0, 0], null, false],
    ['near end, inner', [0, 0, 0, 0x04, 0], null, true],
    ['near end, outer', [0, 0, 0, 0x02, 0], null, true],
    ['paper end', [0x08, 0, 0, 0x0c, 0], 'paper-out', true],
    ['cover', [0x28, 0, 0, 0, 0], 'cover-open', false],
    ['cutter', [0x08, 0x08, 0, 0, 0], 'cutter-error', false],
    ['head too hot', [0x08, 0x40, 0, 0, 0], 'error', false],
    ['switched off line', [0x48, 0, 0, 0, 0], 'busy', false],
  ] as const)('%s', (_name, status, trouble, paperNearEnd) => {
    expect(star(...packet(...status))).toEqual([
      { kind: 'status', status: { online: trouble === null, trouble, paperNearEnd } },
    ])
  })

  it('has the length that its header says, 7 to 15', () => {
    const reader = createStarStatusReader()
    // SP2000 programmer manual, table 3-2: 9 bytes are 23 hex.
    expect(read(reader, 0x23, 0x06, 0, 0, 0, 0, 0, 0)).toEqual([])
    expect(read(reader, 0, 0x0f)).toEqual([{ kind: 'status', status: well }])
  })

  it('says once that all before ETB is printed', () => {
    expect(star(...packet(0x02, 0, 0, 0, 0))).toEqual([{ kind: 'drained' }, { kind: 'status', status: well }])
  })

  it('that was not finished is a fault, and the next one is read', () => {
    expect(star(0x0f, 0x02, 0x00, ...packet(0, 0, 0, 0, 0))).toEqual([
      { kind: 'fault', fault: 'broken_status' },
      { kind: 'status', status: well },
    ])
    expect(star(0x12, 0x01)).toEqual([
      { kind: 'fault', fault: 'unknown_byte' },
      { kind: 'fault', fault: 'broken_status' },
    ])
  })
})

describe.each([
  ['ESC/POS', createEscposStatusReader, [0x18, 0, 0x0c, 0x0f]],
  ['StarPRNT', createStarStatusReader, [0x0f, 0x02, 0x08, 0, 0, 0x08, 0]],
] as const)('noise read as %s', (_name, create, paperOut) => {
  it('gives known events only, never throws, and after it a status is read at the second time at the latest', () => {
    const faults = new Set(['unknown_byte', 'broken_status'])
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }), (chunks) => {
        const reader = create()
        for (const event of chunks.flatMap((chunk) => reader.push(chunk))) {
          expect(['reply', 'status', 'drained', 'fault']).toContain(event.kind)
          if (event.kind === 'fault') expect(faults).toContain(event.fault)
        }
        const events = [...read(reader, ...paperOut), ...read(reader, ...paperOut)]
        expect(events.at(-1)).toMatchObject({ kind: 'status', status: { trouble: 'paper-out' } })
      }),
      { seed, numRuns: 500 },
    )
  })
})
