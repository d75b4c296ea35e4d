/**
 * Method: the real till and the virtual printer, whose log counts the pulses that reached its drawer. Cash is taken
 * while processes are killed and the printer is off: never a second pulse, never one that nobody waits for.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPrintingTill, patience, type PrintingTill } from './printing-till.ts'

let work: PrintingTill

beforeAll(async () => {
  work = await openPrintingTill()
  await work.shows('ok', 0)
})
afterAll(() => work?.close())

function pulses(): number {
  const log = readFileSync(join(work.world.folders.hardware, 'slips', 'printer.log.jsonl'), 'utf8')
  return log.split('\n').filter((line) => line.includes('"drawer-kicked"')).length
}

test('one pulse for one sale, out of paper too; none for what a stop or a dead printer swallowed', async () => {
  await work.sellsForCash()
  await expect.poll(pulses, patience).toBe(1)
  await work.allIsPrinted()

  await work.printer({ paper: 'out' })
  await work.sellsForCash()
  await expect.poll(pulses, patience).toBe(2)
  await work.printer({ paper: 'present' })
  await work.allIsPrinted()

  await work.killsCore()
  await work.shows('ok', 0)
  expect(pulses()).toBe(2)

  await work.printer({ power: 'off' })
  await work.shows('printer_unreachable', 0)
  await work.sellsForCash()
  await work.shows('printer_unreachable', 1)
  await work.killsCore()
  await work.printer({ power: 'on' })
  await work.allIsPrinted()
  expect(pulses()).toBe(2)

  await work.sellsForCash()
  await expect.poll(pulses, patience).toBe(3)
})
