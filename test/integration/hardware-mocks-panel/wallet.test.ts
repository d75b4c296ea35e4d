/**
 * The customer's wallet of the panel. Method: the virtual hardware beside the demonstration's ledger on a real socket;
 * a till asks for payments; the wallet is used by the panel's commands and by its page in a browser. The ledger's clock
 * is days away from the panel's.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import encodeQR from 'qr'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import type { PanelState } from '../../../hardware-mocks/panel/panel-server.ts'
import { startVirtualHardware, type VirtualHardware } from '../../../hardware-mocks/virtual-hardware.ts'
import type { ShownRequest, WalletPayment } from '../../../hardware-mocks/wallet/wallet-desk.ts'
import { startHttp, type RunningHttp } from '../../../ledger-sim/http/fastify.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { paymentQr } from '../../../src/voucher/payment-qr.ts'
import { openChromium, whyNoChromium } from '../../e2e/chromium/open-chromium.ts'
import { ask, capture, qrWorld, termsOf, walletFunds, type QrWorld } from '../ledger/payment-by-qr.ts'

let folder: string
let world: QrWorld
let ledger: RunningHttp
let hardware: VirtualHardware
const juice = 35_000n

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tolem-wallet-'))
  world = await qrWorld({})
  ledger = await startHttp({ ledger: world.demo.ledger, port: 0 })
  const { roleKeys } = world.demo.world
  writeFileSync(join(folder, 'role-keys.json'), JSON.stringify(roleKeys))
  writeFileSync(join(folder, 'ledger-key.json'), JSON.stringify(world.demo.ports.keys.signing.jwk))
  hardware = await open(Number(new URL(ledger.url).port))
})
afterEach(async () => {
  await hardware.close()
  await ledger.close()
  await world.demo.close()
  rmSync(folder, { recursive: true, force: true })
})

const open = (ledgerPort: number): Promise<VirtualHardware> =>
  startVirtualHardware({
    folder: join(folder, 'hardware'),
    ledgerPort,
    wallets: { keysFile: join(folder, 'role-keys.json'), ledgerKeyFile: join(folder, 'ledger-key.json') },
    now: () => Date.now(),
    random: seededRandom(`wallet ${ledgerPort}`),
  })

interface Answer {
  readonly state: PanelState
  readonly request: ShownRequest
  readonly payment: WalletPayment
  readonly code?: string
  readonly detail?: string
}

async function post(path: string, body: unknown): Promise<Answer> {
  const response = await fetch(new URL(path, hardware.panelUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return (await response.json()) as Answer
}
const stateNow = async () => (await (await fetch(new URL('/api/state', hardware.panelUrl))).json()) as PanelState
const reads = (text: string, wallet = 'individual-1') => post('/api/wallet/read', { wallet, text })
const pays = (requestId: string, wallet = 'individual-1') => post('/api/wallet/pay', { wallet, requestId })
const looks = (paymentId: string) => post('/api/wallet/look', { paymentId })

/** The till asks; what its screen would show. */
async function asks(amount = juice): Promise<{ requestId: string; text: string }> {
  const terms = termsOf(world.till, amount)
  expect(await ask(world.till, terms)).toBe('open')
  const name = { kk: 'Canteen', ru: 'Canteen', en: 'Canteen' }
  const text = paymentQr({ requestId: terms.tenderId, amount: tiyn(amount), merchant: { name, address: name } })
  return { requestId: terms.tenderId, text }
}
const gives = async (itemId: string): Promise<void> => {
  await world.till.batch(world.till.reversal(itemId))
}

describe('by the panel’s commands', () => {
  it('reads, pays, and hears what became of it: held, settled, reversed', async () => {
    const { requestId, text } = await asks()
    expect((await stateNow()).wallet).toEqual({
      wallets: ['individual-1', 'individual-2', 'individual-3'],
      request: null,
      payments: [],
    })
    const { request } = await reads(text)
    expect(request).toMatchObject({ requestId, amount: '35000', state: 'open' })
    expect(request.merchantName.en).toMatch(/canteen/i)
    const { payment } = await pays(requestId)
    expect(payment).toMatchObject({ state: 'held', reason: null, wallet: 'individual-1', amount: '35000' })
    await capture(world.till, requestId)
    expect((await looks(payment.paymentId)).payment).toMatchObject({ state: 'settled' })
    await gives(requestId)
    expect((await looks(payment.paymentId)).payment).toMatchObject({ state: 'paid_back', reason: 'reversed' })
    const log = readFileSync(join(folder, 'hardware', 'wallet.log.jsonl'), 'utf8')
      .trim()
      .split('\n')
    const what = log.map((line) => (JSON.parse(line) as { what: string }).what)
    expect(what).toEqual(['read', 'pays', 'held', 'settled', 'paid_back'])
    const after = (await stateNow()).wallet
    expect([after?.request, after?.payments.map(({ state }) => state)]).toEqual([null, ['paid_back']])
  })

  it('says why it came back: given up, too late, paid already', async () => {
    const [left, late, taken] = [await asks(), await asks(), await asks()]
    await reads(left.text)
    await gives(left.requestId)
    expect((await pays(left.requestId)).payment).toMatchObject({ state: 'paid_back', reason: 'released' })
    expect((await reads(left.requestId)).request).toMatchObject({ state: 'released' })
    await reads(taken.text, 'individual-2')
    expect((await pays(taken.requestId, 'individual-2')).payment).toMatchObject({ state: 'held' })
    await reads(taken.text)
    expect((await pays(taken.requestId)).payment).toMatchObject({ state: 'paid_back', reason: 'already_paid' })
    world.demo.clock.now += 6 * 60_000
    expect((await reads(late.text)).request).toMatchObject({ state: 'expired' })
    expect((await pays(late.requestId)).payment).toMatchObject({ state: 'paid_back', reason: 'expired' })
  })

  it('refuses by a code what is no QR, what nobody asked for, what was not read, and what is too much', async () => {
    const { requestId, text } = await asks(walletFunds + 1n)
    expect(await reads(`${text.slice(0, -1)}x`)).toMatchObject({ code: 'qr-checksum-wrong' })
    expect(await reads('hello')).toMatchObject({ code: 'not-a-payment-qr' })
    expect(await reads(text, 'dala-bank')).toMatchObject({ code: 'no-such-wallet' })
    expect(await reads(world.till.id())).toMatchObject({ code: 'ledger-refused', detail: /not_found/ })
    expect(await pays(requestId)).toMatchObject({ code: 'request-not-read' })
    expect(await looks(requestId)).toMatchObject({ code: 'no-such-payment' })
    await reads(text)
    expect(await pays(requestId)).toMatchObject({ code: 'ledger-refused' })
    const [refused] = (await stateNow()).wallet?.payments ?? []
    expect(refused).toMatchObject({ state: 'refused', reason: 'insufficient_funds' })
  })

  it('an answer that never came: the same payment again after a restart, held once', async () => {
    const { requestId, text } = await asks()
    await reads(text)
    const port = Number(new URL(ledger.url).port)
    await ledger.close()
    const mute = await listening(
      createServer((_request, response) => response.destroy()),
      port,
    )
    expect(await pays(requestId)).toMatchObject({ code: 'ledger-unreachable' })
    await closed(mute)
    const [unsure] = (await stateNow()).wallet?.payments ?? []
    expect(unsure).toMatchObject({ state: 'unsure' })
    await hardware.close()
    ledger = await startHttp({ ledger: world.demo.ledger, port: 0 })
    hardware = await open(Number(new URL(ledger.url).port))
    await reads(text)
    expect((await pays(requestId)).payment).toMatchObject({ state: 'held', paymentId: unsure?.paymentId })
    expect((await stateNow()).wallet?.payments).toHaveLength(1)
  })

  it('does not believe whoever else answers at the ledger’s port', async () => {
    const { text } = await asks()
    const body = JSON.stringify({ requestId: '', state: 'open' })
    const stranger = await listening(
      createServer((_request, response) => response.end(body)),
      0,
    )
    await post('/api/network', { ledgerPort: (stranger.address() as AddressInfo).port })
    expect(await reads(text)).toMatchObject({ code: 'ledger-not-believed' })
    await closed(stranger)
  })
})

describe('on the panel’s page', () => {
  it('reads a screenshot of the QR, pays, and follows the payment until it is settled', async ({ skip }) => {
    if (whyNoChromium !== null) skip(whyNoChromium)
    const { requestId, text } = await asks()
    const browser = await openChromium()
    try {
      const page = await browser.newPage({ viewport: { width: 1440, height: 1000 } })
      const complaints: string[] = []
      page.on('pageerror', (error) => complaints.push(error.message))
      await page.goto(hardware.panelUrl)
      const wallet = page.getByRole('region', { name: 'Customer’s wallet' })
      await wallet.getByRole('button', { name: 'individual-2' }).click()
      // As the till shows it: somewhere on a larger screen.
      const till = await browser.newPage({ viewport: { width: 1280, height: 800 } })
      const drawn = encodeQR(text, 'svg', { ecc: 'medium', border: 4 })
      await till.setContent(`<h1>Show the QR</h1><div style="width:300px;margin:90px 420px">${drawn}</div>`)
      const screenshot = await till.screenshot()
      await till.setContent('<h1>No code</h1>')
      const picture = { name: 'till.png', mimeType: 'image/png', buffer: await till.screenshot() }
      await wallet.locator('input[type=file]').setInputFiles(picture)
      await page.getByRole('alert').filter({ hasText: 'There is no QR in this picture' }).waitFor()
      await page.evaluate((base64) => {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
        const clipboardData = new DataTransfer()
        clipboardData.items.add(new File([bytes], 'image.png', { type: 'image/png' }))
        document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }))
      }, screenshot.toString('base64'))
      await wallet.getByText('350,00 ₸').waitFor()
      expect(await wallet.getByRole('textbox').inputValue()).toBe(text)
      await wallet.getByRole('button', { name: 'Pay', exact: true }).click()
      await wallet.getByText('Held: set aside for the merchant').waitFor()
      await capture(world.till, requestId)
      await wallet.getByText('Settled: paid to the merchant').waitFor()
      await wallet.getByRole('textbox').fill('TOLEM1.')
      await wallet.getByRole('textbox').press('Enter')
      await page.getByRole('alert').filter({ hasText: 'neither the text of a payment QR' }).waitFor()
      expect(complaints).toEqual([])
    } finally {
      await browser.close()
    }
  })
})

async function listening(server: Server, port: number): Promise<Server> {
  await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve))
  return server
}
async function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}
