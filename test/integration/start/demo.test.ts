/**
 * The stories of `npm run demo`, each as a command on the real processes. A story fails by itself where a screen does
 * not show what it must; here its last line is held against what such a story is about, in round figures of its own.
 */
import { spawn } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..', '..', '..')

interface Played {
  readonly code: number | null
  readonly told: string
  readonly line: Readonly<Record<string, unknown>> & { readonly receipts: readonly string[] }
}

/** In a folder of its own below `out/`, which is removed when all is well. */
async function plays(scenario: string): Promise<Played> {
  const name = `test-${scenario}`
  const words = [join(root, 'tools', 'demo.ts'), '--scenario', scenario, '--json', '--name', name]
  const child = spawn(process.execPath, words, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let [said, told] = ['', '']
  child.stdout.on('data', (data: Buffer) => (said += data.toString()))
  child.stderr.on('data', (data: Buffer) => (told += data.toString()))
  const code = await new Promise<number | null>((done) => child.once('close', done))
  const last = said.trim().split('\n').at(-1) ?? ''
  if (code !== 0 || !last.startsWith('{')) throw new Error(`${scenario} ended with ${code}: ${told}`)
  const line = JSON.parse(last) as Played['line']
  for (const receipt of line.receipts) expect(existsSync(join(root, receipt)), receipt).toBe(true)
  for (const folder of [name, `${name}-anchors`]) rmSync(join(root, 'out', 'demo', folder), { recursive: true })
  return { code, told, line }
}

const wellKept = { duplicates: 0, lost: 0, ledger: { balanced: true } }

test('food-voucher: two merchants, split tenders, goods that come back, the turn of a month', async () => {
  const { line, told } = await plays('food-voucher')
  expect(line).toMatchObject({
    scenario: 'food-voucher',
    ...wellKept,
    settled: 8,
    refused: { ALLOWANCE_USED: 1, CARD_NOT_IN_LEASE: 1 },
    totals: {
      paid: { voucher: '2972000', cash: '206000', qr: '35000' },
      givenBack: { voucher: '52000', cash: '35000', qr: '0' },
      tills: { 'kokbazar-till': { paid: { voucher: '2902000' } }, 'till-1': { paid: { voucher: '70000', cash: '0' } } },
      // The whole of one family's month, 2 020 and 700 tenge of two others'; then 780 and 700 of the new month.
      allowances: { 'food-voucher 2026-10': '2772000', 'food-voucher 2026-11': '148000' },
    },
  })
  // Each sale and each return has its slip; two tills have printed.
  expect(line.receipts.length).toBe(10)
  expect(line.receipts.some((name) => name.includes('till-2-'))).toBe(true)
  expect(told).toContain('Midnight.')
}, 180_000)

test('card-reissue: a lost card, the one in its place, and two tills', async () => {
  const { line } = await plays('card-reissue')
  expect(line).toMatchObject({
    scenario: 'card-reissue',
    ...wellKept,
    settled: 5,
    refused: { CARD_BLOCKED: 3, CARD_NOT_IN_LEASE: 2, LEASED_ELSEWHERE: 2, ALLOWANCE_USED: 1 },
    totals: {
      paid: { voucher: '328000', cash: '0', qr: '0' },
      tills: { 'till-1': { paid: { voucher: '148000' } }, 'till-2': { paid: { voucher: '180000' } } },
      allowances: { 'food-voucher 2026-11': '213000', 'school-lunch 2026-11-23': '115000' },
    },
  })
  expect(line.receipts.length).toBe(5)
}, 180_000)

test('discount: a capped price, a part in percent, an exclusion, on line and off line', async () => {
  const { line, told } = await plays('discount')
  expect(line).toMatchObject({
    scenario: 'discount',
    ...wellKept,
    settled: 3,
    totals: {
      // 60 off two breads and 234 off milk and rice; what was left of 2 000 after the milk came back; 30 and 118.
      paid: { voucher: '225200', cash: '1417800', qr: '0' },
      givenBack: { voucher: '10400', cash: '41600', qr: '0' },
      allowances: { 'family-discount 2026-11': '214800' },
    },
  })
  expect(line.receipts.length).toBe(4)
  expect(told).toContain('why not the rest')
}, 180_000)
