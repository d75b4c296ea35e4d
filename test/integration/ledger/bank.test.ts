/**
 * The bank test: ten clients move money among their accounts over HTTP, each payment until it is answered, under one
 * id, while the node is killed and started again on the same folder. Method (Jepsen's bank workload): each client keeps
 * its own book of what it was told; at the end the file must hold each acknowledged payment exactly once with its own
 * terms and nothing else, and every balance must be what the books say.
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
const kills = 5

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

let folder: ReturnType<typeof temporaryFolder>
let node: Node

beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(async () => {
  await node.process.stop()
  folder.remove()
})

test(`${clients} clients, ${kills} kills: nothing acknowledged is lost or doubled, every total is exact`, async () => {
  const data = join(folder.path, 'data')
  const { payers, ...first } = await payersLedger(data, clients)
  node = first
  let isOver = false
  const books = payers.map((payer) => moveMoney(payer, payers, () => isOver))
  for (let kill = 0; kill < kills; kill += 1) {
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
  const sum = (of: 'cut' | 'existed'): number => results.reduce((total, one) => total + one[of], 0)
  process.stdout.write(`${booked.length} payments, ${sum('cut')} cut off, ${sum('existed')} of them were done\n`)
  expect(sum('cut')).toBeGreaterThan(0)

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
}, 120_000)

/** Pays at random until it is over; each payment is asked for again, under its id, until there is an answer. */
async function moveMoney(
  payer: Payer,
  all: readonly Payer[],
  isOver: () => boolean,
): Promise<{ readonly paid: readonly Booked[]; readonly cut: number; readonly existed: number }> {
  const paid: Booked[] = []
  let [cut, existed] = [0, 0]
  while (!isOver()) {
    const others = all.filter((other) => other !== payer)
    const payee = others[randomInt(others.length)] as Payer
    const wanted = { transferId: v7(), payer: payer.accountId, payee: payee.accountId, amount: randomInt(1, 100_000) }
    for (let tries = 0; ; tries += 1) {
      const answer = await ask(payer, wanted)
      if (answer === undefined) {
        if (tries === 0) cut += 1
        await new Promise((resolve) => setTimeout(resolve, 20))
        continue
      }
      if (answer.arrival === 'exists') existed += 1
      paid.push(wanted)
      break
    }
  }
  return { paid, cut, existed }
}

/** Undefined when no answer came. @throws when the ledger refuses */
async function ask(payer: Payer, wanted: Booked): Promise<{ readonly arrival: string } | undefined> {
  const created = Math.floor(Date.now() / 1_000)
  const moment = { created, expires: created + 60, nonce: randomBytes(16).toString('base64url') }
  const body = JSON.stringify({ ...wanted, amount: String(wanted.amount), purpose: 'goods' })
  const url = `${node.url}/v1/payments/legal-entity-legal-entity`
  const { headers } = signRequest({ method: 'POST', url, body }, payer.key, moment)
  const response = await fetch(url, { method: 'POST', headers, body }).then(
    async (answer) => ({ status: answer.status, text: await answer.text() }),
    () => undefined,
  )
  if (response === undefined) return undefined
  if (response.status !== 200) throw new Error(`${response.status} ${response.text}`)
  return JSON.parse(response.text) as { arrival: string }
}
