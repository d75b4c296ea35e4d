/**
 * Many times the readers are unplugged and plugged in at a whole till, to see what the device host keeps of each time.
 * vpcd cannot take one reader away alone: pcscd dies, as the service of Windows ends with the last reader, and comes
 * back with the readers; or it comes back without any first (docs/design/08-reader.md, "How it is tried"). The seed
 * chooses which, and the moment: no card there, a card lying there, or a command under way. Each time the till must be
 * back in service; now and then a tap is paid.
 */
import { desfireEv3Card } from '../../../hardware-mocks/cards/otherCards.ts'
import { seededRandom, type RandomSource } from '../../../hardware-mocks/cards/random.ts'
import { measureBackInService, measureReaderLight } from './back-in-service.ts'
import { leftBehind } from './leaks.ts'
import type { PcscService } from './pcsc-service.ts'
import { layWhenListening, sleep, type Station } from './station.ts'
import { WatchedHosts, type CountedHost } from './watched-hosts.ts'

export interface PlugsResult {
  /** The first is before the plugs, the last after them. */
  readonly counts: readonly CountedHost[]
  readonly plugs: number
  readonly seconds: number
  /** How often the readers went at each moment, and how: "a card lying there, with the service". */
  readonly moments: Readonly<Record<string, number>>
  /** Plugs after which a tap was paid. */
  readonly paid: number
}

export interface PlugsOptions {
  readonly plugs: number
  readonly seed: string
  /** Makes the device host keep a file and a listener at each plug: a leak to be found. */
  readonly plantLeak: boolean
}

const item = 'bread'
const holder = 'Family 01'
const paysEach = 20
const countsEach = 125
/** A till that has not spoken to a card by then is stuck. */
const readWithinMs = 30_000
/** A foreign card is recognised in some 5 ms: the reader's light, the screen and pcscd's look come after it. */
const staysMsMax = 200
/** What the till asks a foreign card of part 4 at least before it knows it for one. */
const commandsToForeigner = 2
/** Slow enough that pcscd dies before the answer is there. */
const slowMs = 40

const moments = ['no card there', 'a card lying there', 'in the middle of a command'] as const
type Moment = (typeof moments)[number]

interface Plug {
  readonly moment: Moment
  /** The service ends with the readers, and nothing else: it does not run on without any. */
  readonly withService: boolean
  readonly pays: boolean
}

const leakPlanted = `{
  const builtin = process.getBuiltinModule
  const emitter = new (builtin('node:events').EventEmitter)().on('plug', () => undefined)
  globalThis.planted ??= []
  globalThis.planted.push(builtin('node:fs').openSync('/dev/null'), emitter)
}`

/** The till is in service when this is called, with no card on its readers, and when it returns. */
export async function playPlugs(station: Station, service: PcscService, options: PlugsOptions): Promise<PlugsResult> {
  const { plugs, seed, plantLeak } = options
  await station.readerWorks()
  await station.rings(item)
  const cable = new Cable(station, service, seededRandom(seed))
  // What code and caches the first of each kind load is no leak.
  for (const moment of moments)
    for (const withService of [true, false]) await cable.isPlugged({ moment, withService, pays: !withService })
  const hosts = new WatchedHosts(station)
  const counts = [await hosts.count(0)]
  cable.forgets()
  const beganAt = performance.now()
  for (let plug = 1; plug <= plugs; plug += 1) {
    const lostCard = await cable.isPlugged(cable.chosenPlug(plug === plugs || plug % paysEach === 0))
    await hosts.see(lostCard)
    if (plantLeak) await hosts.run(leakPlanted)
    if (plug === plugs || plug % countsEach === 0 || plug === Math.floor(plugs / 2))
      counts.push(await hosts.count(plug))
  }
  const seconds = Math.round((performance.now() - beganAt) / 100) / 10
  hosts.close()
  await station.till.does({ command: 'cancel_sale' })
  return { plugs, seconds, counts, ...cable.counted() }
}

/** What the plugs left behind, a sentence each; none when every host holds what the first one held. */
export function leaksOfPlugs({ counts }: PlugsResult): readonly string[] {
  const [before] = counts
  if (before === undefined) return ['nothing was counted']
  const middle = counts[Math.floor(counts.length / 2)] ?? before
  return counts.slice(1).flatMap(({ plug, cardsLost, held }) => {
    const after = { ...held, fileDescriptors: held.fileDescriptors - cardsLost }
    const halfway = plug > middle.plug ? middle.held : held
    const left = leftBehind({ before: before.held, halfway, after })
    return left.map((sentence) => `plug ${plug}: ${sentence}`)
  })
}

/** The readers' cable, pulled and put in again. */
class Cable {
  readonly #station: Station
  readonly #service: PcscService
  readonly #random: RandomSource
  #plugs = 0
  #paid = 0
  /** On which somebody else's card lay last. */
  #reader: 0 | 1 = 0
  readonly #moments = new Map<string, number>()

  constructor(station: Station, service: PcscService, random: RandomSource) {
    this.#station = station
    this.#service = service
    this.#random = random
  }

  /** As the seed says. Two of three go with the service: as on Windows, and the others take twice as long. */
  chosenPlug(pays: boolean): Plug {
    const moment = moments[this.#chosen(moments.length)] ?? 'no card there'
    return { moment, withService: this.#chosen(3) > 0, pays }
  }

  /** Gives whether a card was connected when the service died. */
  async isPlugged({ moment, withService, pays }: Plug): Promise<boolean> {
    this.#plugs += 1
    const name = `${moment}, ${withService ? 'with' : 'without'} the service`
    this.#moments.set(name, (this.#moments.get(name) ?? 0) + 1)
    try {
      await this.#pulledWhen(moment)
      if (!withService) await this.#serviceStays()
      await this.#isPutIn(pays)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new Error(`plug ${this.#plugs}, ${name}: ${why}`, { cause: error })
    }
    return moment !== 'no card there'
  }

  forgets(): void {
    this.#moments.clear()
    this.#paid = 0
  }

  counted(): Pick<PlugsResult, 'moments' | 'paid'> {
    return { moments: Object.fromEntries(this.#moments), paid: this.#paid }
  }

  async #pulledWhen(moment: Moment): Promise<void> {
    const reader = this.#chosen(2) === 0 ? 0 : 1
    this.#reader = reader
    const staysMs = this.#chosen(staysMsMax)
    const lastCommand = 1 + this.#chosen(commandsToForeigner)
    if (moment === 'no card there') await this.#service.kill()
    if (moment === 'a card lying there') {
      await this.#isAsked(reader, 1)
      await sleep(staysMs)
      await this.#service.kill()
    }
    if (moment === 'in the middle of a command') {
      const slot = this.#station.slots[reader]
      slot.delayMs = slowMs
      await this.#isAsked(reader, lastCommand)
      await this.#service.kill()
      slot.delayMs = 0
    }
    this.#station.pull(reader)
    await this.#lightIs('reader_no_service')
    await this.#station.till.sees('the tap under way has ended', ({ tap }) => tap.state !== 'hold')
  }

  /** Somebody else's card is laid down; resolves when it has the command of that number, before its answer is back. */
  async #isAsked(reader: 0 | 1, command: number): Promise<void> {
    const card = desfireEv3Card({ uid: Uint8Array.of(0x04, 1, 2, 3, 4, 5, reader) })
    let commands = 0
    const isAsked = new Promise<void>((resolve, reject) => {
      const tooLate = setTimeout(() => reject(new Error(`the card was asked ${commands} commands`)), readWithinMs)
      const exchange: typeof card.exchange = (bytes) => {
        commands += 1
        if (commands === command) {
          clearTimeout(tooLate)
          resolve()
        }
        return card.exchange(bytes)
      }
      layWhenListening(this.#station.slots[reader], { ...card, exchange }).catch(reject)
    })
    await isAsked
  }

  /** Its service runs on without any reader, for as long as the till needs to see that. */
  async #serviceStays(): Promise<void> {
    this.#service.start('none')
    await this.#lightIs('reader_none')
    await this.#service.kill()
    await this.#lightIs('reader_no_service')
  }

  async #isPutIn(pays: boolean): Promise<void> {
    // A sale of which nobody else's card was refused: the next result on the screen is this tap's.
    if (pays) await this.#anotherSale()
    this.#service.start()
    await this.#service.isUp()
    const endedAt = performance.now()
    if (!pays) return measureReaderLight(this.#station, 'reader plugged in, light', endedAt)
    // Quicker than a hand: on the same reader it would count as the card that nobody saw leave (design/08).
    const slot = this.#reader === 0 ? 1 : 0
    await measureBackInService(this.#station, 'reader plugged in, paid tap', endedAt, { label: holder, slot })
    this.#paid += 1
    await this.#station.rings(item)
  }

  async #anotherSale(): Promise<void> {
    await this.#station.till.does({ command: 'cancel_sale' })
    await this.#station.till.sees('the screen is free', ({ tap, sale }) => tap.state === 'idle' && sale === null)
    await this.#station.rings(item)
  }

  async #lightIs(code: string): Promise<void> {
    await this.#station.till.sees(`the light says ${code}`, ({ lights }) => lights.reader.code === code)
  }

  #chosen(of: number): number {
    const [high = 0, low = 0] = this.#random(2)
    return (high * 256 + low) % of
  }
}
