/**
 * A town in one process under virtual time: the ledger, two tills with cashiers, the demonstration's cards, and a
 * network with weather. One seed gives one history. At the end the network is healed, every cashier closes the shift,
 * and the auditor looks.
 */
import { createHash } from 'node:crypto'
import Database from 'better-sqlite3'
import { join } from 'node:path'
import type { VirtualCard } from '../../hardware-mocks/cards/virtual-card.ts'
import { inTransaction } from '../../ledger-sim/context.ts'
import { newLedgerSecrets } from '../../ledger-sim/keys.ts'
import { issueEnrolmentCode } from '../../ledger-sim/terminals/enrolment.ts'
import { findTerminal } from '../../ledger-sim/terminals/terminals.ts'
import { seedDemoWorld, type DemoWorld } from '../../ledger-sim/scenarios/demo.ts'
import { newStoredPair } from '../../src/sync/engine/key-ring.ts'
import type { HttpRequest, HttpResponse } from '../../src/sync/protocol/http-signature.ts'
import type { Enrolment } from '../../src/sync/protocol/messages.ts'
import { enrol } from '../../src/terminal/core/identity.ts'
import { KeyStoreInMemory } from '../fixtures/key-store.ts'
import { quickFolder } from '../fixtures/quick-folder.ts'
import type { DebitOutcomes } from './audit-debits.ts'
import { audit } from './auditor.ts'
import { Cashier } from './cashier.ts'
import { befallCounting, bringMore, CountingCards } from './counting-cards.ts'
import { cloneOnce, restoreBackupNowAndThen, tendersIn, type Copied } from './copies.ts'
import { keepHours } from './hours.ts'
import { LedgerHouse } from './ledger-house.ts'
import type { Notebook } from './notebook.ts'
import {
  blockCardsNowAndThen,
  changeWeather,
  fillDiskNowAndThen,
  forgeCardsNowAndThen,
  fundAll,
  losePowerNowAndThen,
  runDryNowAndThen,
  startWhenDown,
  suspendSchemeNowAndThen,
  turnClockNowAndThen,
  type Sky,
} from './misfortunes.ts'
import { fairWeather, SimulatedNetwork } from './network.ts'
import { paces } from './pace.ts'
import { damage, type PlantedBug } from './planted-bugs.ts'
import { forgedProvingCard, provingCards } from './proving-cards.ts'
import { SeededRandom } from './random.ts'
import { shortenLeases, type LateSales } from './short-leases.ts'
import { walletBalances, Wallets } from './wallets.ts'
import { TillStation, type StationParts } from './till-station.ts'
import type { TownOptions, TownReport } from './town-report.ts'
import { VirtualTime } from './virtual-time.ts'

/** Monday, 23 November 2026, 09:00 in Almaty: lunches are sold from 08:00 to 16:00. */
const morning = Date.UTC(2026, 10, 23, 4)
const ledgerUrl = 'http://127.0.0.1:1'
const closingMs = 6 * 3_600_000
const keyRotationAfterMs = 3 * 3_600_000

export async function runTown(seed: number, hours: number, options: TownOptions = {}): Promise<TownReport> {
  const startedAt = performance.now()
  // The simulator models its disks, so it need not wait for one.
  const folder = quickFolder('tolem-sim-')
  const town = new Town(seed, folder.path, options)
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
      refunds: town.refunds,
      shifts: town.shifts,
      starts: town.starts,
      ...(town.late === undefined ? {} : { late: town.late }),
      ...(town.debits === undefined ? {} : { debits: town.debits }),
    }
  } finally {
    folder.remove()
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
  readonly #forgotten = new Set<string>()
  readonly #copied = new Set<string>()
  readonly #rollbacks: { readonly terminalId: string; readonly epoch: number }[] = []
  readonly #epochsShown = new Map<string, number>()
  readonly #wallets: Wallets
  #walletsBefore: ReadonlyMap<string, bigint> = new Map()
  readonly #sky: Sky
  readonly #cardsInTown = new Map<string, VirtualCard>()
  /** What people bring; who has a card that counts itself comes more often. */
  readonly #labels: string[] = []
  readonly #counting: CountingCards | undefined
  readonly #powerAtDebit: SeededRandom
  readonly #hasShortLeases: boolean
  late: LateSales | undefined
  debits: DebitOutcomes | undefined
  #house: LedgerHouse | undefined
  #bugUnfit: { readonly error: unknown } | undefined

  constructor(seed: number, folder: string, options: TownOptions) {
    const { plantedBug, hasCountingCards = false, pace = 'hurried', hasShortLeases = false } = options
    this.#hasShortLeases = hasShortLeases
    this.#random = new SeededRandom(`town/${seed}`)
    this.#sky = { time: this.#time, isHealed: () => this.#healed, pace: paces[pace] }
    this.#ledgerFile = join(folder, 'ledger.sqlite')
    this.#plantedBug = plantedBug
    this.#wallets = new Wallets({
      time: this.#time,
      random: this.#random.branch('wallets'),
      act: async (work) => {
        await this.#house?.act(work)
        this.#damage()
      },
      note: (what) => this.#note('wallet', what),
    })
    this.#powerAtDebit = this.#random.branch('counting/power')
    if (!hasCountingCards) return
    this.#counting = new CountingCards({
      random: this.#random.branch('counting'),
      box: this.#cardsInTown,
      isHealed: () => this.#healed,
      note: (what) => this.#note('town', what),
      onDidDebit: (label, { atc, termsHash }) => {
        this.#bindings.add(termsHash)
        this.#note(label, `debit ${atc}`)
        this.#losePowerAtDebit(label)
      },
    })
  }

  get now(): number {
    return this.#time.now
  }

  get traceHash(): string {
    return this.#trace.copy().digest('hex')
  }

  get sales(): number {
    return this.#counters.reduce((sum, { cashier }) => sum + cashier.notebook.goods.size, 0)
  }

  get refunds(): number {
    return this.#counters.reduce((sum, { cashier }) => sum + cashier.notebook.refunds.size, 0)
  }

  get shifts(): number {
    const shifts = this.#counters.flatMap(({ cashier }) => [...cashier.notebook.shifts.values()])
    return shifts.filter(({ figures, isDisturbed }) => figures !== undefined && !isDisturbed).length
  }

  get starts(): number {
    return this.#counters.reduce((sum, { station }) => sum + station.starts, 0)
  }

  async open(): Promise<void> {
    const random = this.#random.branch('ledger')
    const bytes = (length: number): Uint8Array => random.bytes(length)
    const secrets = newLedgerSecrets(bytes)
    const house = new LedgerHouse({
      file: this.#ledgerFile,
      time: this.#time,
      secrets,
      random: bytes,
      accidents: this.#random.branch('ledger/accidents'),
      note: (what) => this.#note('ledger', what),
    })
    this.#house = house
    const ports = await house.ports()
    const world = await seedDemoWorld(ports, secrets, 'simulation')
    if (this.#hasShortLeases) await inTransaction(ports, shortenLeases)
    house.start(ports)
    this.#walletsBefore = this.#readLedger(walletBalances)
    const cards = this.#cardsInTown
    const genuine = provingCards(world, this.#random.branch('cards'), (binding) => this.#bindings.add(binding))
    for (const [label, card] of genuine) cards.set(label, card)
    this.#labels.push(...cards.keys())
    const counting = this.#counting
    if (counting !== undefined) {
      await inTransaction(ports, (work) => counting.open(work))
      bringMore(this.#labels, counting.labels)
    }
    const held = new Set<string>()
    for (const [index, { terminalId, code }] of world.enrolmentCodes.entries()) {
      this.#counters.push(await this.#openCounter(terminalId, code, held, index))
    }
    house.crashesPerRequest = 1 / 400
    runDryNowAndThen(this.#sky, house, this.#random.branch('dry'))
    forgeCardsNowAndThen(this.#sky, cards, (label) => this.#forgeryOf(world, label), this.#random.branch('forged/when'))
    suspendSchemeNowAndThen(this.#sky, house, this.#random.branch('schemes'))
    const pseudonyms = Object.values(world.pseudonyms)
    blockCardsNowAndThen(this.#sky, house, () => pseudonyms, this.#random.branch('blocked'))
    if (counting !== undefined)
      befallCounting(this.#sky, house, counting, this.#labels, this.#random.branch('counting/befall'))
  }

  /** Now and then the power goes with a debit under way: its answer reaches nobody, or the till just before its row. */
  #losePowerAtDebit(label: string): void {
    const station = this.#counters.find((counter) => counter.station.cardOnReader === label)?.station
    if (station === undefined || this.#healed || !this.#powerAtDebit.chance(0.1)) return
    this.#time.at(this.#time.now + this.#powerAtDebit.between(0, 40), () => station.kill())
  }

  async #openCounter(name: string, code: string, held: Set<string>, index: number): Promise<Counter> {
    const random = this.#random.branch(name)
    const network = new SimulatedNetwork(this.#time, random.branch('network'), (request) =>
      this.#deliver(name, request),
    )
    const keys = new KeyStoreInMemory(newStoredPair((length) => random.bytes(length)))
    const enrolment = await this.#enrol(name, keys, code, random)
    const note = (what: string): void => this.#note(name, what)
    const parts: StationParts = {
      name,
      time: this.#time,
      random: random.branch('core'),
      network,
      enrolment,
      keys: () => keys.load(),
      keyRotationAfterMs,
      syncEveryMs: this.#sky.pace.syncEveryMs,
      ledgerUrl,
      cards: this.#cardsInTown,
      held,
      note,
      ...(this.#plantedBug?.till === undefined ? {} : { sabotage: this.#plantedBug.till }),
    }
    const station = new TillStation(parts)
    const cashier = this.#cashierAt(station, random.branch('cashier'), note)
    station.start()
    const counter = { name, station, cashier, network }
    this.#time.at(morning + 30_000 + index * 1_000, () => this.#act(counter))
    changeWeather(this.#sky, counter, random.branch('weather'), note)
    losePowerNowAndThen(this.#sky, station, random.branch('accidents'))
    fillDiskNowAndThen(this.#sky, station, random.branch('disk'))
    turnClockNowAndThen(this.#sky, station, random.branch('clock'))
    startWhenDown(this.#sky, station)
    keepHours(this.#sky, counter, random.branch('hours'))
    restoreBackupNowAndThen(this.#sky, station, random.branch('backup'), (copy) => this.#didRestore(counter, copy))
    cloneOnce(this.#sky, station, random.branch('clone/when'), (image) => {
      const { tenderIds, epoch } = tendersIn(image)
      for (const tenderId of tenderIds) this.#forgotten.add(tenderId)
      this.#copied.add(name)
      this.#rollbacks.push({ terminalId: name, epoch })
      this.#counters.push(this.#openClone(cashier, parts, image, random.branch('clone')))
    })
    this.#reinstate(name, keys, random.branch('reinstated'))
    return counter
  }

  #cashierAt(station: TillStation, random: SeededRandom, note: (what: string) => void): Cashier {
    const showsQr = (text: string): void => this.#wallets.shown(text)
    return new Cashier(station, random, this.#labels, note, showsQr, this.#counting?.pinOf)
  }

  /** A second machine with the keys and the folder of the first, without the first one's anchor. */
  #openClone(original: Cashier, parts: StationParts, image: Buffer, random: SeededRandom): Counter {
    const name = `${parts.name}/clone`
    const note = (what: string): void => this.#note(name, what)
    const network = new SimulatedNetwork(this.#time, random.branch('network'), (request) =>
      this.#deliver(parts.name, request),
    )
    // Both machines have one file of keys; only the original changes them.
    const { keyRotationAfterMs: _never, ...others } = parts
    const station = new TillStation({ ...others, image, network, note, random: random.branch('core') })
    const cashier = this.#cashierAt(station, random.branch('cashier'), note)
    const counter = { name, station, network, cashier }
    counter.cashier.notebook.inherit(original.notebook)
    original.notebook.disturb()
    station.start()
    this.#time.at(this.#time.now + 5_000, () => this.#act(counter))
    changeWeather(this.#sky, counter, random.branch('weather'), note)
    losePowerNowAndThen(this.#sky, station, random.branch('accidents'))
    startWhenDown(this.#sky, station)
    keepHours(this.#sky, counter, random.branch('hours'))
    return counter
  }

  async run(hours: number): Promise<void> {
    await this.#time.runUntil(morning + hours * 3_600_000)
  }

  /** Heals everything, lets every open thing be answered, and audits. */
  async close(): Promise<string[]> {
    this.#healed = true
    const house = this.#house
    if (house === undefined) throw new Error('the town was not opened')
    house.crashesPerRequest = 0
    for (const { network, cashier, station } of this.#counters) {
      station.disk.isFull = false
      station.isSwitchedOff = false
      network.weather = fairWeather
      network.cut = 'no'
      cashier.closeShift()
      if (station.snapshot === undefined) station.start()
    }
    // A ledger that is down comes up within a minute.
    await this.#time.runUntil(this.#time.now + 90_000)
    await fundAll(house)
    const deadline = this.#time.now + closingMs
    while (this.#time.now < deadline && !this.#isQuiet()) await this.#time.runUntil(this.#time.now + 20_000)
    // Late duplicates still under way must change nothing any more.
    await this.#time.runUntil(this.#time.now + 90_000)
    const open = this.#counters
      .filter((counter) => !isQuiet(counter))
      .map(({ name, station }) => `NOT_QUIET ${name}: ${describe(station)}`)
    const notebooks = this.#counters.map(({ cashier }) => cashier.notebook)
    for (const { cashier } of this.#counters) cashier.readAll()
    for (const { station } of this.#counters) station.kill()
    await house.close()
    if (this.#bugUnfit !== undefined) throw new Error('the planted bug cannot strike', { cause: this.#bugUnfit.error })
    const broken = house.broken.map((error) => `BROKEN ledger: ${String(error)}`)
    return [...open, ...broken, ...this.#audited(notebooks)]
  }

  #healed = false

  #didRestore(
    { name: terminalId, cashier }: Counter,
    { forgotten, head, rowsLost, isSeenByLedger, onThisMachine }: Copied,
  ): void {
    for (const tenderId of forgotten) this.#forgotten.add(tenderId)
    this.#copied.add(terminalId)
    cashier.notebook.disturb()
    // Without its anchor it is the ledger that must notice, and it can when it has seen a row that the copy has not.
    const canBeNoticed = onThisMachine ? rowsLost > 0 : isSeenByLedger
    if (canBeNoticed) this.#rollbacks.push({ terminalId, epoch: head.epoch })
    this.#note(terminalId, `forgets ${forgotten.length}${onThisMachine ? '' : ' and its anchor'}`)
  }

  /** The agency looks at a till that it suspended, and takes it back by a new code. */
  #reinstate(terminalId: string, keys: KeyStoreInMemory, random: SeededRandom): void {
    const look = (): void => {
      if (this.#healed) return
      void this.#house?.act(async (work) => {
        if ((await findTerminal(work, terminalId))?.status !== 'suspended') return
        const { code } = await issueEnrolmentCode(work, terminalId)
        this.#time.at(this.#time.now + 60_000, () => {
          void this.#enrol(terminalId, keys, code, random)
          this.#note(terminalId, 'reinstated')
        })
      })
      this.#time.at(this.#time.now + 20 * 60_000, look)
    }
    this.#time.at(this.#time.now + 20 * 60_000, look)
  }

  #enrol(name: string, keys: KeyStoreInMemory, code: string, random: SeededRandom): Promise<Enrolment> {
    const direct = async (request: HttpRequest) => ({
      kind: 'response' as const,
      response: await this.#deliver(name, request),
    })
    const randomness = { bytes: (length: number) => random.bytes(length), uuid: () => random.uuid(this.#time.now) }
    return enrol(keys.load().current, code, ledgerUrl, direct, randomness, this.#time.now)
  }

  #audited(notebooks: readonly Notebook[]): string[] {
    const sales = notebooks.flatMap(({ goods, paid }) =>
      [...goods].map(([saleId, whether]) => ({
        saleId,
        goods: whether,
        tenders: [...(paid.get(saleId) ?? [])].map(([tenderId, amount]) => ({ tenderId, amount })),
      })),
    )
    return audit({
      ledgerFile: this.#ledgerFile,
      bindingsOnCards: this.#bindings,
      sales,
      notebooks,
      forgotten: this.#forgotten,
      copied: this.#copied,
      rollbacks: this.#rollbacks,
      epochsShown: this.#epochsShown,
      wallets: { paid: this.#wallets.paid, before: this.#walletsBefore },
      ...(this.#hasShortLeases
        ? { shortLeases: { endedAt: this.#time.now, onDidCount: (late: LateSales) => void (this.late = late) } }
        : {}),
      ...(this.#counting === undefined
        ? {}
        : {
            counting: {
              cards: this.#counting.truths(),
              onDidCount: (outcomes) => {
                this.debits = outcomes
              },
            },
          }),
    })
  }

  #readLedger<Result>(read: (database: Database.Database) => Result): Result {
    const database = new Database(this.#ledgerFile, { readonly: true })
    try {
      return read(database)
    } finally {
      database.close()
    }
  }

  #isQuiet(): boolean {
    return this.#counters.every(isQuiet)
  }

  #act(counter: Counter): void {
    const { cashier, station } = counter
    const pause = cashier.act()
    if (pause >= 0) this.#time.at(this.#time.now + pause, () => this.#act(counter))
    else {
      this.#time.at(this.#time.now - pause, () => {
        station.pullCard()
        this.#time.at(this.#time.now + 300, () => this.#act(counter))
      })
    }
  }

  async #deliver(name: string, request: HttpRequest): Promise<HttpResponse> {
    if (this.#house === undefined) throw new Error('no ledger')
    this.#note(name, 'asks')
    if (request.url.endsWith('/v1/terminal/heads')) {
      const { epoch } = (JSON.parse(request.body) as { head: { epoch: number } }).head
      this.#epochsShown.set(name, Math.max(epoch, this.#epochsShown.get(name) ?? 0))
    }
    const response = await this.#house.deliver(request)
    this.#damage()
    return response
  }

  /** The planted bug strikes. One that cannot ends the run: see `close`. */
  #damage(): void {
    try {
      damage(this.#plantedBug, this.#ledgerFile, this.#time.now)
    } catch (error) {
      this.#bugUnfit ??= { error }
    }
  }

  #forgeryOf(world: DemoWorld, label: string): VirtualCard {
    const counting = this.#counting?.forgeryOf(label)
    this.#note('town', `forged ${label}`)
    return counting ?? forgedProvingCard(world, label, this.#random.branch(`forged/${label}`))
  }

  #note(who: string, what: string): void {
    this.#trace.update(`${this.#time.now} ${who} ${what}\n`)
  }
}

function isQuiet({ station: { snapshot }, cashier }: Counter): boolean {
  return cashier.isDone && snapshot !== undefined && snapshot.queue.waiting === 0 && snapshot.queue.parked === 0
}

function describe(station: TillStation): string {
  const { snapshot } = station
  if (snapshot === undefined) return 'down'
  const { tap, queue, unresolved, lights } = snapshot
  const figures = `${queue.waiting} waiting, ${queue.parked} parked, ${unresolved.length} unresolved`
  return `tap ${tap.state}, ${figures}, network ${lights.network.code}`
}
