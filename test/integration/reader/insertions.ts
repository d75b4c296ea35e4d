/**
 * Many insertions at a whole till, to see what the device host keeps of each. A foreign card comes and goes on both
 * readers while the till wants a card: each time pcscd sees it come, the till reads it and says that it is none of ours,
 * and pcscd sees it leave. An observer of its own, another PC/SC client, says what pcscd has seen.
 */
import { readdirSync } from 'node:fs'
import pcsc from 'pcsc-mini'
import { desfireEv3Card } from '../../../hardware-mocks/cards/otherCards.ts'
import type { VirtualCard } from '../../../hardware-mocks/cards/virtual-card.ts'
import type { VpcdSlot } from '../../../hardware-mocks/reader/vpcd.ts'
import { ProcessCensus, type Census } from './census.ts'
import type { PcscService } from './pcsc-service.ts'
import type { Station } from './station.ts'

export interface SoakResult {
  readonly insertions: number
  readonly seconds: number
  /** Insertions in which the till got an answer of the card. */
  readonly read: number
  readonly before: SoakCensus
  readonly after: SoakCensus
  /** The host that was counted first is the one counted last. */
  readonly sameHost: boolean
}

export interface SoakCensus extends Census {
  /** One for each PC/SC context of any program. */
  readonly filesOfPcscd: number
}

const item = 'bread'
/** Less than this is what a garbage collection leaves to chance. */
const heapBytesMax = 2 * 1024 * 1024
const warmUp = 10
/** A till that has not read a card by then has missed it. */
const readWithinMs = 5_000

export async function soak(station: Station, service: PcscService, insertions: number): Promise<SoakResult> {
  const observer = await Observer.of(station.slots.length)
  await station.readerWorks()
  await station.rings(item)
  const lanes = station.slots.map((slot, reader) => new Lane(slot, observer, reader))
  // The first insertions load code and fill caches: they are no leak.
  await cycle(lanes, warmUp)
  const host = station.deviceHostPid()
  const census = await ProcessCensus.open(host)
  const count = async (): Promise<SoakCensus> => ({
    ...(await census.count()),
    filesOfPcscd: readdirSync(`/proc/${service.pid}/fd`).length,
  })
  const before = await count()
  const beganAt = performance.now()
  const read = await cycle(lanes, insertions)
  const seconds = Math.round((performance.now() - beganAt) / 100) / 10
  const after = await count()
  census.close()
  observer.stop()
  await station.till.does({ command: 'cancel_sale' })
  return { insertions, seconds, read, before, after, sameHost: station.deviceHostPid() === host }
}

/** What the insertions left behind, a sentence each; none when all is as before. */
export function leaksOf({ insertions, read, before, after, sameHost }: SoakResult): readonly string[] {
  const grown = (['fileDescriptors', 'threads', 'emitters', 'listeners', 'filesOfPcscd'] as const)
    .filter((what) => after[what] > before[what])
    .map((what) => `${what} went from ${before[what]} to ${after[what]}`)
  const heap = after.heapBytes - before.heapBytes
  return [
    ...grown,
    ...(heap > heapBytesMax ? [`the heap grew by ${heap} bytes`] : []),
    ...(read < insertions ? [`${insertions - read} of ${insertions} cards were not read`] : []),
    ...(sameHost ? [] : ['the device host was replaced']),
  ]
}

/** Each reader takes the next insertion as soon as its own last card has left. Gives how many were read. */
async function cycle(lanes: readonly Lane[], insertions: number): Promise<number> {
  let begun = 0
  let read = 0
  await Promise.all(
    lanes.map(async (lane) => {
      while (begun < insertions) {
        begun += 1
        if (await lane.cardComesAndGoes()) read += 1
      }
    }),
  )
  return read
}

/** One reader and the foreign card that comes and goes on it. */
class Lane {
  readonly #slot: VpcdSlot
  readonly #observer: Observer
  readonly #reader: number
  readonly #card: VirtualCard
  #onRead: () => void = () => undefined

  constructor(slot: VpcdSlot, observer: Observer, reader: number) {
    this.#slot = slot
    this.#observer = observer
    this.#reader = reader
    const card = desfireEv3Card({ uid: Uint8Array.of(0x04, 1, 2, 3, 4, 5, reader) })
    this.#card = {
      ...card,
      exchange: (command) => {
        this.#onRead()
        return card.exchange(command)
      },
    }
  }

  async cardComesAndGoes(): Promise<boolean> {
    const isRead = new Promise<boolean>((resolve) => {
      const tooLate = setTimeout(() => resolve(false), readWithinMs)
      this.#onRead = () => {
        clearTimeout(tooLate)
        resolve(true)
      }
    })
    await this.#slot.lay(this.#card)
    await this.#observer.isPresent(this.#reader, true)
    const wasRead = await isRead
    this.#slot.pull()
    await this.#observer.isPresent(this.#reader, false)
    return wasRead
  }
}

/** A PC/SC client of this process's own: what pcscd tells everybody. */
class Observer {
  readonly #client = new pcsc.Client()
  /** By the reader's name, which ends with the number of its slot. */
  readonly #present = new Map<string, boolean>()
  #waiting: (() => void)[] = []

  static async of(readers: number): Promise<Observer> {
    const observer = new Observer()
    observer.#client.on('reader', (reader: InstanceType<typeof pcsc.Reader>) => {
      observer.#present.set(reader.name(), false)
      reader.on('change', (status) => {
        observer.#present.set(reader.name(), status.has(pcsc.ReaderStatus.PRESENT))
        observer.#look()
      })
      observer.#look()
    })
    observer.#client.start()
    await observer.#until(() => observer.#present.size === readers)
    return observer
  }

  isPresent(reader: number, wanted: boolean): Promise<void> {
    const name = [...this.#present.keys()].toSorted()[reader] ?? ''
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
