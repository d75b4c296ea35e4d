/** The world of the ledger's bench: legal entities with money, each with a key of its own, at one bank. */
import { findAccount, openAccount } from '../../ledger-sim/accounts/accounts.ts'
import {
  depositNonCash,
  issueToBank,
  needClientNonCash,
  openBank,
  openCentralBank,
  reserveAccountOf,
  sellToClient,
} from '../../ledger-sim/accounts/conversions.ts'
import { inTransaction, newId, type LedgerPorts } from '../../ledger-sim/context.ts'
import { openDataFolder } from '../../ledger-sim/data-folder.ts'
import { ledgerKeysOf } from '../../ledger-sim/keys.ts'
import { p256PrivateJwk } from '../../ledger-sim/scenarios/demo.ts'
import { seededRandom } from '../../ledger-sim/scenarios/seeded-random.ts'
import { signingKey, type SigningKey } from '../../src/sync/protocol/keys.ts'
import { tiyn } from '../../src/voucher/money.ts'
import { startProcess, type RunningProcess } from '../../tools/processes.ts'

export interface Payer {
  readonly accountId: string
  readonly key: SigningKey
}

export const fundedEach = tiyn(1_000_000_000n)

/** Fills an empty ledger. */
export function fillWithPayers(ports: LedgerPorts, count: number): Promise<readonly Payer[]> {
  return inTransaction(ports, async (work) => {
    const bank = 'dala-bank'
    await openCentralBank(work, 'central-bank')
    await openBank(work, bank, 'Dala Bank')
    const all = tiyn(fundedEach * BigInt(count))
    await depositNonCash(work, reserveAccountOf(bank), all, newId(work))
    await issueToBank(work, bank, all, newId(work))
    const payers: Payer[] = []
    for (let index = 0; index < count; index += 1) {
      const accountId = `payer-${index}`
      const key = signingKey(p256PrivateJwk(seededRandom(`bench/${accountId}`)))
      await work.connection
        .insertInto('principal')
        .values({
          key_id: key.keyId,
          jwk: JSON.stringify(key.jwk),
          role: 'legal-entity',
          owner: accountId,
          status: 'active',
        })
        .execute()
      await openAccount(work, { accountId, currency: 'DT', kind: 'legal-entity', owner: accountId, name: accountId })
      await depositNonCash(work, await needClientNonCash(work, bank, accountId), fundedEach, newId(work))
      const account = await findAccount(work, accountId)
      if (account === undefined) throw new Error(`no account ${accountId}`)
      const sold = await sellToClient(work, bank, account, fundedEach, newId(work))
      if (sold.kind === 'short') throw new Error(`the money of the bench does not suffice in ${sold.account}`)
      payers.push({ accountId, key })
    }
    return payers
  })
}

/**
 * The real ledger as a process of its own, with its database on the disk.
 *
 * @param fill what else is to be in it, before it starts
 */
export async function payersLedger(
  folder: string,
  count: number,
  fill?: () => void,
): Promise<{ readonly url: string; readonly payers: readonly Payer[]; readonly process: RunningProcess }> {
  const random = seededRandom('tolem-bench-payers')
  const open = await openDataFolder(folder, random)
  const ports = { store: open.store, clock: Date.now, random, keys: ledgerKeysOf(open.secrets) }
  const payers = await fillWithPayers(ports, count)
  await open.close()
  fill?.()
  const program = new URL('../../ledger-sim/main.ts', import.meta.url).pathname
  const process = await startProcess('ledger', program, ['--data', folder])
  return { url: String(process.ready['ledgerUrl']), payers, process }
}
