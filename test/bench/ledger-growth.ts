/**
 * The ledger with many accounts and many entries: batches of payments to accounts anywhere among them, and what the
 * process keeps in memory. Old accounts and entries are written past the ledger, as it would have written them.
 */
import { readFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { databasePath } from '../../ledger-sim/data-folder.ts'
import { fundedEach, payersLedger } from './bench-payers.ts'
import { figureOf, type Figure } from './figures.ts'
import { median } from './measure.ts'
import { paymentBatch, send } from './ledger-requests.ts'

interface Past {
  readonly accounts: number
  readonly entries: number
}

interface Standing {
  /** Payments in batches. */
  readonly perSecond: number
  readonly mebibytes: number
}

const batches = 4
const payersOfBatches = 8

/** @param batch how many payments a batch has */
export async function benchGrowth(folder: string, quick: boolean, batch: number): Promise<readonly Figure[]> {
  const [few, many] = quick ? [100, 1_000] : [10_000, 1_000_000]
  const [short, long] = quick ? [1_000, 10_000] : [100_000, 10_000_000]
  const base = await standing(join(folder, 'base'), { accounts: few, entries: short }, batch)
  const wide = await standing(join(folder, 'wide'), { accounts: many, entries: short }, batch)
  const old = await standing(join(folder, 'old'), { accounts: few, entries: long }, batch)
  const common = { bench: 'ledger', samples: batches, aim: null } as const
  const baselineIs = `the same with ${few} accounts and ${short} entries`
  return [
    figureOf({
      ...common,
      figure: `payments in batches of ${batch} with ${many} accounts`,
      unit: 'per s',
      value: wide.perSecond,
      baseline: base.perSecond,
      baselineIs,
    }),
    figureOf({
      ...common,
      figure: `payments in batches of ${batch} with ${long} entries`,
      unit: 'per s',
      value: old.perSecond,
      baseline: base.perSecond,
      baselineIs,
    }),
    figureOf({
      ...common,
      figure: `memory of the process after payments to any of ${many} accounts`,
      unit: 'MiB',
      value: wide.mebibytes,
      baseline: base.mebibytes,
      baselineIs,
    }),
  ]
}

async function standing(folder: string, past: Past, batch: number): Promise<Standing> {
  const fill = (): void => writePast(databasePath(folder), past)
  const { url, payers, process: ledger } = await payersLedger(folder, payersOfBatches, fill)
  const agent = new Agent({ keepAlive: true })
  try {
    const speeds: number[] = []
    for (const [index, payer] of payers.slice(0, batches).entries()) {
      // Steps of a prime: each batch meets others, and pages of the file far from each other.
      const payees = Array.from({ length: batch }, (_, at) => nameOf(((index * batch + at) * 7_919) % past.accounts))
      const sent = paymentBatch(url, payer, payees)
      const started = performance.now()
      const { results } = JSON.parse(await send(agent, sent)) as { readonly results: readonly { status: number }[] }
      speeds.push(batch / ((performance.now() - started) / 1_000))
      if (results.some(({ status }) => status !== 200)) throw new Error('a payment of the bench was refused')
    }
    return { perSecond: median(speeds), mebibytes: mebibytesOf(ledger.child.pid) }
  } finally {
    agent.destroy()
    await ledger.stop()
  }
}

const nameOf = (index: number): string => `old-${index}`

/**
 * Accounts in a ring, each paying the next, round after round: each has one entry in and one out of every round, and at
 * the end what it had at the beginning. The money it began with comes from nowhere, which no bench asks about.
 */
function writePast(file: string, { accounts, entries }: Past): void {
  const transfers = Math.floor(entries / 2 / accounts) * accounts
  const database = new Database(file)
  // The disk is waited for once, at the end.
  database.pragma('synchronous = OFF')
  database.pragma('cache_size = -500000')
  const numbers = (count: number): string =>
    `WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers LIMIT ${count})`
  const id = `printf('01900000-0000-7000-8000-%012x', n)`
  database.transaction(() => {
    database.exec(`
      INSERT INTO account (account_id, currency, kind, owner, name, balance, floor, entries)
      ${numbers(accounts)}
      SELECT 'old-' || n, 'DT', 'legal-entity', 'old-' || n, 'old', ${fundedEach}, 0, ${(transfers / accounts) * 2}
      FROM numbers`)
    if (transfers === 0) return
    const [round, at, next] = [`(n / ${accounts})`, `(n % ${accounts})`, `((n + 1) % ${accounts})`]
    // The first of a round pays before it is paid, every other one after.
    database.exec(`
      INSERT INTO transfer (transfer_id, group_id, debit, credit, amount, kind, reference, at,
        debit_entry, debit_balance, credit_entry, credit_balance)
      ${numbers(transfers)}
      SELECT ${id}, ${id}, 'old-' || ${at}, 'old-' || ${next}, 1, 'payment', ${id}, 1700000000000 + n,
        2 * ${round} + 1 + (${at} > 0), ${fundedEach} - (${at} = 0),
        2 * ${round} + 1 + (${next} = 0), ${fundedEach} + (${next} > 0)
      FROM numbers`)
  })()
  database.pragma('wal_checkpoint(TRUNCATE)')
  database.close()
}

/** What the process holds in memory, as the kernel counts it. */
function mebibytesOf(pid: number | undefined): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kibibytes) / 1_024
}
