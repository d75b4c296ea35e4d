/** Cards that leave in the middle of a payment, at each of its commands, through the real pcscd. */
import type { CardFault } from '../../../hardware-mocks/cards/faults.ts'
import type { TapView } from '../../../src/terminal/contract/index.ts'
import { record, type Station, type TenderRow } from './station.ts'

/** Of a card under a lease: 4 to recognise it, then select, authenticate twice, write, select twice, read. */
export const commandsOfAPayment = 11
/** Up to here nothing is journaled: the card is simply wanted again. */
export const commandsOfRecognition = 4

const holder = 'Family 01'
const another = 'Family 02'
const item = 'bread'

const faults = ['lost-before', 'answer-lost'] as const

export interface TornCase {
  readonly command: number
  readonly fault: CardFault['kind']
  readonly backOn: 'the same reader' | 'the other reader'
  readonly shown: TapView
  readonly end: TapView
  /** What the journal has of it. */
  readonly tenders: readonly Pick<TenderRow, 'state' | 'amount'>[]
}

export async function playTears(station: Station): Promise<void> {
  const cases: TornCase[] = []
  for (let command = 1; command <= commandsOfAPayment; command += 1) {
    // In the recognition nothing is written anywhere: one of them each is enough.
    const isRecognition = command <= commandsOfRecognition
    for (const fault of isRecognition ? [faults[command % 2] ?? 'lost-before'] : faults) {
      const backOn = (command + cases.length) % 2 === 0 ? 'the same reader' : 'the other reader'
      const before = station.journal().length
      const shown = await tear(station, { kind: fault }, command)
      const slot = backOn === 'the same reader' ? 0 : 1
      await station.lay(holder, slot)
      const end = await station.till.sees('paid', ({ tap }) => tap.state === 'approved' || tap.state === 'refused')
      station.pull(slot)
      await station.ends(end.tap)
      const tenders = station
        .journal()
        .slice(before)
        .map(({ state, amount }) => ({ state, amount }))
      cases.push({ command, fault, backOn, shown, end: end.tap, tenders })
    }
  }
  record('torn, same card back', cases)
  await playOtherCard(station)
  await playNeverBack(station)
}

/** Rings up, and pulls the holder's card at that command. */
export async function tear(station: Station, fault: CardFault, command: number): Promise<TapView> {
  await station.rings(item)
  const card = station.card(holder)
  card.arm(fault, command)
  await station.lay(holder)
  const shown = await station.till.sees(
    `the tear at command ${command}`,
    ({ tap }) => tap.state === 'torn' || (tap.state === 'tap' && tap.hint === 'card_moved_too_soon'),
  )
  return shown.tap
}

async function playOtherCard(station: Station): Promise<void> {
  const before = station.journal().length
  await tear(station, { kind: 'answer-lost' }, 8)
  await station.lay(another, 1)
  const other = await station.till.sees('another card', ({ tap }) => tap.state === 'torn' && tap.hint === 'other_card')
  station.pull(1)
  await station.lay(holder)
  const end = await station.till.sees('paid', ({ tap }) => tap.state === 'approved')
  station.pull()
  await station.ends(end.tap)
  record('torn, another card, then the same', {
    other: other.tap,
    end: end.tap,
    states: station
      .journal()
      .slice(before)
      .map(({ state }) => state),
  })
}

async function playNeverBack(station: Station): Promise<void> {
  const before = station.journal().length
  await tear(station, { kind: 'answer-lost' }, commandsOfAPayment)
  await station.till.does({ command: 'cancel_payment' })
  await station.till.does({ command: 'cancel_sale' })
  await station.till.sees('nothing is left of it', (shown) => shown.sale === null && shown.unresolved.length === 0)
  const states = station
    .journal()
    .slice(before)
    .map(({ state }) => state)
  record('torn, never back', { states, next: await station.sells(item, holder) })
}
