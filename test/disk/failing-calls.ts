/**
 * The story while one call of the journal on its disk fails: strace gives the error instead of the call, without root.
 * Afterwards the disk is well again, and the product starts on what is there.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { judgeJournal, judgeNothing } from '../power/judge.ts'
import { startOn } from '../power/recovery.ts'
import { readEvidence } from './evidence.ts'
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
  /** Whether the call was made at all. */
  readonly happened: boolean
  /** The process ended by itself over it; the next start goes on. */
  readonly died: boolean
  readonly refusedStart: string | null
  readonly failures: readonly string[]
}

export interface StoryOptions {
  readonly seed: string
  /** A wrong program, to see that it is found. */
  readonly bug?: string
}

const storyFile = join(import.meta.dirname, 'story-main.ts')
const knownCodes = ['DISK_FULL', 'DISK_FAILED', 'FOLDER_READ_ONLY', 'JOURNAL_CORRUPT']
/** Next morning: a trusted time after all of the story's rows. */
const nextDayMs = 24 * 3_600_000

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
  if (fault.call === 'fsync' && at >= 0) {
    const before = trace.slice(0, at).filter((line) => line.includes('evidence.jsonl')).length
    failures.push(...soldAfter(places.evidence, before))
    if (isEnded && evidence.light !== 'disk_not_trusted') failures.push(`the till's light says ${evidence.light}`)
  }
  const started = await startOn(places.till, places.anchor, morning + nextDayMs, name)
  const found =
    started.kind === 'started'
      ? judgeJournal(places.journal, seen, told)
      : judgeNothing({ ...seen, told }, started.kind === 'refused' ? started.why : 'it is not enrolled')
  failures.push(...Object.entries(found).flatMap(([what, words]) => words.map((word: string) => `${what}: ${word}`)))
  if (started.kind === 'refused') failures.push(`the next start, on a disk that is well again: ${started.why}`)
  rmSync(folder, { recursive: true, force: true })
  return {
    name,
    happened: at >= 0,
    died: !isEnded && refusedStart === null,
    refusedStart: refusedStart?.code ?? null,
    failures: failures.map((failure) => `${name}: ${failure}`),
  }
}

/** After a failed fsync nothing may be called done or paid that was not before. */
function soldAfter(file: string, linesBefore: number): readonly string[] {
  const before = readEvidence(file, linesBefore).told
  const after = readEvidence(file).told
  return [
    ...[...after.approved.keys()].filter((id) => !before.approved.has(id)).map((id) => `paid after it: ${id}`),
    ...[...after.closed].filter((id) => !before.closed.has(id)).map((id) => `closed after it: ${id}`),
  ]
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
  })
  await once(child, 'exit')
  return existsSync(trace) ? readFileSync(trace, 'utf8').split('\n') : []
}
