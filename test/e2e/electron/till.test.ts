/**
 * The real core, device host and virtual hardware behind Electron's window: the till is shown, a tap pays, and a killed
 * core costs nothing but a moment.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser } from 'playwright'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { texts } from '../../../src/terminal/ui/texts/index.ts'
import { electronForTests } from '../../../tools/electron-for-tests.ts'
import { Cashier } from '../chromium/cashier.ts'
import { openDemoWorld, type DemoWorld } from '../../fixtures/demo-world.ts'
import { openDisplay, whyNoElectron, type Display } from './start-electron.ts'

const { words } = texts.en
let folder: string
let display: Display
let demo: DemoWorld
let browser: Browser
let cashier: Cashier

beforeAll(async () => {
  if (whyNoElectron !== null) return
  folder = mkdtempSync(join(tmpdir(), 'tolem-electron-till-'))
  display = await openDisplay()
  // The product starts this in Electron's place: the test's own copy, on its display, with a door for Playwright.
  const executable = join(folder, 'electron')
  const script = `#!/bin/sh\nDISPLAY=${display.name} exec ${electronForTests()} --remote-debugging-port=0 "$@"\n`
  writeFileSync(executable, script, { mode: 0o700 })
  demo = await openDemoWorld({ shell: { kind: 'electron', executable } })
  const door = join(demo.world.folders.till, '..', 'electron', 'DevToolsActivePort')
  const port = readFileSync(door, 'utf8').split('\n')[0]
  browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`)
  const page = browser.contexts().flatMap((context) => context.pages())[0]
  if (page === undefined) throw new Error('Electron shows no page')
  cashier = new Cashier(page)
  await page.locator('[data-item="school-lunch"]').waitFor()
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await demo?.close()
  display?.close()
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
})
beforeEach(({ skip, onTestFailed, task }) => {
  if (whyNoElectron !== null) skip(whyNoElectron)
  onTestFailed(async () => {
    if (cashier.page.isClosed()) return
    process.stdout.write(`the screen when it failed: ${await cashier.screenshot(`electron ${task.name}`)}\n`)
  })
})

it('shows the till, and a tap pays', async () => {
  expect(demo.world.shell).toBe('electron')
  expect(cashier.page.url()).toBe('app://till/')
  await cashier.page.getByRole('button', { name: 'Eng', exact: true }).click()
  await cashier.light('network', 'ok')
  await cashier.ringsUp('school-lunch')
  await cashier.touches('Pay by card')
  await cashier.sees('tap')
  await demo.panel.lay('Pupil 01')
  await cashier.sees('approved')
  await cashier.reads(words['tap.settled.word'])
  await demo.panel.pull()
  await expect.poll(() => demo.slips().length, { timeout: 30_000 }).toBe(1)
  await cashier.touches('Next customer')
  await cashier.sees('idle')
})

it('keeps its window when the core is killed, and goes on with the sale', async () => {
  await cashier.ringsUp('school-lunch')
  await cashier.touches('Pay by card')
  await cashier.sees('tap')
  await demo.panel.network({ mode: 'cut' })
  await cashier.light('network', 'limited')
  await demo.panel.readerTakes(300)
  await demo.panel.lay('Pupil 02')
  await cashier.reads(words['tap.step.proving'])
  process.kill(demo.corePid(), 'SIGKILL')
  const notice = cashier.page.getByRole('alert').filter({ hasText: words['window.restarting.what'] })
  await notice.waitFor()
  await notice.waitFor({ state: 'detached' })
  await demo.panel.pull()
  await demo.panel.readerTakes(0)
  await demo.panel.network({ mode: 'up' })
  await cashier.light('network', 'ok')
  expect(await cashier.page.locator('.line').count()).toBe(1)
  await cashier.touches('Pay by card')
  await cashier.sees('tap')
  await demo.panel.lay('Pupil 02')
  await cashier.sees('approved')
  expect(cashier.complaints).toEqual([])
})

it('ends well when its window is closed: npm start takes that as its own end', async () => {
  await cashier.light('queue', 'ok')
  const { broken } = demo.world
  await cashier.page.close()
  const till = await broken
  expect([till.name, await till.ended]).toEqual(['till', 0])
})

it('ends with everything settled, by the independent checker', async () => {
  const verdict = await demo.judge()
  expect(verdict).toMatchObject({ passed: true, lost: [], duplicates: [], settled: 2, balanced: true })
})
