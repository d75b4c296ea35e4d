/**
 * The story of a canteen whose till breaks: a new one is enrolled in its place by a new code, fetches the package, and
 * the network goes. The pupils' slots are still leased to this till, so it must read their cards' keys and sell; what
 * both sold is paid. Real cores and journals, the real ledger, virtual cards; the auditor judges ledger and cards.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { personalisedCard } from '../../../hardware-mocks/cards/ntag424-state.ts'
import { VirtualNtag424 } from '../../../hardware-mocks/cards/ntag424.ts'
import { inTransaction, type LedgerPorts } from '../../../ledger-sim/context.ts'
import { ledgerKeysOf, newLedgerSecrets } from '../../../ledger-sim/keys.ts'
import { createLedger } from '../../../ledger-sim/ledger.ts'
import { seedDemoWorld, type DemoWorld } from '../../../ledger-sim/scenarios/demo.ts'
import { openStore } from '../../../ledger-sim/store/open-store.ts'
import { issueEnrolmentCode } from '../../../ledger-sim/terminals/enrolment.ts'
import { newStoredPair } from '../../../src/sync/engine/key-ring.ts'
import type { LedgerTransport } from '../../../src/sync/engine/ports.ts'
import { enrol } from '../../../src/terminal/core/identity.ts'
import { mondayNoon } from '../../fixtures/demo-world.ts'
import { KeyStoreInMemory } from '../../fixtures/key-store.ts'
import { audit, type AuditSources } from '../../simulation/auditor.ts'
import { SeededRandom } from '../../simulation/random.ts'
import { TillStation } from '../../simulation/till-station.ts'
import { VirtualTime } from '../../simulation/virtual-time.ts'

const ledgerUrl = 'http://127.0.0.1:1'
const seconds = 1_000

let folder: string
let time: VirtualTime
let random: SeededRandom
let ports: LedgerPorts
let demo: DemoWorld
let toLedger: LedgerTransport
let networkIsUp: boolean
const bindingsOnCards = new Set<string>()

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tolem-anothers-place-'))
  time = new VirtualTime(mondayNoon)
  random = new SeededRandom('in another’s place')
  networkIsUp = true
  bindingsOnCards.clear()
  const bytes = (length: number): Uint8Array => random.bytes(length)
  const secrets = newLedgerSecrets(bytes)
  const store = await openStore(join(folder, 'ledger.sqlite'))
  ports = { store, clock: () => time.now, random: bytes, keys: ledgerKeysOf(secrets) }
  demo = await seedDemoWorld(ports, secrets, 'in another’s place')
  const ledger = createLedger(ports)
  toLedger = async (request) =>
    networkIsUp
      ? { kind: 'response', response: await ledger.handle(request) }
      : { kind: 'not_sent', detail: 'ECONNREFUSED' }
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A till out of the box: its own keys, its own empty journal. */
async function enrolled(name: string, code: string): Promise<TillStation> {
  const keys = new KeyStoreInMemory(newStoredPair((length) => random.bytes(length)))
  const randomness = { bytes: (length: number) => random.bytes(length), uuid: () => random.uuid(time.now) }
  const enrolment = await enrol(keys.load().current, code, ledgerUrl, toLedger, randomness, time.now)
  const station = new TillStation({
    name,
    time,
    random: random.branch(name),
    network: { transport: (request, deadlineMs) => toLedger(request, deadlineMs) },
    enrolment,
    keys: () => keys.load(),
    ledgerUrl,
    cards: cards(),
    held: new Set(),
    note: () => undefined,
  })
  station.start()
  await time.runUntil(time.now + 30 * seconds)
  return station
}

const cards = (): ReadonlyMap<string, VirtualNtag424> =>
  new Map(
    demo.cards.map(({ label, uid, keys }) => {
      const hex = (text: string): Uint8Array => Buffer.from(text, 'hex')
      const personal = { 0: hex(keys[0]), 1: hex(keys[1]), 2: hex(keys[2]), 3: hex(keys[3]), 4: hex(keys[4]) }
      const state = personalisedCard({ uid: hex(uid), keys: personal })
      const memory = {
        save: () => undefined,
        append: (entry: { readonly kind: string; readonly bindingHex?: string }) => {
          if (entry.kind === 'sun' && entry.bindingHex !== undefined) bindingsOnCards.add(entry.bindingHex)
        },
      }
      return [label, VirtualNtag424.fromState(state, { random: (length) => random.bytes(length), memory })]
    }),
  )

/** What its cashier saw paid, from the list on the screen. */
const notebookOf = (till: TillStation): AuditSources['sales'] =>
  (till.snapshot?.recent ?? []).map(({ saleId, tenders, voidable }) => ({
    saleId,
    goods: voidable ? 'given' : 'kept',
    tenders: tenders.filter(({ state }) => state === 'settled' || state === 'pending'),
  }))

/** Rings up a lunch and lays the card. @returns how the tap ended */
async function sellsLunch(till: TillStation, card: string): Promise<string> {
  till.command({ command: 'add_item', itemId: 'school-lunch' })
  till.command({ command: 'pay_by_card' })
  till.layCard(card)
  await time.runUntil(time.now + 10 * seconds)
  const { state } = till.snapshot?.tap ?? { state: 'off' }
  till.pullCard()
  till.command({ command: 'next_customer' })
  await time.runUntil(time.now + seconds)
  return state
}

test('a till in another’s place sells off line under the leases that are there, and both are paid', async () => {
  const [first] = demo.enrolmentCodes.filter((one) => one.terminalId === 'till-1')
  const broken = await enrolled('first', first?.code ?? '')
  expect(await sellsLunch(broken, 'Pupil 01')).toBe('approved')
  await time.runUntil(time.now + 60 * seconds)
  const sales = [...notebookOf(broken)]
  broken.kill()

  const { code } = await inTransaction(ports, (work) => issueEnrolmentCode(work, 'till-1'))
  const next = await enrolled('second', code)
  networkIsUp = false
  await time.runUntil(time.now + 60 * seconds)
  expect(next.core?.engine.connectivity.kind).toBe('not_reached')
  expect(await sellsLunch(next, 'Pupil 02')).toBe('approved')
  expect(next.core?.journal.queue()).toMatchObject({ waiting: 1, parked: 0 })
  // The same slot is not given twice: this pupil ate at the till that broke.
  expect(await sellsLunch(next, 'Pupil 01')).toBe('refused')
  next.command({ command: 'cancel_sale' })

  networkIsUp = true
  await time.runUntil(time.now + 120 * seconds)
  expect(next.core?.journal.queue()).toMatchObject({ waiting: 0, parked: 0 })
  const paid = await ports.store.transaction((connection) =>
    connection.selectFrom('tender').select(['state', 'paid_by', 'loss']).orderBy('tender_id').execute(),
  )
  expect(paid).toEqual([
    { state: 'settled', paid_by: 'escrow', loss: null },
    { state: 'settled', paid_by: 'escrow', loss: null },
  ])
  sales.push(...notebookOf(next))
  next.close()
  await ports.store.close()
  // Its journal begins anew where the ledger has seen rows: that is on file as a journal put back would be.
  const copied = new Set(['till-1'])
  expect(audit({ ledgerFile: join(folder, 'ledger.sqlite'), bindingsOnCards, sales, copied })).toEqual([])
})
