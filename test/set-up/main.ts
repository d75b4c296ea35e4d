/**
 * `npm run setup-check -- [--case TEXT] [--whole] [--document] [--json]`: tries both README commands on every machine
 * of the set-up matrix (cases.ts), one case after the other. `--case` plays those whose name contains TEXT; `--whole`
 * plays the whole of `npm test`, not its short part; `--document` puts each case's row into docs/evidence/set-up.md.
 * With `--json`, one line per case and a last one with the figures. Exit code 0 only when every case ended as it must.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { askedOf } from '../../tools/arguments.ts'
import { commitOf } from '../../tools/commit.ts'
import { cases, type SetUpCase } from './cases.ts'
import { judge, lastLines, type Ending } from './judge.ts'
import { play, whyNoCases } from './machine.ts'

/** An installation with an empty cache over a slow network is the longest. */
const limitSeconds = 420
const wholeLimitSeconds = 3_600

const { values } = askedOf('Use: npm run setup-check -- [--case TEXT] [--whole] [--document] [--json]', {
  options: {
    case: { type: 'string', default: '' },
    whole: { type: 'boolean', default: false },
    document: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const say = (text: string): void => void process.stderr.write(`${text}\n`)
const fail = (sentence: string): never => {
  say(`tolem: ${sentence}`)
  process.exit(2)
}

const chosen = cases.filter(({ name }) => name.includes(values.case))
if (chosen.length === 0) fail(`no case is called "${values.case}". There are:\n  ${cases.map(nameOf).join('\n  ')}`)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))
const whyNot = whyNoCases()
if (whyNot !== null) fail(`${whyNot}.`)

interface Row {
  readonly one: SetUpCase
  readonly ending: Ending
  readonly wrong: readonly string[]
}
const commit = commitOf(import.meta.dirname)
const introduction = `# Evidence: the set-up

Both README commands on every machine that the matrix names (test/set-up/cases.ts): each case ends in working, or by
itself with a sentence that holds the remedy. None may ask, hang, show a stack trace, or leave a process behind.
"Works" for \`npm start\`: one ready line, the till answers 200, SIGTERM leaves nothing. For \`npm test\`: code 0, and
exactly what the machine lacks is left out, said aloud; where the row does not say "whole", it is the set-up and one
test file for each need. Node 18 and 12 come with the npm that Debian 12 and Ubuntu 22.04 have beside them. Each row
was written by

\`\`\`
npm run setup-check -- --document --json
\`\`\`

(\`--whole\` for all of \`npm test\`, \`--case TEXT\` for some rows only).

| case | must | ended | took | commit | date |
|---|---|---|---|---|---|
`
const rows: Row[] = []
for (const one of chosen) {
  const isWhole = values.whole && one.command === 'test'
  const ending = await play(one, {
    part: isWhole ? 'whole' : 'short',
    limitSeconds: isWhole ? wholeLimitSeconds : limitSeconds,
  })
  const wrong = judge(one, ending)
  rows.push({ one, ending, wrong })
  say(`${wrong.length === 0 ? 'ok    ' : 'FAILED'} ${one.name} (${ending.seconds} s): ${endOf({ one, ending, wrong })}`)
  for (const sentence of wrong) say(`         ${sentence}`)
  if (wrong.length > 0) say(lastLines(ending.output, 30).join('\n').replaceAll(/^/gm, '       | '))
  if (values.document) document({ one, ending, wrong })
  const { exitCode, seconds, output } = ending
  const line = { case: one.name, passed: wrong.length === 0, ends: one.ends.how, exitCode, seconds, wrong }
  if (values.json) process.stdout.write(`${JSON.stringify({ ...line, lastLines: lastLines(output, 5) })}\n`)
}
const failed = rows.filter(({ wrong }) => wrong.length > 0).length
if (values.json)
  process.stdout.write(`${JSON.stringify({ cases: rows.length, failed, whole: values.whole, commit })}\n`)
process.exitCode = failed === 0 ? 0 : 1

function nameOf({ name }: SetUpCase): string {
  return name
}

/** How it ended, in the command's own words where it has any. */
function endOf({ one, ending, wrong }: Row): string {
  if (wrong.length > 0) return `**not as it must**: ${wrong.join('; ')}`
  const lines = lastLines(ending.output)
  if (one.ends.how === 'works') return one.command === 'start' ? 'works' : `works: ${lines.at(-1)}`
  const at = lines.findLastIndex((line) => /Remedy: |cannot be (built|written)|is full/.test(line))
  const from = lines[at]?.trim().startsWith('Remedy') ? at - 1 : at
  return (
    lines
      .slice(from, at + 1)
      .map((line) => line.trim())
      .join(' ')
      .replaceAll(/\/\S*tolem-set-up-\w+/g, '…')
      // Where this machine has its packages from is nobody's business.
      .replaceAll(/https?:\/\/(?!127\.0\.0\.1)\S+|'[\w.-]+\.(?:org|com|net)'/g, '…')
  )
}

/** The rows of the document as it is, with this one in place of the case's earlier one; in the order of the matrix. */
function document(row: Row): void {
  const { one, ending } = row
  const file = join(import.meta.dirname, '..', '..', 'docs', 'evidence', 'set-up.md')
  const kept = new Map<string, string>()
  for (const line of existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []) {
    const name = /^\| ((?:start|test): .*?) \| /.exec(line)?.[1]
    if (name !== undefined) kept.set(name, line)
  }
  const part = one.command === 'test' && values.whole ? ' (whole)' : ''
  const date = new Date().toISOString().slice(0, 10)
  const cells = [one.name, one.ends.how, endOf(row).replaceAll('|', '\\|') + part, `${ending.seconds} s`, commit, date]
  kept.set(one.name, `| ${cells.join(' | ')} |`)
  const table = cases.flatMap(({ name }) => kept.get(name) ?? [])
  writeFileSync(file, `${introduction}${table.join('\n')}\n`)
}
