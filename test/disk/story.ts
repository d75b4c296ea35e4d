/**
 * A fixed story of sales at the real core (journal and anchor on a real disk) in one process under virtual time, with
 * the ledger and virtual cards beside it: on line, off line, cash, a void, and the queue sent at the end. It never
 * asks how the disk is: what fails, fails. What the screen, the ledger and the cards see is written down at once, in a
 * file that no fault touches.
 */
import { appendFileSync, copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { personalisedCard } from '../../hardware-mocks/cards/ntag424-state.ts'
import { VirtualNtag424 } from '../../hardware-mocks/cards/ntag424.ts'
import { ledgerKeysOf, newLedgerSecrets } from '../../ledger-sim/keys.ts'
import { createLedger } from '../../ledger-sim/ledger.ts'
import { seedDemoWorld, type DemoWorld } from '../../ledger-sim/scenarios/demo.ts'
import { openStore } from '../../ledger-sim/store/open-store.ts'
import { DataFolderError, fileAnchor, folderError, lockDataFolder } from '../../src/sync/journal/data-folder.ts'
import { toJson } from '../../src/sync/protocol/canonical.ts'
import type { HttpRequest } from '../../src/sync/protocol/http-signature.ts'
import type { Command, Snapshot } from '../../src/terminal/contract/index.ts'
import { enrol, storeEnrolment } from '../../src/terminal/core/identity.ts'
import { loadTerminalKeys } from '../../src/terminal/core/key-file.ts'
import { SimulatedNetwork } from '../simulation/network.ts'
import { SeededRandom } from '../simulation/random.ts'
import { TillStation } from '../simulation/till-station.ts'
import { VirtualTime } from '../simulation/virtual-time.ts'

/** Monday, 23 November 2026, 09:00 in Almaty. */
export const morning = Date.UTC(2026, 10, 23, 4)
const ledgerUrl = 'http://127.0.0.1:1'
const lookEveryMs = 200
const patienceMs = 20_000

/** Where the parts of a story lie below its folder. */
export const placesIn = (folder: string) => ({
  till: join(folder, 'till'),
  journal: join(folder, 'till', 'journal.sqlite'),
  anchor: join(folder, 'anchors', 'anchor.json'),
  evidence: join(folder, 'evidence.jsonl'),
  /** The till's files in the middle of the story, copied while it ran. */
  middle: join(folder, 'middle'),
})

/**
 * @param isCopied whether the till's files are copied in the middle
 */
export async function tellStory(folder: string, seed: string, isCopied: boolean): Promise<void> {
  const places = placesIn(folder)
  const write = (line: object): void => appendFileSync(places.evidence, `${toJson(line)}\n`)
  const random = new SeededRandom(`disk/${seed}`)
  const time = new VirtualTime(morning)
  const bytes = (length: number): Uint8Array => random.bytes(length)
  const secrets = newLedgerSecrets(bytes)
  const ports = {
    store: await openStore(join(folder, 'ledger.sqlite')),
    clock: () => time.now,
    random: bytes,
    keys: ledgerKeysOf(secrets),
    onDidRecover: () => undefined,
  }
  const world = await seedDemoWorld(ports, secrets, 'simulation')
  const ledger = createLedger(ports)
  const deliver = (request: HttpRequest) => {
    if (request.body.startsWith('{')) write({ kind: 'asked', path: new URL(request.url).pathname, body: request.body })
    return ledger.handle(request)
  }
  const network = new SimulatedNetwork(time, random.branch('network'), deliver)
  const [enrolled] = world.enrolmentCodes
  if (enrolled === undefined) throw new Error('the demonstration enrols no terminal')
  const { terminalId, code } = enrolled
  let station: TillStation
  try {
    lockDataFolder(places.till, { name: 'story', pid: process.pid, startedAt: '' })
    const keys = loadTerminalKeys(places.till)
    const direct = async (request: HttpRequest) => ({
      kind: 'response' as const,
      response: await ledger.handle(request),
    })
    const randomness = { bytes, uuid: () => random.uuid(time.now) }
    const enrolment = await enrol(keys.current, code, ledgerUrl, direct, randomness, time.now)
    storeEnrolment(places.till, enrolment)
    station = new TillStation({
      name: terminalId,
      time,
      random: random.branch('core'),
      network,
      journalFile: places.journal,
      anchor: fileAnchor(places.anchor, enrolment.terminalKey.crv === 'P-256' ? enrolment.terminalKey.x : terminalId),
      enrolment,
      keys: () => loadTerminalKeys(places.till),
      ledgerUrl,
      cards: cardsOf(world, random.branch('cards'), write),
      held: new Set(),
      note: () => undefined,
    })
    station.start()
  } catch (error) {
    // As the core's process says it (core-process.ts).
    const named = folderError(places.till, error)
    if (!(named instanceof DataFolderError)) throw error
    return write({ kind: 'refused_start', code: named.code, message: named.message })
  }
  const story = new Story(station, time, write)
  await story.until(({ catalogue, lights }) => catalogue.length > 0 && lights.network.level === 'ok')
  await story.sellByCard('school-lunch', 'Pupil 01')
  await story.sellForCash('juice')
  network.cut = 'refused'
  await story.until(({ lights }) => lights.network.level !== 'ok')
  await story.sellByCard('school-lunch', 'Pupil 02')
  if (isCopied) copyTill(places.till, places.middle)
  await story.sellByCard('school-lunch', 'Pupil 03')
  await story.voidLast()
  network.cut = 'no'
  await story.does({ command: 'sync_now' })
  await story.until(({ queue }) => queue.waiting === 0)
  await story.sellByCard('school-lunch', 'Pupil 04')
  await story.sellForCash('juice')
  await time.runUntil(time.now + 30_000)
  story.look()
  write({ kind: 'end' })
  // As a power switch would: what was not closed is found by the next start.
  station.kill()
  await ports.store.close()
}

class Story {
  readonly #station: TillStation
  readonly #time: VirtualTime
  readonly #write: (line: object) => void
  #last = ''

  constructor(station: TillStation, time: VirtualTime, write: (line: object) => void) {
    this.#station = station
    this.#time = time
    this.#write = write
  }

  /** What the screen shows is written down when it has changed. */
  look(): Snapshot | undefined {
    const { snapshot } = this.#station
    if (snapshot === undefined) return undefined
    const { sale, recent, lights, tap } = snapshot
    const shown = toJson({
      kind: 'screen',
      sale: sale && { tenders: sale.tenders },
      recent,
      till: lights.till.code,
      tap,
    })
    if (shown !== this.#last) this.#write(JSON.parse(shown) as object)
    this.#last = shown
    return snapshot
  }

  async until(is: (snapshot: Snapshot) => boolean): Promise<boolean> {
    const until = this.#time.now + patienceMs
    for (;;) {
      const snapshot = this.look()
      if (snapshot !== undefined && is(snapshot)) return true
      if (this.#time.now > until) return false
      await this.#time.runUntil(this.#time.now + lookEveryMs)
    }
  }

  async does(command: Command): Promise<boolean> {
    const saleId = 'saleId' in command ? command.saleId : this.#station.snapshot?.sale?.saleId
    const done = this.#station.command(command)
    if (done) this.#write({ kind: 'done', command: command.command, saleId })
    await this.#time.runUntil(this.#time.now + lookEveryMs)
    this.look()
    return done
  }

  async sellByCard(item: string, card: string): Promise<void> {
    await this.does({ command: 'add_item', itemId: item })
    if (await this.does({ command: 'pay_by_card' })) {
      this.#station.layCard(card)
      await this.until(({ tap }) => ['approved', 'refused', 'unknown', 'torn'].includes(tap.state))
      this.#station.pullCard()
    }
    await this.#leave()
  }

  async sellForCash(item: string): Promise<void> {
    await this.does({ command: 'add_item', itemId: item })
    await this.does({ command: 'pay_cash' })
    await this.#leave()
  }

  async voidLast(): Promise<void> {
    const last = this.#station.snapshot?.recent.find(({ voidable }) => voidable)
    if (last !== undefined) await this.does({ command: 'void_sale', saleId: last.saleId })
  }

  /** Whatever became of the sale, the next customer comes. */
  async #leave(): Promise<void> {
    await this.until(({ sale, recent }) => sale === null || recent.some(({ saleId }) => saleId === sale.saleId))
    for (const command of ['next_customer', 'serve_next_meanwhile', 'cancel_payment', 'cancel_sale'] as const)
      if (this.#station.snapshot?.actions.includes(command)) await this.does({ command })
  }
}

function cardsOf(
  world: DemoWorld,
  random: SeededRandom,
  write: (line: object) => void,
): ReadonlyMap<string, VirtualNtag424> {
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
          if (entry.kind === 'sun') write({ kind: 'card', card: label, binding: entry.bindingHex })
        },
      }
      return [label, VirtualNtag424.fromState(state, { random: (length) => random.bytes(length), memory })]
    }),
  )
}

/** Between two steps of the one process that writes them, so they belong together. */
function copyTill(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const name of ['journal.sqlite', 'journal.sqlite-wal', 'terminal-keys.json', 'enrolment.json'])
    if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name))
}
