/**
 * One chaos run (docs/design/10-chaos-proof.md): tills with full queues, each behind a network of its own, one ledger
 * that is killed now and then, a reader of all accounts beside it, and a judge at the end who sees the ledger's
 * database and the list of what was queued.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fillLedgerFolder } from '../bench/bench-ledger.ts'
import { BenchTill } from '../bench/bench-till.ts'
import { BankWatch } from '../checker/bank-reader.ts'
import { judgeQueue, tenderStates, type QueuedItem } from '../checker/queue-verdict.ts'
import { httpTransport } from '../../src/terminal/core/http-transport.ts'
import { ChaosProxy } from './chaos-proxy.ts'
import { Deliveries, type Taken } from './deliveries.ts'
import { LedgerUnderFire } from './ledger-under-fire.ts'
import { OldBatches } from './old-batches.ts'
import { plant, plantedBugs, type PlantedBug, type PlantedBugName } from './planted-bugs.ts'
import { cardsFor, fillQueue, type FilledQueue } from './queue.ts'
import { TillUnderFire } from './till-under-fire.ts'
import { allFaults, Weather, type Fault } from './weather.ts'

export interface ChaosOptions {
  readonly items: number
  readonly seed: string
  /** Empty or absent; everything of the run stays in it. */
  readonly folder: string
  readonly say?: (line: string) => void
  readonly bug?: PlantedBugName
  /** So many deliveries for each item, judged by the ledger, before the weather clears. */
  readonly deliveriesPerItem?: number
}

export interface ChaosReport {
  readonly items: number
  /** Arrivals of whole items at the ledger's socket. */
  readonly deliveries: number
  readonly lost: number
  readonly duplicated: number
  readonly sumConstant: boolean
  /** Of the deliveries: how the ledger took them. */
  readonly taken: Readonly<Record<Taken, number>>
  /** Fewest and most arrivals of one item. */
  readonly perItem: { readonly least: number; readonly most: number }
  /** Readings of all accounts while it ran. */
  readonly readings: number
  readonly requests: number
  readonly kills: number
  readonly tillRestarts: number
  readonly faults: Readonly<Partial<Record<Fault | 'replay' | 'old_batch', number>>>
  readonly ends: Readonly<Record<string, number>>
  /** Whatever is not as it should be, in words; empty when all is well. */
  readonly wrong: readonly string[]
}

interface Station {
  readonly till: TillUnderFire
  readonly proxy: ChaosProxy
  readonly old: OldBatches
  readonly queued: readonly QueuedItem[]
}

const batchSizes = [100, 37, 100, 13]
const stuckAfterMs = 120_000
const oldOnesAtOnce = 3

export async function chaosRun(options: ChaosOptions): Promise<ChaosReport> {
  const run = new ChaosRun(options)
  try {
    return await run.run()
  } finally {
    await run.close()
  }
}

class ChaosRun {
  readonly #options: Required<Omit<ChaosOptions, 'bug'>>
  readonly #bug: PlantedBug
  readonly #weather: Weather
  readonly #ledger: LedgerUnderFire
  readonly #deliveries = new Deliveries()
  readonly #faults: Partial<Record<Fault | 'replay' | 'old_batch', number>> = {}
  readonly #wrong: string[] = []
  readonly #stations: Station[] = []
  #restarts = 0
  #oldUnderWay = 0

  constructor(options: ChaosOptions) {
    this.#options = { say: () => undefined, deliveriesPerItem: 5, ...options }
    this.#bug = options.bug === undefined ? {} : plantedBugs[options.bug]
    this.#weather = new Weather(options.seed)
    this.#ledger = new LedgerUnderFire(join(options.folder, 'ledger'))
  }

  async run(): Promise<ChaosReport> {
    const { say } = this.#options
    await this.#prepare()
    const watch = new BankWatch(this.#ledger.databaseFile)
    const reading = setInterval(() => watch.read(), 20)
    try {
      await this.#untilDrained()
      say(`all queues have been empty after ${this.#deliveries.total} deliveries, ${this.#ledger.kills} kills`)
      await this.#untilEnoughDeliveries()
      await this.#clearUp()
    } finally {
      clearInterval(reading)
    }
    watch.read()
    return this.#verdict(watch)
  }

  async close(): Promise<void> {
    for (const { till } of this.#stations) till.close()
    for (const { proxy } of this.#stations) await proxy.close()
    await this.#ledger.stop()
  }

  async #prepare(): Promise<void> {
    const { folder, items, say } = this.#options
    const counts = shares(items, items < batchSizes.length * 4 ? 1 : batchSizes.length)
    const worlds = await fillLedgerFolder(join(folder, 'ledger'), counts.map(cardsFor))
    plant(this.#ledger.databaseFile, this.#bug.ledger)
    await this.#ledger.start()
    const http = httpTransport()
    const stations: (() => Promise<void>)[] = []
    for (const [index, world] of worlds.entries()) {
      const own = join(folder, `till-${index + 1}`)
      mkdirSync(own, { recursive: true })
      const ledgerUrl = `http://127.0.0.1:${this.#ledger.port}`
      const till = await BenchTill.enrol(world, { folder: own, ledgerUrl, transport: http.transport })
      const journalFile = join(own, 'journal.sqlite')
      const name = `till-${index + 1}`
      const filled = fillQueue(
        till,
        world.cards,
        journalFile,
        counts[index] ?? 0,
        this.#weather.stream(`${name}/queue`),
      )
      plant(journalFile, this.#bug.till)
      stations.push(() => this.#open(name, till, journalFile, filled, batchSizes[index] ?? 100))
    }
    http.close()
    // Only now: the first of them already has the ledger killed, and the others need it to be enrolled.
    for (const open of stations) await open()
    writeFileSync(join(folder, 'queued.json'), JSON.stringify(this.#queued))
    say(`${this.#queued.length} items are queued at ${worlds.length} tills`)
  }

  async #open(
    name: string,
    till: BenchTill,
    journalFile: string,
    { items: queued, underWay, inOrderOnly }: FilledQueue,
    batchSize: number,
  ): Promise<void> {
    const random = this.#weather.stream(`${name}/old`)
    const proxy = new ChaosProxy({
      name,
      weather: this.#weather,
      ledger: this.#ledger,
      deliveries: this.#deliveries,
      onDidFault: (fault) => this.#count(fault),
      onDidRequest: (request) => {
        old.remember(request)
        if (!proxy.isCalm) this.#afterRequest(station, random)
      },
    })
    await proxy.open()
    const old = new OldBatches({ proxy, key: till.keys.signing, random, underWay, inOrderOnly })
    const station: Station = {
      proxy,
      old,
      queued,
      till: new TillUnderFire({ till, journalFile, ledgerUrl: `http://127.0.0.1:${proxy.port}`, batchSize }),
    }
    this.#stations.push(station)
  }

  /** What else happens when a till has asked for something: old requests come again, the till itself may restart. */
  #afterRequest(station: Station, random: ReturnType<Weather['stream']>): void {
    if (random.chance(0.3)) this.#oldOne(() => station.old.replayOne(), 'replay')
    if (random.chance(0.4)) this.#oldOne(() => station.old.deliverSome(), 'old_batch')
    if (random.chance(0.01)) {
      this.#restarts += 1
      setImmediate(() => station.till.restart())
    }
  }

  #oldOne(deliver: () => Promise<void>, name: 'replay' | 'old_batch'): void {
    if (this.#oldUnderWay >= oldOnesAtOnce) return
    this.#oldUnderWay += 1
    this.#count(name)
    void deliver().finally(() => (this.#oldUnderWay -= 1))
  }

  #count(name: Fault | 'replay' | 'old_batch'): void {
    this.#faults[name] = (this.#faults[name] ?? 0) + 1
  }

  /**
   * Until each till was seen at its end once. A round after it that the weather spoils does not count against it: all
   * of them at their end in the same moment would be a matter of luck, 30,000 deliveries for 50 items at times.
   */
  async #untilDrained(): Promise<void> {
    let last = { progress: -1, at: performance.now() }
    const underWay = new Set(this.#stations)
    for (;;) {
      for (const station of underWay) if (station.till.isDone) underWay.delete(station)
      if (underWay.size === 0) return
      await wait(50)
      const progress = this.#stations.reduce((sum, { till }) => sum + till.journal.head.sequence, 0)
      if (progress !== last.progress) last = { progress, at: performance.now() }
      else if (performance.now() - last.at > stuckAfterMs) throw new Error(`nothing moved for ${stuckAfterMs} ms`)
    }
  }

  /** Each queue has been empty, and the network still has all of it: old batches, much later. */
  async #untilEnoughDeliveries(): Promise<void> {
    const { items, deliveriesPerItem } = this.#options
    const random = this.#weather.stream('much-later')
    while (this.#deliveries.taken.judged < items * deliveriesPerItem) {
      await this.#ledger.whenUp()
      if (random.chance(0.002)) this.#ledger.kill()
      const { old } = random.pick(this.#stations)
      const isReplay = random.chance(0.1)
      this.#count(isReplay ? 'replay' : 'old_batch')
      await (isReplay ? old.replayOne() : old.deliverSome())
    }
  }

  /** Fair weather: what is late arrives, what waits is sent, and each till hears the ledger out. */
  async #clearUp(): Promise<void> {
    for (const { proxy } of this.#stations) proxy.isCalm = true
    for (const { proxy } of this.#stations) await proxy.whenQuiet()
    while (this.#oldUnderWay > 0) await wait(20)
    await this.#ledger.whenUp()
    for (const { till } of this.#stations) {
      for (let round = 0; round < 50 && (round < 2 || !till.isDone); round += 1) await till.syncNow()
      if (!till.isDone) this.#wrong.push('a till did not come to an end in fair weather')
    }
  }

  #verdict(watch: BankWatch): ChaosReport {
    const queued = this.#queued
    const verdict = judgeQueue(this.#ledger.databaseFile, queued)
    const counts = queued.map(({ itemId }) => this.#deliveries.byItem.get(itemId) ?? 0)
    const neverSeen = allFaults.filter((fault) => this.#faults[fault] === undefined)
    if (neverSeen.length > 0 && queued.length >= 1_000) this.#wrong.push(`never drawn: ${neverSeen.join()}`)
    this.#wrong.push(
      ...verdict.lost.map((line) => `lost: ${line}`),
      ...verdict.duplicated.map((line) => `duplicated: ${line}`),
      ...verdict.wrong,
      ...watch.faults,
      ...this.#deliveries.failures.map((answer) => `the ledger failed: ${answer}`),
      ...this.#disagreements(),
    )
    return {
      items: queued.length,
      deliveries: this.#deliveries.total,
      lost: verdict.lost.length,
      duplicated: verdict.duplicated.length,
      sumConstant: watch.faults.length === 0,
      taken: this.#deliveries.taken,
      perItem: {
        least: counts.reduce((a, b) => Math.min(a, b), Infinity),
        most: counts.reduce((a, b) => Math.max(a, b), 0),
      },
      readings: watch.readings,
      requests: this.#stations.reduce((sum, { proxy }) => sum + proxy.requests, 0),
      kills: this.#ledger.kills,
      tillRestarts: this.#restarts,
      faults: this.#faults,
      ends: Object.fromEntries(
        [...Map.groupBy(queued, ({ expected }) => expected)].map(([end, own]) => [end, own.length]),
      ),
      wrong: this.#wrong,
    }
  }

  /** The till's last word on each tender, beside the ledger's; and what it still holds. */
  #disagreements(): readonly string[] {
    const ledger = tenderStates(this.#ledger.databaseFile)
    return this.#stations.flatMap(({ till, queued }, index) => {
      const { waiting, parked } = till.journal.queue()
      const held = waiting + parked === 0 ? [] : [`till ${index + 1} still holds ${waiting} waiting, ${parked} parked`]
      const why = till.journal.parkedItems().map((item) => `parked: ${item.itemId}: ${item.why}`)
      const unlike = queued
        .filter(({ kind }) => kind === 'tender')
        .filter(({ id }) => till.journal.tender(id)?.state !== ledger.get(id))
        .map(
          ({ id }) => `till ${index + 1} says ${till.journal.tender(id)?.state} of ${id}, the ledger ${ledger.get(id)}`,
        )
      return [...held, ...why, ...unlike]
    })
  }

  get #queued(): readonly QueuedItem[] {
    return this.#stations.flatMap(({ queued }) => queued)
  }
}

function shares(items: number, tills: number): number[] {
  return Array.from({ length: tills }, (_, index) => Math.floor((items + index) / tills))
}

/** The folder of a run must be its own: what lay in it would be judged along. */
export function isUsed(folder: string): boolean {
  return existsSync(join(folder, 'ledger')) || existsSync(join(folder, 'queued.json'))
}
