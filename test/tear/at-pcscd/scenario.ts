/**
 * Runs in namespaces of its own (run.ts): plays the plan that it is given, as JSON, at a whole till before a real
 * pcscd, and prints what became of each series. After one that failed it goes on with a new till, ledger and cards.
 */
import { cpSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { Observer } from '../../integration/reader/observer.ts'
import { PcscService } from '../../integration/reader/pcsc-service.ts'
import { record, Station } from '../../integration/reader/station.ts'
import type { TornProfile } from '../names.ts'
import { bringInTornCards } from './cards.ts'
import { faultsInTurn, type PcscdPlan, type PcscdSeries, type PlayedSeries } from './plan.ts'
import { TornTillAtPcscd } from './torn-till.ts'

const plan = JSON.parse(process.argv[2] ?? '') as PcscdPlan
const service = new PcscService()
const turns = new Map<TornProfile, () => string>()

interface Opened {
  readonly station: Station
  readonly tills: Map<TornProfile, TornTillAtPcscd>
}

async function open(): Promise<Opened> {
  const station = await Station.open(seededRandom(`cards ${plan.seed}`))
  await station.readerWorks()
  await bringInTornCards(station)
  return { station, tills: new Map() }
}

/**
 * Nothing that was right once has become wrong, and the checker, which reads cards, paper and ledger, agrees. What all
 * of them left on the disk is kept where something was wrong.
 */
async function close({ station, tills }: Opened, hasFailed: boolean): Promise<void> {
  const failures: string[] = []
  for (const [profile, till] of tills) {
    const found = await till.end()
    failures.push(...found.map((one) => `${profile}, at the end: ${one}`))
  }
  const verdict = await station.demo.judge()
  if (!verdict.passed) failures.push(`the checker: ${JSON.stringify(verdict)}`)
  if (hasFailed || failures.length > 0) {
    const kept = mkdtempSync(join(tmpdir(), 'tolem-tear-'))
    cpSync(dirname(station.demo.world.folders.till), kept, { recursive: true })
    record('kept', kept)
  }
  await station.close()
  if (failures.length > 0) record('at the end', failures)
}

async function play(series: PcscdSeries, { station, tills }: Opened, observer: Observer): Promise<PlayedSeries> {
  const { profile, way, at } = series
  const startedAt = performance.now()
  const inTurn = turns.get(profile) ?? faultsInTurn(`${plan.seed}/${profile}`)
  turns.set(profile, inTurn)
  let cells = 0
  const played = (failures: readonly string[]): PlayedSeries => {
    const seconds = Math.round((performance.now() - startedAt) / 100) / 10
    return { series, cells, failures, seconds }
  }
  let till = tills.get(profile)
  if (till === undefined) {
    till = new TornTillAtPcscd(station, observer, profile)
    const failures = await till.isReady()
    if (failures.length > 0) return played(failures.map((one) => `${profile}, before any tear: ${one}`))
    tills.set(profile, till)
  }
  for (let command = at ?? 1; ; command += plan.step) {
    const fault = series.fault ?? inTurn()
    const { struck, failures } = await till.cell({ way, fault, command })
    if (struck) cells += 1
    const where = `${profile}, ${fault} at command ${command}, ${way}`
    // One thing that is wrong is often wrong in each cell after it.
    if (failures.length > 0 || !struck || at !== undefined) return played(failures.map((one) => `${where}: ${one}`))
  }
}

async function run(): Promise<void> {
  service.start()
  await service.isUp()
  const observer = await Observer.of(2)
  let opened = await open()
  for (const series of plan.series) {
    const played = await play(series, opened, observer)
    record('series', played)
    if (played.failures.length === 0) continue
    opened.tills.delete(series.profile)
    await close(opened, true)
    opened = await open()
  }
  await close(opened, false)
  observer.stop()
  record('end', true)
}

await run().catch((error: unknown) => record('failed', error instanceof Error ? (error.stack ?? error.message) : error))
await service.kill()
process.kill(process.pid, 'SIGKILL')
