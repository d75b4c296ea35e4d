/**
 * The world of the benches: one food voucher, open at any hour, that many families with a card each, all of them leased
 * to one till. Made by the ledger's own functions, by the same path as the demonstration's world.
 */
import { createHash } from 'node:crypto'
import { openAccount, findAccount } from '../../ledger-sim/accounts/accounts.ts'
import {
  depositNonCash,
  issueToBank,
  needClientNonCash,
  openBank,
  openCentralBank,
  reserveAccountOf,
  sellToClient,
} from '../../ledger-sim/accounts/conversions.ts'
import type { Posted } from '../../ledger-sim/accounts/transfers.ts'
import { inTransaction, newId, type LedgerPorts, type Work } from '../../ledger-sim/context.ts'
import { openDataFolder } from '../../ledger-sim/data-folder.ts'
import { ledgerKeysOf, newLedgerSecrets, type LedgerSecrets } from '../../ledger-sim/keys.ts'
import { createLedger } from '../../ledger-sim/ledger.ts'
import { setLeasePolicy } from '../../ledger-sim/leases/policy.ts'
import { canteen, canteenTiles } from '../../ledger-sim/scenarios/demo-merchants.ts'
import { demoAgency, demoCanteen, foodVoucher } from '../../ledger-sim/scenarios/demo-schemes.ts'
import { seededRandom } from '../../ledger-sim/scenarios/seeded-random.ts'
import { entitle } from '../../ledger-sim/schemes/beneficiaries.ts'
import { registerCard } from '../../ledger-sim/schemes/cards.ts'
import { fundScheme } from '../../ledger-sim/schemes/funding.ts'
import { registerMerchant } from '../../ledger-sim/schemes/merchants.ts'
import { publishScheme } from '../../ledger-sim/schemes/schemes.ts'
import { openStore } from '../../ledger-sim/store/open-store.ts'
import { issueEnrolmentCode } from '../../ledger-sim/terminals/enrolment.ts'
import { registerTerminal } from '../../ledger-sim/terminals/terminals.ts'
import type { LedgerTransport } from '../../src/sync/engine/ports.ts'
import { tiyn } from '../../src/voucher/money.ts'
import type { Scheme } from '../../src/voucher/scheme.ts'
import { startProcess, type RunningProcess } from '../../tools/processes.ts'

export const benchTerminal = 'till-bench'
const hourMs = 3_600_000

export interface BenchCard {
  readonly uid: Uint8Array
  readonly pseudonym: string
  readonly keys: Readonly<Record<0 | 1 | 2 | 3 | 4, Uint8Array>>
}

export interface BenchWorld {
  readonly cards: readonly BenchCard[]
  readonly enrolmentCode: string
}

/** Fills an empty ledger. */
async function seed(ports: LedgerPorts, secrets: LedgerSecrets, cardCount: number): Promise<BenchWorld> {
  return inTransaction(ports, async (work) => {
    const scheme = await openScheme(work)
    return addTill(work, secrets, scheme.schemeId, benchTerminal, cardCount)
  })
}

async function openScheme(work: Work): Promise<Scheme> {
  await openMoney(work)
  await registerMerchant(work, canteen, canteenTiles, 'dala-bank')
  const scheme = benchScheme(work.now)
  if ((await publishScheme(work, scheme)) !== 'published') throw new Error('the scheme of the bench was not published')
  must(await fundScheme(work, demoAgency, scheme.schemeId, funded, newId(work)))
  return scheme
}

/** A till of the canteen with families of its own. */
async function addTill(
  work: Work,
  secrets: LedgerSecrets,
  schemeId: string,
  terminalId: string,
  cardCount: number,
): Promise<BenchWorld> {
  await registerTerminal(work, terminalId, demoCanteen, demoAgency)
  const cards: BenchCard[] = []
  const beneficiaries: string[] = []
  for (let index = 0; index < cardCount; index += 1) {
    const opaque = (purpose: string): string =>
      createHash('sha256').update(`${terminalId}/${purpose}/${index}`).digest('hex').slice(0, 32)
    const uid = Uint8Array.of(0x04, ...work.random(6))
    const { card: pseudonym } = await registerCard(work, { uid, holder: opaque('holder'), agencyId: demoAgency })
    await entitle(work, { schemeId, beneficiary: opaque('beneficiary'), holder: opaque('holder') })
    beneficiaries.push(opaque('beneficiary'))
    const key = (keyNumber: 0 | 2 | 3 | 4): Uint8Array => work.keys.diversify(uid, keyNumber)
    const metaRead = new Uint8Array(Buffer.from(secrets.metaReadKey, 'hex'))
    cards.push({ uid, pseudonym, keys: { 0: key(0), 1: metaRead, 2: key(2), 3: key(3), 4: key(4) } })
  }
  await setLeasePolicy(work, {
    terminalId,
    schemeId,
    beneficiaries,
    sellForMs: 72 * hourMs,
    presentForMs: 14 * 24 * hourMs,
    periods: 1,
  })
  const { code } = await issueEnrolmentCode(work, terminalId)
  return { cards, enrolmentCode: code }
}

/**
 * The data folder of a ledger with several tills, for a process to be started on.
 *
 * @param cardCounts the cards of each till
 */
export async function fillLedgerFolder(folder: string, cardCounts: readonly number[]): Promise<readonly BenchWorld[]> {
  const random = randomOfRun()
  const open = await openDataFolder(folder, random)
  const ports = { store: open.store, clock: Date.now, random, keys: ledgerKeysOf(open.secrets) }
  try {
    return await inTransaction(ports, async (work) => {
      const { schemeId } = await openScheme(work)
      const worlds: BenchWorld[] = []
      for (const [index, cardCount] of cardCounts.entries())
        worlds.push(await addTill(work, open.secrets, schemeId, `${benchTerminal}-${index + 1}`, cardCount))
      return worlds
    })
  } finally {
    await open.close()
  }
}

const funded = tiyn(100_000_000_000n)

/** The demonstration's food voucher; its cap on what one till may owe would end the bench after a thousand loaves. */
function benchScheme(now: number): Scheme {
  const scheme = foodVoucher(now)
  return { ...scheme, caps: { ...scheme.caps, terminalExposure: funded } }
}

async function openMoney(work: Work): Promise<void> {
  const [centralBank, bank] = ['central-bank', 'dala-bank']
  await openCentralBank(work, centralBank)
  await openBank(work, bank, 'Dala Bank')
  await openAccount(work, { accountId: demoAgency, currency: 'DT', kind: 'agency', owner: demoAgency, name: 'Bench' })
  const nonCash = await needClientNonCash(work, bank, demoAgency)
  const agency = await findAccount(work, demoAgency)
  if (agency === undefined) throw new Error('the agency has no account')
  must(await depositNonCash(work, reserveAccountOf(bank), funded, newId(work)))
  must(await depositNonCash(work, nonCash, funded, newId(work)))
  must(await issueToBank(work, bank, funded, newId(work)))
  must(await sellToClient(work, bank, agency, funded, newId(work)))
}

function must(posted: Posted): void {
  if (posted.kind === 'short') throw new Error(`the money of the bench does not suffice in ${posted.account}`)
}

/** Each run makes the same world, whatever it is measured for. */
const randomOfRun = () => seededRandom('tolem-bench')

/** A ledger inside this process, for what needs one but does not measure it. */
export async function ledgerInProcess(
  cardCount: number,
): Promise<BenchWorld & { readonly transport: LedgerTransport }> {
  const random = randomOfRun()
  const secrets = newLedgerSecrets(random)
  const ports = { store: await openStore(':memory:'), clock: Date.now, random, keys: ledgerKeysOf(secrets) }
  const world = await seed(ports, secrets, cardCount)
  const ledger = createLedger(ports)
  return {
    ...world,
    transport: async (request) => ({ kind: 'response', response: await ledger.handle(request) }),
  }
}

/** The real ledger as a process of its own, with its database on the disk. */
export async function ledgerProcess(
  folder: string,
  cardCount: number,
): Promise<BenchWorld & { readonly url: string; readonly process: RunningProcess }> {
  const random = randomOfRun()
  const open = await openDataFolder(folder, random)
  const ports = { store: open.store, clock: Date.now, random, keys: ledgerKeysOf(open.secrets) }
  const world = await seed(ports, open.secrets, cardCount)
  await open.close()
  const program = new URL('../../ledger-sim/main.ts', import.meta.url).pathname
  const process = await startProcess('ledger', program, ['--data', folder])
  return { ...world, url: String(process.ready['ledgerUrl']), process }
}
