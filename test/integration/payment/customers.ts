/** Customers at the tills of a prepared world, and what the ledger's database says of them afterwards. */
import Database from 'better-sqlite3'
import type { TillStation } from '../../simulation/till-station.ts'
import type { WalkWorld } from './prepared-world.ts'

export function coreOf(station: TillStation) {
  const { core } = station
  if (core === undefined) throw new Error('the till is off')
  return core
}

/** Buys by a card, which is taken away after `ms`. Returns the code of a refusal, or how the sale stands. */
export async function buys(
  { time }: WalkWorld,
  station: TillStation,
  card: string,
  itemId: string,
  ms = 4_000,
): Promise<string> {
  const { till } = coreOf(station)
  till.command({ command: 'cancel_payment' })
  till.command({ command: 'next_customer' })
  if (till.snapshot().sale === null) till.command({ command: 'add_item', itemId })
  till.command({ command: 'pay_by_card' })
  station.layCard(card)
  await time.runUntil(time.now + ms)
  station.pullCard()
  await time.runUntil(time.now + 500)
  const { tap } = till.snapshot()
  if (tap.state === 'approved') return tap.look
  return tap.state === 'refused' ? tap.code : tap.state
}

export function ledgerRows({ ledgerFile }: WalkWorld, sql: string): unknown[] {
  const database = new Database(ledgerFile, { readonly: true })
  try {
    return database.prepare(sql).all()
  } finally {
    database.close()
  }
}
