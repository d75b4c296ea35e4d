/**
 * `npm run integrator-tables`: writes into docs/integrator.md, between its marks, what the code knows: which operations
 * each role may ask, what each problem means, what is signed, why money moves, how long lists are, with which codes the
 * first key is refused. A unit test fails when the document says otherwise.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { transferMeanings } from '../ledger-sim/accounts/transfer-kinds.ts'
import { roles, type Operation } from '../ledger-sim/http/operation.ts'
import { whatToDo } from '../ledger-sim/http/openapi.ts'
import { problemOf } from '../ledger-sim/http/problems.ts'
import { operations } from '../ledger-sim/operations.ts'
import { keyCommandCodes } from '../ledger-sim/start-failure.ts'
import { signatureProfile } from '../src/sync/protocol/http-signature.ts'
import { problemCodes, problemMeanings } from '../src/sync/protocol/problems.ts'
import { askedOf } from './arguments.ts'

const end = '<!-- end -->'

/** By the name of its mark. */
const tables = {
  roles: roleTables,
  problems: problemTable,
  signatures: signatureTable,
  kinds: kindTable,
  pages: pageTable,
  'key-codes': keyCodes,
} as const
const beginOf = (name: string): string => `<!-- ${name}: npm run integrator-tables -->`

/** The document as it must be, by what the code has. */
export function integratorDocument(document: string): string {
  return Object.entries(tables).reduce((text, [name, table]) => between(text, beginOf(name), table()), document)
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

function signatureTable(): string {
  const { label, request, answers } = signatureProfile
  const rows = [
    ['a request, also the one to your webhook', request],
    ['the answer to a request that was signed', answers.signature],
    ['the answer to a request with a token', answers.token],
  ] as const
  return [
    '| message | label | `tag` | covered, in this order |',
    '|---|---|---|---|',
    ...rows.map(([message, { tag, components }]) => {
      const covered = components.slice(1, -1).split(' ')
      return `| ${message} | \`${label}\` | \`${tag}\` | ${covered.map((one) => `\`${one}\``).join(' ')} |`
    }),
  ].join('\n')
}

function kindTable(): string {
  return [
    '| `kind`, `movement` | what happened |',
    '|---|---|',
    ...Object.entries(transferMeanings).map(([kind, means]) => `| \`${kind}\` | ${means} |`),
  ].join('\n')
}

/** Every list that takes a `limit`. */
function pageTable(): string {
  const rows = operations.flatMap(({ method, path, requestSchema }) => {
    const { properties = {} } = z.toJSONSchema(requestSchema, { io: 'input', unrepresentable: 'any' })
    const limit = method === 'GET' ? properties['limit'] : undefined
    if (typeof limit !== 'object') return []
    return [`| \`${method} ${path}\` | ${String(limit.default)} | ${String(limit['x-maximum'])} |`]
  })
  return ['| list | without `limit` | at most |', '|---|---|---|', ...rows.toSorted()].join('\n')
}

function keyCodes(): string {
  return keyCommandCodes.map((code) => `\`${code}\``).join(' · ')
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
