/**
 * Copies of a till's data folder: an old one is put back over the till itself, or a second till is started on one and
 * sells beside the first. Both cost the merchant only, and the auditor has to know what such a till can not be asked
 * for any more (money-rules.md, "Journal" and "Who pays for a presented sale").
 */
import Database from 'better-sqlite3'
import type { Sky } from './misfortunes.ts'
import type { SeededRandom } from './random.ts'
import type { TillStation } from './till-station.ts'

const minuteMs = 60_000

export interface Copied {
  /** Tenders that the till has forgotten, or remembers in a state that they have left since. */
  readonly forgotten: readonly string[]
  /** The newest row that is in the copy. */
  readonly head: { readonly epoch: number; readonly sequence: number }
  /** How many rows are newer than that. */
  readonly rowsLost: number
  /** Whether the ledger has said of one of those that it saw it. */
  readonly isSeenByLedger: boolean
  /** Whether what lay outside of the folder stayed: then the till must notice by itself. */
  readonly onThisMachine: boolean
}

/** A backup is made, and put back some time later. */
export function restoreBackupNowAndThen(
  { time, isHealed, pace: { calm } }: Sky,
  station: TillStation,
  random: SeededRandom,
  onDidRestore: (copied: Copied) => void,
): void {
  const backUp = (): void => {
    if (isHealed()) return
    const image = station.disk.image()
    time.at(time.now + minuteMs + random.waiting(20 * minuteMs), () => {
      if (isHealed()) return
      station.kill()
      const onThisMachine = random.chance(0.5)
      onDidRestore({ ...comparedWith(image, station.disk.file), onThisMachine })
      station.restore(image, onThisMachine)
      time.at(time.now + random.between(1_000, 60_000), () => {
        if (station.snapshot === undefined) station.start()
        time.at(time.now + random.waiting(calm * 200 * minuteMs), backUp)
      })
    })
  }
  time.at(time.now + random.waiting(calm * 80 * minuteMs), backUp)
}

/** Once a day somebody starts a second till on a copy of the folder, between two sales, and both go on selling. */
export function cloneOnce(
  { time, isHealed }: Sky,
  station: TillStation,
  random: SeededRandom,
  onDidClone: (image: Buffer) => void,
): void {
  const clone = (): void => {
    if (isHealed()) return
    const isBetweenSales = station.snapshot?.sale === null && station.snapshot.tap.state === 'idle'
    if (isBetweenSales) onDidClone(station.disk.image())
    else time.at(time.now + 10_000, clone)
  }
  time.at(time.now + random.waiting(8 * 60 * minuteMs), clone)
}

/** What a copy knows: of these both tills believe that they are theirs to end. */
export function tendersIn(image: Buffer): { readonly tenderIds: readonly string[]; readonly epoch: number } {
  const copy = new Database(image)
  try {
    const tenders = copy.prepare('SELECT tender_id AS id FROM tender').all() as { id: string }[]
    const { epoch } = copy.prepare('SELECT max(epoch) AS epoch FROM row').get() as { epoch: number }
    return { tenderIds: tenders.map(({ id }) => id), epoch }
  } finally {
    copy.close()
  }
}

/** What a till that goes on from the image does not know of what the file knows. */
export function comparedWith(image: Buffer, file: Database.Database): Omit<Copied, 'onThisMachine'> {
  const copy = new Database(image)
  try {
    const statesOf = (database: Database.Database): ReadonlyMap<string, string> =>
      new Map(
        (database.prepare('SELECT tender_id AS id, state FROM tender').all() as { id: string; state: string }[]).map(
          ({ id, state }) => [id, state],
        ),
      )
    const known = statesOf(copy)
    const headOf = (database: Database.Database): Copied['head'] =>
      database.prepare('SELECT epoch, sequence FROM row ORDER BY sequence DESC LIMIT 1').get() as Copied['head']
    const head = headOf(copy)
    const countersigned = file
      .prepare(
        `SELECT json_extract(json, '$.head.epoch') AS epoch, json_extract(json, '$.head.sequence') AS sequence
         FROM row JOIN payload USING (sequence) WHERE kind = 'head_countersigned' ORDER BY sequence DESC LIMIT 1`,
      )
      .get() as Copied['head'] | undefined
    return {
      forgotten: [...statesOf(file)].filter(([id, state]) => known.get(id) !== state).map(([id]) => id),
      head,
      rowsLost: headOf(file).sequence - head.sequence,
      isSeenByLedger: countersigned?.epoch === head.epoch && countersigned.sequence > head.sequence,
    }
  } finally {
    copy.close()
  }
}
