/**
 * A small ledger for tests of moves: two banks with clients, an agency with marked money and an escrow, and a signer
 * for each; without schemes, cards and tills, so that it is there in a moment.
 */
import { join } from 'node:path'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { findAccount, openAccount, type AccountKind } from '../../../ledger-sim/accounts/accounts.ts'
import { supplyCash } from '../../../ledger-sim/accounts/cash.ts'
import {
  depositNonCash,
  issueToBank,
  needClientNonCash,
  openBank,
  openCentralBank,
  sellToClient,
} from '../../../ledger-sim/accounts/conversions.ts'
import { post, type Posted } from '../../../ledger-sim/accounts/transfers.ts'
import { inTransaction, newId, type LedgerPorts, type Work } from '../../../ledger-sim/context.ts'
import type { Role } from '../../../ledger-sim/http/operation.ts'
import { ledgerKeysOf, newLedgerSecrets } from '../../../ledger-sim/keys.ts'
import { createLedger } from '../../../ledger-sim/ledger.ts'
import { seededRandom } from '../../../ledger-sim/scenarios/seeded-random.ts'
import { keepClientTransfers } from '../../../ledger-sim/transfers/client-transfers.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { v7 } from 'uuid'
import { p256, schoolMorning, temporaryFolder, TestSigner, type TestClock } from './demo-ledger.ts'
import { emptyLedger, storeFrom } from './ledger-images.ts'

export interface Client {
  readonly owner: string
  readonly kind: AccountKind & Role
  readonly bank: 'bank-a' | 'bank-b'
}

/** Each one's account has the name of its owner. */
export const clients: readonly Client[] = [
  { owner: 'education', kind: 'agency', bank: 'bank-a' },
  { owner: 'farm', kind: 'legal-entity', bank: 'bank-a' },
  { owner: 'shop', kind: 'merchant', bank: 'bank-b' },
  { owner: 'aru', kind: 'individual', bank: 'bank-a' },
  { owner: 'berik', kind: 'individual', bank: 'bank-a' },
  { owner: 'dana', kind: 'individual', bank: 'bank-b' },
]
export const banks = ['bank-a', 'bank-b'] as const

/** Tiyn that each client has as DT (the agency 2,000 less), and as non-cash; each bank as DT, in reserve, as cash. */
export const funds = 1_000_000n
export const schemeAccount = 'scheme.lunch'
export const escrowAccount = 'escrow.lease-1'

export interface MovesWorld {
  readonly clock: TestClock
  readonly ports: LedgerPorts
  /** What the ledger got over. */
  readonly recovered: readonly unknown[]
  id(): string
  /** The signer of that owner. */
  as(owner: string): TestSigner
  balance(accountId: string): Promise<bigint>
  balances(): Promise<ReadonlyMap<string, bigint>>
  rows(table: string): Promise<Record<string, unknown>[]>
  /** @throws what the audit finds */
  audit(): void
  close(): Promise<void>
}

export async function movesWorld(
  options: { readonly onDidRun?: (statement: string) => void; readonly seed?: string } = {},
): Promise<MovesWorld & { readonly path: string }> {
  const folder = temporaryFolder()
  const path = join(folder.path, 'ledger.db')
  const clock: TestClock = { now: schoolMorning }
  const seed = options.seed ?? 'moves'
  const random = seededRandom(`moves/${seed}`)
  const secrets = newLedgerSecrets(seededRandom('moves/secrets'))
  const store = await storeFrom(await emptyLedger(), path, options.onDidRun)
  const recovered: unknown[] = []
  const onDidRecover = (error: unknown): void => void recovered.push(error)
  const ports: LedgerPorts = { store, clock: () => clock.now, random, keys: ledgerKeysOf(secrets), onDidRecover }
  const ledger = createLedger(ports)
  const signers = new Map<string, TestSigner>()
  const testRandom = seededRandom(`moves-test/${seed}`)
  await fill(ports)
  const people: readonly (readonly [Role, string])[] = [
    ['central-bank', 'central-bank'],
    ['auditor', 'auditor'],
    ...banks.map((bank) => ['bank', bank] as const),
    ...clients.map(({ owner, kind }) => [kind, owner] as const),
  ]
  for (const [role, owner] of people) {
    const key = p256(`moves/${owner}`)
    const row = { key_id: key.keyId, jwk: JSON.stringify(key.jwk), role, owner, status: 'active' } as const
    await store.transaction((connection) => connection.insertInto('principal').values(row).execute())
    signers.set(owner, new TestSigner(ledger, clock, testRandom, key))
  }
  const rows = (table: string) =>
    store.transaction((connection) =>
      connection
        .selectFrom(table as 'account')
        .selectAll()
        .execute(),
    )
  const balances = async () =>
    new Map((await rows('account')).map((row) => [String(row['account_id']), row['balance'] as bigint]))
  return {
    path,
    clock,
    ports,
    recovered,
    id: () => v7({ msecs: clock.now, random: testRandom(16) }),
    as: (owner) => {
      const signer = signers.get(owner)
      if (signer === undefined) throw new Error(`nobody is ${owner}`)
      return signer
    },
    balances,
    balance: async (accountId) => (await balances()).get(accountId) ?? 0n,
    rows,
    audit: () => {
      const report = auditFile(path)
      if (report?.balanced !== true) throw new Error(report?.text)
    },
    close: async () => {
      await store.close()
      folder.remove()
    },
  }
}

/** By the same functions as the demonstration's world. */
async function fill(ports: LedgerPorts): Promise<void> {
  const amount = tiyn(funds)
  await inTransaction(ports, async (work) => {
    const must = (posted: Posted) => {
      if (posted.kind === 'short') throw new Error(`${posted.account} is short`)
    }
    await openCentralBank(work, 'central-bank')
    for (const bank of banks) {
      const all = tiyn(funds * BigInt(clients.filter((client) => client.bank === bank).length + 1))
      await openBank(work, bank, `The bank ${bank}`)
      must(await depositNonCash(work, `${bank}.reserve`, tiyn(all + funds), newId(work)))
      must(await issueToBank(work, bank, all, newId(work)))
      await supply(work, bank)
    }
    for (const { owner, kind, bank } of clients) {
      const account = { accountId: owner, owner, kind, bank, name: `The account of ${owner}`, currency: 'DT' } as const
      await openAccount(work, account)
      const nonCash = await needClientNonCash(work, bank, owner)
      must(await depositNonCash(work, nonCash, tiyn(2n * funds), newId(work)))
      must(await sellToClient(work, bank, account, amount, newId(work)))
    }
    for (const [accountId, kind] of [
      [schemeAccount, 'scheme'],
      [escrowAccount, 'escrow'],
    ] as const) {
      await openAccount(work, { accountId, kind, owner: 'education', name: accountId, currency: 'DT' })
      const leg = { debit: 'education', credit: accountId, amount: tiyn(1_000n), kind: 'scheme-funding' } as const
      must(await post(work, [leg], newId(work)))
    }
  })
}

async function supply(work: Work, bank: string, amount = tiyn(funds)): Promise<void> {
  const transferId = newId(work)
  await supplyCash(work, bank, amount, transferId)
  const parties = { madeBy: 'central-bank', payer: 'cash.outside', payee: `${bank}.cash` }
  await keepClientTransfers(work, [{ transferId, kind: 'cash-supply', ...parties, amount }])
}

/** As much more as that for a client of the bank, in DT, as its non-cash there and as the bank's DT and cash. */
export async function enrich(world: MovesWorld, bank: string, accountId: string, sum: bigint): Promise<void> {
  const amount = tiyn(sum)
  await inTransaction(world.ports, async (work) => {
    const must = (posted: Posted) => {
      if (posted.kind === 'short') throw new Error(`${posted.account} is short`)
    }
    const client = await findAccount(work, accountId)
    if (client === undefined) throw new Error(`no account ${accountId}`)
    must(await depositNonCash(work, `${bank}.reserve`, tiyn(2n * sum), newId(work)))
    must(await issueToBank(work, bank, tiyn(2n * sum), newId(work)))
    const nonCash = await needClientNonCash(work, bank, client.owner)
    must(await depositNonCash(work, nonCash, tiyn(2n * sum), newId(work)))
    must(await sellToClient(work, bank, client, amount, newId(work)))
    await supply(work, bank, amount)
  })
}
