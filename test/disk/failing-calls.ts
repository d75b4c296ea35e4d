/**
 * The story while one call of the journal on its disk fails: strace gives the error instead of the call, without root.
 * Afterwards the disk is well again, and the product starts on what is there.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, cpSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { basename, join } from 'node:path'
import { judgeJournal, judgeNothing } from '../power/judge.ts'
import { startOn } from '../power/recovery.ts'
import { readEvidence, type Evidence } from './evidence.ts'
import { morning, placesIn } from './story.ts'

export interface Fault {
  readonly call: 'pwrite64' | 'fsync'
  readonly error: 'ENOSPC' | 'EIO' | 'EROFS'
  /** The first that fails, counted from 1. */
  readonly nth: number
  /** All that follow fail too, to the end of the story. */
  readonly lasts: boolean
}

export interface FaultRun {
  readonly name: string
  readonly call: Fault['call']
  /** Whether the call was made at all. */
  readonly happened: boolean
  /** The process ended by itself over it; the next start goes on. */
  readonly died: boolean
  readonly refusedStart: string | null
  readonly failures: readonly string[]
}

export type PlantedBug = 'deaf-to-fsync'

export interface StoryOptions {
  readonly seed: string
  /** A wrong program, to see that it is found. */
  readonly bug?: PlantedBug
}

const storyFile = join(import.meta.dirname, 'story-main.ts')
const knownCodes = ['DISK_FULL', 'DISK_FAILED', 'FOLDER_READ_ONLY', 'JOURNAL_CORRUPT']
/** Next morning: a trusted time after all of the story's rows. */
const nextDayMs = 24 * 3_600_000

/** The story in a process of its own, with a disk that does what it is asked; its files are copied in the middle. */
export async function tellStoryApart(folder: string, seed: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const child = spawn(process.execPath, [storyFile, folder, seed, 'copied'], { stdio: 'inherit' })
  await once(child, 'exit')
  if (!readEvidence(placesIn(folder).evidence).isEnded) throw new Error('the story does not come to its end')
}

/** How often the journal of the whole story writes and syncs, when nothing fails. */
export async function countCalls(folder: string, options: StoryOptions): Promise<Record<Fault['call'], number>> {
  const trace = await runStory(folder, options, null)
  if (!readEvidence(placesIn(folder).evidence).isEnded) throw new Error('the story does not come to its end')
  const count = (call: string): number => trace.filter((line) => line.includes(` ${call}(`)).length
  return { pwrite64: count('pwrite64'), fsync: count('fsync') }
}

export async function runWithFault(folder: string, options: StoryOptions, fault: Fault): Promise<FaultRun> {
  const places = placesIn(folder)
  const trace = await runStory(folder, options, fault)
  const name = `${fault.error} at ${fault.call} ${fault.nth}${fault.lasts ? ' and all that follow' : ''}`
  const at = trace.findIndex((line) => line.includes('(INJECTED)'))
  const evidence = readEvidence(places.evidence)
  const { told, seen, refusedStart, isOpened, isEnded } = evidence
  const failures: string[] = []
  if (!isOpened && refusedStart === null) failures.push('it did not start, and no code says why')
  if (refusedStart !== null && (!knownCodes.includes(refusedStart.code) || refusedStart.message.length < 40))
    failures.push(`it did not start: ${refusedStart.code} ${refusedStart.message}`)
  const isSyncFailed = fault.call === 'fsync' && at >= 0
  // Not where it failed at the very end, in closing the file: there is no screen any more.
  const isShown = trace.slice(at + 1).some((line) => line.includes('evidence.jsonl'))
  if (isSyncFailed && isShown && isEnded && evidence.light !== 'disk_not_trusted')
    failures.push(`the till's light says ${evidence.light}`)
  if (isSyncFailed && isOpened) {
    // First as the disk may have it: what the fsync was for is gone. Then as it is: all of it came back.
    const later = trace.slice(at + 1).filter((line) => /pwrite64\(\d+<[^>]*-wal>.* = \d/.test(line))
    if (later.length > 0) failures.push(`${later.length} writes to the log after it`)
    const forgetful = placesIn(join(folder, 'forgotten'))
    cpSync(places.till, forgetful.till, { recursive: true })
    if (existsSync(places.anchor)) cpSync(places.anchor, forgetful.anchor)
    forgetUnsynced(forgetful.till, trace.slice(0, at + 1))
    failures.push(...(await judged(forgetful, { seen, told }, 'forgotten')))
  }
  failures.push(...(await judged(places, { seen, told }, 'as it is')))
  rmSync(folder, { recursive: true, force: true })
  return {
    name,
    call: fault.call,
    happened: at >= 0,
    died: !isEnded && refusedStart === null,
    refusedStart: refusedStart?.code ?? null,
    failures: failures.map((failure) => `${name}: ${failure}`),
  }
}

/** The product's next start on that folder, and what became of all that was said. */
async function judged(
  { till, anchor, journal }: ReturnType<typeof placesIn>,
  { seen, told }: Pick<Evidence, 'seen' | 'told'>,
  disk: string,
): Promise<readonly string[]> {
  const started = await startOn(till, anchor, morning + nextDayMs, disk)
  const found =
    started.kind === 'started'
      ? judgeJournal(journal, seen, told)
      : judgeNothing({ ...seen, told }, started.kind === 'refused' ? started.why : 'it is not enrolled')
  const refused = started.kind === 'refused' ? [`the next start on a disk that is well again: ${started.why}`] : []
  const findings = Object.entries(found).flatMap(([what, words]) => words.map((word: string) => `${what}: ${word}`))
  return [...refused, ...findings].map((finding) => `${finding} (${disk})`)
}

/** Zeros where the writes went that the failed fsync, the last call, was for. */
function forgetUnsynced(till: string, calls: readonly string[]): void {
  const file = /fsync\(\d+<([^>]*)>/.exec(calls.at(-1) ?? '')?.[1] ?? ''
  const ofFile = calls.slice(0, -1).filter((line) => line.includes(`<${file}>`))
  const since = ofFile.slice(ofFile.findLastIndex((line) => line.includes(' fsync(')) + 1)
  const handle = openSync(join(till, basename(file)), 'r+')
  for (const line of since) {
    const [, length, offset] = /pwrite64\(.*, (\d+), (\d+)\) = /.exec(line) ?? []
    if (length !== undefined) writeSync(handle, Buffer.alloc(Number(length)), 0, Number(length), Number(offset))
  }
  closeSync(handle)
}

/** The lines of the tracer: calls on the journal's files, and each line of the evidence as a write. */
async function runStory(folder: string, { seed, bug }: StoryOptions, fault: Fault | null): Promise<readonly string[]> {
  mkdirSync(folder, { recursive: true })
  const { journal, evidence } = placesIn(folder)
  const trace = join(folder, 'trace')
  const watched = [journal, `${journal}-wal`, `${journal}-journal`, evidence].flatMap((path) => ['-P', path])
  const when = fault === null ? '' : `${fault.nth}${fault.lasts ? '+' : ''}`
  const inject = fault === null ? [] : ['-e', `inject=${fault.call}:error=${fault.error}:when=${when}`]
  const how = ['-f', '-qq', '--seccomp-bpf', '-y', '-s', '0', '-e', 'trace=pwrite64,fsync,write', '-e', 'signal=none']
  const program = [process.execPath, storyFile, folder, seed, bug ?? 'none']
  const child = spawn('strace', [...how, '-o', trace, ...watched, ...inject, ...program], {
    // What it dies of is expected, and would be read by nobody.
    stdio: ['ignore', 'ignore', 'ignore'],
    // Most of a story's time would be the reading of its program.
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, '../compiled') },
  })
  await once(child, 'exit')
  return existsSync(trace) ? readFileSync(trace, 'utf8').split('\n') : []
}
