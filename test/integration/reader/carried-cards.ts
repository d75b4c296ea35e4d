/** Cards that only say who they are, through the real pcscd: with the ledger, torn at either end, and without it. */
import { AgencyOffice } from '../../../tools/demo/agency-office.ts'
import { bringInCarriedCards, carriedCard, carriedFood, issuedTag } from '../../fixtures/carried-food.ts'
import type { TapView } from '../../../src/terminal/contract/index.ts'
import { record, type Station } from './station.ts'

const item = 'bread'
/** To recognise and read each: a tear at every one of them is tried without pcscd (test/integration/cards). */
export const commandsOf = { [carriedCard]: 3, [issuedTag]: 9 } as const

export async function playCarriedCards(station: Station): Promise<void> {
  const { till, demo } = station
  await bringInCarriedCards(new AgencyOffice(demo.world, demo.clock), station.box, demo.clock.now())
  await station.hearsOf(carriedFood)
  await station.settles()
  for (const [label, commands] of Object.entries(commandsOf)) {
    const before = station.journal().length
    record(`${label}, online`, await station.sells(item, label))
    const torn: unknown[] = []
    const tears = [
      ['lost-before', 1],
      ['answer-lost', commands],
    ] as const
    for (const [kind, command] of tears) {
      await station.rings(item)
      station.card(label).arm({ kind }, command)
      await station.lay(label)
      const shown = await till.sees(
        `the tear at command ${command}`,
        ({ tap }) => tap.state === 'tap' && tap.hint === 'card_moved_too_soon',
      )
      torn.push({ command, shown: shown.tap, end: await pays(station, label) })
    }
    record(`${label}, torn`, torn)
    record(
      `${label}, journal`,
      station
        .journal()
        .slice(before)
        .map(({ state }) => state),
    )
  }
  await demo.panel.network({ mode: 'cut' })
  await till.sees('the network is gone', ({ lights }) => lights.network.code !== 'ok', 60_000)
  for (const label of Object.keys(commandsOf)) record(`${label}, offline`, await station.sells(item, label))
  await demo.panel.network({ mode: 'up' })
  await till.does({ command: 'sync_now' })
  await till.sees('the network is back', ({ lights }) => lights.network.code === 'ok', 60_000)
  await station.settles()
}

async function pays(station: Station, label: string): Promise<TapView> {
  await station.lay(label)
  const tap = await station.result(label)
  station.pull()
  await station.ends(tap)
  return tap
}
