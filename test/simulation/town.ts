/**
 * A town in one process under virtual time: the ledger, two tills with cashiers, the demonstration's cards, and a
 * network with weather. One seed gives one history. At the end the network is healed, every cashier closes the shift,
 * and the auditor looks.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { personalisedCard } from '../../hardware-mocks/cards/ntag424-state.ts'
import { VirtualNtag424 } from '../../hardware-mocks/cards/ntag424.ts'
import { ledgerKeysOf, newLedgerSecrets } from '../../ledger-sim/keys.ts'
import { createLedger, type Ledger } from '../../ledger-sim/ledger.ts'
import { seedDemoWorld, type DemoWorld } from '../../ledger-sim/scenarios/demo.ts'
import { openStore } from '../../ledger-sim/store/open-store.ts'
import { newStoredPair } from '../../src/sync/engine/key-ring.ts'
import type { HttpRequest, HttpResponse } from '../../src/sync/protocol/http-signature.ts'
import { enrol } from '../../src/terminal/core/identity.ts'
import { KeyStoreInMemory } from '../fixtures/key-store.ts'
import { audit } from './auditor.ts'
import { Cashier } from './cashier.ts'
import { fairWeather, foulWeather, SimulatedNetwork } from './network.ts'
import type { PlantedBug } from './planted-bugs.ts'
import { SeededRandom } from './random.ts'
import { TillStation } from './till-station.ts'
import { VirtualTime } from './virtual-time.ts'

/** Monday, 23 November 2026, 09:00 in Almaty: lunches are sold from 08:00 to 16:00. */
const morning = Date.UTC(2026, 10, 23, 4)
const ledgerUrl = 'http://127.0.0.1:1'
const closingMs = 6 * 3_600_000

export interface TownReport {
  readonly seed: number
  /** Of everything that happened, in order. The same seed gives the same hash. */
  readonly traceHash: string
  readonly violations: readonly string[]
  readonly simulatedHours: number
  readonly wallSeconds: number
  readonly sales: number
  readonly starts: number
}

export async function runTown(seed: number, hours: number, plantedBug?: PlantedBug): Promise<TownReport> {
  const startedAt = performance.now()
  // In memory where the system has such a folder: the simulator models no disk, so it need not wait for one.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'tolem-sim-'))
  const town = new Town(seed, folder, plantedBug)
  try {
    await town.open()
    await town.run(hours)
    const violations = await town.close()
    return {
      seed,
      traceHash: town.traceHash,
      violations,
      simulatedHours: (town.now - morning) / 3_600_000,
      wallSeconds: (performance.now() - startedAt) / 1000,
      sales: town.sales,
      starts: town.starts,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Counter {
  readonly name: string
  readonly station: TillStation
  readonly cashier: Cashier
  readonly network: SimulatedNetwork
}

class Town {
  readonly #time = new VirtualTime(morning)
  readonly #random: SeededRandom
  readonly #trace = createHash('sha256')
  readonly #ledgerFile: string
  readonly #plantedBug: PlantedBug | undefined
  readonly #bindings = new Set<string>()
  readonly #counters: Counter[] = []
  /** By sale, the voucher tenders that the screen called paid. */
  readonly #paidOnScreen = new Map<string, Map<string, bigint>>()
  /** Nothing in the town breaks the ledger, so there is nothing that it may have to get over. */
  readonly #recovered: unknown[] = []
  #ledger: Ledger | undefined

  constructor(seed: number, folder: string, plantedBug: PlantedBug | undefined) {
    this.#random = new SeededRandom(`town/${seed}`)
    this.#ledgerFile = join(folder, 'ledger.sqlite')
    this.#plantedBug = plantedBug
  }

  get now(): number {
    return this.#time.now
  }

  get traceHash(): string {
    return this.#trace.copy().digest('hex')
  }

  get sales(): number {
    return this.#counters.reduce((sum, { cashier }) => sum + cashier.notebook.size, 0)
  }

  get starts(): number {
    return this.#counters.reduce((sum, { station }) => sum + station.starts, 0)
  }

  async open(): Promise<void> {
    const random = this.#random.branch('ledger')
    const bytes = (length: number): Uint8Array => random.bytes(length)
    const secrets = newLedgerSecrets(bytes)
    const ports = {
      store: await openStore(this.#ledgerFile),
      clock: () => this.#time.now,
      random: bytes,
      keys: ledgerKeysOf(secrets),
      onDidRecover: (error: unknown) => void this.#recovered.push(error),
    }
    const world = await seedDemoWorld(ports, secrets, 'simulation')
    this.#ledger = createLedger(ports)
    const cards = this.#cards(world)
    const held = new Set<string>()
    for (const [index, { terminalId, code }] of world.enrolmentCodes.entries()) {
      this.#counters.push(await this.#openCounter(terminalId, code, [...cards.keys()], cards, held, index))
    }
  }

  async #openCounter(
    name: string,
    code: string,
    labels: readonly string[],
    cards: ReadonlyMap<string, VirtualNtag424>,
    held: Set<string>,
    index: number,
  ): Promise<Counter> {
    const random = this.#random.branch(name)
    const network = new SimulatedNetwork(this.#time, random.branch('network'), (request) =>
      this.#deliver(name, request),
    )
    const keys = new KeyStoreInMemory(newStoredPair((length) => random.bytes(length)))
    const direct = async (request: HttpRequest) => ({
      kind: 'response' as const,
      response: await this.#deliver(name, request),
    })
    const randomness = { bytes: (length: number) => random.bytes(length), uuid: () => random.uuid(this.#time.now) }
    const enrolment = await enrol(keys.load().current, code, ledgerUrl, direct, randomness, this.#time.now)
    const note = (what: string): void => this.#note(name, what)
    const station = new TillStation({
      name,
      time: this.#time,
      random: random.branch('core'),
      network,
      enrolment,
      keys: () => keys.load(),
      ledgerUrl,
      cards,
      held,
      note,
      ...(this.#plantedBug?.till === undefined ? {} : { sabotage: this.#plantedBug.till }),
    })
    const cashier = new Cashier(station, random.branch('cashier'), labels, note)
    station.start()
    const counter = { name, station, cashier, network }
    this.#time.at(morning + 30_000 + index * 1_000, () => this.#act(counter))
    this.#weather(counter, random.branch('weather'))
    this.#accidents(counter, random.branch('accidents'))
    return counter
  }

  async run(hours: number): Promise<void> {
    await this.#time.runUntil(morning + hours * 3_600_000)
  }

  /** Heals everything, lets every open thing be answered, and audits. */
  async close(): Promise<string[]> {
    for (const { network, cashier, station } of this.#counters) {
      network.weather = fairWeather
      network.cut = 'no'
      cashier.closeShift()
      if (station.snapshot === undefined) station.start()
    }
    this.#healed = true
    const deadline = this.#time.now + closingMs
    while (this.#time.now < deadline && !this.#isQuiet()) await this.#time.runUntil(this.#time.now + 20_000)
    // Late duplicates still under way must change nothing any more.
    await this.#time.runUntil(this.#time.now + 90_000)
    const open = this.#counters
      .filter((counter) => !isQuiet(counter))
      .map(({ name, station }) => `NOT_QUIET ${name}: ${describe(station)}`)
    const sales = this.#counters.flatMap(({ cashier }) =>
      [...cashier.notebook].map(([saleId, goods]) => ({
        saleId,
        goods,
        tenders: [...(this.#paidOnScreen.get(saleId) ?? [])].map(([tenderId, amount]) => ({ tenderId, amount })),
      })),
    )
    for (const { station } of this.#counters) station.kill()
    await this.#ledger?.ports.store.close()
    const recovered = this.#recovered.map((error) => `RECOVERED ledger: ${String(error)}`)
    return [...open, ...recovered, ...audit({ ledgerFile: this.#ledgerFile, bindingsOnCards: this.#bindings, sales })]
  }

  #healed = false

  #isQuiet(): boolean {
    return this.#counters.every(isQuiet)
  }

  #act(counter: Counter): void {
    const { cashier, station } = counter
    this.#watchScreen(station)
    const pause = cashier.act()
    this.#watchScreen(station)
    if (pause >= 0) this.#time.at(this.#time.now + pause, () => this.#act(counter))
    else {
      this.#time.at(this.#time.now - pause, () => {
        station.pullCard()
        this.#time.at(this.#time.now + 300, () => this.#act(counter))
      })
    }
  }

  /** Notes which voucher tenders the screen called paid when a sale was closed, and forgets those of undone sales. */
  #watchScreen(station: TillStation): void {
    for (const sale of station.snapshot?.recent ?? []) {
      if (!sale.voidable) continue
      const paid = sale.tenders.filter(
        (tender) =>
          tender.kind === 'voucher' && ['settled', 'pending', 'awaiting_funds', 'not_paid'].includes(tender.state),
      )
      this.#paidOnScreen.set(sale.saleId, new Map(paid.map((tender) => [tender.tenderId, tender.amount])))
    }
  }

  #weather({ network, name }: Counter, random: SeededRandom): void {
    const change = (): void => {
      if (this.#healed) return
      const kind = random.fraction()
      network.cut = kind < 0.35 ? random.pick(['refused', 'silent'] as const) : 'no'
      network.weather = kind < 0.8 ? foulWeather : fairWeather
      this.#note(name, `weather ${network.cut} ${network.weather === foulWeather ? 'foul' : 'fair'}`)
      this.#time.at(this.#time.now + 10_000 + random.waiting(90_000), change)
    }
    this.#time.at(morning + random.waiting(60_000), change)
  }

  /** The till loses its power between any two events, and comes back. */
  #accidents({ station }: Counter, random: SeededRandom): void {
    const strike = (): void => {
      if (this.#healed) return
      station.kill()
      this.#time.at(this.#time.now + random.between(500, 30_000), () => {
        if (station.snapshot === undefined) station.start()
        // Some accidents strike again at once: recovery itself must bear being cut off.
        const next = random.chance(0.2) ? random.between(1, 3_000) : 20_000 + random.waiting(240_000)
        this.#time.at(this.#time.now + next, strike)
      })
    }
    this.#time.at(morning + random.waiting(240_000), strike)
  }

  async #deliver(name: string, request: HttpRequest): Promise<HttpResponse> {
    if (this.#ledger === undefined) throw new Error('no ledger')
    const response = await this.#ledger.handle(request)
    this.#note(name, `${new URL(request.url).pathname} ${response.status}`)
    this.#plantedBug?.ledger?.(this.#ledgerFile)
    return response
  }

  #cards(world: DemoWorld): ReadonlyMap<string, VirtualNtag424> {
    const random = this.#random.branch('cards')
    const hex = (text: string): Uint8Array => Buffer.from(text, 'hex')
    return new Map(
      world.cards.map(({ label, uid, keys }) => {
        const state = personalisedCard({
          uid: hex(uid),
          keys: { 0: hex(keys[0]), 1: hex(keys[1]), 2: hex(keys[2]), 3: hex(keys[3]), 4: hex(keys[4]) },
        })
        const memory = {
          save: () => undefined,
          append: (entry: { readonly kind: string; readonly bindingHex?: string }) => {
            if (entry.kind === 'sun' && entry.bindingHex !== undefined) this.#bindings.add(entry.bindingHex)
          },
        }
        return [label, VirtualNtag424.fromState(state, { random: (length) => random.bytes(length), memory })]
      }),
    )
  }

  #note(who: string, what: string): void {
    this.#trace.update(`${this.#time.now} ${who} ${what}\n`)
  }
}

function isQuiet({ station, cashier }: Counter): boolean {
  const { snapshot } = station
  return cashier.isDone && snapshot !== undefined && snapshot.queue.waiting === 0 && snapshot.queue.parked === 0
}

function describe(station: TillStation): string {
  const { snapshot } = station
  if (snapshot === undefined) return 'down'
  const { tap, queue, unresolved, lights } = snapshot
  const figures = `${queue.waiting} waiting, ${queue.parked} parked, ${unresolved.length} unresolved`
  return `tap ${tap.state}, ${figures}, network ${lights.network.code}`
}
