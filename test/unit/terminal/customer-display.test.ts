/** What a customer reads: the line that changed, the sum, what is left, thanks; and the light of all such devices. */
import { expect, test } from 'vitest'
import type { DisplayRow, HidPort, HidStatus } from '../../../src/drivers/ports.ts'
import { readCoreMessage } from '../../../src/drivers/host/protocol.ts'
import { createAbsentHid } from '../../../src/drivers/host/absent-devices.ts'
import { CustomerDisplay, displayOf } from '../../../src/terminal/core/customer-display.ts'
import type { SaleView, Snapshot } from '../../../src/terminal/contract/snapshot.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { quietTill } from '../../../src/terminal/ui/gallery/made-up.ts'
import { tillBench } from './till-bench.ts'

const saleId = '0197f5a0-0000-7000-8000-000000000001'
const line = (number: number, name: string, quantity: number, unitPrice: number): SaleView['lines'][number] => ({
  line: number,
  itemId: `item-${number}`,
  name: { kk: name, ru: name, en: name },
  quantity,
  unitPrice: tiyn(unitPrice),
  total: tiyn(unitPrice * quantity),
  covered: tiyn(0),
})
const saleOf = (lines: SaleView['lines'], paid = 0, open = true): SaleView => {
  const total = lines.reduce((sum, { total: one }) => sum + one, 0n)
  return {
    saleId,
    lines,
    total: tiyn(total),
    paid: tiyn(paid),
    leftToPay: tiyn(total - BigInt(paid)),
    tenders: [],
    open,
  }
}

function watched() {
  const shown: string[] = []
  const text = ({ left, right }: DisplayRow): string => `${left}|${right}`.replaceAll('\u202f', ' ')
  const display = new CustomerDisplay({
    ...createAbsentHid(),
    show: (rows) => void shown.push(rows.map(text).join(' / ')),
  })
  const follow = (sale: SaleView | null, language: Snapshot['language'] = 'en'): string | undefined => {
    const before = shown.length
    display.follow({ ...quietTill, sale, language })
    return shown.length === before ? undefined : shown.at(-1)
  }
  return { follow }
}

const lunch = line(1, 'Lunch', 1, 115_000)
const juice = line(2, 'Juice', 2, 35_000)

test('each line as it is rung up or changed, with the total', () => {
  const { follow } = watched()
  expect(follow(null)).toBe('| / |')
  expect(follow(saleOf([lunch]))).toBe('Lunch|1 150,00 / Total|1 150,00')
  expect(follow(saleOf([lunch, juice]))).toBe('2 x Juice|700,00 / Total|1 850,00')
  expect(follow(saleOf([line(1, 'Lunch', 3, 115_000), juice]))).toBe('3 x Lunch|3 450,00 / Total|4 150,00')
  // Nothing that concerns the customer.
  expect(follow(saleOf([line(1, 'Lunch', 3, 115_000), juice]))).toBe(undefined)
  expect(follow(saleOf([juice]))).toBe('2 x Juice|700,00 / Total|700,00')
})

test('what is left while it is paid in parts, thanks when it is paid, empty before the next', () => {
  const { follow } = watched()
  follow(saleOf([lunch, juice]))
  expect(follow(saleOf([lunch, juice], 115_000, false))).toBe('Paid|1 150,00 / Left to pay|700,00')
  expect(follow(saleOf([lunch, juice], 185_000, false))).toBe('Thank you!| / Total|1 850,00')
  expect(follow(saleOf([lunch, juice], 185_000, false), 'kk')).toBe('Рақмет!| / Барлығы|1 850,00')
  expect(follow(saleOf([lunch, juice], 185_000, false), 'ru')).toBe('Спасибо!| / Итого|1 850,00')
  expect(follow(null)).toBe('| / |')
})

test('a name of any length comes to the device host: the rest of it is cut off', () => {
  const long = { ...saleOf([line(1, '🍎'.repeat(300), 2, 100)]) }
  const rows = displayOf(long, 1, 'en').map((row) => ({ ...row }))
  expect(readCoreMessage({ type: 'show', rows }).kind).toBe('message')
  expect(rows[0]?.left).toMatch(/^2 x (🍎){96}$/u)
})

test('a sale that is frozen and not paid gets no thanks', () => {
  expect(watched().follow(saleOf([lunch], 0, false))).toBe('Lunch|1 150,00 / Total|1 150,00')
})

test.each([
  [{ devices: [], trouble: null }, null],
  [{ devices: [], trouble: { code: 'host-restarting', detail: '' } }, null],
  [{ devices: [], trouble: { code: 'no-library', detail: 'x' } }, null],
  [
    { devices: [], trouble: { code: 'left-out', detail: 'x' } },
    { level: 'limited', code: 'hid_left_out' },
  ],
  [
    {
      devices: [{ use: 'display', name: 'P', trouble: { code: 'unplugged', detail: '' } }],
      trouble: { code: 'no-library', detail: 'x' },
    },
    { level: 'limited', code: 'hid_no_library' },
  ],
  [
    { devices: [{ use: 'scanner', name: 'V', trouble: null }], trouble: null },
    { level: 'ok', code: 'ok', detail: 'scanner: V' },
  ],
  [
    { devices: [{ use: 'scanner', name: 'V', trouble: null }], trouble: { code: 'host-restarting', detail: '' } },
    { level: 'limited', code: 'device_host_restarting' },
  ],
  [
    {
      devices: [
        { use: 'scanner', name: 'V', trouble: null },
        { use: 'display', name: 'P', trouble: { code: 'no-access', detail: 'hidraw3' } },
      ],
      trouble: null,
    },
    { level: 'limited', code: 'hid_no_access', detail: 'display: P · hidraw3' },
  ],
] as const satisfies readonly (readonly [HidStatus, object | null])[])('the light of %j', (status, light) => {
  const hid: HidPort = { ...createAbsentHid(), status: () => status }
  const { till, start } = tillBench('light', hid)
  start()
  const shown = till.snapshot().lights.hid
  if (light === null) expect(shown).toBe(null)
  else expect(shown).toMatchObject(light)
})
