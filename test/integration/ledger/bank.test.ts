/**
 * The bank test: ten clients move money among their accounts over HTTP, alone and in batches of more than a commit has,
 * each payment until it is answered, under one id, while the node is killed and started again on the same folder.
 * Method (Jepsen's bank workload): each client keeps its own book of what it was told; at the end the file must hold
 * each acknowledged payment exactly once with its own terms and nothing else, and every balance must be what the books
 * say.
 */
import { randomBytes, randomInt } from 'node:crypto'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { v7 } from 'uuid'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { databasePath } from '../../../ledger-sim/data-folder.ts'
import { signRequest } from '../../../src/sync/protocol/http-signature.ts'
import { startProcess, type RunningProcess } from '../../../tools/processes.ts'
import { fundedEach, payersLedger, type Payer } from '../../bench/bench-payers.ts'
import { temporaryFolder } from './demo-ledger.ts'

const program = join(import.meta.dirname, '../../../ledger-sim/main.ts')
const clients = 10
/** So many, and more on a machine on which those cut off nothing of one kind. */
const kills = 7
/** Until so many, everybody pays singly; then in batches as well, behind which single payments wait. */
const killsBeforeBatches = 4
/** A commit of a batch has 250, so that a kill falls between two of them too. */
const batchItemsMax = 600
const payments = '/v1/payments/legal-entity-legal-entity'

interface Node {
  url: string
  process: RunningProcess
}

interface Booked {
  readonly transferId: string
  readonly payer: string
  readonly payee: string
  readonly amount: number
}

interface Counts {
  alone: number
  inBatches: number
}

let folder: ReturnType<typeof temporaryFolder>
let node: Node

beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(async () => {
  await node.process.stop()
  folder.remove()
})

test(`${clients} clients, ${kills} kills or more: nothing acknowledged is lost or doubled, sums right`, async () => {
  const data = join(folder.path, 'data')
  const { payers, ...first } = await payersLedger(data, clients)
  node = first
  let isOver = false
  let killed = 0
  const cut: Counts = { alone: 0, inBatches: 0 }
  const books = payers.map((payer) => moveMoney(payer, payers, { cut, isOver: () => isOver, killed: () => killed }))
  for (; killed < kills || cut.alone === 0 || cut.inBatches === 0; killed += 1) {
    await new Promise((resolve) => setTimeout(resolve, randomInt(150, 600)))
    node.process.child.kill('SIGKILL')
    await node.process.ended
    const process = await startProcess('ledger', program, ['--data', data])
    node = { process, url: String(process.ready['ledgerUrl']) }
  }
  await new Promise((resolve) => setTimeout(resolve, 200))
  isOver = true
  const results = await Promise.all(books)
  await node.process.stop()
  const booked = results.flatMap(({ paid }) => paid)
  for (const of of ['alone', 'inBatches'] as const) {
    const existed = results.reduce((total, one) => total + one.existed[of], 0)
    process.stdout.write(`${of}: ${cut[of]} requests cut off, ${existed} of their payments were done\n`)
  }
  process.stdout.write(`${booked.length} payments\n`)

  const file = new Database(databasePath(data), { readonly: true })
  const inLedger = file
    .prepare(
      `SELECT reference AS transferId, debit AS payer, credit AS payee, amount FROM transfer WHERE kind = 'payment'`,
    )
    .all() as Booked[]
  const balances = file
    .prepare(`SELECT account_id AS account, balance FROM account WHERE kind = 'legal-entity'`)
    .all() as {
    account: string
    balance: number
  }[]
  file.close()
  const byId = (some: readonly Booked[]) => some.toSorted((a, b) => (a.transferId < b.transferId ? -1 : 1))
  expect(byId(inLedger)).toEqual(byId(booked))
  for (const { account, balance } of balances) {
    const change = booked.reduce(
      (total, { payer, payee, amount }) => total + (payee === account ? amount : 0) - (payer === account ? amount : 0),
      0,
    )
    expect(balance, account).toBe(Number(fundedEach) + change)
  }
  expect(auditFile(databasePath(data))).toMatchObject({ balanced: true, faults: [] })
}, 240_000)

/** Pays at random until it is over; each request is made again, under its ids, until there is an answer. */
async function moveMoney(
  payer: Payer,
  all: readonly Payer[],
  {
    isOver,
    killed,
    cut,
  }: {
    readonly isOver: () => boolean
    readonly killed: () => number
    /** Counted into: requests to which no answer came. */
    readonly cut: Counts
  },
): Promise<{ readonly paid: readonly Booked[]; readonly existed: Counts }> {
  const paid: Booked[] = []
  const existed: Counts = { alone: 0, inBatches: 0 }
  const others = all.filter((other) => other !== payer)
  while (!isOver()) {
    const isBatch = killed() >= killsBeforeBatches && randomInt(2) === 0
    const wanted = Array.from({ length: isBatch ? randomInt(1, batchItemsMax) : 1 }, () => {
      const payee = others[randomInt(others.length)] as Payer
      return { transferId: v7(), payer: payer.accountId, payee: payee.accountId, amount: randomInt(1, 100_000) }
    })
    const how = isBatch ? 'inBatches' : 'alone'
    for (let tries = 0; ; tries += 1) {
      const arrivals = await (isBatch ? askTogether(payer, wanted) : askAlone(payer, wanted))
      if (arrivals !== undefined) {
        existed[how] += arrivals.filter((arrival) => arrival === 'exists').length
        break
      }
      if (tries === 0) cut[how] += 1
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    paid.push(...wanted)
  }
  return { paid, existed }
}

/** How each payment arrived; undefined when no answer came. @throws when the ledger refuses */
async function askAlone(payer: Payer, [wanted]: readonly Booked[]): Promise<readonly unknown[] | undefined> {
  if (wanted === undefined) throw new Error('nothing is wanted')
  const answer = await ask(payer, payments, asItIsSent(wanted))
  return answer === undefined ? undefined : [answer['arrival']]
}

/** The same of many in one request. @throws when the ledger refuses one of them */
async function askTogether(payer: Payer, wanted: readonly Booked[]): Promise<readonly unknown[] | undefined> {
  const items = wanted.map((one) => ({ method: 'POST', path: payments, body: asItIsSent(one) }))
  const answer = await ask(payer, '/v1/batches', { items })
  const results = answer?.['results'] as readonly { status: number; body: Record<string, unknown> }[] | undefined
  return results?.map(({ status, body }) => {
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
    return body['arrival']
  })
}

function asItIsSent(wanted: Booked) {
  return { ...wanted, amount: String(wanted.amount), purpose: 'goods' }
}

async function ask(payer: Payer, path: string, value: unknown): Promise<Record<string, unknown> | undefined> {
  const created = Math.floor(Date.now() / 1_000)
  const moment = { created, expires: created + 60, nonce: randomBytes(16).toString('base64url') }
  const body = JSON.stringify(value)
  const url = `${node.url}${path}`
  const { headers } = signRequest({ method: 'POST', url, body }, payer.key, moment)
  const response = await fetch(url, { method: 'POST', headers, body }).then(
    async (answer) => ({ status: answer.status, text: await answer.text() }),
    () => undefined,
  )
  if (response === undefined) return undefined
  // Signed in the second in which the node was killed: it wants a later signature.
  if (response.status === 425) return undefined
  if (response.status !== 200) throw new Error(`${response.status} ${response.text}`)
  return JSON.parse(response.text) as Record<string, unknown>
}
