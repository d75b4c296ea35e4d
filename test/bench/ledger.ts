/**
 * The ledger: payments of legal entities over HTTP, each request signed and verified, each answer signed after its
 * commit is on the disk; the same without sockets. Beside them what the same rows cost raw, and PostgreSQL on this
 * machine. Clients and ledger share its two cores.
 */
import { generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import pg from 'pg'
import { v7 } from 'uuid'
import { createLedger } from '../../ledger-sim/ledger.ts'
import { ledgerKeysOf, newLedgerSecrets } from '../../ledger-sim/keys.ts'
import { openStore } from '../../ledger-sim/store/open-store.ts'
import { fillWithPayers, payersLedger } from './bench-payers.ts'
import { figureOf, type Figure } from './figures.ts'
import { benchGrowth } from './ledger-growth.ts'
import { paymentBatch, send, signedPayments } from './ledger-requests.ts'
import { median, quantile } from './measure.ts'
import { startPostgres, whyNoPostgres } from './postgres.ts'

interface Sizes {
  readonly payers: number
  readonly payments: number
  readonly connections: number
  readonly batch: number
  readonly seconds: number
}

export async function benchLedger(quick: boolean): Promise<readonly Figure[]> {
  const sizes: Sizes = quick
    ? { payers: 8, payments: 60, connections: 8, batch: 50, seconds: 1 }
    : { payers: 64, payments: 20_000, connections: 64, batch: 8_000, seconds: 15 }
  const folder = mkdtempSync(join(tmpdir(), 'tolem-bench-ledger-'))
  try {
    const raw = new RawPayments(join(folder, 'raw.sqlite'))
    const perCommit = raw.perSecond(sizes.payments, 64)
    const rawBatches = raw.perSecondUnsigned(sizes.payments, sizes.batch)
    raw.close()
    const http = await overHttp(join(folder, 'http'), sizes)
    const batched = await inBatches(join(folder, 'batches'), sizes)
    const inside = await inProcess(join(folder, 'inside.sqlite'), sizes)
    const common = { bench: 'ledger', unit: 'per s', samples: sizes.payments } as const
    const rawIs = 'raw: verify P-256, insert the same rows, sign Ed25519, a commit per 64, one process, in turn'
    return [
      figureOf({
        ...common,
        figure: `single payments over HTTP, ${sizes.connections} clients`,
        value: http.perSecond,
        baseline: perCommit,
        baselineIs: rawIs,
        aim: { atLeast: 2_000 },
      }),
      figureOf({
        ...common,
        figure: 'the same, answered within, p99',
        unit: 'ms',
        value: http.p99,
        baseline: (sizes.connections / perCommit) * 1_000,
        baselineIs: 'all clients served once at the raw speed',
        aim: { atMost: 50 },
      }),
      figureOf({
        ...common,
        figure: 'the same without sockets',
        value: inside,
        baseline: perCommit,
        baselineIs: rawIs,
        aim: null,
      }),
      figureOf({
        ...common,
        figure: `payments in batches of ${sizes.batch} over HTTP`,
        samples: batchCount,
        value: batched,
        baseline: rawBatches,
        baselineIs: `raw: the same rows, ${sizes.batch} a commit, one process, no signatures`,
        aim: { atLeast: 20_000 },
      }),
      ...(await benchGrowth(folder, quick, sizes.batch)),
      ...(await againstPostgres(sizes, http.perSecond, rawBatches)),
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Skipped, and said, where there is no PostgreSQL. */
async function againstPostgres(sizes: Sizes, single: number, rawBatches: number): Promise<readonly Figure[]> {
  if (whyNoPostgres !== null) {
    process.stderr.write(`no figures beside PostgreSQL: ${whyNoPostgres}\n`)
    return []
  }
  const postgres = startPostgres()
  try {
    const tpcB = postgres.tpcB(16, sizes.seconds)
    const batched = await postgresBatches(postgres.socket, sizes)
    const common = { bench: 'ledger', unit: 'per s', samples: sizes.payments, aim: null } as const
    return [
      figureOf({
        ...common,
        figure: 'single payments over HTTP beside PostgreSQL',
        value: single,
        baseline: tpcB,
        baselineIs: 'pgbench TPC-B, 16 clients, no signatures, fsync on',
      }),
      figureOf({
        ...common,
        figure: `raw SQLite, ${sizes.batch} payments a commit, beside PostgreSQL`,
        value: rawBatches,
        baseline: batched,
        baselineIs: 'PostgreSQL with the same rows by multi-row statements, as many a commit',
      }),
    ]
  } finally {
    postgres.stop()
  }
}

async function overHttp(folder: string, sizes: Sizes): Promise<{ readonly perSecond: number; readonly p99: number }> {
  const { url, payers, process: ledger } = await payersLedger(folder, sizes.payers)
  const agent = new Agent({ keepAlive: true, maxSockets: sizes.connections })
  try {
    // Uncounted: a process that has just started is slower until Node has compiled what it does most.
    await inLanes(sizes.connections, signedPayments(url, payers, sizes.payments), (one) => send(agent, one))
    const requests = signedPayments(url, payers, sizes.payments)
    const times: number[] = []
    const started = performance.now()
    await inLanes(sizes.connections, requests, async (one) => {
      const sent = performance.now()
      await send(agent, one)
      times.push(performance.now() - sent)
    })
    const seconds = (performance.now() - started) / 1_000
    return { perSecond: requests.length / seconds, p99: quantile(times, 0.99) }
  } finally {
    agent.destroy()
    await ledger.stop()
  }
}

const batchCount = 5

/** As many payments as the single ones. */
const batchesUncounted = 3

/** One batch after the other, each by another payer: the median, in payments a second. */
async function inBatches(folder: string, sizes: Sizes): Promise<number> {
  const { url, payers, process: ledger } = await payersLedger(folder, sizes.payers)
  const agent = new Agent({ keepAlive: true })
  try {
    const speeds: number[] = []
    for (const payer of payers.slice(0, batchesUncounted + batchCount)) {
      const others = payers.filter((other) => other !== payer)
      const payees = Array.from({ length: sizes.batch }, (_, index) => others[index % others.length]?.accountId ?? '')
      const sent = paymentBatch(url, payer, payees)
      const started = performance.now()
      const { results } = JSON.parse(await send(agent, sent)) as { readonly results: readonly { status: number }[] }
      speeds.push(sizes.batch / ((performance.now() - started) / 1_000))
      const refused = results.filter(({ status }) => status !== 200).length
      if (results.length !== sizes.batch || refused > 0) throw new Error(`${refused} of a batch were refused`)
    }
    return median(speeds.slice(batchesUncounted))
  } finally {
    agent.destroy()
    await ledger.stop()
  }
}

/** So many at a time, each lane one after the other, as clients on connections of their own. */
async function inLanes<Item>(
  lanes: number,
  items: readonly Item[],
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

async function inProcess(file: string, sizes: Sizes): Promise<number> {
  const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
  const store = await openStore(file, undefined, setImmediate)
  const ports = { store, clock: Date.now, random, keys: ledgerKeysOf(newLedgerSecrets(random)) }
  try {
    const payers = await fillWithPayers(ports, sizes.payers)
    const ledger = createLedger(ports)
    const requests = signedPayments('http://127.0.0.1:1', payers, sizes.payments)
    const started = performance.now()
    await inLanes(sizes.connections, requests, async (one) => {
      const { status, body } = await ledger.handle(one)
      if (status !== 200) throw new Error(body)
    })
    return requests.length / ((performance.now() - started) / 1_000)
  } finally {
    await store.close()
  }
}

const accountsRaw = 64

/** The rows of a payment: its id with its answer, its transfer, two balances. */
class RawPayments {
  readonly #file: Database.Database
  readonly #client = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  readonly #ledger = generateKeyPairSync('ed25519')

  constructor(path: string) {
    this.#file = new Database(path)
    this.#file.pragma('journal_mode = WAL')
    this.#file.pragma('synchronous = FULL')
    this.#file.exec(`${operationTable}; ${transferTable}; ${accountTable}`)
    const account = this.#file.prepare('INSERT INTO account VALUES (?, 0)')
    for (let index = 0; index < accountsRaw; index += 1) account.run(`payer-${index}`)
  }

  perSecond(payments: number, perCommit: number): number {
    const body = Buffer.from(JSON.stringify({ transferId: v7(), payer: 'payer-1', payee: 'payer-2', amount: '500' }))
    const signature = sign('sha256', body, this.#client.privateKey)
    return this.#measured(payments, perCommit, () => {
      verify('sha256', body, this.#client.publicKey, signature)
      sign(null, body, this.#ledger.privateKey)
    })
  }

  perSecondUnsigned(payments: number, perCommit: number): number {
    return this.#measured(payments, perCommit, () => undefined)
  }

  #measured(payments: number, perCommit: number, around: () => void): number {
    const operation = this.#file.prepare(`INSERT INTO operation VALUES (?, 'payment', 'payer', ?, ?, ?)`)
    const transfer = this.#file.prepare(`INSERT INTO transfer VALUES (?, ?, ?, ?, ?, 'payment', ?, ?)`)
    const balance = this.#file.prepare('UPDATE account SET balance = balance + ? WHERE account_id = ?')
    const now = Date.now()
    const commit = this.#file.transaction((first: number, count: number) => {
      for (let index = first; index < first + count; index += 1) {
        around()
        const id = v7()
        const [debit, credit] = [`payer-${index % accountsRaw}`, `payer-${(index * 7 + 1) % accountsRaw}`]
        operation.run(id, termsHash, answer, now)
        transfer.run(v7(), id, debit, credit, 500, id, now)
        balance.run(-500, debit)
        balance.run(500, credit)
      }
    })
    const started = performance.now()
    for (let done = 0; done < payments; done += perCommit) commit(done, Math.min(perCommit, payments - done))
    return payments / ((performance.now() - started) / 1_000)
  }

  close(): void {
    this.#file.close()
  }
}

const operationTable =
  'CREATE TABLE operation (operation_id text primary key, kind text, caller text, terms_hash text, answer text, ' +
  'at bigint)'
const transferTable =
  'CREATE TABLE transfer (transfer_id text primary key, group_id text, debit text, credit text, amount bigint, ' +
  'kind text, reference text, at bigint)'
const accountTable = 'CREATE TABLE account (account_id text primary key, balance bigint)'
const termsHash = 'a'.repeat(64)
const answer = JSON.stringify({ transferId: v7(), arrival: 'created' })

/** The median of a few commits of one batch each, per second. */
async function postgresBatches(socket: string, { batch, payments }: Sizes): Promise<number> {
  const client = new pg.Client({ host: socket, user: 'bench', database: 'postgres' })
  await client.connect()
  try {
    await client.query(`${operationTable}; ${transferTable}; ${accountTable}`)
    await client.query(`INSERT INTO account SELECT 'payer-' || n, 0 FROM generate_series(0, ${accountsRaw - 1}) AS n`)
    const speeds: number[] = []
    for (let done = 0; done < payments; done += batch) {
      const ids = Array.from({ length: batch }, () => v7())
      const [debits, credits] = [1, 7].map((step) =>
        ids.map((_, index) => `payer-${(index * step + step - 1) % accountsRaw}`),
      )
      const started = performance.now()
      await client.query('BEGIN')
      await client.query(
        `INSERT INTO operation SELECT id, 'payment', 'payer', $2, $3, $4 FROM unnest($1::text[]) AS id`,
        [ids, termsHash, answer, Date.now()],
      )
      await client.query(
        `INSERT INTO transfer SELECT id, id, debit, credit, 500, 'payment', id, $4
         FROM unnest($1::text[], $2::text[], $3::text[]) AS t (id, debit, credit)`,
        [ids, debits, credits, Date.now()],
      )
      await client.query(
        `UPDATE account SET balance = balance + change FROM (
           SELECT account, sum(change) AS change FROM (
             SELECT unnest($1::text[]) AS account, -500 AS change UNION ALL SELECT unnest($2::text[]), 500
           ) AS entry GROUP BY account) AS sums
         WHERE account_id = sums.account`,
        [debits, credits],
      )
      await client.query('COMMIT')
      speeds.push(batch / ((performance.now() - started) / 1_000))
    }
    return median(speeds)
  } finally {
    await client.end()
  }
}
