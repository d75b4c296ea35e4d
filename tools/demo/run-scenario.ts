/**
 * Plays one story on the real processes of `npm start`, stops them, and lets those judge it who know nothing of it: the
 * ledger's own audit and the independent checker (test/checker), over what lies on the disk.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, parse, relative, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Report } from '../../test/checker/check-run.ts'
import { startWorld, type TillPlace, type World } from '../world.ts'
import { AgencyOffice } from './agency-office.ts'
import { startClockService } from './clock-service.ts'
import { Counter } from './counter.ts'
import { filesWithUids } from './privacy.ts'
import type { Ending, Scenario, Stage } from './scenario.ts'

const root = resolve(import.meta.dirname, '..', '..')

export interface Run {
  readonly name: string
  /** Its data; emptied before. */
  readonly data: string
  readonly anchorFolder: string
  /** Where the receipts are copied to; the pictures that were there are removed. */
  readonly receipts: string
  readonly say: Stage['say']
}

export interface Judged {
  /** The story's last line. */
  readonly summary: Readonly<Record<string, unknown>>
  /** Sentences about what is not as it should be. */
  readonly problems: readonly string[]
  readonly report: Report
}

/** Rejects when the story could not be played to its end. */
export async function runScenario(scenario: Scenario, run: Run): Promise<Judged> {
  const { data } = run
  rmSync(data, { recursive: true, force: true })
  const clock = await startClockService(scenario.startsAt)
  const places: TillPlace[] = []
  const problems: string[] = []
  let world: World | undefined
  let ending: Ending
  try {
    world = await startWorld({ data, anchorFolder: run.anchorFolder, clockUrl: clock.url, syncIntervalMs: 1_000 })
    const counters: Counter[] = []
    const openCounter = async (place: TillPlace): Promise<Counter> => {
      places.push(place)
      const counter = await Counter.open(place)
      counters.push(counter)
      return counter
    }
    const { openTill } = world
    ending = await scenario.play({
      world,
      clock,
      counter: await openCounter(world),
      agency: new AgencyOffice(world, clock),
      openCounter: async (enrolmentCode) => openCounter(await openTill(enrolmentCode)),
      say: run.say,
    })
    for (const { till } of counters) till.close()
    for (const part of world.processes) if (/^till\b/.test(part.name)) await part.stop()
    if (ending.afterwards !== undefined) {
      const before = auditLedger(data)
      problems.push(...(await ending.afterwards()))
      if (!isDeepStrictEqual(auditLedger(data), before))
        problems.push('what came after the tills had stopped changed the ledger')
    }
  } finally {
    await world?.stop()
    clock.close()
  }
  const exposed = filesWithUids([...places.map(({ folders }) => folders.till), world.folders.ledger], uidsIn(world))
  if (exposed.length > 0) problems.push(`card UIDs lie in ${exposed.join(', ')}`)
  return judge(ending, run, places, problems)
}

function judge(ending: Ending, run: Run, places: readonly TillPlace[], soFar: readonly string[]): Judged {
  const problems = [...soFar]
  const audit = auditLedger(run.data)
  const report = runJson('test/checker/main.ts', ['--data', run.data, '--json']) as unknown as Report
  const { settled, lost, duplicates, totals } = report
  const balanced = audit['balanced'] === true && report.balanced
  if (settled !== ending.settled) problems.push(`${settled} settled of ${ending.settled} approved`)
  const { tills, allowances } = totals
  if (!isDeepStrictEqual({ tills, allowances }, ending.totals))
    problems.push(`the totals are ${JSON.stringify({ tills, allowances })}, not ${JSON.stringify(ending.totals)}`)
  if (!report.passed || lost.length > 0 || duplicates.length > 0 || !balanced)
    problems.push('the independent checker found fault')
  const summary = {
    scenario: run.name,
    ...ending.figures(report),
    settled,
    duplicates: duplicates.length,
    lost: lost.length,
    ledger: { balanced },
    totals,
    receipts: copyReceipts(places, run.receipts),
  }
  return { summary, problems, report }
}

function auditLedger(data: string): Readonly<Record<string, unknown>> {
  return runJson('ledger-sim/main.ts', ['audit', '--data', join(data, 'ledger'), '--json'])
}

/** The last line of a program's output, parsed. A program that finds fault says so in that line, too. */
function runJson(program: string, programArguments: readonly string[]): Readonly<Record<string, unknown>> {
  const run = spawnSync(process.execPath, [join(root, program), ...programArguments], { encoding: 'utf8' })
  const line = run.stdout.trim().split('\n').at(-1) ?? ''
  if (!line.startsWith('{')) throw new Error(`${program} said nothing that can be read: ${run.stderr}`)
  return JSON.parse(line) as Record<string, unknown>
}

/** Of every card in the box, those of the story among them. */
function uidsIn({ folders }: World): readonly string[] {
  const register = readFileSync(join(folders.hardware, 'cards', 'register.json'), 'utf8')
  return (JSON.parse(register) as { uid: string }[]).map(({ uid }) => uid)
}

/**
 * @returns their paths from the root of the project; those of a second printer begin with its till, and the blank piece
 * that a printer may leave when it is switched off is not among them
 */
function copyReceipts(places: readonly TillPlace[], receipts: string): readonly string[] {
  mkdirSync(receipts, { recursive: true })
  for (const old of readdirSync(receipts)) if (old.endsWith('.png')) rmSync(join(receipts, old))
  return places.flatMap(({ folders }, index) => {
    const slips = join(folders.hardware, 'slips')
    if (!existsSync(slips)) return []
    const isBlank = (name: string): boolean =>
      readFileSync(join(slips, `${parse(name).name}.txt`), 'utf8').trim() === ''
    const pictures = readdirSync(slips).filter((name) => name.endsWith('.png') && !isBlank(name))
    return pictures.toSorted().map((name) => {
      const copy = join(receipts, index === 0 ? name : `till-${index + 1}-${name}`)
      copyFileSync(join(slips, name), copy)
      return relative(root, copy)
    })
  })
}
