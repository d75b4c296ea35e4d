/**
 * A whole till at a real pcscd: ledger, core and device host as processes, the cashier's bridge, and two readers of
 * vpcd on which the demonstration's virtual cards are laid from here (the panel's own reader stays unused).
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { FaultyCard } from '../../../hardware-mocks/cards/faults.ts'
import type { RandomSource } from '../../../hardware-mocks/cards/random.ts'
import type { VirtualCard } from '../../../hardware-mocks/cards/virtual-card.ts'
import { CardBox } from '../../../hardware-mocks/panel/card-box.ts'
import { realScheduler } from '../../../hardware-mocks/reader/scheduler.ts'
import { VPCD_PORT, VpcdSlot } from '../../../hardware-mocks/reader/vpcd.ts'
import type { Command, Snapshot, TapView } from '../../../src/terminal/contract/index.ts'
import { TillClient } from '../../../tools/demo/till-client.ts'
import { openDemoWorld, type DemoWorld } from '../../fixtures/demo-world.ts'
import { packageArrives } from '../../fixtures/package-arrives.ts'
import { processesWith } from '../../fixtures/processes-of.ts'
import { handMs } from './pcsc-service.ts'

export const record = (step: string, value: unknown): void => {
  const words = JSON.stringify({ step, value }, (_key, part: unknown) =>
    typeof part === 'bigint' ? String(part) : part,
  )
  process.stdout.write(`${words}\n`)
}
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const listensWithinMs = 20_000

/** vpcd listens a moment after pcscd does. */
export async function layWhenListening(slot: VpcdSlot, card: VirtualCard): Promise<void> {
  const giveUpAt = performance.now() + listensWithinMs
  for (;;) {
    try {
      return await slot.lay(card)
    } catch (error) {
      if (performance.now() > giveUpAt) throw error
      slot.pull()
      await sleep(10)
    }
  }
}

export interface TenderRow {
  readonly tender_id: string
  readonly kind: 'voucher' | 'qr' | 'cash'
  readonly state: string
  readonly amount: number
  /** The payer's pseudonym. */
  readonly card: string
}

export class Station {
  readonly demo: DemoWorld
  readonly till: TillClient
  readonly slots: readonly [VpcdSlot, VpcdSlot]
  readonly box: CardBox
  /** When the last card left either reader. */
  #leftAt = 0

  private constructor(demo: DemoWorld, till: TillClient, random: RandomSource) {
    this.demo = demo
    this.till = till
    this.slots = [
      new VpcdSlot({ scheduler: realScheduler, port: VPCD_PORT }),
      new VpcdSlot({ scheduler: realScheduler, port: VPCD_PORT + 1 }),
    ]
    for (const slot of this.slots) slot.onDidRemove(() => (this.#leftAt = performance.now()))
    this.box = new CardBox({
      folder: join(demo.world.folders.hardware, 'cards'),
      now: () => demo.clock.now(),
      random,
    })
  }

  /** @param random of the cards that are laid from here */
  static async open(random: RandomSource = randomBytes): Promise<Station> {
    const demo = await openDemoWorld({ reader: 'pcsc' })
    const till = await TillClient.connect(demo.world.tillUrl)
    await till.sees(
      'the till has its package',
      ({ catalogue, lights }) => catalogue.length > 0 && lights.network.code === 'ok',
    )
    return new Station(demo, till, random)
  }

  card(label: string): FaultyCard {
    const card = this.box.card(label)
    if (card === null) throw new Error(`no card ${label}`)
    return card
  }

  async lay(label: string, slot: 0 | 1 = 0): Promise<void> {
    await this.slots[slot].lay(this.card(label))
  }

  pull(slot: 0 | 1 = 0): void {
    this.slots[slot].pull()
  }

  async readerWorks(withinMs?: number): Promise<Snapshot> {
    return this.till.sees('the reader works', ({ lights }) => lights.reader.code === 'ok', withinMs)
  }

  /** A result of the tap. A ledger that has not answered in time, on a busy machine, is waited for. */
  async result(what: string): Promise<TapView> {
    const ends: readonly TapView['state'][] = ['approved', 'refused', 'torn']
    return (await this.till.sees(`a result for ${what}`, ({ tap }) => ends.includes(tap.state))).tap
  }

  /** Rings an item up and waits for the card. */
  async rings(itemId: string): Promise<void> {
    await sleep(Math.max(0, this.#leftAt + handMs - performance.now()))
    await this.till.does({ command: 'add_item', itemId })
    await this.till.does({ command: 'pay_by_card' })
  }

  /** From the first touch to a free screen; the card stays away afterwards. */
  async sells(itemId: string, label: string, slot: 0 | 1 = 0): Promise<TapView> {
    await this.rings(itemId)
    await this.lay(label, slot)
    const tap = await this.result(label)
    this.pull(slot)
    await this.ends(tap)
    return tap
  }

  /** Clears a result: the next customer, or nothing paid. */
  async ends(tap: TapView): Promise<void> {
    const command: Command['command'] = tap.state === 'approved' ? 'next_customer' : 'cancel_sale'
    await this.till.does({ command })
    await this.till.sees('the screen is free', (shown) => shown.tap.state === 'idle' && shown.sale === null)
  }

  /** What the journal says of all tenders so far, oldest first. */
  journal(): readonly TenderRow[] {
    const database = new Database(this.demo.journalFile, { readonly: true })
    try {
      return database
        .prepare<[], TenderRow>('SELECT tender_id, kind, state, amount, card FROM tender ORDER BY rowid')
        .all()
    } finally {
      database.close()
    }
  }

  /** What an agency has just published is on the till. */
  async hearsOf(schemeId: string): Promise<void> {
    await this.till.does({ command: 'sync_now' })
    await packageArrives(this.demo.journalFile, schemeId)
  }

  deviceHostPid(): number {
    const found = processesWith('drivers/host/main.ts')
    if (found.length !== 1) throw new Error(`${found.length} device hosts`)
    return found[0]?.pid as number
  }

  /** Nothing waits, and the till counts on the ledger again: that it says only at the end of a whole round. */
  async settles(): Promise<void> {
    await this.till.does({ command: 'sync_now' })
    await this.till.sees(
      'everything is settled',
      ({ queue, unresolved, lights }) => queue.waiting === 0 && unresolved.length === 0 && lights.network.code === 'ok',
      60_000,
    )
  }

  async close(): Promise<void> {
    for (const slot of this.slots) slot.dispose()
    this.till.close()
    await this.demo.close()
  }
}
