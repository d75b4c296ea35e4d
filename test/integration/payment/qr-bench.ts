/**
 * A till, a ledger and wallets for tests of payments by QR. A real till with its journal, a real ledger, virtual time;
 * the wallet reads the QR's text from the screen. Who has the money is read from the ledger's database.
 */
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { newId, type Work } from '../../../ledger-sim/context.ts'
import { payRequest } from '../../../ledger-sim/payments/request-payments.ts'
import type { Command } from '../../../src/terminal/contract/commands.ts'
import type { TillStation } from '../../simulation/till-station.ts'
import { PreparedWorld, type WalkWorld } from './prepared-world.ts'

export const day = 86_400_000
/** Its price, in tiyn. */
export const juice = 35_000

/** A new world for each test of the file that calls this. */
export function qrBench() {
  const prepared = new PreparedWorld()
  let world: WalkWorld
  let had: number
  beforeAll(() => prepared.prepare())
  afterAll(() => prepared.remove())
  beforeEach(async () => {
    world = await prepared.open()
    had = walletHas()
  })
  afterEach(() => world.close())

  const till = (): TillStation => world.station
  const pass = (ms: number) => world.time.runUntil(world.time.now + ms)

  function screen() {
    const { snapshot } = till()
    if (snapshot === undefined) throw new Error('the till is off')
    return snapshot
  }
  function does(command: Command): void {
    expect(till().command(command), command.command).toBe(true)
  }
  async function asksByQr(itemId = 'juice'): Promise<void> {
    if (screen().sale === null) does({ command: 'add_item', itemId })
    does({ command: 'pay_by_qr' })
    await pass(1_000)
  }
  /** What a wallet reads: the id in our template of the EMV code, by its place in the text. */
  function scanned(): string {
    const { tap } = screen()
    if (tap.state !== 'qr' || tap.text === null) throw new Error(`the screen shows ${tap.state}, and no QR`)
    const found = /^000201010212.*0008kz\.tolem0136([0-9a-f-]{36})/.exec(tap.text)?.[1]
    if (found === undefined) throw new Error(`no request in ${tap.text}`)
    return found
  }
  async function pays(requestId: string, payer = 'individual-1'): Promise<string> {
    let word = ''
    await world.atLedger(async (work: Work) => {
      const caller = { keyId: '', role: 'individual', owner: payer } as const
      const paid = await payRequest(work, caller, { paymentId: newId(work), requestId, payer })
      word = paid.kind === 'paid_back' ? `paid back: ${paid.reason}` : paid.kind
    })
    return word
  }
  function rows(sql: string): Record<string, unknown>[] {
    const database = new Database(world.ledgerFile, { readonly: true })
    try {
      return database.prepare(sql).all() as Record<string, unknown>[]
    } finally {
      database.close()
    }
  }
  function walletHas(): number {
    const [row] = rows(`SELECT balance - (
      SELECT coalesce(sum(amount), 0) FROM hold
      WHERE debit = account_id AND state = 'pending' AND expires_at > ${world.time.now}
    ) AS has FROM account WHERE account_id = 'individual-1'`)
    return Number(row?.['has'])
  }
  async function tapsLunch(): Promise<void> {
    does({ command: 'pay_by_card' })
    till().layCard('Pupil 01')
    await pass(4_000)
    till().pullCard()
    await pass(500)
    expect(screen().tap).toMatchObject({ state: 'approved', look: 'settled' })
  }
  return {
    get world() {
      return world
    },
    get till() {
      return till()
    },
    pass,
    screen,
    does,
    asksByQr,
    scanned,
    pays,
    rows,
    tapsLunch,
    /** What the first wallet has no more, or set aside, in tiyn. */
    spent: () => had - walletHas(),
    atLedgerOf: (id: string) => rows(`SELECT state FROM tender WHERE tender_id = '${id}'`)[0]?.['state'],
    tendersOf: (index = 0) => screen().recent[index]?.tenders.map(({ kind, state }) => `${kind} ${state}`),
    saleOf: (index = 0) => screen().recent[index]?.saleId ?? '',
    /** The network goes in the moment in which the till hears of the payment: its capture stays in the queue. */
    goesOffWhenHeld(): void {
      const { journal } = till().core ?? {}
      const stop = journal?.onDidCommit(() => {
        if (journal.tendersInState('held').length === 0) return
        world.network.all = 'refused'
        stop?.()
      })
    },
    goesOff: () => void (world.network.all = 'refused'),
    comesBack: () => void (world.network.all = 'up'),
    async restarts(): Promise<void> {
      till().kill()
      till().start()
      await pass(3_000)
    },
  }
}
