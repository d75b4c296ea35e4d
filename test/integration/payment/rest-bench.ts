/**
 * A till, its ledger and three cards that count themselves, for what they leave to pay (docs/design/26, "The rest
 * first"). What was debited is read from the cards' own logs; they share no code with the till.
 */
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { newId } from '../../../ledger-sim/context.ts'
import { payRequest } from '../../../ledger-sim/payments/request-payments.ts'
import type { Command } from '../../../src/terminal/contract/commands.ts'
import { chip, issueChip, type Issued } from './counting-chip.ts'
import { coreOf } from './customers.ts'
import { PreparedWorld, type WalkWorld } from './prepared-world.ts'

/** On whose labels the cards of these stories are laid. */
export const label = 'Forged Pupil 01'
export const otherLabel = 'Pupil 02'
export const twinLabel = 'Pupil 03'
export const [bread, juice, lunch] = [18_000, 35_000, 115_000] as const

/** A new world for each test of the file that calls this. */
export function restBench() {
  const prepared = new PreparedWorld()
  let world: WalkWorld
  let card: Issued
  let other: Issued
  let twin: Issued
  beforeAll(() => prepared.prepare())
  afterAll(() => prepared.remove())
  beforeEach(async () => {
    card = chip()
    other = chip()
    twin = chip()
    const chips: Record<string, Issued> = { [label]: card, [otherLabel]: other, [twinLabel]: twin }
    world = await prepared.open(undefined, (own, of) => chips[of]?.faulty ?? own)
    await issueChip(world, card)
  })
  afterEach(() => world.close())

  const core = () => coreOf(world.station)
  const screen = () => core().till.snapshot()
  const does = (command: Command) => expect(core().till.command(command), command.command).toEqual({ ok: true })
  const pass = (ms: number) => world.time.runUntil(world.time.now + ms)

  async function lays(whose = label): Promise<void> {
    world.station.pullCard()
    world.station.layCard(whose)
    await pass(8_000)
  }

  return {
    get world() {
      return world
    },
    get card() {
      return card
    },
    /** Issued to nobody yet, as the twin. */
    get other() {
      return other
    },
    get twin() {
      return twin
    },
    core,
    screen,
    does,
    pass,
    lays,
    /** In tiyn, by the card's own log. */
    debited: (of = card) => of.log.flatMap((entry) => (entry.kind === 'debit' ? [Number(entry.amount)] : [])),
    onScreen: () => screen().sale?.tenders.map(({ kind, state }) => `${kind} ${state}`),
    /** Of the last sale that was closed. */
    tenders: () => screen().recent[0]?.tenders.map(({ kind, amount, state }) => `${kind} ${amount} ${state}`),
    async asksForRest(...items: readonly string[]): Promise<void> {
      for (const itemId of items) does({ command: 'add_item', itemId })
      does({ command: 'pay_by_card' })
      await lays()
      expect(screen().tap.state).toBe('rest')
    },
    shownRequest(): string {
      const { tap } = screen()
      const id = tap.state === 'qr' ? /0136([0-9a-f-]{36})/.exec(tap.text ?? '')?.[1] : undefined
      if (id === undefined) throw new Error(`the screen shows ${tap.state}, and no QR`)
      return id
    },
    async walletPays(requestId: string): Promise<string> {
      let word = ''
      await world.atLedger(async (work) => {
        const caller = { keyId: '', role: 'individual', owner: 'individual-1' } as const
        const paid = await payRequest(work, caller, { paymentId: newId(work), requestId, payer: 'individual-1' })
        word = paid.kind === 'paid_back' ? `paid back: ${paid.reason}` : paid.kind
      })
      await pass(3_000)
      return word
    },
    /** What the wallet has, in tiyn, without what is set aside. */
    wallet(): number {
      const database = new Database(world.ledgerFile, { readonly: true })
      try {
        const sql = `SELECT balance - (SELECT coalesce(sum(amount), 0) FROM hold
          WHERE debit = account_id AND state = 'pending' AND expires_at > ?) AS has
          FROM account WHERE account_id = 'individual-1'`
        return Number((database.prepare(sql).get(world.time.now) as { has: number }).has)
      } finally {
        database.close()
      }
    },
  }
}
