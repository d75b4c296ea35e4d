/**
 * Cuts the power in the middle of a life that was written down: lays out the disk as it would have been left, has the
 * product start on it, and judges. Hundreds of cuts of one life, each at a moment that nobody chose.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { SeededRandom } from '../simulation/random.ts'
import { Disk, writeImage, type Loss } from './disk.ts'
import { judgeJournal, judgeNothing, type Findings } from './judge.ts'
import { movedTo, type Life } from './life.ts'
import { startOn } from './recovery.ts'
import type { Witnesses } from './seen.ts'
import { Listener, type Ordered, type Told } from './told.ts'
import type { Traced } from './trace.ts'

export interface Cut extends Findings {
  readonly life: number
  /** After so many of the life's calls. */
  readonly calls: number
  readonly loss: Loss
  readonly anchored: boolean
}

export interface Stretch {
  readonly root: string
  readonly folders: readonly string[]
  /** The till's folder, and the anchor's file. */
  readonly till: string
  readonly anchor: string
  readonly ordered: ReadonlyMap<string, Ordered>
  readonly witnesses: Witnesses
  /** Time of the till's clock. */
  readonly now: number
}

/** After something was told to somebody, in one cut of two: there it hurts. Everywhere else in the others. */
const afterWordsShare = 0.5

/** Cuts each of the lives at places of chance, `count` in all, the longer ones more often. */
export async function replay(
  lives: readonly Life[],
  count: number,
  { root, folders, till, anchor, ordered, witnesses, now }: Stretch,
  told: Told,
  chance: SeededRandom,
): Promise<readonly Cut[]> {
  const places = placesOf(lives, count, chance)
  const below = join(root, 'replay')
  const moved = movedTo(below, root)
  const cuts: Cut[] = []
  for (const [index, life] of lives.entries()) {
    const disk = new Disk(root, life.before)
    const listener = new Listener(ordered, told)
    for (const [place, call] of life.calls.entries()) {
      disk.does(call)
      listener.hears(call)
      for (const _ of places.filter((at) => at.life === index && at.place === place)) {
        const loss = chance.pick(['only_synced', 'torn'] as const)
        mkdirSync(below, { recursive: true })
        writeImage(disk.image(loss, chance), folders, moved)
        const started = await startOn(moved(till), moved(anchor), now, `${index}/${place}`)
        const seen = witnesses.before(call.at)
        const findings =
          started.kind === 'started'
            ? judgeJournal(moved(join(till, 'journal.sqlite')), seen, told)
            : started.kind === 'refused'
              ? { ...judgeNothing({ ...seen, told }, started.why), damaged: [started.why] }
              : judgeNothing({ ...seen, told }, 'the till is not enrolled')
        const anchored = started.kind === 'started' && started.anchored
        cuts.push({ life: index + 1, calls: place + 1, loss, anchored, ...findings })
      }
    }
  }
  rmSync(below, { recursive: true, force: true })
  return cuts
}

interface Place {
  readonly life: number
  readonly place: number
}

function placesOf(lives: readonly Life[], count: number, chance: SeededRandom): readonly Place[] {
  const placesWhere = (is: (call: Traced) => boolean): Place[] =>
    lives.flatMap((life, index) => life.calls.flatMap((call, place) => (is(call) ? [{ life: index, place }] : [])))
  const words = placesWhere((call) => call.kind === 'told' && (call.to === 'shell' || call.bytes[0] === postByte))
  const changes = placesWhere((call) => call.kind !== 'told')
  return Array.from({ length: count }, () => chance.pick(chance.chance(afterWordsShare) ? words : changes))
}

/** The `P` of `POST`. The injected clock is asked ten times a second by GET, and learns nothing. */
const postByte = 0x50
