/**
 * Many insertions at a whole till, to see what the device host keeps of each. pcscd looks at each vpcd reader every
 * 400 ms by itself, so the fastest honest rate is many readers at once: each cycle is seen by pcscd as a card that came
 * and a card that left (an observer of its own, a PC/SC client, waits for both), and the till, which wants a card all
 * the time, reads as many of them as it can.
 */
import pcsc from 'pcsc-mini'
import { desfireEv3Card } from '../../../hardware-mocks/cards/otherCards.ts'
import type { VirtualCard } from '../../../hardware-mocks/cards/virtual-card.ts'
import { realScheduler } from '../../../hardware-mocks/reader/scheduler.ts'
import { VPCD_PORT, VpcdSlot } from '../../../hardware-mocks/reader/vpcd.ts'
import { ProcessCensus, type Census } from './census.ts'
import type { Station } from './station.ts'

export interface SoakResult {
  readonly insertions: number
  readonly readers: number
  readonly seconds: number
  /** Insertions in which the till got as far as a command to the card. */
  readonly readByTill: number
  readonly before: Census
  readonly after: Census
  /** Of the resident memory over the second half, by least squares. */
  readonly residentBytesPerInsertion: number
  /** The host that was counted first is the one counted last. */
  readonly sameHost: boolean
}

const item = 'bread'

export async function soak(station: Station, insertions: number, readers: number): Promise<SoakResult> {
  const observer = new Observer()
  await observer.sees(readers)
  await station.till.sees('all readers', ({ lights }) => lights.reader.detail.split(', ').length === readers)
  await station.rings(item)
  const lanes = Array.from({ length: readers }, (_, reader) => new Lane(observer.names[reader] ?? '', reader))
  // The first insertions load code and fill caches: they are no leak.
  await cycle(lanes, observer, 2 * readers, () => undefined)
  const host = station.deviceHostPid()
  const census = await ProcessCensus.open(host)
  const before = await census.count()
  const readBefore = sum(lanes.map((lane) => lane.readByTill))
  const resident: { readonly insertion: number; readonly bytes: number }[] = []
  const beganAt = performance.now()
  await cycle(lanes, observer, insertions, (insertion) => {
    if (insertion > insertions / 2) resident.push({ insertion, bytes: census.residentBytes() })
  })
  const seconds = (performance.now() - beganAt) / 1000
  const after = await census.count()
  census.close()
  observer.stop()
  for (const lane of lanes) lane.slot.dispose()
  await station.till.does({ command: 'cancel_sale' })
  return {
    insertions,
    readers,
    seconds: Math.round(seconds * 10) / 10,
    readByTill: sum(lanes.map((lane) => lane.readByTill)) - readBefore,
    before,
    after,
    residentBytesPerInsertion: Math.round(slope(resident)),
    sameHost: station.deviceHostPid() === host,
  }
}

/** One reader and the foreign card that comes and goes on it. */
class Lane {
  readonly name: string
  readonly slot: VpcdSlot
  readByTill = 0
  readonly #card: VirtualCard
  #isReadAlready = false

  constructor(name: string, reader: number) {
    this.name = name
    this.slot = new VpcdSlot({ scheduler: realScheduler, port: VPCD_PORT + reader })
    const card = desfireEv3Card({ uid: Uint8Array.of(0x04, 1, 2, 3, 4, 5, reader) })
    this.#card = {
      ...card,
      exchange: (command) => {
        if (!this.#isReadAlready) this.readByTill += 1
        this.#isReadAlready = true
        return card.exchange(command)
      },
    }
  }

  async lay(): Promise<void> {
    this.#isReadAlready = false
    await this.slot.lay(this.#card)
  }
}

/** Each reader takes the next insertion as soon as its own last card has left. */
async function cycle(
  lanes: readonly Lane[],
  observer: Observer,
  insertions: number,
  onInsertion: (count: number) => void,
): Promise<void> {
  let begun = 0
  let done = 0
  await Promise.all(
    lanes.map(async (lane) => {
      while (begun < insertions) {
        begun += 1
        await lane.lay()
        await observer.isPresent(lane.name, true)
        lane.slot.pull()
        await observer.isPresent(lane.name, false)
        onInsertion((done += 1))
      }
    }),
  )
}

/** A PC/SC client of this process's own: what pcscd tells everybody. */
class Observer {
  readonly #client = new pcsc.Client()
  readonly #present = new Map<string, boolean>()
  #waiting: (() => void)[] = []

  constructor() {
    this.#client.on('reader', (reader: InstanceType<typeof pcsc.Reader>) => {
      const name = reader.name()
      this.#present.set(name, false)
      reader.on('change', (status) => {
        this.#present.set(name, status.has(pcsc.ReaderStatus.PRESENT))
        this.#look()
      })
      this.#look()
    })
    this.#client.start()
  }

  /** In the order of vpcd's ports. */
  get names(): readonly string[] {
    return [...this.#present.keys()].toSorted()
  }

  sees(readers: number): Promise<void> {
    return this.#until(() => this.#present.size === readers)
  }

  isPresent(name: string, wanted: boolean): Promise<void> {
    return this.#until(() => this.#present.get(name) === wanted)
  }

  stop(): void {
    this.#client.stop()
  }

  async #until(look: () => boolean): Promise<void> {
    while (!look()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #look(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

function slope(points: readonly { readonly insertion: number; readonly bytes: number }[]): number {
  const meanInsertion = sum(points.map(({ insertion }) => insertion)) / points.length
  const meanBytes = sum(points.map(({ bytes }) => bytes)) / points.length
  const spread = sum(points.map(({ insertion }) => (insertion - meanInsertion) ** 2))
  const together = sum(points.map(({ insertion, bytes }) => (insertion - meanInsertion) * (bytes - meanBytes)))
  return spread === 0 ? 0 : together / spread
}
