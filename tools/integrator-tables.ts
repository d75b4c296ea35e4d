/**
 * `npm run integrator-tables`: writes into docs/integrator.md, between its marks, which operations each role may ask
 * and what each problem means. A unit test fails when the document says otherwise.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { roles, type Operation } from '../ledger-sim/http/operation.ts'
import { whatToDo } from '../ledger-sim/http/openapi.ts'
import { problemOf } from '../ledger-sim/http/problems.ts'
import { operations } from '../ledger-sim/operations.ts'
import { problemCodes, problemMeanings } from '../src/sync/protocol/problems.ts'
import { askedOf } from './arguments.ts'

const end = '<!-- end -->'
const beginOf = (name: 'roles' | 'problems'): string => `<!-- ${name}: npm run integrator-tables -->`

/** The document as it must be, by the operations and problems that the code has. */
export function integratorDocument(document: string): string {
  const withRoles = between(document, beginOf('roles'), roleTables())
  return between(withRoles, beginOf('problems'), problemTable())
}

function roleTables(): string {
  const ofRoles = roles.map((role) =>
    roleTable(
      `<code>${role}</code>`,
      operations.filter((operation) => operation.roles.includes(role)),
    ),
  )
  const ofAnyone = operations.filter((operation) => operation.roles === 'anyone')
  return [...ofRoles, roleTable('without any key', ofAnyone)].join('\n\n')
}

/** A long list folds away: a reader has one role. */
function roleTable(who: string, own: readonly Operation[]): string {
  const rows = [...Map.groupBy(own, ({ tag }) => tag)].flatMap(([tag, ofTag]) => [
    `| **${tag}** | |`,
    ...ofTag.map(({ method, path, summary }) => `| \`${method} ${path}\` | ${summary} |`),
  ])
  return [
    `<details><summary>${who}: ${own.length} operations</summary>`,
    '',
    '| operation | what it does |',
    '|---|---|',
    ...rows,
    '',
    '</details>',
  ].join('\n')
}

function problemTable(): string {
  return [
    '| problem | status | means | what to do |',
    '|---|---|---|---|',
    ...problemCodes.map(
      (code) => `| \`${code}\` | ${problemOf(code).status} | ${problemMeanings[code].means} | ${whatToDo(code)} |`,
    ),
  ].join('\n')
}

function between(document: string, begin: string, text: string): string {
  const [before, after, ...more] = document.split(`${begin}\n`)
  const from = after?.indexOf(end) ?? -1
  if (before === undefined || after === undefined || from < 0 || more.length > 0)
    throw new Error(`the document has lost its marks: ${begin} … ${end}`)
  return `${before}${begin}\n${text}\n${after.slice(from)}`
}

if (import.meta.main) {
  askedOf('Use: npm run integrator-tables', {})
  const file = join(import.meta.dirname, '../docs/integrator.md')
  writeFileSync(file, integratorDocument(readFileSync(file, 'utf8')))
}
