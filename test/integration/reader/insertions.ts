/**
 * Many insertions at a whole till, to see what the device host keeps of each. A foreign card comes and goes, on one
 * reader and the other by turns, while the till wants a card: each time pcscd sees it come, the till speaks to it,
 * and it leaves at a moment that the seed chooses: in the middle of a command, between two, or long after. An
 * observer of its own, another PC/SC client, says what pcscd has seen.
 */
import { readdirSync } from 'node:fs'
import { desfireEv3Card } from '../../../hardware-mocks/cards/otherCards.ts'
import { seededRandom, type RandomSource } from '../../../hardware-mocks/cards/random.ts'
import type { VirtualCard } from '../../../hardware-mocks/cards/virtual-card.ts'
import type { VpcdSlot } from '../../../hardware-mocks/reader/vpcd.ts'
import { ProcessCensus } from './census.ts'
import { lasting, leftBehind, type Held } from './leaks.ts'
import { Observer } from './observer.ts'
import type { PcscService } from './pcsc-service.ts'
import { sleep, type Station } from './station.ts'

export type SoakResult = Held & {
  readonly insertions: number
  readonly seconds: number
  /** Insertions in which the till sent the card a command. */
  readonly read: number
  /** The host that was counted first is the one counted last. */
  readonly sameHost: boolean
}

export interface SoakOptions {
  readonly insertions: number
  readonly seed: string
  /** Makes the device host keep a file, a listener and a PC/SC context at each insertion: a leak to be found. */
  readonly plantLeak: boolean
}

const item = 'bread'
const warmUp = 4
/** A till that has not spoken to a card by then has missed it. */
const readWithinMs = 30_000
/** A foreign card is recognised in some 5 ms. */
const staysMsMax = 16

const leakPlanted = `{
  const builtin = process.getBuiltinModule
  const { Client } = builtin('node:module').createRequire(process.argv[1])('pcsc-mini')
  const client = new Client()
  client.start()
  const emitter = new (builtin('node:events').EventEmitter)().on('card', () => undefined)
  globalThis.planted ??= []
  globalThis.planted.push(builtin('node:fs').openSync('/dev/null'), emitter, client)
}`

export async function soak(station: Station, service: PcscService, options: SoakOptions): Promise<SoakResult> {
  const { insertions, seed, plantLeak } = options
  const observer = await Observer.of(station.slots.length)
  await station.readerWorks()
  await station.rings(item)
  const random = seededRandom(seed)
  const lanes = station.slots.map((slot, reader) => new Lane(slot, observer, reader, random))
  // The first insertions load code and fill caches: they are no leak.
  await cycle(lanes, warmUp)
  const host = station.deviceHostPid()
  const census = await ProcessCensus.open(host)
  const count = () =>
    lasting(async () => ({
      ...(await census.count()),
      filesOfPcscd: readdirSync(`/proc/${service.pid}/fd`).length,
    }))
  const before = await count()
  const beganAt = performance.now()
  const onInsertion = plantLeak ? () => census.run(leakPlanted) : () => Promise.resolve()
  const half = Math.floor(insertions / 2)
  const readEarly = await cycle(lanes, half, onInsertion)
  const halfway = await count()
  const read = readEarly + (await cycle(lanes, insertions - half, onInsertion))
  const seconds = Math.round((performance.now() - beganAt) / 100) / 10
  const after = await count()
  census.close()
  observer.stop()
  await station.till.does({ command: 'cancel_sale' })
  return { insertions, seconds, read, before, halfway, after, sameHost: station.deviceHostPid() === host }
}

/** What the insertions left behind, a sentence each; none when all is as before. */
export function leaksOf(result: SoakResult): readonly string[] {
  const { insertions, read, sameHost } = result
  const missed = read < insertions ? [`${insertions - read} of ${insertions} cards were not read`] : []
  return [...leftBehind(result), ...missed, ...(sameHost ? [] : ['the device host was replaced'])]
}

/** Gives how many were read. */
async function cycle(
  lanes: readonly Lane[],
  insertions: number,
  onInsertion: () => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  let read = 0
  for (let insertion = 0; insertion < insertions; insertion += 1) {
    if (await lanes[insertion % lanes.length]?.cardComesAndGoes()) read += 1
    await onInsertion()
  }
  return read
}

/** One reader and the foreign card that comes and goes on it. */
class Lane {
  readonly #slot: VpcdSlot
  readonly #observer: Observer
  readonly #reader: number
  readonly #random: RandomSource
  readonly #card: VirtualCard
  #onRead: () => void = () => undefined

  constructor(slot: VpcdSlot, observer: Observer, reader: number, random: RandomSource) {
    this.#slot = slot
    this.#observer = observer
    this.#reader = reader
    this.#random = random
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
    const staysMs = (this.#random(1)[0] ?? 0) % (staysMsMax + 1)
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
    await sleep(staysMs)
    this.#slot.pull()
    await this.#observer.isPresent(this.#reader, false)
    return wasRead
  }
}
