/**
 * The morning of a school: a till that was just enrolled asks for its package, and the ledger makes the leases of 5,000
 * pupils, puts their money into escrow, seals each card's key for the till and signs it all. The baseline seals 5,000
 * keys, which nobody can leave out. Near the end of a month the pupils have slots of two months; the figure is for
 * 5,000 slots.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LedgerTransport } from '../../src/sync/engine/ports.ts'
import { encryptionKey, seal, tillKeyContext } from '../../src/sync/protocol/sealed-box.ts'
import { realRandomness } from '../../src/terminal/core/real-ports.ts'
import { ledgerInProcess } from './bench-ledger.ts'
import { BenchTill } from './bench-till.ts'
import { figureOf, type Figure } from './figures.ts'
import { median, timed } from './measure.ts'

const slotsWanted = 5_000

export async function benchLeases(quick: boolean): Promise<readonly Figure[]> {
  const [runs, pupils] = quick ? [1, 50] : [5, slotsWanted]
  const times: number[] = []
  const baselineTimes: number[] = []
  for (let run = 0; run < runs; run += 1) {
    times.push(await packageTime(pupils))
    baselineTimes.push((await timed(() => sealKeys(pupils))) * (slotsWanted / pupils))
  }
  return [
    figureOf({
      bench: 'leases',
      figure: `leases of ${slotsWanted} pupils made, sealed and signed for a till`,
      value: median(times),
      unit: 'ms',
      baseline: median(baselineTimes),
      baselineIs: `${slotsWanted} card keys sealed to the till's key`,
      aim: { atMost: 5_000 },
      samples: runs,
    }),
  ]
}

/** From the till's request until its answer, in milliseconds for `slotsWanted` slots. */
async function packageTime(pupils: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'tolem-bench-leases-'))
  try {
    const world = await ledgerInProcess(pupils)
    let elapsed = 0
    const transport: LedgerTransport = async (request, ...others) => {
      if (!request.url.endsWith('/v1/terminal/packages')) return world.transport(request, ...others)
      const started = performance.now()
      const response = await world.transport(request, ...others)
      elapsed = performance.now() - started
      return response
    }
    const till = await BenchTill.enrol(world, { folder, ledgerUrl: 'http://127.0.0.1', transport })
    const slots = till.active.package.leases.reduce((sum, lease) => sum + lease.slots.length, 0)
    if (slots < pupils) throw new Error(`${slots} slots were leased for ${pupils} pupils`)
    return (elapsed / slots) * slotsWanted
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function sealKeys(count: number): void {
  const { jwk } = encryptionKey(realRandomness.bytes(32))
  const leaseId = realRandomness.uuid()
  for (let index = 0; index < count; index += 1)
    seal(realRandomness.bytes(16), jwk, tillKeyContext(leaseId, `card-${index}`), realRandomness.bytes(32))
}
