/**
 * `npm run demo`: plays the story of a school day against the real processes and lets the independent checker judge.
 *
 *     npm run demo -- [--json] [--name NAME]
 *
 * Leaves its data in `out/demo/NAME/`, the receipts in `out/receipts/`. Exit code 1 when anything is not as it
 * should be.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { askedOf } from './arguments.ts'
import { startClockService } from './demo/clock-service.ts'
import { deliverLateMessages } from './demo/late-messages.ts'
import { PanelClient } from './demo/panel-client.ts'
import { filesWithUids } from './demo/privacy.ts'
import { playSchoolDay } from './demo/story.ts'
import { TillClient } from './demo/till-client.ts'
import { startWorld } from './world.ts'

const { values } = askedOf('Use: npm run demo -- [--json] [--name NAME]', {
  options: { json: { type: 'boolean', default: false }, name: { type: 'string', default: 'school-day' } },
})
/** Of the independent checker's report, what the summary repeats. */
interface CheckerReport {
  readonly passed: boolean
  readonly lost: readonly unknown[]
  readonly duplicates: readonly unknown[]
  readonly settled: number
  readonly balanced: boolean
  readonly tenders: { readonly settledByQr: number }
}

/** Monday, 23 November 2026, noon in Almaty. */
const noon = Date.UTC(2026, 10, 23, 7)
const root = resolve(import.meta.dirname, '..')
const data = join(root, 'out', 'demo', values.name)
const receipts = join(root, 'out', 'receipts')
if (!/^[a-z0-9-]{1,40}$/.test(values.name)) throw new Error('--name takes small letters, digits and hyphens')

const say = (line: string): void => void process.stderr.write(`  ${line}\n`)
const problems: string[] = []

rmSync(data, { recursive: true, force: true })
const clock = await startClockService(noon)
const world = await startWorld({
  data,
  anchorFolder: join(root, 'out', 'demo', `${values.name}-anchors`),
  clockUrl: clock.url,
  syncIntervalMs: 1_000,
})
let story
let late
try {
  const till = await TillClient.connect(world.tillUrl)
  const panel = new PanelClient(world.panelUrl)
  story = await playSchoolDay({ world, till, panel, say })
  till.close()
  const shell = world.processes.find((part) => part.name === 'till')
  await shell?.stop()
  const before = JSON.stringify(auditLedger())
  late = await deliverLateMessages(world.folders.till, world.ledgerUrl, clock.now, story.cancelledTender)
  if (late.wrong.length > 0) problems.push(`delivered again: ${late.wrong.join('; ')}`)
  if (late.lateRequest !== 'reversed_before_arrival') problems.push(`the late request was answered ${late.lateRequest}`)
  if (JSON.stringify(auditLedger()) !== before) problems.push('late messages changed the ledger')
  say(
    `${late.deliveredAgain} deliveries of what the ledger already had, and one request after its reversal: ` +
      'nothing changed.',
  )
} finally {
  await world.stop()
  clock.close()
}

const issued = JSON.parse(readFileSync(join(data, 'ledger', 'issuing', 'cards.json'), 'utf8')) as { uid: string }[]
const exposed = filesWithUids(
  [world.folders.till, world.folders.ledger],
  issued.map(({ uid }) => uid),
)
if (exposed.length > 0) problems.push(`card UIDs lie in ${exposed.join(', ')}`)

const audit = auditLedger()
const check = runJson('test/checker/main.ts', ['--data', data, '--json']) as unknown as CheckerReport
const summary = {
  online: { approved: story.onlineApproved },
  offline: { approved: story.offlineApproved, refused: story.refused },
  /** Of `settled`, what wallets paid; and what came back to them. */
  qr: { settled: check.tenders.settledByQr, paidBack: story.paidBack },
  settled: check.settled,
  duplicates: check.duplicates.length,
  lost: check.lost.length,
  ledger: { balanced: audit['balanced'] === true && check.balanced },
  receipts: copyReceipts(),
}
if (summary.settled !== summary.online.approved + summary.offline.approved)
  problems.push(`${summary.settled} settled of ${summary.online.approved + summary.offline.approved} approved`)
if (!check.passed || summary.lost !== 0 || summary.duplicates !== 0 || !summary.ledger.balanced)
  problems.push('the independent checker found fault')

process.stderr.write(
  `\n${summary.online.approved} payments online, ${summary.offline.approved} offline, ${summary.settled} settled, ` +
    `${summary.qr.settled} of them by QR; ` +
    `${summary.lost} lost, ${summary.duplicates} charged twice; ` +
    `the ledger ${summary.ledger.balanced ? 'balances' : 'DOES NOT BALANCE'}.\n` +
    `${summary.receipts.length} receipts in out/receipts/, all data in out/demo/${values.name}/.\n`,
)
for (const problem of problems) process.stderr.write(`NOT AS IT SHOULD BE: ${problem}\n`)
if (values.json) process.stdout.write(`${JSON.stringify(summary)}\n`)
process.exitCode = problems.length === 0 ? 0 : 1

function auditLedger(): Record<string, unknown> {
  return runJson('ledger-sim/main.ts', ['audit', '--data', join(data, 'ledger'), '--json'])
}

/** The last line of a program's output, parsed. A program that finds fault says so in that line, too. */
function runJson(program: string, programArguments: readonly string[]): Record<string, unknown> {
  const run = spawnSync(process.execPath, [join(root, program), ...programArguments], { encoding: 'utf8' })
  const line = run.stdout.trim().split('\n').at(-1) ?? ''
  if (!line.startsWith('{')) throw new Error(`${program} said nothing that can be read: ${run.stderr}`)
  return JSON.parse(line) as Record<string, unknown>
}

function copyReceipts(): string[] {
  const slips = join(data, 'hardware', 'slips')
  mkdirSync(receipts, { recursive: true })
  for (const old of readdirSync(receipts)) if (old.endsWith('.png')) rmSync(join(receipts, old))
  if (!existsSync(slips)) return []
  const pictures = readdirSync(slips).filter((name) => name.endsWith('.png'))
  return pictures.toSorted().map((name) => {
    copyFileSync(join(slips, name), join(receipts, name))
    return join('out', 'receipts', name)
  })
}
