/**
 * The power run (docs/design/09-disk-proof.md): chapters of customers at one till whose power goes, again and again. In
 * some cuts the whole core is started on what the disk was left with, and goes on in its world; in most, the product's
 * recovery is run on the disk of any other moment of the same lives.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { z } from 'zod'
import { Cashier } from '../crash/cashier.ts'
import { writeClaims } from '../crash/claims.ts'
import { points } from '../crash/points.ts'
import { allVisits, CardsOfTheDay, judge, killSometime, nextDay, opened, running, type Verdict } from '../crash/run.ts'
import { openStage, type Stage } from '../crash/stage.ts'
import { visits, type Visit, type VisitName } from '../crash/visits.ts'
import { SeededRandom } from '../simulation/random.ts'
import { Lives } from './life.ts'
import { replay, type Cut } from './replay.ts'
import { Witnesses } from './seen.ts'
import { toldNothing, type Ordered } from './told.ts'

export interface PowerOptions {
  readonly cuts: number
  readonly seed: string
  /** Data of the chapters. */
  readonly folder: string
  readonly say?: (line: string) => void
}

export interface PowerReport {
  readonly cuts: number
  /** Those of `cuts` after which the whole core went on, in its world. */
  readonly restarts: number
  readonly onlySynced: number
  readonly torn: number
  readonly sales: number
  readonly paidByCard: number
  readonly paidOffline: number
  readonly paidInCash: number
  /** Of the core, into its folders. */
  readonly writes: number
  readonly fsyncs: number
  /** Writes into the database's own file: its log was taken over. */
  readonly checkpointWrites: number
  readonly lost: number
  readonly duplicated: number
  readonly unrecorded: number
  readonly damaged: number
  /** Cuts after which the anchor could not be read: a restored copy would not be noticed at that start. */
  readonly anchorUnreadable: number
  readonly faults: readonly string[]
}

const cutsPerChapter = 100
/** One cut of so many is followed by a start of the whole core. */
const cutsPerRestart = 10
const visitsPerRestartMax = 4
const afterVisitMsMax = 3_000
const drainWithinMs = 60_000
/** One visit of so many has its cut at a point of the crash run's, the others when nobody looks. */
const namedPointShare = 0.6

/** Sold without a cut where the run has no restarts: off line, on line, void, cash, two cards with paper. */
const quietVisits: readonly VisitName[] = ['offline', 'cash', 'online', 'mixed-void', 'mixed']

/** What the shell hands to the core of the cashier's commands. */
const commandSchema = z.object({
  channel: z.literal('ui'),
  body: z.object({
    id: z.string(),
    command: z.object({ command: z.string(), saleId: z.string().optional(), tenderId: z.string().optional() }),
  }),
})

interface Chapter {
  readonly restarts: number
  readonly cuts: readonly Cut[]
  readonly sold: Pick<PowerReport, 'sales' | 'paidByCard' | 'paidOffline' | 'paidInCash'>
  readonly disk: Pick<PowerReport, 'writes' | 'fsyncs' | 'checkpointWrites'>
  readonly restartLosses: { readonly onlySynced: number; readonly torn: number }
  readonly verdict: Verdict | null
  readonly faults: readonly string[]
}

export async function powerRun(options: PowerOptions): Promise<PowerReport> {
  const { cuts, seed, folder, say = () => undefined } = options
  const chapters: Chapter[] = []
  for (let left = cuts; left > 0; left -= cutsPerChapter) {
    const number = chapters.length + 1
    const chance = new SeededRandom(`${seed}/${number}`)
    const wanted = Math.min(left, cutsPerChapter)
    const restarts = Math.ceil(wanted / cutsPerRestart)
    const ofChapter = join(folder, `chapter-${number}`)
    const chapter = await playChapter(ofChapter, 'full', restarts, wanted - restarts, chance)
    chapters.push(chapter)
    const { lost, duplicated, unrecorded, faults } = summary([chapter])
    say(`chapter ${number}: ${wanted} cuts, ${lost} lost, ${duplicated} duplicated, ${unrecorded} unrecorded`)
    if (faults.length > 0) break
    rmSync(ofChapter, { recursive: true, force: true })
  }
  return summary(chapters)
}

/** The same sales by a core whose commits are not synced: its cuts must find something lost, or they find nothing. */
export async function unsyncedRun({ cuts, seed, folder }: PowerOptions): Promise<PowerReport> {
  const chance = new SeededRandom(`${seed}/unsynced`)
  return summary([await playChapter(join(folder, 'unsynced'), 'normal', 0, Math.min(cuts, cutsPerChapter), chance)])
}

async function playChapter(
  folder: string,
  synchronous: 'full' | 'normal',
  restarts: number,
  replays: number,
  chance: SeededRandom,
): Promise<Chapter> {
  mkdirSync(folder, { recursive: true })
  const ordered = new Map<string, Ordered>()
  const tillAndAnchor = [join(folder, 'till'), join(folder, 'anchors')] as const
  const lives = new Lives(folder, tillAndAnchor, synchronous, chance.branch('disk'), (message) => {
    const posted = commandSchema.safeParse(message)
    if (!posted.success) return
    const { id, command } = posted.data.body
    ordered.set(id, { saleId: stage.snapshot?.sale?.saleId, ...command })
  })
  const stage: Stage = await openStage(folder, null, [], (program) => lives.start(program))
  const faults: string[] = []
  const cards = new CardsOfTheDay()
  const seenFile = join(folder, 'seen.jsonl')
  const cashier = new Cashier(stage, seenFile, (kind) => cards.next(kind))
  try {
    await opened(stage)
    if (restarts === 0) for (const name of quietVisits) await cashier.serve(visits[name])
    else await playCuts(stage, cashier, cards, restarts, chance)
    await cashier.drain(drainWithinMs)
  } catch (error) {
    faults.push(`stuck: ${inspect(error)}`)
  }
  const now = stage.clock.now()
  await stage.stop()
  lives.finish()
  faults.push(...stage.ownDeaths.map((reason) => `the core ended by itself: ${reason}`))
  const { folders, forTill } = stage.world
  const { anchor } = z.object({ anchor: z.string() }).parse(JSON.parse(forTill.core))
  const stretch = {
    root: lives.root,
    folders: lives.folders,
    till: folders.till,
    anchor,
    ordered,
    witnesses: new Witnesses(folders.hardware),
    now,
  }
  const cuts = await replay(lives.ended, replays, stretch, toldNothing(), chance.branch('replay'))
  const { sales, paidByCard, paidOffline, paidInCash } = cashier
  if (existsSync(folders.till)) writeClaims(folders.till, seenFile, join(folder, 'claims.json'))
  const calls = lives.ended.flatMap((life) => life.calls)
  const lossesOf = (loss: string): number => lives.ended.filter((life) => life.loss === loss).length
  return {
    restarts: lives.ended.length - 1,
    cuts,
    sold: { sales, paidByCard, paidOffline, paidInCash },
    disk: {
      writes: calls.filter(({ kind }) => kind === 'written').length,
      fsyncs: calls.filter(({ kind }) => kind === 'synced').length,
      checkpointWrites: calls.filter((call) => call.kind === 'written' && call.path.endsWith('journal.sqlite')).length,
    },
    restartLosses: { onlySynced: lossesOf('only_synced'), torn: lossesOf('torn') },
    verdict: restarts > 0 ? judge(folder) : null,
    faults,
  }
}

/** Customers, and the power goes: at a named point of the crash run's, or when nobody looks. */
async function playCuts(
  stage: Stage,
  cashier: Cashier,
  cards: CardsOfTheDay,
  restarts: number,
  chance: SeededRandom,
): Promise<void> {
  const possible = points.filter((point) => point.opening !== true && point.first === undefined)
  for (let visitsLeft = restarts * visitsPerRestartMax + 5; stage.kills.length < restarts; visitsLeft -= 1) {
    if (visitsLeft === 0) throw new Error(`${stage.kills.length} of ${restarts} cuts, and no more customers`)
    const point = chance.chance(namedPointShare) ? chance.pick(possible) : undefined
    const visit: Visit = visits[point === undefined ? chance.pick(allVisits) : chance.pick(point.visits)]
    if (visit.nextDay === true || !cards.suffice) {
      await nextDay(stage)
      cards.renew()
    }
    const before = stage.kills.length
    if (point !== undefined) stage.arm({ point: point.name, pass: 1 })
    const timer = point === undefined ? killSometime(stage, chance) : undefined
    await cashier.serve(visit)
    clearTimeout(timer)
    const until = performance.now() + afterVisitMsMax
    while (point !== undefined && stage.kills.length === before && performance.now() < until) await stage.change(100)
    stage.arm(null)
    await running(stage)
  }
}

function summary(chapters: readonly Chapter[]): PowerReport {
  const sum = (of: (chapter: Chapter) => number): number => chapters.reduce((total, chapter) => total + of(chapter), 0)
  const cuts = chapters.flatMap((chapter) => chapter.cuts)
  const found = (of: 'lost' | 'duplicated' | 'unrecorded'): number =>
    cuts.filter((cut) => cut[of].length > 0).length + sum(({ verdict }) => verdict?.[of] ?? 0)
  const restarts = sum((chapter) => chapter.restarts)
  const started = cuts.filter(({ damaged }) => damaged.length === 0)
  return {
    cuts: cuts.length + restarts,
    restarts,
    onlySynced: cuts.filter(({ loss }) => loss === 'only_synced').length + sum((of) => of.restartLosses.onlySynced),
    torn: cuts.filter(({ loss }) => loss === 'torn').length + sum((of) => of.restartLosses.torn),
    sales: sum(({ sold }) => sold.sales),
    paidByCard: sum(({ sold }) => sold.paidByCard),
    paidOffline: sum(({ sold }) => sold.paidOffline),
    paidInCash: sum(({ sold }) => sold.paidInCash),
    writes: sum(({ disk }) => disk.writes),
    fsyncs: sum(({ disk }) => disk.fsyncs),
    checkpointWrites: sum(({ disk }) => disk.checkpointWrites),
    lost: found('lost'),
    duplicated: found('duplicated'),
    unrecorded: found('unrecorded'),
    damaged: cuts.filter(({ damaged }) => damaged.length > 0).length,
    anchorUnreadable: started.filter(({ anchored }) => !anchored).length,
    faults: chapters.flatMap(({ faults, verdict, cuts: own }, index) =>
      [...faults, ...(verdict?.words ?? []), ...own.flatMap(wordsOf)].map((words) => `chapter ${index + 1}: ${words}`),
    ),
  }
}

function wordsOf({ life, calls, loss, lost, duplicated, unrecorded, damaged }: Cut): readonly string[] {
  const all = Object.entries({ lost, duplicated, unrecorded, damaged })
  return all.flatMap(([name, found]) =>
    found.slice(0, 3).map((what) => `cut of life ${life} after ${calls} calls (${loss}): ${name}: ${what}`),
  )
}
