/** People with accounts at two banks, for tests of what they pay each other (docs/design/18-platform-api.md). */
import { join } from 'node:path'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { openAccount } from '../../../ledger-sim/accounts/accounts.ts'
import {
  depositNonCash,
  issueToBank,
  needClientNonCash,
  reserveAccountOf,
  sellToClient,
} from '../../../ledger-sim/accounts/conversions.ts'
import { post } from '../../../ledger-sim/accounts/transfers.ts'
import { inTransaction, newId, type LedgerPorts } from '../../../ledger-sim/context.ts'
import type { Role } from '../../../ledger-sim/http/operation.ts'
import type { Tier } from '../../../ledger-sim/individuals/tiers.ts'
import { demoBank } from '../../../ledger-sim/scenarios/demo.ts'
import { keepClientTransfers } from '../../../ledger-sim/transfers/client-transfers.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { v7 } from 'uuid'
import { demoLedger, p256, TestSigner, type DemoLedger } from './demo-ledger.ts'

export const otherBank = 'synaq-bank'
/** A legal entity with more money than any test gives to people. */
const payer = 'people-fund'
const payerFunds = tiyn(10n ** 15n)

export interface PeopleWorld {
  readonly demo: DemoLedger
  readonly bank: TestSigner
  readonly otherBank: TestSigner
  readonly auditor: TestSigner
  readonly centralBank: TestSigner
  id(): string
  /** Opens an account that is named as its owner. */
  person(accountId: string, tier?: Tier, name?: string, bank?: TestSigner): Promise<TestSigner>
  /** As wages, whatever limits say. */
  fund(accountId: string, amount: bigint): Promise<void>
}

export async function peopleWorld(options?: Parameters<typeof demoLedger>[0]): Promise<PeopleWorld> {
  const demo = await demoLedger(options)
  const bank = demo.role('bank')
  await openFund(demo.ports)
  const id = () => v7({ msecs: demo.clock.now, random: demo.random(16) })
  return {
    demo,
    bank,
    otherBank: await signerOf(demo, 'bank', otherBank),
    auditor: demo.role('auditor'),
    centralBank: demo.role('central-bank'),
    id,
    person: async (accountId, tier, name = `Person ${accountId}`, at = bank) => {
      const request = { accountId, owner: accountId, name, ...(tier === undefined ? {} : { tier }) }
      const opened = await at.post('/v1/accounts/individuals', request)
      if (opened.status !== 200) throw new Error(`not opened: ${JSON.stringify(opened.body)}`)
      return signerOf(demo, 'individual', accountId)
    },
    fund: (accountId, amount) =>
      inTransaction(demo.ports, async (work) => {
        const [kind, transferId] = ['payment-to-individual', id()] as const
        const moved = { amount: tiyn(amount), kind }
        await post(work, [{ debit: payer, credit: accountId, ...moved }], transferId)
        await keepClientTransfers(work, [{ transferId, madeBy: payer, payer, payee: accountId, ...moved }])
      }),
  }
}

/** By the same functions as the demonstration's world. */
async function openFund(ports: LedgerPorts): Promise<void> {
  await inTransaction(ports, async (work) => {
    const named = { accountId: payer, owner: payer, name: 'Payer of wages' }
    const account = { ...named, kind: 'legal-entity', currency: 'DT', bank: demoBank } as const
    await openAccount(work, account)
    await depositNonCash(work, reserveAccountOf(demoBank), payerFunds, newId(work))
    await issueToBank(work, demoBank, payerFunds, newId(work))
    await depositNonCash(work, await needClientNonCash(work, demoBank, payer), payerFunds, newId(work))
    const sold = await sellToClient(work, demoBank, account, payerFunds, newId(work))
    if (sold.kind === 'short') throw new Error(`${sold.account} is short`)
  })
}

/** A key that the ledger knows as that role's. */
export async function signerOf(demo: DemoLedger, role: Role, owner: string): Promise<TestSigner> {
  const key = p256(`${role}/${owner}`)
  await inTransaction(demo.ports, ({ connection }) =>
    connection
      .insertInto('principal')
      .values({ key_id: key.keyId, jwk: JSON.stringify(key.jwk), role, owner, status: 'active' })
      .execute(),
  )
  return new TestSigner(demo.ledger, demo.clock, demo.random, key)
}

/** The end of tests on one ledger, `ledger.db` of the folder: the audit looks at all that they did. */
export async function closeBalanced(
  world: PeopleWorld,
  folder: { readonly path: string; remove(): void },
): Promise<void> {
  try {
    const report = auditFile(join(folder.path, 'ledger.db'))
    if (report?.balanced !== true) throw new Error(report?.text)
  } finally {
    await world.demo.close()
    folder.remove()
  }
}
