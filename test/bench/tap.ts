/**
 * A tap: the real processes of `npm start`, with a reader that sleeps 16 ms for each command, as a real one takes. How
 * long each command was with the reader and the card is noted at the device host's port; the rest of the time that the
 * card lies in the field is ours: device host, core, the way between them, rules, the sale-bound SUN, the intent's
 * commit.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CardBox } from '../../hardware-mocks/panel/card-box.ts'
import { serveVirtualReader } from '../../hardware-mocks/reader/remote.ts'
import { realScheduler } from '../../hardware-mocks/reader/scheduler.ts'
import { VirtualReader } from '../../hardware-mocks/reader/virtual-reader.ts'
import { AgencyOffice } from '../../tools/demo/agency-office.ts'
import { TillClient } from '../../tools/demo/till-client.ts'
import { startWorld } from '../../tools/world.ts'
import { bringInCarriedCards, carriedCard, carriedFood, issuedTag } from '../fixtures/carried-food.ts'
import { packageArrives } from '../fixtures/package-arrives.ts'
import { figureOf, type Figure } from './figures.ts'
import { median, quantile } from './measure.ts'
import { machineMs, type PresenceNote } from './reader-at-the-port.ts'

const commandMs = 16
/**
 * Their food vouchers last for more taps than are made, at any hour. The first three are leased to this till; for the
 * others the card is authenticated by the ledger, which is asked twice while the card lies there.
 */
const holders = ['Family 01', 'Family 02', 'Family 03', 'Family 04', 'Family 05']
const leasedHolders = 3
/** Cards that only say who they are: three commands of reading, and nine. */
const carried = { uid: carriedCard, ntag21x: issuedTag } as const
/** SELECT and three times GET_VERSION; what follows them is decided and on the disk. */
const recognitionCommands = 4
const warmUp = 5

interface Tap {
  readonly kind: 'leased' | 'relayed' | keyof typeof carried
  /** From the card's coming to the answer to its last command, less what the reader and the card took of that. */
  readonly oursMs: number
  /** Each part of that: from an answer of the card to the next command. */
  readonly betweenMs: readonly number[]
  readonly commands: number
  /** From the card's coming to the result on the screen, which says "hold the card" until then. */
  readonly inFieldMs: number
}

export async function benchTap(quick: boolean): Promise<readonly Figure[]> {
  const taps = quick ? 7 : 210
  const folder = mkdtempSync(join(tmpdir(), 'tolem-bench-tap-'))
  const notesFile = join(folder, 'presences.jsonl')
  const reader = new VirtualReader({ scheduler: realScheduler, delayMs: commandMs })
  const served = await serveVirtualReader(reader, { port: 0 })
  const world = await startWorld({
    data: join(folder, 'data'),
    anchorFolder: join(folder, 'anchors'),
    reader: {
      path: join(import.meta.dirname, 'reader-at-the-port.ts'),
      options: { port: served.port, notesFile },
    },
  })
  try {
    const till = await TillClient.connect(world.tillUrl)
    await till.sees(
      'a till that sells',
      ({ catalogue, lights }) => catalogue.length > 0 && lights.network.code === 'ok',
    )
    await till.sees('the reader', ({ lights }) => lights.reader.code === 'ok')
    const box = new CardBox({
      folder: join(world.folders.hardware, 'cards'),
      now: Date.now,
      random: (length) => randomBytes(length),
    })
    await bringInCarriedCards(new AgencyOffice(world, { now: Date.now }), box, Date.now())
    await till.does({ command: 'sync_now' })
    await packageArrives(join(world.folders.till, 'journal.sqlite'), carriedFood)
    const labels = [...holders, ...Object.values(carried)]
    const cards = labels.map((label) => {
      const card = box.card(label)
      if (card === null) throw new Error(`no card ${label}`)
      return card
    })
    const measured: Tap[] = []
    const raw: number[] = []
    for (let tap = 0; tap < taps + warmUp; tap += 1) {
      const card = cards[tap % cards.length] as (typeof cards)[number]
      // The customer before has their receipt, as at any till that people stand at: a printer is no part of a tap.
      await till.sees('a till at rest', ({ recent, queue }) => {
        return queue.waiting === 0 && recent.every(({ receipt }) => receipt !== 'waiting')
      })
      await till.does({ command: 'add_item', itemId: 'bread' })
      await till.does({ command: 'pay_by_card' })
      await till.sees('the wish for a card', (shown) => shown.tap.state === 'tap')
      const laidAt = machineMs()
      reader.lay(card)
      const { tap: result } = await till.sees('a result', ({ tap: now }) => ['approved', 'refused'].includes(now.state))
      const inFieldMs = machineMs() - laidAt
      if (result.state !== 'approved') throw new Error(`tap ${tap} was ${JSON.stringify(result)}: nothing to measure`)
      reader.pull()
      await till.does({ command: 'next_customer' })
      await till.sees('a free screen', ({ tap: now, sale }) => now.state === 'idle' && sale === null)
      const { insertedAt, spans } = await noted(notesFile, tap)
      const readerMs = spans.reduce((sum, [from, to]) => sum + (to - from), 0)
      const lastAt = spans.at(-1)?.[1] ?? Number.NaN
      if (tap < warmUp) continue
      const place = tap % cards.length
      const label = labels[place]
      const identified = label === carried.uid ? 'uid' : label === carried.ntag21x ? 'ntag21x' : undefined
      const kind = identified ?? (place < leasedHolders ? 'leased' : 'relayed')
      const betweenMs = spans.slice(1).map(([from], index) => from - (spans[index]?.[1] ?? Number.NaN))
      measured.push({ kind, betweenMs, oursMs: lastAt - insertedAt - readerMs, commands: spans.length, inFieldMs })
      raw.push(await sleepsAlone(spans.length))
    }
    till.close()
    return figures(measured, raw)
  } finally {
    await world.stop()
    await served.dispose()
    rmSync(folder, { recursive: true, force: true })
  }
}

function figures(taps: readonly Tap[], raw: readonly number[]): readonly Figure[] {
  const proving = taps.filter(({ kind }) => kind === 'leased' || kind === 'relayed')
  const commands = median(proving.map((tap) => tap.commands))
  const baselineIs = `${commands} sleeps of ${commandMs} ms one after the other, as the reader makes them`
  const common = { bench: 'tap', unit: 'ms', baselineIs } as const
  const inField = proving.map((tap) => tap.inFieldMs)
  const ofKind = (kind: Tap['kind']) => taps.filter((tap) => tap.kind === kind)
  const leased = ofKind('leased')
  const oursOf = (kind: Tap['kind']) => ofKind(kind).map((tap) => tap.oursMs)
  const [ours, relayed] = [oursOf('leased'), oursOf('relayed')]
  const decided = leased.flatMap(({ betweenMs }) => betweenMs.slice(recognitionCommands - 1, recognitionCommands))
  const ways = leased.flatMap(({ betweenMs }) => betweenMs.toSpliced(recognitionCommands - 1, 1))
  const perTap = (list: readonly number[], share: number, figure: string, aim: Figure['aim']): Figure =>
    figureOf({
      ...common,
      samples: list.length,
      figure,
      value: quantile(list, share),
      baseline: quantile(raw, share),
      aim,
    })
  const fieldOf = (kind: Tap['kind']) => ofKind(kind).map((tap) => tap.inFieldMs)
  return [
    perTap(ours, 0.5, 'our share of a tap, p50', null),
    perTap(ours, 0.99, 'our share of a tap, p99', { atMost: 10 }),
    perTap(ways, 0.5, 'of that from one command to the next, p50', null),
    perTap(decided, 0.5, 'of that the rules and the intent on the disk, p50', null),
    perTap(relayed, 0.5, 'the same and twice the ledger, card without a lease, p50', null),
    perTap(relayed, 0.99, 'the same and twice the ledger, card without a lease, p99', null),
    perTap(fieldOf('uid'), 0.5, 'card of profile uid in the field until the result, on line, p50', { atMost: 250 }),
    perTap(fieldOf('ntag21x'), 0.5, 'card of profile ntag21x in the field until the result, on line, p50', {
      atMost: 250,
    }),
    perTap(inField, 0.5, 'card in the field until the result, on line, p50', { atMost: 250 }),
    perTap(inField, 0.99, 'card in the field until the result, on line, p99', { atMost: 400 }),
  ]
}

/** So many commands without anything to do: what the reader alone takes on this machine now. */
async function sleepsAlone(commands: number): Promise<number> {
  const started = performance.now()
  for (let command = 0; command < commands; command += 1) {
    await new Promise((resolve) => setTimeout(resolve, commandMs / 2))
    await new Promise((resolve) => setTimeout(resolve, commandMs / 2))
  }
  return performance.now() - started
}

/** The note of the n-th presence, which is written a moment after the card was taken off. */
async function noted(file: string, presence: number): Promise<PresenceNote> {
  const until = performance.now() + 10_000
  while (performance.now() < until) {
    const line = readFileSync(file, { encoding: 'utf8', flag: 'a+' }).split('\n').slice(0, -1)[presence]
    if (line !== undefined) return JSON.parse(line) as PresenceNote
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error(`the reader noted no presence ${presence}`)
}
