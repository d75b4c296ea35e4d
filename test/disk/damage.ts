/**
 * The files of a story that went well, damaged behind the till's back: a byte of every page, of every frame of the log,
 * the log cut short or gone, an older copy in the place of the journal. The product's start must refuse with a code, or
 * notice that it is behind, or hold all that was ever said.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { judgeJournal } from '../power/judge.ts'
import { DataFolderError } from '../../src/sync/journal/data-folder.ts'
import { Journal } from '../../src/sync/journal/journal.ts'
import { startOn } from '../power/recovery.ts'
import { SeededRandom } from '../simulation/random.ts'
import { readEvidence } from './evidence.ts'
import { tellStoryApart } from './failing-calls.ts'
import { morning, placesIn } from './story.ts'

export interface DamageReport {
  readonly cases: number
  /** The start said JOURNAL_CORRUPT, the refusal that names the damage. */
  readonly refused: number
  /** The start wrote `rollback_detected`: it sells nothing off line until the ledger has answered. */
  readonly noticed: number
  /** A row that is checked when it is read, and not at the start, says JOURNAL_CORRUPT. */
  readonly found: number
  /** Nothing was missing. */
  readonly harmless: number
  readonly failures: readonly string[]
}

type Places = ReturnType<typeof placesIn>
interface Damage {
  readonly name: string
  readonly apply: (places: Places) => void
  /** All that it may come to. */
  readonly expected: readonly Outcome[]
}
type Outcome = 'refused' | 'noticed' | 'found' | 'harmless'

const walHeaderBytes = 32
const frameHeaderBytes = 24
const pageBytes = 4096
const nextDayMs = 24 * 3_600_000

export async function damageRun({
  folder,
  seed,
  step,
}: {
  readonly folder: string
  readonly seed: string
  readonly step: number
}): Promise<DamageReport> {
  const whole = join(folder, 'whole')
  await tellStoryApart(whole, seed)
  const source = placesIn(whole)
  const { told, seen } = readEvidence(source.evidence)
  const counted = { refused: 0, noticed: 0, found: 0, harmless: 0 }
  const failures: string[] = []
  const damages = damagesOf(source, new SeededRandom(`damage/${seed}`), step)
  for (const { name, apply, expected } of damages) {
    const places = placesIn(join(folder, 'case'))
    mkdirSync(join(folder, 'case'), { recursive: true })
    cpSync(source.till, places.till, { recursive: true })
    cpSync(source.anchor, places.anchor)
    apply(places)
    const started = await startOn(places.till, places.anchor, morning + nextDayMs, name)
    const outcome: Outcome | string =
      started.kind === 'refused'
        ? started.why.startsWith('JOURNAL_CORRUPT ')
          ? 'refused'
          : started.why
        : outcomeOf(places.journal)
    if ((expected as readonly string[]).includes(outcome)) counted[outcome as Outcome] += 1
    else failures.push(`${name}: ${outcome}`)
    rmSync(join(folder, 'case'), { recursive: true, force: true })
  }
  rmSync(folder, { recursive: true, force: true })
  return { cases: damages.length, ...counted, failures }

  function outcomeOf(journal: string): string {
    try {
      const { damaged, lost, duplicated, unrecorded } = judgeJournal(journal, seen, told)
      if (damaged.includes('the cut was taken for a restored copy')) return 'noticed'
      if (isFoundInReading(journal)) return 'found'
      const missing = [...damaged, ...lost, ...duplicated, ...unrecorded]
      return missing.length === 0 ? 'harmless' : `started, and nobody noticed: ${missing.join('; ')}`
    } catch (error) {
      return `started, and cannot be read: ${String(error)}`
    }
  }
}

/** Rows that the ledger has countersigned are checked when they are read: for a receipt, an export, a void. */
function isFoundInReading(file: string): boolean {
  const journal = new Journal(file, { now: () => morning + nextDayMs })
  try {
    Array.from(journal.rows())
    return false
  } catch (error) {
    return error instanceof DataFolderError && error.code === 'JOURNAL_CORRUPT'
  } finally {
    journal.close()
  }
}

function damagesOf(source: Places, random: SeededRandom, step: number): readonly Damage[] {
  const wal = readFileSync(`${source.journal}-wal`)
  const frameBytes = frameHeaderBytes + pageBytes
  const frames = Math.floor((wal.length - walHeaderBytes) / frameBytes)
  const every = <T>(count: number, make: (index: number) => T): readonly T[] =>
    Array.from({ length: Math.ceil(count / step) }, (_, turn) => make(turn * step))
  const inLog = every(frames, (frame): Damage => {
    const at = walHeaderBytes + frame * frameBytes + random.between(0, frameBytes - 1)
    return { name: `byte ${at} of the log`, apply: ({ journal }) => flip(`${journal}-wal`, at), expected: behind }
  })
  const cutShort = every(frames, (frame): Damage => {
    const length = walHeaderBytes + frame * frameBytes + random.between(0, frameBytes - 1)
    return {
      name: `the log ends at ${length}`,
      apply: ({ journal }) => truncateSync(`${journal}-wal`, length),
      expected: behind,
    }
  })
  const pages = every(pagesOf(source), (page): Damage => {
    const at = page * pageBytes + random.between(0, pageBytes - 1)
    return {
      name: `byte ${at} of the database`,
      apply({ journal }) {
        takeOver(journal)
        flip(journal, at)
      },
      expected: ['refused', 'found', 'harmless'],
    }
  })
  return [
    ...inLog,
    ...cutShort,
    ...pages,
    { name: 'the log is gone', apply: ({ journal }) => rmSync(`${journal}-wal`), expected: behind },
    {
      name: 'an older copy',
      apply: ({ till }) => cpSync(source.middle, till, { recursive: true }),
      expected: ['noticed'],
    },
  ]
}

/** What the log has lost, the journal is behind its anchor by; what was the last and never told may be harmless. */
const behind: readonly Outcome[] = ['noticed', 'refused', 'harmless']

function flip(file: string, at: number): void {
  const bytes = readFileSync(file)
  bytes[at] = (bytes[at] ?? 0) ^ 0x10
  writeFileSync(file, bytes)
}

function takeOver(journal: string): void {
  const database = new Database(journal)
  database.pragma('wal_checkpoint(TRUNCATE)')
  database.close()
}

function pagesOf({ till }: Places): number {
  const copy = `${till}-pages`
  cpSync(till, copy, { recursive: true })
  const journal = join(copy, 'journal.sqlite')
  takeOver(journal)
  const pages = existsSync(journal) ? readFileSync(journal).length / pageBytes : 0
  rmSync(copy, { recursive: true, force: true })
  return pages
}
