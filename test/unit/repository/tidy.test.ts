/** The whole tree is tidy, and every rule of tidy-rules.ts finds what it is there for. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { fileLinesMax, findingsIn, idleExceptions, rules } from './tidy-rules.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const ignored = readFileSync(join(root, '.gitignore'), 'utf8')
  .split('\n')
  .filter((line) => line.endsWith('/'))
  .map((line) => line.slice(0, -1))
const skipped = new Set([...ignored, '.git'])

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name)
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : filesBelow(path)
    return entry.isFile() ? [path] : []
  })
}

const files = filesBelow('')
const read = (path: string): string | null =>
  existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : null

describe('the tree', () => {
  test('is tidy', () => {
    expect(files).toContain('package.json')
    const findings = files
      .filter((path) => /\.\w+$|^\.ci\/run$/.test(path))
      .flatMap((path) => findingsIn(path, read(path) ?? ''))
    expect([...findings, ...idleExceptions(read)].join('\n')).toBe('')
  })

  test('holds no lock entry that names a host, and one integrity for every package', () => {
    const lock = JSON.parse(read('package-lock.json') ?? '{}') as {
      packages: Record<string, { resolved?: string; integrity?: string; link?: boolean }>
    }
    const wrong = Object.entries(lock.packages)
      .filter(([path]) => path.startsWith('node_modules/'))
      .filter(([, entry]) => entry.resolved?.includes('://') === true || (entry.link !== true && !entry.integrity))
    expect(wrong.map(([path]) => path)).toEqual([])
  })

  test('has no document that links to a file that is not there', () => {
    const broken = files
      .filter((path) => path.endsWith('.md'))
      .flatMap((path) =>
        [...(read(path) ?? '').matchAll(/\]\((?!https?:|#|mailto:)([^)\s#]+)/g)]
          .map((match) => posix.join(posix.dirname(path), match[1] ?? ''))
          .filter((target) => !existsSync(join(root, target)))
          .map((target) => `${path} → ${target}`),
      )
    expect(broken).toEqual([])
  })

  test('names one version of Node everywhere', () => {
    const version = read('.nvmrc')?.trim()
    const manifest = JSON.parse(read('package.json') ?? '{}') as { optionalDependencies: Record<string, string> }
    expect(new Set(Object.values(manifest.optionalDependencies))).toEqual(new Set([version]))
  })
})

describe('every rule', () => {
  const planted: readonly (readonly [rule: string, path: string, line: string])[] = [
    ['real clock', 'src/sync/engine/drain.ts', 'const at = Date.now()'],
    ['real clock', 'ledger-sim/leases/lease.ts', 'const at = new Date()'],
    ['real randomness', 'src/terminal/payment/machine.ts', 'const id = crypto.randomUUID()'],
    ['Math.random', 'test/property/decide.test.ts', 'const amount = Math.random()'],
    ['timer in pure code', 'src/voucher/decide.ts', 'setTimeout(next, 10)'],
    ['SQLite opened', 'src/terminal/core/main.ts', "import Database from 'better-sqlite3'"],
    ['SQL of SQLite alone', 'ledger-sim/store/migrations.ts', "select json_extract(terms, '$.saleHash') from tender"],
    ['SQL of SQLite alone', 'ledger-sim/schemes/hotlist.ts', 'sql`select strftime(at) from hotlist`'],
    ['SQL of SQLite alone', 'ledger-sim/schemes/slots.ts', 'sql`select ifnull(amount, 0) from slot`'],
    ['SQL of SQLite alone', 'ledger-sim/accounts/holds.ts', 'sql`INSERT OR REPLACE INTO hold`'],
    ['SQL of SQLite alone', 'ledger-sim/schemes/bridges.ts', 'sql`select min(lent, room) from slot`'],
    ['pragma', 'ledger-sim/monitoring/readiness.ts', "file.pragma('quick_check')"],
    ['floating point near money', 'src/voucher/money.ts', 'return parseFloat(text)'],
    ['left-over mark', 'docs/cashier.md', 'TODO: say more'],
    ['focused test', 'test/unit/any.test.ts', "test.only('one', () => {})"],
    ['machine path', 'docs/integrator.md', 'data in /home/somebody/tolem'],
    ['machine path', 'test/unit/any.test.ts', "const folder = '/tmp/tolem'"],
    ['registry host', '.npmrc', 'registry=https://packages.example'],
    ['registry host', 'package-lock.json', '      "resolved": "https://packages.example/a.tgz",'],
    ['package host', 'docs/evidence/set-up.md', 'Failed to fetch from deb.debian.org'],
  ]

  test.each(planted)('%s, planted in %s: %s', (rule, path, line) => {
    expect(findingsIn(path, `${line}\n`)).toEqual([expect.stringMatching(new RegExp(`^${path}:1: ${rule} `))])
  })

  test('is planted above', () => {
    const names = new Set(planted.map(([rule]) => rule))
    expect(rules.map((rule) => rule.name).filter((name) => !names.has(name))).toEqual([])
  })

  test('and the two lengths', () => {
    expect(findingsIn('src/a.ts', `// ${'x'.repeat(118)}\n`)).toHaveLength(1)
    expect(findingsIn('src/a.ts', `// ${'x'.repeat(117)}\n`)).toHaveLength(0)
    expect(findingsIn('src/a.ts', '\n'.repeat(fileLinesMax + 1))).toHaveLength(1)
    expect(findingsIn('src/a.ts', '\n'.repeat(fileLinesMax))).toHaveLength(0)
  })

  test('leaves what is allowed alone', () => {
    expect(findingsIn('src/sync/journal/open.ts', "import Database from 'better-sqlite3'\n")).toEqual([])
    expect(findingsIn('test/property/any.test.ts', 'const seed = Math.floor(Math.random() * 2 ** 31)\n')).toEqual([])
    expect(findingsIn('test/integration/wait.test.ts', 'const until = Date.now() + 1_000\n')).toEqual([])
    expect(findingsIn('ledger-sim/schemes/bridges.ts', 'Math.max(a, b) + min(amount) || max(sum(a))\n')).toEqual([])
    expect(findingsIn('src/voucher/window.ts', 'new Date(instant)\n')).toEqual([])
    expect(findingsIn('docs/integrator.md', 'GET http://127.0.0.1/tmp/x and ./work/x\n')).toEqual([])
  })
})
