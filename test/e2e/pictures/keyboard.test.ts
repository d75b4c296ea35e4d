/**
 * The built till in Debian's Chromium, with a bridge that only writes down the commands: keys, touches and a scanner's
 * burst as a browser really delivers them, under the policy that the shells set.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Browser, type Page } from 'playwright'
import { build } from 'vite'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { snapshotSchema, type Command, type Snapshot } from '../../../src/terminal/contract/index.ts'
import { lunchAndJuice, madeUpSale, madeUpTender, quietTill } from '../../../src/terminal/ui/gallery/made-up.ts'
import { contentSecurityPolicy } from '../../../src/terminal/shell/content-security-policy.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const chromiumPath = '/usr/bin/chromium'
const missing = !existsSync(chromiumPath)
if (missing) process.stdout.write('left out: the till in Chromium, because /usr/bin/chromium is not installed\n')

const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }
const policy = contentSecurityPolicy()

/** What the page keeps for the test. */
interface Watched {
  tolemCommands: Command[]
}

describe.skipIf(missing)('the till in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tolem-ui-'))
  const server = createServer((request, response) => {
    const file = join(folder, normalize((request.url ?? '/').split('?', 1)[0] ?? '/').replace(/^\/$/, '/index.html'))
    readFile(file).then(
      (content) => {
        const type = types[extname(file)] ?? 'application/octet-stream'
        response.writeHead(200, { 'content-type': type, 'content-security-policy': policy }).end(content)
      },
      () => response.writeHead(404).end(),
    )
  })
  let browser: Browser
  let page: Page
  const errors: string[] = []

  beforeAll(async () => {
    await build({
      configFile: join(root, 'src/terminal/ui/vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: folder, emptyOutDir: true },
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const args = [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
    ]
    browser = await chromium.launch({ executablePath: chromiumPath, args })
  })

  afterAll(async () => {
    await browser.close()
    server.close()
    rmSync(folder, { recursive: true })
  })

  beforeEach(() => {
    errors.length = 0
  })

  const open: Snapshot = {
    ...quietTill,
    language: 'en',
    sale: madeUpSale(lunchAndJuice()),
    actions: ['edit_basket', 'pay_by_card', 'pay_cash', 'cancel_sale', 'print_again', 'void_sale'],
  }

  /** Opens the till on a snapshot that never changes; the page makes its amounts bigint as the preload does. */
  async function show(snapshot: Snapshot): Promise<void> {
    page = await browser.newPage({ viewport: { width: 1024, height: 600 }, hasTouch: true })
    page.on('console', (message) => void (message.type() === 'error' && errors.push(message.text())))
    page.on('pageerror', (error) => errors.push(error.message))
    await page.addInitScript(
      (wire) => {
        const amounts = new Set('amount covered total unitPrice paid leftToPay amountLeft'.split(' '))
        const snapshot: unknown = JSON.parse(wire, (key, value: unknown) =>
          amounts.has(key) && typeof value === 'string' ? BigInt(value) : value,
        )
        const commands: unknown[] = []
        Object.assign(window, {
          tolemCommands: commands,
          tolem: {
            subscribe: (listener: (view: unknown) => void) => {
              listener({ snapshot, connection: 'running', readOnly: false })
              return () => undefined
            },
            send: (command: unknown) => {
              commands.push(command)
              return Promise.resolve({ ok: true })
            },
          },
        })
      },
      JSON.stringify(snapshotSchema.encode(snapshot)),
    )
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    await page.waitForSelector('.tap')
  }

  const sent = (): Promise<unknown[]> =>
    page.evaluate(() =>
      (window as unknown as Watched).tolemCommands.map((command) =>
        JSON.parse(JSON.stringify(command, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))),
      ),
    )

  /** Keys as a scanner sends them: all at once, far less than 30 ms apart. */
  const scan = (barcode: string): Promise<void> =>
    page.evaluate((characters) => {
      for (const key of [...characters, 'Enter'])
        (document.activeElement ?? document.body).dispatchEvent(
          new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }),
        )
    }, barcode)

  const typeSlowly = (characters: string): Promise<void> => page.keyboard.type(characters, { delay: 60 })

  test('pays on Enter only when nothing is typed', async () => {
    await show(open)
    await typeSlowly('1150,5')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Enter')
    expect(await sent()).toEqual([
      { command: 'add_amount', category: 'lunch', amount: '115050' },
      { command: 'pay_by_card' },
    ])
    expect(errors).toEqual([])
    await page.close()
  })

  test('pays on Enter after a tile was touched, instead of ringing it up again', async () => {
    await show(open)
    await page.click('[data-item="lunch"]')
    await page.tap('[data-item="juice"]')
    await page.keyboard.press('Enter')
    expect(await sent()).toEqual([
      { command: 'add_item', itemId: 'lunch' },
      { command: 'add_item', itemId: 'juice' },
      { command: 'pay_by_card' },
    ])
    await page.close()
  })

  test('leaves Enter to a control that Tab has reached', async () => {
    await show(open)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.sheet')
    expect(await sent()).toEqual([])
    await page.close()
  })

  test('takes a scanner anywhere: never an amount, never a payment, no button pressed', async () => {
    await show({ ...open, catalogue: open.catalogue.map((item) => ({ ...item, itemId: `48700-${item.itemId}` })) })
    await scan('4870000000017')
    expect(await page.textContent('.notice p')).toContain('4870000000017')
    await scan('48700-milk')
    await page.keyboard.press('F2')
    await scan('48700-tea')
    expect(await page.inputValue('.search-input')).toBe('')
    await page.keyboard.press('F7')
    await page.waitForSelector('.sheet')
    await scan('4870000000017')
    expect(await page.isVisible('.sheet')).toBe(true)
    expect(await sent()).toEqual([
      { command: 'add_item', itemId: '48700-milk' },
      { command: 'add_item', itemId: '48700-tea' },
    ])
    await page.close()
  })

  test('asks before a sale is cancelled, by keys alone', async () => {
    await show(open)
    await page.keyboard.press('F6')
    await page.waitForSelector('.sheet')
    await page.keyboard.press('F4')
    await page.keyboard.press('Escape')
    await page.waitForSelector('.sheet', { state: 'detached' })
    expect(await sent()).toEqual([])
    await page.keyboard.press('F6')
    await page.keyboard.press('F8')
    await page.waitForSelector('.sheet', { state: 'detached' })
    expect(await sent()).toEqual([{ command: 'cancel_sale' }])
    expect(errors).toEqual([])
    await page.close()
  })

  test('searches, changes lines and languages by keys', async () => {
    await show(open)
    await page.keyboard.press('F2')
    await typeSlowly('нан')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Escape')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('+')
    await page.keyboard.press('Delete')
    await page.keyboard.press('Alt+l')
    expect(await sent()).toEqual([
      { command: 'add_item', itemId: 'bread' },
      { command: 'set_quantity', line: 1, quantity: 2 },
      { command: 'set_quantity', line: 1, quantity: 0 },
      { command: 'set_language', language: 'kk' },
    ])
    await page.close()
  })

  test('reaches an unresolved payment by touch, and asks before cancelling it', async () => {
    const tender = madeUpTender(3, 115_000, 'unknown')
    await show({ ...open, unresolved: [tender] })
    await page.tap('.unresolved-item')
    await page.tap('.sheet-buttons .button:first-child')
    await page.tap('.sheet-buttons .button:last-child')
    await page.waitForSelector('.question')
    await page.tap('.button-warning')
    await page.waitForSelector('.sheet-list')
    expect(await sent()).toEqual([
      { command: 'wait_for_answer', tenderId: tender.tenderId },
      { command: 'cancel_unknown', tenderId: tender.tenderId },
    ])
    expect(errors).toEqual([])
    await page.close()
  })
})
