/** A real till with its cashier of code, for tests that give it bad input and look at what the screen says. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TillClient } from '../../../tools/demo/till-client.ts'
import type { RefusalCode, Snapshot, TapView } from '../../../src/terminal/contract/index.ts'
import { openDemoWorld, type DemoWorld } from '../../fixtures/demo-world.ts'

/** Generous: other tests run on the same two cores. */
const patienceMs = 40_000

export interface TillAtWork extends DemoWorld {
  readonly till: TillClient
  sees(what: string, shown: (snapshot: Snapshot) => boolean): Promise<Snapshot>
  networkIsReached(): Promise<Snapshot>
  /** Rings up one item and holds a card until the screen says how it ended; the card is taken off, the result stays. */
  sell(card: string, item?: string, more?: LayOptions): Promise<TapView>
  /** Lays a card with more of the panel's wishes than its client knows. */
  lays(card: string, more?: LayOptions): Promise<void>
  /** A paid sale is left for the next customer, any other is cancelled. */
  clears(): Promise<void>
  /** Where the virtual network leads, from the next request on. */
  ledgerIsAt(port: number): Promise<void>
  /** No fault strikes any more. */
  disarm(): Promise<void>
  /** The definition of a copy of a card, by its label, under another label and perhaps with other keys. */
  copyOf(label: string, copy: string, keys?: Partial<IssuedCard['keys']>): IssuedCard
  addsCards(cards: readonly object[]): Promise<void>
  readerPlugged(plugged: boolean): Promise<void>
  printerPower(power: 'on' | 'off'): Promise<void>
  hidPlugged(device: 'scanner' | 'keypad' | 'display', plugged: boolean): Promise<void>
  scans(code: string): Promise<void>
  /** Both rows of the customer's display. */
  customerReads(): Promise<readonly [string, string]>
  /** SIGKILL; resolves when the core that the shell starts in its place shows itself. */
  killsCore(): Promise<Snapshot>
}

/** As the ledger's issuing desk hands it to the virtual hardware. */
export interface IssuedCard {
  readonly label: string
  readonly uid: string
  readonly kind: 'ntag424'
  readonly keys: Readonly<Record<'0' | '1' | '2' | '3' | '4', string>>
}

/** A key that no issuer made. */
export const nobodysKey = 'F'.repeat(32)

export type LayOptions = Readonly<Record<string, unknown>>

export async function openTillAtWork(options: Parameters<typeof openDemoWorld>[0] = {}): Promise<TillAtWork> {
  const demo = await openDemoWorld(options)
  const till = await TillClient.connect(demo.world.tillUrl)
  const sees: TillAtWork['sees'] = (what, shown) => till.sees(what, shown, patienceMs)
  // A world that was started again has another panel.
  const tells = async (path: string, body: object): Promise<void> => void (await demo.panel.tells(path, body))
  const lays: TillAtWork['lays'] = (card, more = {}) => tells('/api/reader/lay', { card, ...more })
  await sees('the catalogue', ({ catalogue, lights }) => catalogue.length > 0 && lights.network.level === 'ok')
  const { close } = demo
  return Object.assign(demo, {
    till,
    sees,
    lays,
    networkIsReached: () => sees('the ledger is reached', ({ lights }) => lights.network.level === 'ok'),
    async sell(card: string, item = 'school-lunch', more: LayOptions = {}) {
      await till.does({ command: 'add_item', itemId: item })
      await till.does({ command: 'pay_by_card' })
      await lays(card, more)
      const { tap } = await sees(`a result for ${card}`, hasEnded)
      await demo.panel.pull()
      return tap
    },
    async clears() {
      const paid = await till.asks({ command: 'next_customer' })
      if (!paid.ok) await till.asks({ command: 'cancel_sale' })
      await sees('an empty basket', (shown) => shown.sale === null && shown.tap.state === 'idle')
    },
    async ledgerIsAt(port: number) {
      await demo.panel.network({ mode: 'cut' })
      await tells('/api/network', { ledgerPort: port, mode: 'up' })
    },
    disarm: () => tells('/api/reader/fault', { kind: 'none' }),
    copyOf(label: string, copy: string, keys: Partial<IssuedCard['keys']> = {}) {
      const file = join(demo.world.folders.ledger, 'issuing', 'cards.json')
      const issued = JSON.parse(readFileSync(file, 'utf8')) as readonly IssuedCard[]
      const original = issued.find((card) => card.label === label)
      if (original === undefined) throw new Error(`no card ${label}`)
      return { ...original, label: copy, keys: { ...original.keys, ...keys } }
    },
    addsCards: (cards: readonly object[]) => tells('/api/cards', cards),
    readerPlugged: (plugged: boolean) => tells('/api/reader', { plugged }),
    printerPower: (power: 'on' | 'off') => tells('/api/printer', { power }),
    hidPlugged: (device: 'scanner' | 'keypad' | 'display', plugged: boolean) => tells('/api/hid', { device, plugged }),
    scans: (code: string) => tells('/api/hid/scan', { code }),
    async customerReads() {
      return ((await demo.panel.state()) as { hid: { display: { rows: readonly [string, string] } } }).hid.display.rows
    },
    async killsCore() {
      const { revision } = till.snapshot
      process.kill(demo.corePid(), 'SIGKILL')
      return sees('the core is back', (shown) => shown.revision < revision && shown.catalogue.length > 0)
    },
    async close() {
      till.close()
      await close()
    },
  })
}

/** The screen says how the tap ended, or to hold the card again: the reader lost it before anything began. */
export function hasEnded({ tap }: Snapshot): boolean {
  return (
    ['approved', 'refused', 'unknown', 'torn'].includes(tap.state) ||
    (tap.state === 'tap' && tap.hint === 'card_moved_too_soon')
  )
}

/** What the tap says, without what differs from run to run. */
export function saying(tap: TapView): string {
  if (tap.state === 'refused') return `refused ${tap.code satisfies RefusalCode}`
  return tap.state === 'approved' ? `approved ${tap.look}` : tap.state
}
