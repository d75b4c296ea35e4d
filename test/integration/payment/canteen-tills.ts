/**
 * A canteen of the demonstration and its tills, out of the box, copied or put back: real cores, the real ledger on the
 * disk, virtual cards that exist once whoever reads them, and one network for all.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { personalisedCard } from '../../../hardware-mocks/cards/ntag424-state.ts'
import { VirtualNtag424 } from '../../../hardware-mocks/cards/ntag424.ts'
import { inTransaction, type LedgerPorts } from '../../../ledger-sim/context.ts'
import { ledgerKeysOf, newLedgerSecrets } from '../../../ledger-sim/keys.ts'
import { createLedger, type Ledger } from '../../../ledger-sim/ledger.ts'
import { seedDemoWorld, type DemoWorld } from '../../../ledger-sim/scenarios/demo.ts'
import { openStore } from '../../../ledger-sim/store/open-store.ts'
import { issueEnrolmentCode } from '../../../ledger-sim/terminals/enrolment.ts'
import { newStoredPair } from '../../../src/sync/engine/key-ring.ts'
import type { LedgerTransport } from '../../../src/sync/engine/ports.ts'
import type { Enrolment } from '../../../src/sync/protocol/messages.ts'
import { signingKey, type SigningKey } from '../../../src/sync/protocol/keys.ts'
import { enrol } from '../../../src/terminal/core/identity.ts'
import { mondayNoon } from '../../fixtures/demo-world.ts'
import { KeyStoreInMemory } from '../../fixtures/key-store.ts'
import { audit, type AuditSources } from '../../simulation/auditor.ts'
import { SeededRandom } from '../../simulation/random.ts'
import { TillStation } from '../../simulation/till-station.ts'
import { VirtualTime } from '../../simulation/virtual-time.ts'
import { TestSigner } from '../ledger/demo-ledger.ts'

const ledgerUrl = 'http://127.0.0.1:1'
const seconds = 1_000

interface Machine {
  readonly enrolment: Enrolment
  readonly keys: KeyStoreInMemory
}

export class CanteenTills {
  networkIsUp = true
  readonly time = new VirtualTime(mondayNoon)
  readonly demo: DemoWorld
  readonly ports: LedgerPorts
  readonly #folder: string
  readonly #random: SeededRandom
  #ledger: Ledger
  readonly #cards: ReadonlyMap<string, VirtualNtag424>
  readonly #held = new Set<string>()
  readonly #bindingsOnCards = new Set<string>()
  readonly #machines = new Map<TillStation, Machine>()
  readonly #opened: TillStation[] = []
  /** What a cashier saw approved and gave goods for, whatever is said of it later. */
  readonly #sales = new Map<string, AuditSources['sales'][number]>()

  static async open(seed: string): Promise<CanteenTills> {
    const folder = mkdtempSync(join(tmpdir(), 'tolem-canteen-'))
    const random = new SeededRandom(seed)
    const bytes = (length: number): Uint8Array => random.bytes(length)
    const secrets = newLedgerSecrets(bytes)
    const store = await openStore(join(folder, 'ledger.sqlite'))
    const time = new VirtualTime(mondayNoon)
    const ports = { store, clock: () => time.now, random: bytes, keys: ledgerKeysOf(secrets) }
    return new CanteenTills({ folder, random, time, ports, demo: await seedDemoWorld(ports, secrets, seed) })
  }

  private constructor(parts: {
    readonly folder: string
    readonly random: SeededRandom
    readonly time: VirtualTime
    readonly ports: LedgerPorts
    readonly demo: DemoWorld
  }) {
    this.#folder = parts.folder
    this.#random = parts.random
    this.time = parts.time
    this.ports = parts.ports
    this.demo = parts.demo
    this.#ledger = createLedger(parts.ports)
    this.#cards = this.#virtualCards()
  }

  async close(): Promise<void> {
    for (const till of this.#opened) till.close()
    await this.ports.store.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  pass(seconds_: number): Promise<void> {
    return this.time.runUntil(this.time.now + seconds_ * seconds)
  }

  /** The ledger's process is another one, on the same file. */
  restartLedger(): void {
    this.#ledger = createLedger(this.ports)
  }

  /** The code that lies in the box of `till-1`. */
  get firstCode(): string {
    return this.demo.enrolmentCodes.find((one) => one.terminalId === 'till-1')?.code ?? ''
  }

  /** Another one for the same place. */
  async nextCode(): Promise<string> {
    const { code } = await inTransaction(this.ports, (work) => issueEnrolmentCode(work, 'till-1'))
    return code
  }

  /** A till out of the box: its own keys, its own empty journal. */
  async enrolled(name: string, code: string): Promise<TillStation> {
    const keys = new KeyStoreInMemory(newStoredPair((length) => this.#random.bytes(length)))
    const randomness = {
      bytes: (length: number) => this.#random.bytes(length),
      uuid: () => this.#random.uuid(this.time.now),
    }
    const enrolment = await enrol(keys.load().current, code, ledgerUrl, this.#toLedger, randomness, this.time.now)
    return this.#started(name, { enrolment, keys })
  }

  /** A second machine is started on a copy of that one's folder. */
  async copied(original: TillStation, name: string): Promise<TillStation> {
    const machine = this.#machines.get(original)
    if (machine === undefined) throw new Error(`${name} is a copy of nothing`)
    return this.#started(name, machine, original.disk.image())
  }

  /** Rings up a lunch and lays the card. @returns how the tap ended */
  async sellsLunch(till: TillStation, card: string): Promise<string> {
    till.command({ command: 'add_item', itemId: 'school-lunch' })
    till.command({ command: 'pay_by_card' })
    till.layCard(card)
    await this.pass(10)
    const { tap, sale, recent } = till.snapshot ?? { tap: { state: 'off' }, sale: null, recent: [] }
    till.pullCard()
    if (tap.state === 'approved') {
      const [sold] = sale === null ? recent : recent.filter(({ saleId }) => saleId === sale.saleId)
      if (sold === undefined) throw new Error('approved, and no sale is on the list')
      this.#sales.set(sold.saleId, { saleId: sold.saleId, goods: 'given', tenders: sold.tenders })
    }
    till.command({ command: 'next_customer' })
    await this.pass(1)
    return tap.state
  }

  /** The sale is voided, and the lunch comes back. */
  takesBack(till: TillStation, saleId: string): void {
    const sold = this.#sales.get(saleId)
    if (sold === undefined || !till.command({ command: 'void_sale', saleId })) throw new Error(`${saleId} stays`)
    this.#sales.set(saleId, { ...sold, goods: 'kept' })
  }

  /** The agency, the merchant …, as whoever holds its key. */
  role(role: string): TestSigner {
    const found = this.demo.roleKeys.find((key) => key.role === role)
    if (found === undefined) throw new Error(`no ${role}`)
    return this.holderOf(signingKey(found.privateJwk))
  }

  /** Whoever signs with this key, at the right time. */
  holderOf(key: SigningKey): TestSigner {
    const { time } = this
    const clock = {
      get now() {
        return time.now
      },
    }
    return new TestSigner(this.#ledger, clock, (length) => this.#random.bytes(length), key)
  }

  /** What the ledger has made of each payment, in the order in which they were decided. */
  tenders(): Promise<
    readonly { readonly state: string; readonly paid_by: string | null; readonly loss: string | null }[]
  > {
    return this.ports.store.transaction((connection) =>
      connection.selectFrom('tender').select(['state', 'paid_by', 'loss']).orderBy('decided_at').execute(),
    )
  }

  /** Closes the tills and says what is wrong in the ledger, by the cards' logs and what the cashiers saw paid. */
  async audited(sources: Pick<AuditSources, 'copied' | 'forgotten'> = {}): Promise<readonly string[]> {
    for (const till of this.#opened) till.close()
    const ledgerFile = join(this.#folder, 'ledger.sqlite')
    return audit({ ledgerFile, bindingsOnCards: this.#bindingsOnCards, sales: [...this.#sales.values()], ...sources })
  }

  readonly #toLedger: LedgerTransport = async (request) =>
    this.networkIsUp
      ? { kind: 'response', response: await this.#ledger.handle(request) }
      : { kind: 'not_sent', detail: 'ECONNREFUSED' }

  async #started(name: string, machine: Machine, image?: Buffer): Promise<TillStation> {
    const station = new TillStation({
      name,
      time: this.time,
      random: this.#random.branch(name),
      network: { transport: this.#toLedger },
      enrolment: machine.enrolment,
      keys: () => machine.keys.load(),
      ledgerUrl,
      cards: this.#cards,
      held: this.#held,
      note: () => undefined,
      ...(image === undefined ? {} : { image }),
    })
    this.#machines.set(station, machine)
    this.#opened.push(station)
    station.start()
    await this.pass(30)
    return station
  }

  #virtualCards(): ReadonlyMap<string, VirtualNtag424> {
    return new Map(
      this.demo.cards.map(({ label, uid, keys }) => {
        const hex = (text: string): Uint8Array => Buffer.from(text, 'hex')
        const personal = { 0: hex(keys[0]), 1: hex(keys[1]), 2: hex(keys[2]), 3: hex(keys[3]), 4: hex(keys[4]) }
        const state = personalisedCard({ uid: hex(uid), keys: personal })
        const memory = {
          save: () => undefined,
          append: (entry: { readonly kind: string; readonly bindingHex?: string }) => {
            if (entry.kind === 'sun' && entry.bindingHex !== undefined) this.#bindingsOnCards.add(entry.bindingHex)
          },
        }
        return [label, VirtualNtag424.fromState(state, { random: (length) => this.#random.bytes(length), memory })]
      }),
    )
  }
}
