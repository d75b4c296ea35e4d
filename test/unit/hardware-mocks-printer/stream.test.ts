/** Method: property tests over random cuts and random bytes; the seed is printed and replayed with FC_SEED. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bench, cut, initialise, qr, selectCodePage } from './bench.ts'

const seed = Number(process.env['FC_SEED'] ?? (process.pid * 2654435761) % 2 ** 31)
console.info(`hardware-mocks-printer stream seed ${seed}`)

const job = Buffer.concat([
  Uint8Array.from(initialise),
  Uint8Array.from(selectCodePage(53)),
  Uint8Array.from([0x1b, 0x61, 1, 0x1d, 0x21, 0x11, 0x8d, 0xe0, 0xe7, 0x0a, 0x1d, 0x21, 0, 0x1b, 0x61, 0]),
  Buffer.from('1 x Lunch\t1150\n', 'latin1'),
  Uint8Array.from([0x1d, 0x76, 0x30, 0, 2, 0, 3, 0, 0xff, 0x10, 0x04, 0x01, 0x1b, 0x40]),
  qr(Buffer.from('tolem:Қ', 'utf8')),
  Uint8Array.from([0x1b, 0x26, 3, 0x7e, 0x7e, 2, 1, 2, 3, 4, 5, 6, 0x1b, 0x25, 1, 0x7e, 0x0a]),
  Uint8Array.from([0x1d, 0x38, 0x4c, 12, 0, 0, 0, 48, 112, 48, 1, 1, 49, 8, 0, 2, 0, 0xaa, 0x55]),
  Uint8Array.from([0x1d, 0x28, 0x4c, 2, 0, 48, 50]),
  Uint8Array.from([0x1b, 0x70, 0, 25, 250, 0x1d, 0x56, 66, 3]),
  Buffer.from('next\n', 'latin1'),
  Uint8Array.from(cut),
])

describe('the stream', () => {
  it('gives the same slips however it is cut', () => {
    const whole = bench()
    whole.send(job)
    expect(whole.slips).toHaveLength(2)
    expect(whole.slips[0]?.faults).toEqual([])
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: job.length }), { maxLength: 40 }), (places) => {
        const table = bench()
        const cuts = [0, ...places.toSorted((one, other) => one - other), job.length]
        for (let index = 1; index < cuts.length; index++) table.send(job.subarray(cuts[index - 1], cuts[index]))
        expect(table.slips).toEqual(whole.slips)
        expect(table.replies).toEqual([])
      }),
      { seed, numRuns: 150 },
    )
  })

  it('gives the same slips byte by byte', () => {
    const whole = bench()
    whole.send(job)
    const table = bench()
    for (const byte of job) table.send([byte])
    expect(table.slips).toEqual(whole.slips)
  })

  it('accounts for every byte of any noise and never throws', () => {
    const noise = fc.array(
      fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0x1b, 0x1d, 0x10, 0x1c, 0x0a, 0x28, 0x56, 0x6b)),
      { maxLength: 400 },
    )
    fc.assert(
      fc.property(noise, (bytes) => {
        const table = bench()
        table.send(bytes)
        table.engine.connectionEnded()
        table.engine.tearOff()
        expect(table.engine.bufferedBytes).toBe(0)
      }),
      { seed, numRuns: 400 },
    )
  })

  it('drops the unfinished command of a lost connection, says so, and prints the next job in full', () => {
    const table = bench()
    table.send(initialise, 'half a job\n', [0x1d, 0x76, 0x30, 0, 72, 0, 200, 0, 1, 2, 3])
    table.engine.connectionEnded()
    table.send(initialise, 'the next job\n', cut)
    expect(table.slips[0]?.faults.map((fault) => fault.code)).toEqual(['unfinished-command'])
    expect(Buffer.from(table.slips[0]?.bytes ?? []).toString('latin1')).toBe(
      '\x1b@half a job\n\x1b@the next job\n\x1dV\0',
    )
  })
})
