/**
 * The rules of .dependency-cruiser.cjs bite: a small tree with one planted violation per rule, and beside it every
 * import that the table "Folders" of docs/architecture.md allows. Exactly the planted ones are reported.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cruise, type ICruiseResult, type IForbiddenRuleType } from 'dependency-cruiser'
import extractTypeScriptConfiguration from 'dependency-cruiser/config-utl/extract-ts-config'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const rules = createRequire(import.meta.url)(join(root, '.dependency-cruiser.cjs')) as {
  readonly forbidden: readonly IForbiddenRuleType[]
  readonly options: Readonly<Record<string, unknown>>
}

/** file → imported file → the rules that must report it, in alphabetical order; none where it is allowed. */
const plan: readonly (readonly [from: string, to: string, rules: readonly string[]])[] = [
  ['src/voucher/decide.ts', 'src/voucher/money.ts', []],
  ['src/voucher/decide.ts', 'src/sync/protocol/terms.ts', ['voucher-imports-nothing-of-ours']],
  ['src/voucher/decide.ts', 'node:fs', ['voucher-has-no-world']],
  ['src/voucher/cards/ntag424.ts', 'node:crypto', []],
  ['src/sync/engine/drain.ts', 'src/voucher/money.ts', []],
  ['src/sync/engine/drain.ts', 'src/drivers/ports.ts', ['sync-imports-voucher-only']],
  ['src/sync/engine/drain.ts', 'node:fs', []],
  ['src/drivers/printer/escpos.ts', 'src/drivers/ports.ts', []],
  ['src/drivers/printer/escpos.ts', 'src/voucher/money.ts', ['drivers-import-nothing-of-ours']],
  ['src/terminal/core/main.ts', 'src/voucher/money.ts', []],
  ['src/terminal/core/main.ts', 'src/sync/engine/drain.ts', []],
  ['src/terminal/core/main.ts', 'src/drivers/ports.ts', []],
  ['src/terminal/core/main.ts', 'src/drivers/host/client.ts', []],
  ['src/terminal/core/main.ts', 'src/drivers/printer/document.ts', []],
  ['src/terminal/core/main.ts', 'src/drivers/host/serve.ts', ['terminal-imports-drivers-by-their-ports']],
  ['src/terminal/core/main.ts', 'src/drivers/printer/escpos.ts', ['terminal-imports-drivers-by-their-ports']],
  ['src/terminal/core/main.ts', 'ledger-sim/main.ts', ['terminal-imports-drivers-by-their-ports']],
  [
    'src/terminal/core/main.ts',
    'test/checker/main.ts',
    ['product-imports-no-tests-or-tools', 'terminal-imports-drivers-by-their-ports'],
  ],
  ['src/terminal/contract/snapshot.ts', 'node:crypto', ['contract-needs-no-node']],
  ['src/terminal/ui/till.tsx', 'src/terminal/contract/commands.ts', []],
  ['src/terminal/ui/till.tsx', 'src/terminal/core/main.ts', ['ui-imports-the-contract-only']],
  ['src/terminal/ui/till.tsx', 'src/voucher/money.ts', ['ui-imports-the-contract-only']],
  ['ledger-sim/main.ts', 'src/voucher/money.ts', []],
  ['ledger-sim/main.ts', 'src/sync/protocol/terms.ts', []],
  ['ledger-sim/main.ts', 'src/sync/engine/drain.ts', ['ledger-imports-voucher-and-protocol']],
  ['ledger-sim/payments/pay.ts', 'ledger-sim/agency-registry/people.ts', ['ledger-never-sees-the-agency-registry']],
  [
    'ledger-sim/agency-registry/people.ts',
    'ledger-sim/accounts/account.ts',
    ['agency-registry-sees-nothing-of-the-ledger'],
  ],
  ['hardware-mocks/card/card.ts', 'hardware-mocks/event-log.ts', []],
  ['hardware-mocks/card/card.ts', 'type src/drivers/ports.ts', []],
  ['hardware-mocks/card/reader.ts', 'src/drivers/ports.ts', ['hardware-mocks-import-ports-as-types']],
  ['hardware-mocks/card/card.ts', 'type src/voucher/money.ts', ['hardware-mocks-import-port-types-only']],
  ['test/checker/main.ts', 'type src/voucher/money.ts', ['checker-imports-nothing-of-the-product']],
  ['test/checker/main.ts', 'hardware-mocks/event-log.ts', []],
  ['test/unit/any.test.ts', 'src/terminal/core/main.ts', []],
  // A cycle is reported once, at the first of its imports.
  ['src/sync/journal/rows.ts', 'src/sync/journal/lanes.ts', []],
  ['src/sync/journal/lanes.ts', 'src/sync/journal/rows.ts', ['no-circular-imports']],
  ['src/sync/journal/rows.ts', 'src/sync/journal/absent.ts', ['no-unresolvable-imports']],
]

let tree = ''
const reported = new Map<string, string[]>()

function importLine(from: string, target: string): string {
  const kind = target.startsWith('type ') ? 'import type' : 'import'
  const path = target.replace('type ', '')
  const climbed = '../'.repeat(from.split('/').length - 1)
  const source = path.startsWith('node:') ? path : climbed + path
  return `${kind} { value as value${path.replace(/\W/g, '')} } from '${source}'`
}

beforeAll(async () => {
  tree = mkdtempSync(join(tmpdir(), 'tolem-boundaries-'))
  writeFileSync(join(tree, 'tsconfig.json'), JSON.stringify({ extends: join(root, 'tsconfig.json'), include: ['.'] }))
  const sources = new Map<string, string>()
  for (const [from, to] of plan) {
    const path = to.replace('type ', '')
    if (!path.startsWith('node:') && !path.includes('absent')) sources.set(path, sources.get(path) ?? '')
    sources.set(from, `${sources.get(from) ?? ''}${importLine(from, to)}\n`)
  }
  for (const [path, source] of sources) {
    mkdirSync(join(tree, dirname(path)), { recursive: true })
    const used = [...source.matchAll(/as (\w+)/g)].map((match) => match[1])
    writeFileSync(
      join(tree, path),
      `${source}export type value = number\nexport const value = [${used.join(', ')}].length\n`,
    )
  }
  const found = await cruise(
    ['src', 'ledger-sim', 'hardware-mocks', 'test'],
    {
      ...rules.options,
      baseDir: tree,
      ruleSet: { forbidden: [...rules.forbidden] },
      validate: true,
      outputType: 'json',
    },
    undefined,
    { tsConfig: extractTypeScriptConfiguration(join(tree, 'tsconfig.json')) },
  )
  const result = (typeof found.output === 'string' ? JSON.parse(found.output) : found.output) as ICruiseResult
  for (const violation of result.summary.violations) {
    const key = `${violation.from} → ${violation.to.replace(/^.*absent\.ts$/, 'src/sync/journal/absent.ts')}`
    reported.set(key, [...new Set([...(reported.get(key) ?? []), violation.rule.name])].toSorted())
  }
}, 60_000)

afterAll(() => rmSync(tree, { recursive: true, force: true }))

describe('boundaries', () => {
  test.each(plan)('%s → %s: %j', (from, to, expected) => {
    const target = to.replace('type ', '').replace('node:', '')
    expect(reported.get(`${from} → ${target}`) ?? []).toEqual(expected)
  })

  test('nothing else is reported', () => {
    const planted = new Set(plan.map(([from, to]) => `${from} → ${to.replace('type ', '').replace('node:', '')}`))
    expect([...reported.keys()].filter((key) => !planted.has(key))).toEqual([])
  })

  test('every rule has a planted violation', () => {
    const bitten = new Set(plan.flatMap(([, , names]) => names))
    expect(rules.forbidden.map((rule) => rule.name).filter((name) => !bitten.has(name ?? ''))).toEqual([])
  })
})
