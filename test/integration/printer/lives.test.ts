/**
 * Method: as in faults.test.ts; here the processes are killed (SIGKILL) while a receipt is on its way, and the cashier
 * asks for copies and voids.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { copy, openPrintingTill, original, patience, type PrintingTill } from './printing-till.ts'

let work: PrintingTill

beforeAll(async () => {
  work = await openPrintingTill()
  await work.shows('ok', 0)
})
afterAll(() => work?.close())
afterEach(async () => {
  await work.printer({ bytesPerSecond: null, answers: true, power: 'on' })
  await work.allIsPrinted()
})

/** A receipt takes a quarter of a minute; eight seconds after its last byte the till believes it printed. */
const slow = { bytesPerSecond: 60 }
async function jobIs(saleId: string, state: string): Promise<void> {
  await expect.poll(() => work.jobState(saleId), patience).toBe(state)
}

test('the core is killed while a receipt waits: the original follows', async () => {
  await work.printer({ power: 'off' })
  await work.shows('printer_unreachable', 0)
  const sale = await work.sellsForCash()
  await jobIs(sale, 'waiting')
  await work.killsCore()
  await work.shows('printer_unreachable', 1)
  await work.printer({ power: 'on' })
  await work.allIsPrinted()
  expect(await work.printsOf(sale)).toMatchObject([original])
})

test('the core is killed while its receipt is being printed: the device host ends it, a copy follows', async () => {
  await work.printer(slow)
  const sale = await work.sellsForCash()
  await work.isPrinting()
  expect(work.jobState(sale)).toBe('started')
  await work.killsCore()
  await work.printer({ bytesPerSecond: null })
  await work.allIsPrinted()
  expect(await work.printsOf(sale)).toMatchObject([original, copy])
})

test('the core is killed when its receipt lies on the counter and no row says so: a copy follows', async () => {
  await work.printer(slow)
  const sale = await work.sellsForCash()
  await work.isPrinting()
  await work.printer({ answers: false, bytesPerSecond: null })
  await expect.poll(() => work.printsOf(sale), patience).toMatchObject([original])
  expect(work.jobState(sale)).toBe('started')
  await work.killsCore()
  await work.printer({ answers: true })
  await work.allIsPrinted()
  expect(await work.printsOf(sale)).toMatchObject([original, copy])
})

test('the core is killed after its receipt is printed: nothing is printed again', async () => {
  const sale = await work.sellsForCash()
  await jobIs(sale, 'printed')
  await work.killsCore()
  await work.allIsPrinted()
  const next = await work.sellsForCash()
  await jobIs(next, 'printed')
  expect(await work.printsOf(sale)).toMatchObject([original])
  expect(await work.printsOf(next)).toMatchObject([original])
})

test('the device host is killed while a receipt is being printed: sales go on, a copy follows', async () => {
  await work.printer(slow)
  const sale = await work.sellsForCash()
  await work.isPrinting()
  work.killsDeviceHost()
  const next = await work.sellsForCash()
  await work.printer({ bytesPerSecond: null })
  await work.allIsPrinted()
  const prints = await work.printsOf(sale)
  expect(prints.filter(({ isCopy }) => !isCopy).length).toBeLessThanOrEqual(1)
  expect(prints.at(-1)).toMatchObject(copy)
  expect(await work.printsOf(next)).toMatchObject([original])
})

test('a copy that is asked for says so, in each language', async () => {
  const sale = await work.sellsForCash()
  await jobIs(sale, 'printed')
  const marks: (string | undefined)[] = []
  for (const language of ['kk', 'ru', 'en'] as const) {
    await work.till.does({ command: 'set_language', language })
    await work.till.does({ command: 'print_again', saleId: sale })
    await jobIs(sale, 'printed')
    await work.allIsPrinted()
    const slip = work.slips().findLast((text) => text.includes(sale.slice(-8))) ?? ''
    marks.push(/^\s*(КӨШІРМЕ|КОПИЯ|COPY)\s*$/m.exec(slip)?.[1])
  }
  await work.till.does({ command: 'set_language', language: 'kk' })
  expect(marks).toEqual(['КӨШІРМЕ', 'КОПИЯ', 'COPY'])
  expect(await work.printsOf(sale)).toMatchObject([original, copy, copy, copy])
})

test('a void prints its slip once, and its copies say so', async () => {
  const sale = await work.sellsForCash()
  await jobIs(sale, 'printed')
  await work.till.does({ command: 'void_sale', saleId: sale })
  await work.allIsPrinted()
  await work.till.does({ command: 'print_again', saleId: sale })
  await work.allIsPrinted()
  expect(await work.printsOf(sale)).toMatchObject([original, { ...original, isVoid: true }, { ...copy, isVoid: true }])
})

test('a sale that is voided before its receipt was begun gets one slip, of the void', async () => {
  await work.printer({ power: 'off' })
  await work.shows('printer_unreachable', 0)
  const sale = await work.sellsForCash()
  await work.till.does({ command: 'void_sale', saleId: sale })
  await work.shows('printer_unreachable', 1)
  await work.printer({ power: 'on' })
  await work.allIsPrinted()
  expect(await work.printsOf(sale)).toMatchObject([{ ...original, isVoid: true }])
})
