/**
 * A card that counts itself, through the real pcscd: with the ledger, beside cash, torn at the debit, with its PIN, and
 * without network.
 */
import { AgencyOffice } from '../../../tools/demo/agency-office.ts'
import {
  bringInCountingCard,
  countingCard,
  countingCardPin,
  countingScheme,
} from '../../../tools/demo/counting-cards.ts'
import { record, sleep, type Station } from './station.ts'

/** SPEND, after recognition 3, certificate, channel, identity 2, slots. Without network no script is asked for. */
const spend = 9

export async function playCountingCard(station: Station): Promise<void> {
  const { till, demo } = station
  const before = station.journal().length
  await bringInCountingCard(new AgencyOffice(demo.world, demo.clock), station.box, demo.clock.now())
  await station.hearsOf(countingScheme)
  await station.settles()
  record('counting card, online', await station.sells('bread', countingCard))

  await till.does({ command: 'add_item', itemId: 'juice' })
  await station.rings('bread')
  await station.lay(countingCard)
  const rest = await till.sees('what the card leaves', ({ tap }) => tap.state === 'rest')
  record('counting card, rest', rest.tap)
  // Longer than a word on the rest is not heard.
  await sleep(1_000)
  await till.does({ command: 'rest_by_cash' })
  const withCash = await station.result(countingCard)
  record('counting card, beside cash', withCash)
  station.pull()
  await station.ends(withCash)

  for (let piece = 0; piece < 12; piece += 1) await till.does({ command: 'add_item', itemId: 'bread' })
  await till.does({ command: 'pay_by_card' })
  await station.lay(countingCard)
  const asked = await till.sees('the card asks for its PIN', ({ tap }) => tap.state === 'pin')
  record('counting card, asks', asked.tap)
  await till.does({ command: 'give_pin', pin: countingCardPin })
  const withPin = await station.result(countingCard)
  record('counting card, with PIN', withPin)
  station.pull()
  await station.ends(withPin)

  await demo.panel.network({ mode: 'cut' })
  await till.sees('the network is gone', ({ lights }) => lights.network.code !== 'ok', 60_000)
  await station.rings('bread')
  station.card(countingCard).arm({ kind: 'answer-lost' }, spend)
  await station.lay(countingCard)
  const torn = await till.sees('the tear', ({ tap }) => tap.state === 'torn')
  record('counting card, torn', torn.tap)
  await station.lay(countingCard)
  const back = await till.sees('the card says that it has paid', ({ tap }) => tap.state === 'approved')
  record('counting card, back', back.tap)
  station.pull()
  await station.ends(back.tap)
  await demo.panel.network({ mode: 'up' })
  await till.does({ command: 'sync_now' })
  await till.sees('the network is back', ({ lights }) => lights.network.code === 'ok', 60_000)
  await station.settles()
  record(
    'counting card, journal',
    station
      .journal()
      .slice(before)
      .map(({ state, amount }) => [state, amount]),
  )
  record(
    'counting card, debits',
    (station.box.log(countingCard, 10_000) ?? []).flatMap((line) => (line.kind === 'debit' ? [line.amount] : [])),
  )
}
