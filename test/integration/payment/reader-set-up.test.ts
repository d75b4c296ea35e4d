/**
 * An ACR122U is told without a card what the till needs (docs/design/08-reader.md, "Told without a card"). Method: a
 * whole till at a virtual reader of that name, real ledger; what the reader was told is read from the reader, which
 * shares no code with the till.
 */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { ReaderCommands } from '../../../hardware-mocks/reader/reader-commands.ts'
import type { Command } from '../../../src/terminal/contract/commands.ts'
import { PreparedWorld, type WalkWorld } from './prepared-world.ts'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

let world: WalkWorld
afterEach(() => world.close())

const acr122u = 'ACS ACR122U PICC Interface 00 00'
const pass = (ms: number) => world.time.runUntil(world.time.now + ms)

function till() {
  const { core } = world.station
  if (core === undefined) throw new Error('the till is off')
  return core.till
}
const command = (asked: Command) => till().command(asked)

async function reader(takesEscapes: boolean): Promise<ReaderCommands> {
  world = await prepared.open()
  const commands = world.station.readerNamed(acr122u)
  commands.takesEscapes = takesEscapes
  // Each 500 ms, as somebody left it.
  commands.piccParameter = 0xdf
  return commands
}

async function tapped(label: string): Promise<string> {
  world.station.layCard(label)
  await pass(4_000)
  world.station.pullCard()
  await pass(1_000)
  return till().snapshot().tap.state
}

it('is silent before its first card, looks twice as often, and says so on the bench', async () => {
  const commands = await reader(true)
  world.station.replugReader()
  await pass(500)
  expect(commands.beepsOnDetection).toBe(false)
  expect(commands.piccParameter).toBe(0xff)
  command({ command: 'open_bench' })
  await pass(100)
  const told = { readerName: acr122u, firmware: 'ACR122U201', pollingMs: 250, trouble: null }
  expect(till().snapshot().bench?.readerSettings).toEqual([told])
})

it('sees and takes a card that is laid down while the reader is being told something', async () => {
  const commands = await reader(true)
  command({ command: 'add_item', itemId: 'school-lunch' })
  command({ command: 'pay_by_card' })
  // Each command takes 16 ms, so that this card comes in the first of them; the others find it there.
  world.station.replugReader()
  world.station.layCard('Pupil 01')
  expect(commands.piccParameter).toBe(0xdf)
  await pass(4_000)
  expect(till().snapshot().tap.state).toBe('approved')
  expect(commands.piccParameter).toBe(0xdf)
  world.station.pullCard()
  await pass(500)
  // It is told the rest when the card has left, and pays on.
  expect(commands.piccParameter).toBe(0xff)
  command({ command: 'next_customer' })
  command({ command: 'add_item', itemId: 'school-lunch' })
  command({ command: 'pay_by_card' })
  expect(await tapped('Pupil 02')).toBe('approved')
})

it('is left as it is where its driver takes no such commands, beeps once, and the till sells', async () => {
  const commands = await reader(false)
  world.station.replugReader()
  await pass(500)
  expect(commands.beepsOnDetection).toBe(true)
  command({ command: 'add_item', itemId: 'school-lunch' })
  command({ command: 'pay_by_card' })
  expect(await tapped('Pupil 01')).toBe('approved')
  expect(commands.piccParameter).toBe(0xdf)
  // Heard with that card.
  expect(commands.beepsOnDetection).toBe(false)
  command({ command: 'next_customer' })
  command({ command: 'open_bench' })
  await pass(100)
  expect(till().snapshot().bench?.readerSettings).toMatchObject([{ trouble: 'refused', pollingMs: null }])
})
