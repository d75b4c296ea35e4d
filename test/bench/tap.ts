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
import { bringInCountingCard, countingCard, countingScheme } from '../../tools/demo/counting-cards.ts'
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
/** Cards that only say who they are, and one that counts itself: a loaf of bread is below what it asks a PIN for. */
const otherCards = { uid: carriedCard, ntag21x: issuedTag, 'tolem-applet': countingCard } as const
type OtherProfile = keyof typeof otherCards
/** SELECT and three times GET_VERSION; what follows them is decided and on the disk. */
const recognitionCommands = 4
/** Each card once: the first tap of a card that counts itself also brings its allowance. */
const warmUp = holders.length + Object.keys(otherCards).length

interface Tap {
  readonly kind: 'leased' | 'relayed' | OtherProfile
  /** From the card's coming to the answer to its last command, less what the reader and the card took of that. */
  readonly oursMs: number
  /** Each part of that: from an answer of the card to the next command. */
  readonly betweenMs: readonly number[]
  readonly commands: number
  /** From the card's coming to the result on the screen, which says "hold the card" until then. */
  readonly inFieldMs: number
  /** What as many commands take the reader that has nothing else to do. */
  readonly sleepsMs: number
}

export async function benchTap(quick: boolean): Promise<readonly Figure[]> {
  const taps = quick ? 8 : 240
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
    const office = new AgencyOffice(world, { now: Date.now })
    await bringInCarriedCards(office, box, Date.now())
    await bringInCountingCard(office, box, Date.now())
    await till.does({ command: 'sync_now' })
    const journalFile = join(world.folders.till, 'journal.sqlite')
    for (const schemeId of [carriedFood, countingScheme]) await packageArrives(journalFile, schemeId)
    const others = Object.entries(otherCards) as [OtherProfile, string][]
    const cards = [
      ...holders.map((label, place) => ({ label, kind: place < leasedHolders ? 'leased' : 'relayed' }) as const),
      ...others.map(([kind, label]) => ({ label, kind }) as const),
    ].map(({ label, kind }) => {
      const card = box.card(label)
      if (card === null) throw new Error(`no card ${label}`)
      return { card, kind }
    })
    const measured: Tap[] = []
    for (let tap = 0; tap < taps + warmUp; tap += 1) {
      const { card, kind } = cards[tap % cards.length] as (typeof cards)[number]
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
      const betweenMs = spans.slice(1).map(([from], index) => from - (spans[index]?.[1] ?? Number.NaN))
      const sleepsMs = await sleepsAlone(spans.length)
      const oursMs = lastAt - insertedAt - readerMs
      measured.push({ kind, betweenMs, oursMs, commands: spans.length, inFieldMs, sleepsMs })
    }
    till.close()
    return figures(measured)
  } finally {
    await world.stop()
    await served.dispose()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The profile of the cards with and without a lease. */
const ntag424 = 'ntag424'
const untilResult = (profile: OtherProfile | typeof ntag424): string =>
  `card of profile ${profile} in the field until the result, on line`

type Share = 'p50' | 'p99'
const shares = { p50: 0.5, p99: 0.99 } as const

function figures(taps: readonly Tap[]): readonly Figure[] {
  const ofKind = (...kinds: readonly Tap['kind'][]) => taps.filter(({ kind }) => kinds.includes(kind))
  const [leased, relayed, proving] = [ofKind('leased'), ofKind('relayed'), ofKind('leased', 'relayed')]
  /** @param of what is measured of each of the taps, in milliseconds; their baseline is the reader's own time */
  const figure = (
    name: string,
    share: Share,
    those: readonly Tap[],
    of: (tap: Tap) => readonly number[],
    aim: Figure['aim'] = null,
  ): Figure => {
    const list = those.flatMap(of)
    const raw = those.map(({ sleepsMs }) => sleepsMs)
    const commands = median(those.map((tap) => tap.commands))
    return figureOf({
      bench: 'tap',
      unit: 'ms',
      figure: `${name}, ${share}`,
      value: quantile(list, shares[share]),
      baseline: quantile(raw, shares[share]),
      baselineIs: `${commands} sleeps of ${commandMs} ms one after the other, as the reader makes them`,
      aim,
      samples: list.length,
    })
  }
  const ours = ({ oursMs }: Tap) => [oursMs]
  const inField = ({ inFieldMs }: Tap) => [inFieldMs]
  const decided = ({ betweenMs }: Tap) => betweenMs.slice(recognitionCommands - 1, recognitionCommands)
  const ways = ({ betweenMs }: Tap) => betweenMs.toSpliced(recognitionCommands - 1, 1)
  const byProfile = (profile: OtherProfile) =>
    figure(untilResult(profile), 'p50', ofKind(profile), inField, { atMost: 250 })
  return [
    figure(`our share of a tap of ${ntag424}`, 'p50', leased, ours),
    figure(`our share of a tap of ${ntag424}`, 'p99', leased, ours, { atMost: 10 }),
    figure('of that from one command to the next', 'p50', leased, ways),
    figure('of that the rules and the intent on the disk', 'p50', leased, decided),
    figure(`the same and twice the ledger, ${ntag424} without a lease`, 'p50', relayed, ours),
    figure(`the same and twice the ledger, ${ntag424} without a lease`, 'p99', relayed, ours),
    byProfile('uid'),
    byProfile('ntag21x'),
    byProfile('tolem-applet'),
    figure(untilResult(ntag424), 'p50', proving, inField, { atMost: 250 }),
    figure(untilResult(ntag424), 'p99', proving, inField, { atMost: 400 }),
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
