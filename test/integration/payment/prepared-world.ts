/**
 * A ledger with the demonstration's world and a till that has fetched its package, made once and kept as two files:
 * each walk begins with a copy of both, on disk, and ends with the auditor.
 */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mifareClassicCard } from '../../../hardware-mocks/cards/otherCards.ts'
import { personalisedCard } from '../../../hardware-mocks/cards/ntag424-state.ts'
import { VirtualNtag424 } from '../../../hardware-mocks/cards/ntag424.ts'
import type { VirtualCard } from '../../../hardware-mocks/cards/virtual-card.ts'
import { post } from '../../../ledger-sim/accounts/transfers.ts'
import { inTransaction, type LedgerPorts, type Work } from '../../../ledger-sim/context.ts'
import { ledgerKeysOf, newLedgerSecrets, type LedgerSecrets } from '../../../ledger-sim/keys.ts'
import { createLedger } from '../../../ledger-sim/ledger.ts'
import { seedDemoWorld, type DemoWorld } from '../../../ledger-sim/scenarios/demo.ts'
import { setCardStatus } from '../../../ledger-sim/schemes/cards.ts'
import { openStore } from '../../../ledger-sim/store/open-store.ts'
import { suspendTerminal } from '../../../ledger-sim/terminals/terminals.ts'
import { newStoredPair } from '../../../src/sync/engine/key-ring.ts'
import type { LedgerTransport } from '../../../src/sync/engine/ports.ts'
import type { Enrolment } from '../../../src/sync/protocol/messages.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import type { Core } from '../../../src/terminal/core/core.ts'
import { enrol, storeEnrolment } from '../../../src/terminal/core/identity.ts'
import { KeyStoreInMemory } from '../../fixtures/key-store.ts'
import { quickFolder } from '../../fixtures/quick-folder.ts'
import { mondayNoon } from '../../fixtures/demo-world.ts'
import { audit, type AuditSources } from '../../simulation/auditor.ts'
import { SeededRandom } from '../../simulation/random.ts'
import { TillStation } from '../../simulation/till-station.ts'
import { VirtualTime } from '../../simulation/virtual-time.ts'

const ledgerUrl = 'http://127.0.0.1:1'
const terminalId = 'till-1'
const secondTerminalId = 'till-2'

interface Identity {
  readonly keys: KeyStoreInMemory
  readonly enrolment: Enrolment | undefined
}

/**
 * What becomes of requests now. `lose_request`: sent and never arrives; `lose_answer`: arrives, and its answer does
 * not.
 */
export type Passage = 'up' | 'refused' | 'lose_request' | 'lose_answer'

export interface WalkWorld {
  readonly time: VirtualTime
  readonly station: TillStation
  readonly journalFile: string
  readonly ledgerFile: string
  /** `authorisations` goes before `all` for those requests alone. */
  readonly network: { all: Passage; authorisations: Passage | null }
  blockCard(label: string): Promise<void>
  suspendTill(): Promise<void>
  takeTillBack(): Promise<void>
  /** Enrols and starts another till of the same merchant, with a network of its own. Once. */
  secondTill(): Promise<{ readonly station: TillStation; readonly network: WalkWorld['network'] }>
  /** What others do at the ledger meanwhile. */
  atLedger(change: (work: Work) => Promise<void>): Promise<void>
  /** Nothing is left with the merchants, nor with the schemes that would have to step in. */
  emptyAccounts(): Promise<void>
  /** Every violated invariant of the ledger, the cards and the cashier's notebook. The till is off afterwards. */
  judge(sales: AuditSources['sales']): Promise<string[]>
  close(): Promise<void>
}

/** Of the demonstration's world: what its people are called follows from it. */
export const worldSeed = 'walks'

export class PreparedWorld {
  readonly #folder = quickFolder('tolem-walks-')
  readonly folder = this.#folder.path
  readonly #random = new SeededRandom('payment walks')
  readonly #secrets: LedgerSecrets = newLedgerSecrets((length) => this.#random.bytes(length))
  readonly #keys = new KeyStoreInMemory(newStoredPair((length) => this.#random.bytes(length)))
  #world: DemoWorld | undefined
  #enrolment: Enrolment | undefined
  #opened = 0

  async prepare(): Promise<void> {
    const time = new VirtualTime(mondayNoon)
    const { ports, transport } = await this.#ledgerAt(join(this.folder, 'ledger.sqlite'), time)
    this.#world = await seedDemoWorld(ports, this.#secrets, worldSeed)
    this.#enrolment = await this.#enrolled(terminalId, this.#keys, transport, time)
    const station = this.#station(time, transport, join(this.folder, 'journal.sqlite'), new Map())
    station.start()
    await time.runUntil(time.now + 10_000)
    if (station.snapshot?.catalogue.length === 0) throw new Error('the till has no package')
    station.close()
    await ports.store.close()
  }

  /**
   * A copy of both files, with time at noon again.
   *
   * @param sabotage what is planted in each core that starts
   * @param asLaid what lies on the reader in a card's place
   */
  async open(
    sabotage?: (core: Core) => void,
    asLaid: (card: VirtualCard, label: string) => VirtualCard = (card) => card,
  ): Promise<WalkWorld> {
    const folder = join(this.folder, String((this.#opened += 1)))
    mkdirSync(folder)
    for (const file of ['ledger.sqlite', 'journal.sqlite']) copyFileSync(join(this.folder, file), join(folder, file))
    const time = new VirtualTime(mondayNoon + 60_000)
    const ledgerFile = join(folder, 'ledger.sqlite')
    const { ports, transport } = await this.#ledgerAt(ledgerFile, time)
    const network: WalkWorld['network'] = { all: 'up', authorisations: null }
    const bindingsOnCards = new Set<string>()
    const own = this.#cards(bindingsOnCards)
    const cards = new Map([...own].map(([label, card]) => [label, asLaid(card, label)]))
    const journalFile = join(folder, 'journal.sqlite')
    const passing = passage(network, time, transport)
    const station = this.#station(time, passing, journalFile, cards, sabotage)
    const stations = [station]
    station.start()
    await time.runUntil(time.now + 3_000)
    const pseudonymOf = (label: string): string => this.#world?.pseudonyms[label] ?? ''
    let isOpen = true
    const close = async (): Promise<void> => {
      if (!isOpen) return
      isOpen = false
      for (const each of stations) each.close()
      await ports.store.close()
      rmSync(folder, { recursive: true, force: true })
    }
    return {
      time,
      station,
      journalFile,
      ledgerFile,
      network,
      blockCard: (label) =>
        inTransaction(ports, async (work) => void (await setCardStatus(work, pseudonymOf(label), 'blocked'))),
      suspendTill: () => inTransaction(ports, (work) => suspendTerminal(work, terminalId)),
      takeTillBack: () =>
        inTransaction(ports, async ({ connection }) => {
          await connection
            .updateTable('terminal')
            .set({ status: 'active' })
            .where('terminal_id', '=', terminalId)
            .execute()
        }),
      secondTill: async () => {
        const own: WalkWorld['network'] = { all: 'up', authorisations: null }
        const keys = new KeyStoreInMemory(newStoredPair((length) => this.#random.bytes(length)))
        const enrolment = await this.#enrolled(secondTerminalId, keys, transport, time)
        const through = passage(own, time, transport)
        const second = this.#station(time, through, join(folder, 'second.sqlite'), cards, sabotage, { keys, enrolment })
        stations.push(second)
        second.start()
        await time.runUntil(time.now + 10_000)
        return { station: second, network: own }
      },
      atLedger: (change) => inTransaction(ports, change),
      emptyAccounts: () =>
        inTransaction(ports, async (work) => {
          const accounts = await work.connection
            .selectFrom('account')
            .select(['account_id', 'balance'])
            .where('kind', 'in', ['merchant', 'scheme'])
            .where('balance', '>', 0n)
            .execute()
          const legs = accounts.map(({ account_id: debit, balance }) => ({
            debit,
            credit: 'almaly-education',
            amount: tiyn(balance),
            kind: 'payment' as const,
          }))
          await post(work, legs, 'emptied')
        }),
      async judge(sales) {
        for (const each of stations) each.close()
        await ports.store.close()
        isOpen = false
        const found = audit({ ledgerFile, bindingsOnCards, sales })
        rmSync(folder, { recursive: true, force: true })
        return found
      },
      close,
    }
  }

  /** What the world's cards are made of, and the codes with which tills are enrolled: secrets of other people. */
  get secrets(): Pick<DemoWorld, 'cards' | 'enrolmentCodes' | 'pseudonyms'> {
    if (this.#world === undefined) throw new Error('not prepared')
    return this.#world
  }

  /** Writes down who the till is, as its core keeps it beside the journal. */
  keepIdentity(folder: string): void {
    if (this.#enrolment === undefined) throw new Error('not prepared')
    storeEnrolment(folder, this.#enrolment)
    writeFileSync(join(folder, 'terminal-keys.json'), JSON.stringify(this.#keys.stored), { mode: 0o600 })
  }

  remove(): void {
    this.#folder.remove()
  }

  async #ledgerAt(file: string, time: VirtualTime): Promise<{ ports: LedgerPorts; transport: LedgerTransport }> {
    const store = await openStore(file)
    const random = new SeededRandom(`ledger of the walks/${this.#opened}`)
    const ports = {
      store,
      clock: () => time.now,
      random: (length: number) => random.bytes(length),
      keys: ledgerKeysOf(this.#secrets),
    }
    const ledger = createLedger(ports)
    return { ports, transport: async (request) => ({ kind: 'response', response: await ledger.handle(request) }) }
  }

  async #enrolled(
    name: string,
    keys: KeyStoreInMemory,
    transport: LedgerTransport,
    time: VirtualTime,
  ): Promise<Enrolment> {
    const code = this.#world?.enrolmentCodes.find((one) => one.terminalId === name)?.code ?? ''
    const randomness = {
      bytes: (length: number) => this.#random.bytes(length),
      uuid: () => this.#random.uuid(time.now),
    }
    return enrol(keys.load().current, code, ledgerUrl, transport, randomness, time.now)
  }

  #station(
    time: VirtualTime,
    transport: LedgerTransport,
    journalFile: string,
    cards: ReadonlyMap<string, VirtualCard>,
    sabotage?: (core: Core) => void,
    { keys, enrolment }: Identity = { keys: this.#keys, enrolment: this.#enrolment },
  ): TillStation {
    if (enrolment === undefined) throw new Error('the till is not enrolled')
    return new TillStation({
      name: enrolment.terminalId,
      time,
      random: this.#random.branch(`core ${this.#opened}`),
      network: { transport },
      journalFile,
      enrolment,
      keys: () => keys.load(),
      ledgerUrl,
      cards,
      held: new Set(),
      note: () => undefined,
      ...(sabotage === undefined ? {} : { sabotage }),
    })
  }

  /** The demonstration's cards; of leased ones also a `Forged …` with the same UID and nobody's key; and a stranger. */
  #cards(bindings: Set<string>): ReadonlyMap<string, VirtualCard> {
    const hex = (text: string): Uint8Array => Buffer.from(text, 'hex')
    const memory = {
      save: () => undefined,
      append: (entry: { readonly kind: string; readonly bindingHex?: string }) => {
        if (entry.kind === 'sun' && entry.bindingHex !== undefined) bindings.add(entry.bindingHex)
      },
    }
    const random = new SeededRandom('cards of the walks')
    const cards = new Map<string, VirtualCard>()
    for (const { label, uid, keys } of this.#world?.cards ?? []) {
      const of = (till: string) => ({
        uid: hex(uid),
        keys: { 0: hex(keys[0]), 1: hex(keys[1]), 2: hex(keys[2]), 3: hex(till), 4: hex(keys[4]) },
      })
      const bytes = { random: (length: number) => random.bytes(length), memory }
      cards.set(label, VirtualNtag424.fromState(personalisedCard(of(keys[3])), bytes))
      cards.set(`Forged ${label}`, VirtualNtag424.fromState(personalisedCard(of('F'.repeat(32))), bytes))
    }
    return cards.set('Stranger', mifareClassicCard({ uid: hex('04112233') }))
  }
}

function passage(network: WalkWorld['network'], time: VirtualTime, ledger: LedgerTransport): LedgerTransport {
  return (request, deadlineMs) =>
    new Promise((resolve) => {
      const how = (request.url.endsWith('/authorisations') ? network.authorisations : null) ?? network.all
      if (how === 'refused')
        return void time.at(time.now + 1, () => resolve({ kind: 'not_sent', detail: 'ECONNREFUSED' }))
      time.at(time.now + deadlineMs, () => resolve({ kind: 'no_answer', detail: 'deadline' }))
      if (how === 'lose_request') return
      time.at(time.now + 2, () => {
        void ledger(request, deadlineMs).then((result) => {
          if (how === 'up') time.at(time.now + 2, () => resolve(result))
        })
      })
    })
}
