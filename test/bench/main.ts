/**
 *     npm run bench -- tap|decide|journal|sync|start|ledger|hotlist|leases|all [--json] [--quick] [--document]
 *
 * Measures the product against raw baselines of the same run (docs/performance.md). `--json`: one JSON line per
 * figure. `--quick`: small sizes, to see that every bench works; its figures mean nothing. `--document` writes the
 * table of docs/performance.md anew. Progress goes to stderr.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { askedOf, askedWrongly } from '../../tools/arguments.ts'
import { runFacts, tableOf, withFigures, type BenchName, type Figure } from './figures.ts'

const benches: Readonly<Record<BenchName, (quick: boolean) => Promise<readonly Figure[]>>> = {
  tap: async (quick) => (await import('./tap.ts')).benchTap(quick),
  decide: async (quick) => (await import('./decide.ts')).benchDecide(quick),
  journal: async (quick) => (await import('./journal.ts')).benchJournal(quick),
  sync: async (quick) => (await import('./sync.ts')).benchSync(quick),
  start: async (quick) => (await import('./start.ts')).benchStart(quick),
  ledger: async (quick) => (await import('./ledger.ts')).benchLedger(quick),
  hotlist: async (quick) => (await import('./hotlist.ts')).benchHotlist(quick),
  leases: async (quick) => (await import('./leases.ts')).benchLeases(quick),
}
const usage = `Use: npm run bench -- ${Object.keys(benches).join('|')}|all [--json] [--quick] [--document]`

const flag = { type: 'boolean', default: false } as const
const { values, positionals } = askedOf(usage, {
  allowPositionals: true,
  options: { json: flag, quick: flag, document: flag },
})
const [asked = 'all', ...more] = positionals
if (more.length > 0 || (asked !== 'all' && !Object.hasOwn(benches, asked)))
  askedWrongly(usage, `There is no bench "${positionals.join(' ')}".`)
if (values.document && (values.quick || asked !== 'all'))
  askedWrongly(usage, 'The document takes whole runs only: npm run bench -- all --document.')

const names = (asked === 'all' ? Object.keys(benches) : [asked]) as BenchName[]
const facts = runFacts(new Date(), values.quick)
const figures: Figure[] = []
for (const name of names) {
  process.stderr.write(`bench ${name} …\n`)
  const measured = await benches[name](values.quick)
  figures.push(...measured)
  if (values.json) for (const figure of measured) process.stdout.write(`${JSON.stringify({ ...figure, ...facts })}\n`)
}
if (!values.json) process.stdout.write(`${tableOf(figures, facts)}\n`)
if (values.document) {
  const file = join(resolve(import.meta.dirname, '../..'), 'docs/performance.md')
  writeFileSync(file, withFigures(readFileSync(file, 'utf8'), tableOf(figures, facts)))
}
