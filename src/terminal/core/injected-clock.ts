/**
 * The demonstration's clock: all processes ask one address for the time and run on from its answer. It exists so that a
 * story of days can be played in a minute; it is refused on data that no demonstration made (architecture.md, "Time,
 * chance, money, errors").
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Clock } from '../../sync/engine/ports.ts'
import { DataFolderError, makeFolder } from '../../sync/journal/data-folder.ts'

const askEveryMs = 100
/** Nothing begins before the first answer, and a start without it ends the till: who plays the clock may be busy. */
const firstWithinMs = 30_000
const laterWithinMs = 2_000
/** `slept`: how many milliseconds of its time a machine with this clock has slept; monotonic clocks leave them out. */
const clockAnswerSchema = z.object({ now: z.number(), slept: z.number().min(0).default(0) })
type ClockAnswer = z.output<typeof clockAnswerSchema>
const markFile = 'made-by-a-demonstration'

/** @throws DataFolderError when the folder holds real data. */
export function claimForDemonstration(folder: string): void {
  const mark = join(folder, markFile)
  if (existsSync(mark)) return
  if (existsSync(folder) && readdirSync(folder).some((name) => name.startsWith('journal'))) {
    throw new DataFolderError(
      'FOLDER_IN_USE',
      `The data folder ${folder} holds real sales; an injected clock is for demonstrations. ` +
        'Choose another --data folder.',
    )
  }
  makeFolder(folder)
  writeFileSync(mark, '')
}

/** @throws when the first answer does not come within half a minute */
export async function injectedClock(url: string): Promise<{ clock: Clock; stop(): void }> {
  const offsetsOf = ({ now, slept }: ClockAnswer) => {
    const wall = now - performance.now()
    return { wall, monotonic: wall - slept }
  }
  let offsets = offsetsOf(await ask(url, firstWithinMs))
  const timer = setInterval(() => {
    ask(url, laterWithinMs).then(
      (answer) => (offsets = offsetsOf(answer)),
      () => undefined, // The clock's process is restarting: go on from its last answer.
    )
  }, askEveryMs)
  const clock: Clock = {
    wall: () => offsets.wall + performance.now(),
    monotonic: () => offsets.monotonic + performance.now(),
  }
  return { clock, stop: () => clearInterval(timer) }
}

async function ask(url: string, withinMs: number): Promise<ClockAnswer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(withinMs) })
  return clockAnswerSchema.parse(await response.json())
}
