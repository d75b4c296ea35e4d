/**
 * Lamps and buzzer of an ACR122U (docs/design/08-reader.md, "Lamps and buzzer"). Method: a whole till at a virtual
 * reader of that name, real ledger; what lamps and buzzer did is read from the reader, which shares no code with the
 * till.
 */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { Command } from '../../../src/terminal/contract/commands.ts'
import { PreparedWorld, type WalkWorld } from './prepared-world.ts'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

let world: WalkWorld
afterEach(() => world.close())

const acr122u = 'ACS ACR122U PICC Interface 00 00'
const greenOnce = { state: 0xa0, onTenths: 2, offTenths: 1, times: 1, beeps: 1 }
const redTwice = { state: 0x50, onTenths: 1, offTenths: 1, times: 2, beeps: 1 }

function till() {
  const { core } = world.station
  if (core === undefined) throw new Error('the till is off')
  return core.till
}

/** Buys a lunch by this card, which is lifted after so long; what the screen says then. */
async function taps(label: string, heldMs = 4_000): Promise<string> {
  const command = (asked: Command) => till().command(asked)
  command({ command: 'cancel_payment' })
  command({ command: 'next_customer' })
  if (till().snapshot().sale === null) command({ command: 'add_item', itemId: 'school-lunch' })
  command({ command: 'pay_by_card' })
  world.station.layCard(label)
  await pass(heldMs)
  world.station.pullCard()
  await pass(1_000)
  return till().snapshot().tap.state
}
const pass = (ms: number) => world.time.runUntil(world.time.now + ms)

it('is silent when it sees a card and beeps with the result: green for paid, red for refused', async () => {
  world = await prepared.open()
  const reader = world.station.readerNamed(acr122u)
  expect(reader.beepsOnDetection).toBe(true)
  expect(await taps('Pupil 01')).toBe('approved')
  expect(reader.beepsOnDetection).toBe(false)
  expect(reader.blinks).toEqual([greenOnce])
  expect(await taps('Pupil 01')).toBe('refused')
  expect(reader.blinks).toEqual([greenOnce, redTwice])
  // The lamps have no sale to wait for, and none waits for them: the next card pays.
  expect(await taps('Pupil 02')).toBe('approved')
  expect(reader.blinks).toEqual([greenOnce, redTwice, greenOnce])
})

it('says nothing with a card that was lifted too early, and nothing twice', async () => {
  world = await prepared.open()
  const reader = world.station.readerNamed(acr122u)
  expect(await taps('Pupil 01', 40)).toBe('tap')
  expect(reader.blinks).toEqual([])
  expect(await taps('Pupil 01', 60_000)).toBe('approved')
  expect(reader.blinks).toEqual([greenOnce])
})

it('leaves every other reader alone', async () => {
  world = await prepared.open()
  const reader = world.station.readerNamed('ACS ACR1252 Dual Reader 00 00')
  expect(await taps('Pupil 01')).toBe('approved')
  expect(reader.beepsOnDetection).toBe(true)
  expect(reader.blinks).toEqual([])
})
