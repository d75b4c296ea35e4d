/**
 * Method: the real till (core, device host, journal on disk) and the virtual printer, which fails in every way that one
 * fails in. Cash is taken while it does. What is judged is the paper: at most one print of a sale says nothing of being
 * a copy, a whole one comes out in the end, and sales stay in their order (docs/design/07-printing.md).
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { copy, openPrintingTill, original, patience, type PrintingTill } from './printing-till.ts'

let work: PrintingTill

beforeAll(async () => {
  work = await openPrintingTill()
  await work.shows('ok', 0)
})
afterAll(() => work?.close())
/** A receipt takes a quarter of a minute; eight seconds after its last byte the till believes it printed. */
const slow = { bytesPerSecond: 60 }

afterEach(async () => {
  // Nobody can tell how it ends while a receipt waits.
  await work.printer({
    bytesPerSecond: null,
    cutConnectionAfterBytes: null,
    paper: 'present',
    cover: 'closed',
    cutter: 'ok',
    link: 'up',
    power: 'on',
  })
  await work.allIsPrinted()
})

test('paper out in the middle: the next sale does not wait; one original and one copy, in order', async () => {
  await work.printer({ paperEndsAfterLines: 6 })
  const first = await work.sellsForCash()
  await work.shows('printer_paper_out', 1)
  const second = await work.sellsForCash()
  await work.shows('printer_paper_out', 2)
  await work.printer({ paper: 'present' })
  await work.allIsPrinted()
  // The printer kept what it had taken, and nobody could know that it would.
  expect(await work.printsOf(first)).toMatchObject([original, copy])
  expect(await work.printsOf(second)).toMatchObject([original])
  expect((await work.prints()).slice(-3).map(({ sale }) => sale)).toEqual([first, first, second].map(numberOf))
})

test('cover open before: no byte is sent, and the original follows when it is closed', async () => {
  await work.printer({ cover: 'open' })
  const sale = await work.sellsForCash()
  await work.shows('printer_cover_open', 1)
  expect(work.jobState(sale)).toBe('waiting')
  await work.printer({ cover: 'closed' })
  await work.allIsPrinted()
  expect(await work.printsOf(sale)).toMatchObject([original])
})

test('cover opened in the middle of a receipt', async () => {
  await work.printer(slow)
  const sale = await work.sellsForCash()
  await work.isPrinting()
  await work.printer({ cover: 'open' })
  await work.shows('printer_cover_open', 1)
  await work.printer({ cover: 'closed', bytesPerSecond: null })
  await work.allIsPrinted()
  expect(await work.printsOf(sale)).toMatchObject([original, copy])
})

test('the cutter jams at the end of a receipt', async () => {
  await work.printer({ cutter: 'jammed' })
  const sale = await work.sellsForCash()
  await work.shows('printer_cutter', 1)
  await work.printer({ cutter: 'ok' })
  await work.allIsPrinted()
  expect(await work.printsOf(sale)).toMatchObject([original, copy])
})

test('the connection is cut off after some number of bytes', async () => {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  process.stdout.write(`cuts: seed ${seed}\n`)
  let struck = 0
  for (let turn = 0; turn < 6; turn += 1) {
    const cutConnectionAfterBytes = 30 + ((seed + turn * 7919) % 900)
    await work.printer({ cutConnectionAfterBytes })
    const sale = await work.sellsForCash()
    await work.allIsPrinted()
    await work.printer({ cutConnectionAfterBytes: null })
    const prints = await work.printsOf(sale)
    const said = `cut after ${cutConnectionAfterBytes}: ${JSON.stringify(prints)}`
    expect(prints.filter(({ isCopy }) => !isCopy).length, said).toBeLessThanOrEqual(1)
    expect(prints.at(-1), said).toMatchObject({ isWhole: true })
    expect(prints.length, said).toBeLessThanOrEqual(2)
    if (prints.length === 2) expect(prints[1], said).toMatchObject(copy)
    if (prints.length === 2 || prints[0]?.isCopy === true) struck += 1
  }
  // A cut may come after a short receipt's end, or on a question about the paper: then nothing is printed again.
  process.stdout.write(`cuts: ${struck} of 6 struck a receipt\n`)
  expect(struck).toBeGreaterThan(0)
})

test('the power fails in the middle of a receipt', async () => {
  await work.printer(slow)
  const sale = await work.sellsForCash()
  await work.isPrinting()
  await work.printer({ power: 'off' })
  await work.shows('printer_unreachable', 1)
  await work.sellsForCash()
  await work.shows('printer_unreachable', 2)
  await work.printer({ power: 'on', bytesPerSecond: null })
  await work.allIsPrinted()
  const prints = await work.printsOf(sale)
  expect(prints.at(-1)).toMatchObject(copy)
  expect(prints.filter(({ isCopy, isWhole }) => !isCopy && isWhole)).toEqual([])
})

test('the cable is pulled in the middle of a receipt: no end of the connection is heard', async () => {
  await work.printer(slow)
  const sale = await work.sellsForCash()
  await work.isPrinting()
  await work.printer({ link: 'dead' })
  const next = await work.sellsForCash()
  await work.shows('printer_silent', 2)
  await work.printer({ link: 'up', bytesPerSecond: null })
  await work.allIsPrinted()
  expect(await work.printsOf(sale)).toMatchObject([original, copy])
  expect(await work.printsOf(next)).toMatchObject([original])
})

test('a very slow printer prints each receipt once, long after the next sales', async () => {
  await work.printer({ bytesPerSecond: 300 })
  const sales = [await work.sellsForCash(), await work.sellsForCash()]
  expect(work.till.snapshot.receiptsWaiting).toBeGreaterThan(0)
  await work.allIsPrinted()
  await work.printer({ bytesPerSecond: null })
  await expect
    .poll(async () => (await work.prints()).slice(-2), patience)
    .toMatchObject(sales.map((saleId) => ({ ...original, sale: numberOf(saleId) })))
})

test('fifty receipts wait for the printer: each comes out once, an original, in the order of the sales', async () => {
  await work.printer({ power: 'off' })
  await work.shows('printer_unreachable', 0)
  const before = (await work.prints()).length
  const sales: string[] = []
  for (let sale = 0; sale < 50; sale += 1) sales.push(await work.sellsForCash())
  await work.shows('printer_unreachable', 50)
  await work.printer({ power: 'on' })
  await work.allIsPrinted()
  expect((await work.prints()).slice(before)).toEqual(sales.map((saleId) => ({ ...original, sale: numberOf(saleId) })))
}, 240_000)

const numberOf = (saleId: string): string => saleId.slice(-8)
