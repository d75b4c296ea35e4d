/**
 * A morning of the ledger: one more card is blocked beside a hundred thousand, and two hundred tills that have the list
 * before it ask for their packages at once. The baseline is what cannot be left out: a signature over the whole of each
 * package, its hash, and its row on the disk.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { inTransaction, type LedgerPorts, type Work } from '../../ledger-sim/context.ts'
import { ledgerKeysOf, newLedgerSecrets } from '../../ledger-sim/keys.ts'
import { seedDemoWorld } from '../../ledger-sim/scenarios/demo.ts'
import { demoAgency, demoCanteen } from '../../ledger-sim/scenarios/demo-schemes.ts'
import { seededRandom } from '../../ledger-sim/scenarios/seeded-random.ts'
import { setCardStatus } from '../../ledger-sim/schemes/cards.ts'
import { currentHotlist } from '../../ledger-sim/schemes/hotlist.ts'
import { inRows } from '../../ledger-sim/store/in-rows.ts'
import { openStore } from '../../ledger-sim/store/open-store.ts'
import { packageFor } from '../../ledger-sim/terminals/packages.ts'
import { findTerminal, registerTerminal } from '../../ledger-sim/terminals/terminals.ts'
import { taggedBytes } from '../../src/sync/protocol/canonical.ts'
import { figureOf, type Figure } from './figures.ts'
import { alternate, median } from './measure.ts'

const tillCount = 200

export async function packagesOfTills(quick: boolean, cards: readonly string[]): Promise<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'tolem-bench-packages-'))
  const raw = new Database(join(folder, 'raw.sqlite'))
  const store = await openStore(join(folder, 'ledger.db'))
  try {
    const secrets = newLedgerSecrets(seededRandom('bench packages'))
    const { signing } = ledgerKeysOf(secrets)
    const ports: LedgerPorts = {
      store,
      clock: Date.now,
      random: seededRandom('ledger of the bench'),
      keys: ledgerKeysOf(secrets),
    }
    await inTransaction(ports, (work) => block(work, cards))
    const { pseudonyms } = await seedDemoWorld(ports, secrets, 'bench packages')
    const tills = Array.from({ length: quick ? 10 : tillCount }, (_, index) => `till-bench-${index}`)
    await inTransaction(ports, async (work) => {
      for (const till of tills) await registerTerminal(work, till, demoCanteen, demoAgency)
    })
    const blocked = Object.values(pseudonyms)
    let round = 0
    const change = async (): Promise<number> => {
      const { version } = await inTransaction(ports, currentHotlist)
      const card = blocked[Math.floor(round / 2)] ?? ''
      const status = round % 2 === 0 ? 'blocked' : 'active'
      round += 1
      const changed = await inTransaction(ports, (work) => setCardStatus(work, card, status))
      if (changed !== 'changed') throw new Error(`the card was ${changed}`)
      return version
    }
    const ask = (terminalId: string, haveHotlist?: number) =>
      inTransaction(ports, async (work) => {
        const terminal = await findTerminal(work, terminalId)
        if (terminal === undefined) throw new Error(`no terminal ${terminalId}`)
        return packageFor(work, terminal, { haveVersion: 0, haveHotlist })
      })
    const first = await ask(tills[0] ?? '')
    if (first.kind !== 'newer') throw new Error('the first package is whole')
    const bytes = taggedBytes('tolem/package/1', first.signed.package)

    raw.pragma('journal_mode = WAL')
    raw.pragma('synchronous = FULL')
    raw.exec('CREATE TABLE package (signature TEXT, hash TEXT)')
    const insert = raw.prepare('INSERT INTO package VALUES (?, ?)')
    const baseline = raw.transaction(() => {
      for (const _till of tills) {
        const signature = Buffer.from(signing.sign(bytes)).toString('base64url')
        insert.run(signature, createHash('sha256').update(bytes).digest('hex'))
      }
    })
    const subject = async (): Promise<void> => {
      const version = await change()
      const answers = await Promise.all(tills.map((till) => ask(till, version)))
      const deltas = answers.filter(({ kind }) => kind === 'newer_by_delta')
      if (deltas.length !== tills.length) throw new Error(`${deltas.length} of ${tills.length} tills got the change`)
    }
    const times = await alternate(quick ? 2 : 6, subject, baseline)
    return figureOf({
      bench: 'hotlist',
      figure: `a change of ${cards.length} blocked cards in the packages of ${tillCount} tills`,
      value: median(times.subject) * (tillCount / tills.length),
      unit: 'ms',
      baseline: median(times.baseline) * (tillCount / tills.length),
      baselineIs: 'each signed and hashed whole, and one raw better-sqlite3 commit',
      aim: null,
      samples: times.subject.length,
    })
  } finally {
    await store.close()
    raw.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Cards whose keys nobody asks for. Before there is a list: the first one has them all. */
async function block(work: Work, cards: readonly string[]): Promise<void> {
  const rows = cards.map((card) => ({
    card,
    holder: card,
    status: 'blocked' as const,
    epoch: 0,
    highest_counter: 0,
    file_read_key: '',
    till_key: '',
    exposed_at: null,
    replaced_by: null,
  }))
  await inRows(rows, (some) => work.connection.insertInto('card').values(some).execute())
  await currentHotlist(work)
}
