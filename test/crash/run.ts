/**
 * The crash run (docs/design/06-crash-proof.md): chapters of customers at one till, whose core is killed at every named
 * point and at random moments, each chapter judged by the independent checker from what lies on the disk.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { z } from 'zod'
import { Cashier } from './cashier.ts'
import { writeClaims } from './claims.ts'
import type { PlantedBugName } from './planted-bugs.ts'
import { points, type Point } from './points.ts'
import { SeededRandom } from '../simulation/random.ts'
import { openStage, type Kill, type Stage } from './stage.ts'
import { visits, type CardKind, type Visit, type VisitName } from './visits.ts'

export interface CrashOptions {
  readonly kills: number
  readonly seed: string
  /** Data of the chapters. */
  readonly folder: string
  readonly bug?: PlantedBugName
  /** Only these points, for a test of one of them. */
  readonly only?: readonly Point[]
  /** How long the till may take at the end of a chapter until nothing waits any more; 60 s. */
  readonly drainWithinMs?: number
  readonly say?: (line: string) => void
}

export interface CrashReport {
  readonly kills: number
  readonly killsByPoint: Readonly<Record<string, number>>
  /** Named points that the run was to reach. */
  readonly points: number
  readonly neverReached: readonly string[]
  readonly deviceHostKills: number
  /** Ends of the core that nobody ordered: each is a fault, since the run's own retries hide what it was about. */
  readonly ownDeaths: number
  /** Handed over, however they were paid; by what is told by the next three (cashier.ts). */
  readonly sales: number
  readonly paidByCard: number
  readonly paidOffline: number
  readonly paidInCash: number
  readonly lost: number
  readonly duplicated: number
  readonly unrecorded: number
  readonly balanced: boolean
  /** What else the checker or the cashier found, in words. Empty when all is well. */
  readonly faults: readonly string[]
  readonly readyMs: readonly number[]
}

/** A chapter is a world of its own: small enough to be judged in a second and to be looked at by a person. */
const killsPerChapter = 120
/** After the kills that were asked for, while there are points that were not reached. */
const furtherChapters = 3
/** A visit whose point is not passed has no kill. More of them than this, and something is wrong with the list. */
const visitsPerKillMax = 4
const afterVisitMsMax = 3_000
/** So often in one chapter, before others have their turn. */
const triesOfPointMax = 4
const drainWithinMsMax = 60_000
/** One visit in so many has its kill at a moment that nobody chose. */
const randomShare = 0.4
const randomDelayMsMax = 700

interface Chapter {
  readonly kills: readonly Kill[]
  readonly sold: Pick<CrashReport, 'sales' | 'paidByCard' | 'paidOffline' | 'paidInCash'>
  readonly deviceHostKills: number
  readonly ownDeaths: readonly string[]
  readonly coreStarts: number
  readonly verdict: Verdict
  readonly stuck: string | null
}

export async function crashRun(options: CrashOptions): Promise<CrashReport> {
  const { seed, folder, say = () => undefined } = options
  const wanted = options.only ?? points
  const unreached = new Set(wanted.map((point) => point.name))
  const chapters: Chapter[] = []
  const killed = (): number => chapters.reduce((sum, chapter) => sum + chapter.kills.length, 0)
  let attempts = 0
  // A run of fewer kills than there are points is not asked to reach them all.
  const isWhole = options.kills >= wanted.length
  while (killed() < options.kills || (isWhole && unreached.size > 0 && attempts < furtherChapters)) {
    const number = chapters.length + 1
    const left = options.kills - killed()
    // A run that has its kills goes on for a while for points that were not reached.
    if (left <= 0) attempts += 1
    const chapterFolder = join(folder, `chapter-${number}`)
    mkdirSync(chapterFolder, { recursive: true })
    const chance = new SeededRandom(`${seed}/${number}`)
    const goal = Math.min(killsPerChapter, left > 0 ? left : unreached.size)
    const chapter = await playChapter({ ...options, wanted, unreached, chance, goal, folder: chapterFolder })
    chapters.push(chapter)
    const { verdict } = chapter
    say(
      `chapter ${number}: ${chapter.kills.length} kills, ` +
        `${chapter.sold.sales} sales (${chapter.sold.paidByCard} by card), ${verdict.lost} lost, ` +
        `${verdict.duplicated} duplicated, ${verdict.unrecorded} unrecorded; ${unreached.size} points to go`,
    )
    if (!verdict.passed || faultsOfStage(chapter).length > 0) break
  }
  return summary(chapters, wanted, unreached)
}

interface ChapterOptions extends CrashOptions {
  readonly wanted: readonly Point[]
  readonly unreached: Set<string>
  readonly chance: SeededRandom
  readonly goal: number
}

async function playChapter(options: ChapterOptions): Promise<Chapter> {
  const { folder, chance, unreached, wanted, goal } = options
  const opening = wanted.filter((point) => point.opening).map(({ name }) => ({ point: name, pass: 1 }))
  const stage = await openStage(folder, options.bug ?? null, opening)
  const tries = new Map<string, number>()
  let visitsLeft = goal * visitsPerKillMax + 10
  let stuck: string | null = null
  let deviceHostKills = 0
  const cards = new CardsOfTheDay()
  const cashier = new Cashier(stage, join(folder, 'seen.jsonl'), (kind) => cards.next(kind))
  try {
    await opened(stage)
    stage.arm(null)
    for (const kill of stage.kills) unreached.delete(kill.point)
    // The run has failed with a core that died by itself: what comes after that is no longer of interest.
    while (stage.kills.length < goal && visitsLeft > 0 && stage.ownDeaths.length === 0) {
      visitsLeft -= 1
      const before = stage.kills.length
      const point = nextPoint(wanted, unreached, tries, chance)
      const name = point === undefined ? chance.pick(allVisits) : chance.pick(point.visits)
      const visit: Visit = visits[name]
      if (visit.nextDay === true || !cards.suffice) {
        if (visit.nextDay === true && point !== undefined) arm(stage, point, chance, unreached)
        await nextDay(stage)
        cards.renew()
      }
      if (point !== undefined && visit.nextDay !== true) arm(stage, point, chance, unreached)
      const timer = point === undefined ? killSometime(stage, chance) : undefined
      if (chance.chance(0.03)) {
        deviceHostKills += 1
        stage.killDeviceHost()
      }
      await cashier.serve(visit)
      clearTimeout(timer)
      // What is printed and sent afterwards passes its points when the customer has gone.
      const until = performance.now() + afterVisitMsMax
      while (point !== undefined && stage.kills.length === before && performance.now() < until) await stage.change(100)
      stage.arm(null)
      await running(stage)
      for (const kill of stage.kills.slice(before)) unreached.delete(kill.point)
    }
    await cashier.drain(options.drainWithinMs ?? drainWithinMsMax)
  } catch (error) {
    stuck = inspect(error)
  }
  await stage.stop()
  const { kills, ownDeaths, coreStarts, world } = stage
  const { folders } = world
  writeClaims(folders.till, join(folder, 'seen.jsonl'), join(folder, 'claims.json'))
  const { sales, paidByCard, paidOffline, paidInCash } = cashier
  const sold = { sales, paidByCard, paidOffline, paidInCash }
  return { kills, ownDeaths, coreStarts, sold, deviceHostKills, verdict: judge(folder), stuck }
}

/** What went wrong with the till itself, whatever became of the money. */
function faultsOfStage({ kills, ownDeaths, coreStarts, stuck }: Chapter): readonly string[] {
  const faults = ownDeaths.map((reason) => `the core ended by itself: ${reason}`)
  if (stuck !== null) return [...faults, `stuck: ${stuck}`]
  // The last of the cores was stopped in order; each of the others was killed.
  if (coreStarts - 1 !== kills.length) faults.push(`${coreStarts} starts of the core for ${kills.length} kills`)
  return faults
}

/** Points that were never reached come first, in an order of the seed's; then any, or a moment that nobody chose. */
function nextPoint(
  wanted: readonly Point[],
  unreached: ReadonlySet<string>,
  tries: Map<string, number>,
  chance: SeededRandom,
): Point | undefined {
  const possible = wanted.filter((point) => point.opening !== true)
  const left = possible.filter(({ name }) => unreached.has(name) && (tries.get(name) ?? 0) < triesOfPointMax)
  if (left.length === 0) return chance.chance(randomShare) ? undefined : chance.pick(possible)
  const point = chance.pick(left)
  tries.set(point.name, (tries.get(point.name) ?? 0) + 1)
  return point
}

function arm(stage: Stage, point: Point, chance: SeededRandom, unreached: ReadonlySet<string>): void {
  const pass = unreached.has(point.name) || chance.chance(0.7) ? 1 : 2
  if (point.first === undefined) return stage.arm({ point: point.name, pass })
  stage.armInTurn([
    { point: point.first, pass: 1 },
    { point: point.name, pass: 1 },
  ])
}

export function killSometime(stage: Stage, chance: SeededRandom): NodeJS.Timeout {
  return setTimeout(() => stage.killCore(), chance.between(0, randomDelayMsMax))
}

export async function running(stage: Stage): Promise<void> {
  while (stage.snapshot === undefined) await stage.change(100)
}

export async function opened(stage: Stage): Promise<void> {
  const until = performance.now() + 60_000
  while (stage.snapshot?.lights.network.level !== 'ok' || stage.snapshot.catalogue.length === 0) {
    if (performance.now() > until) throw new Error('the till did not open')
    await stage.change(100)
  }
}

const dayMs = 24 * 3_600_000

/** School is closed on Saturday and Sunday. The till sees the new day and the leases of it. */
export async function nextDay(stage: Stage): Promise<void> {
  const isFriday = new Date(stage.clock.now()).getUTCDay() === 5
  stage.clock.advance(isFriday ? 3 * dayMs : dayMs)
  const today = stage.clock.now()
  const until = performance.now() + 30_000
  for (;;) {
    const { snapshot } = stage
    if (snapshot !== undefined && snapshot.time.now >= today && snapshot.lights.network.level === 'ok') return
    if (performance.now() > until) throw new Error('the new day did not begin')
    if (snapshot !== undefined) await stage.does({ command: 'sync_now' })
    await stage.change(200)
  }
}

export const allVisits = Object.keys(visits) as VisitName[]
const numbered = (name: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${name} ${String(from + index).padStart(2, '0')}`)

/** The cards of the demonstration's world (ledger-sim/scenarios/demo.ts): a pupil has one lunch a day. */
export class CardsOfTheDay {
  #left = cardsOf()
  #families = 0

  next(kind: CardKind): string | undefined {
    if (kind !== 'family') return this.#left[kind].shift()
    this.#families += 1
    return `Family ${String((this.#families % 3) + 1).padStart(2, '0')}`
  }

  /** For one more customer of any kind. */
  get suffice(): boolean {
    return this.#left.leased.length > 0 && this.#left.unleased.length > 0
  }

  renew(): void {
    this.#left = cardsOf()
  }
}

function cardsOf(): Record<Exclude<CardKind, 'family'>, string[]> {
  return { leased: numbered('Pupil', 1, 20), unleased: numbered('Pupil', 21, 29) }
}

/** Of the checker's report (test/checker/main.ts). */
const verdictSchema = z.object({
  passed: z.boolean(),
  balanced: z.boolean(),
  lost: z.array(z.unknown()),
  duplicates: z.array(z.unknown()),
  unrecorded: z.array(z.unknown()),
  paidWithoutCard: z.array(z.unknown()),
  paidWithoutPaper: z.array(z.unknown()),
})

export interface Verdict {
  readonly passed: boolean
  readonly balanced: boolean
  readonly lost: number
  readonly duplicated: number
  readonly unrecorded: number
  readonly words: readonly string[]
}

export function judge(folder: string): Verdict {
  const checker = join(import.meta.dirname, '..', 'checker', 'main.ts')
  const claims = ['--claims', join(folder, 'claims.json'), '--waiting-print-jobs', '0']
  const run = spawnSync(process.execPath, [checker, '--data', folder, ...claims, '--json'], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  })
  writeFileSync(join(folder, 'verdict.json'), run.stdout)
  if (run.status === 2 || run.stdout === '') throw new Error(`the checker cannot say: ${run.stderr}`)
  const report = verdictSchema.parse(JSON.parse(run.stdout))
  const { lost, duplicates, unrecorded, paidWithoutPaper, paidWithoutCard } = report
  const words = Object.entries({ lost, duplicates, unrecorded, paidWithoutPaper, paidWithoutCard }).flatMap(
    ([name, found]) => found.map((what) => `${name}: ${JSON.stringify(what)}`),
  )
  if (!report.passed && words.length === 0) words.push(`not passed: see verdict.json in ${folder}`)
  const { passed, balanced } = report
  return {
    passed,
    balanced,
    lost: lost.length,
    duplicated: duplicates.length,
    unrecorded: unrecorded.length,
    words,
  }
}

function summary(chapters: readonly Chapter[], wanted: readonly Point[], unreached: ReadonlySet<string>): CrashReport {
  const kills = chapters.flatMap((chapter) => chapter.kills)
  const sum = (of: (chapter: Chapter) => number): number => chapters.reduce((total, chapter) => total + of(chapter), 0)
  const byPoint = Map.groupBy(kills, (kill) => kill.point)
  const faults = chapters.flatMap((chapter, index) =>
    [...faultsOfStage(chapter), ...chapter.verdict.words].map((words) => `chapter ${index + 1}: ${words}`),
  )
  return {
    kills: kills.length,
    killsByPoint: Object.fromEntries(
      [...byPoint].map(([point, own]) => [point, own.length] as const).toSorted(([a], [b]) => a.localeCompare(b)),
    ),
    points: wanted.length,
    neverReached: [...unreached],
    deviceHostKills: sum((chapter) => chapter.deviceHostKills),
    ownDeaths: sum((chapter) => chapter.ownDeaths.length),
    sales: sum((chapter) => chapter.sold.sales),
    paidByCard: sum((chapter) => chapter.sold.paidByCard),
    paidOffline: sum((chapter) => chapter.sold.paidOffline),
    paidInCash: sum((chapter) => chapter.sold.paidInCash),
    lost: sum((chapter) => chapter.verdict.lost),
    duplicated: sum((chapter) => chapter.verdict.duplicated),
    unrecorded: sum((chapter) => chapter.verdict.unrecorded),
    balanced: chapters.every((chapter) => chapter.verdict.balanced),
    faults,
    readyMs: kills.flatMap((kill) => kill.readyMs ?? []),
  }
}

/** Of the run's last chapter: what a person looks at first when it failed. */
export function lastKills(folder: string, count: number): readonly string[] {
  const chapters = readdirSync(folder).filter((name) => name.startsWith('chapter-'))
  const file = join(folder, `chapter-${chapters.length}`, 'kills.jsonl')
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').slice(-count) : []
}
