/**
 * Method: sales by card in the real till while a seeded hand breaks the printer, the core and the device host in
 * between. Afterwards the independent checker judges the cards' logs, the paper and the ledger; it reads nothing of the
 * till. `SEED=…` plays a run again.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SeededRandom } from '../../simulation/random.ts'
import { saying } from '../bad-input/till-at-work.ts'
import { openPrintingTill, patience, type PrinterChange, type PrintingTill } from './printing-till.ts'

const salesCount = 10
/** Ten sales, with processes that are killed and waits of up to 40 s, on a machine that does other things too. */
const maxMs = 300_000

let work: PrintingTill

beforeAll(async () => {
  work = await openPrintingTill()
  await work.shows('ok', 0)
})
afterAll(() => work?.close())

const well: PrinterChange = {
  paper: 'present',
  cover: 'closed',
  cutter: 'ok',
  link: 'up',
  answers: true,
  bytesPerSecond: null,
  cutConnectionAfterBytes: null,
  power: 'on',
}

function printerFault(random: SeededRandom): PrinterChange {
  const speed = random.chance(0.5) ? { bytesPerSecond: random.between(200, 2_000) } : {}
  const fault = random.pick<PrinterChange>([
    {},
    { paperEndsAfterLines: random.between(1, 20) },
    { cover: 'open' },
    { cutter: 'jammed' },
    { cutConnectionAfterBytes: random.between(10, 1_500) },
    { link: 'dead' },
    { answers: false },
    { power: 'off' },
  ])
  return { ...speed, ...fault }
}

test(
  'random faults of printer, core and device host: money is right, no second original',
  { timeout: maxMs },
  async () => {
    const seed = process.env['SEED'] ?? String(Math.floor(Math.random() * 2 ** 31))
    process.stdout.write(`printer faults: seed ${seed}\n`)
    const random = new SeededRandom(seed)
    const sold: string[] = []
    const told: string[] = []
    const askedAgain: string[] = []
    let troubles = 0
    for (let sale = 1; sale <= salesCount; sale += 1) {
      const fault = printerFault(random)
      told.push(JSON.stringify(fault))
      await work.printer(fault)
      const tap = await work.sell(`Pupil ${String(sale).padStart(2, '0')}`)
      expect(['approved settled', 'approved pending'], told.join('\n')).toContain(saying(tap))
      await work.clears()
      const saleId = work.till.snapshot.recent[0]?.saleId ?? ''
      sold.push(saleId)
      if (random.chance(0.3)) work.killsDeviceHost()
      if (random.chance(0.3)) await work.killsCore()
      if (random.chance(0.5)) await work.printer(well)
      if (random.chance(0.3)) {
        const saleAgain = random.pick(sold)
        askedAgain.push(saleAgain)
        await work.till.asks({ command: 'print_again', saleId: saleAgain })
      }
      await work.sees('ready for the next card', ({ lights }) => {
        return lights.network.level === 'ok' && lights.reader.level === 'ok'
      })
      if (work.till.snapshot.lights.printer.code !== 'ok') troubles += 1
    }
    await work.printer(well)
    // What was never begun prints by itself. What broke off three times waits for the cashier, who sees that it does.
    await expect.poll(() => work.salesWithJobs('waiting'), patience).toEqual([])
    for (const saleId of work.salesWithJobs('started')) await work.till.asks({ command: 'print_again', saleId })
    await work.allIsPrinted()
    await work.sees('all is handed over', ({ queue }) => queue.waiting === 0)
    const prints = await work.prints()
    let printedAgain = 0
    for (const saleId of sold) {
      const own = prints.filter(({ sale }) => sale === saleId.slice(-8))
      const said = `${saleId}: ${JSON.stringify(own)}\n${told.join('\n')}`
      expect(own.filter(({ isCopy }) => !isCopy).length, said).toBeLessThanOrEqual(1)
      expect(
        own.some(({ isWhole }) => isWhole),
        said,
      ).toBe(true)
      const wanted = 1 + askedAgain.filter((one) => one === saleId).length
      printedAgain += Math.max(0, own.length - wanted)
    }
    // Else no fault struck anything, and the lines above judge a printer that was well.
    process.stdout.write(
      `printer faults: ${troubles} sales ended in trouble, ${printedAgain} prints nobody asked for\n`,
    )
    expect(troubles + printedAgain, told.join('\n')).toBeGreaterThan(0)
    const verdict = await work.judge()
    expect(verdict, told.join('\n')).toMatchObject({
      passed: true,
      settled: salesCount,
      balanced: true,
      lost: [],
      duplicates: [],
      paidWithoutPaper: [],
    })
  },
)
