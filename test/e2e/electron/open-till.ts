/** The till of `npm start` in Electron: real core, device host, virtual hardware and ledger, with a door for tests. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright'
import { vi } from 'vitest'
import { electronMainFile } from '../../../src/terminal/shell-electron/build.ts'
import { electronForTests } from '../../../tools/electron-for-tests.ts'
import { openDemoWorld } from '../../fixtures/demo-world.ts'
import { answerWithinMs, Cashier } from '../suites/cashier.ts'
import type { OpenTill } from '../suites/cashiers-day.suite.ts'
import { openDisplay } from './start-electron.ts'

export async function openTillInElectron(): Promise<OpenTill> {
  const folder = mkdtempSync(join(tmpdir(), 'tolem-electron-till-'))
  const display = await openDisplay()
  // The product starts this in Electron's place: the test's own copy, on its display, with a door for Playwright.
  const executable = join(folder, 'electron')
  const script = `#!/bin/sh\nDISPLAY=${display.name} exec ${electronForTests()} --remote-debugging-port=0 "$@"\n`
  writeFileSync(executable, script, { mode: 0o700 })
  const demo = await openDemoWorld({ shell: { kind: 'electron', executable }, answerWithinMs })
  const profile = join(demo.world.folders.till, '..', 'electron')
  // Electron writes it by itself, port and path, maybe later than the till is ready.
  const [port] = await vi.waitFor(
    () => {
      const lines = readFileSync(join(profile, 'DevToolsActivePort'), 'utf8').split('\n')
      if (lines.length < 2) throw new Error('half a file')
      return lines
    },
    { timeout: 30_000 },
  )
  const connect = () => chromium.connectOverCDP(`http://127.0.0.1:${port}`)
  let browser = await connect()
  const pages = (): readonly Page[] => browser.contexts().flatMap((context) => context.pages())
  const newPage = (known: readonly Page[]): Promise<Page> =>
    vi.waitFor(
      () => {
        const page = pages().find((open) => !known.includes(open))
        if (page === undefined) throw new Error('Electron shows no new page')
        return page
      },
      { timeout: 30_000 },
    )
  return {
    demo,
    cashier: new Cashier(await newPage([])),
    openSecondWindow: async () => {
      const known = pages()
      const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
      spawn(executable, [...asRoot, electronMainFile, `--user-data-dir=${profile}`, '--watch'], { stdio: 'ignore' })
      return new Cashier(await newPage(known))
    },
    pageAfterCrash: async () => {
      // Playwright does not find a page again whose process ended; a connection made after its reload does.
      for (let tries = 0; tries < 20; tries += 1) {
        await browser.close()
        await new Promise((resolve) => setTimeout(resolve, 200))
        browser = await connect()
        const [page] = pages()
        if (page !== undefined && (await answers(page))) return new Cashier(page)
      }
      throw new Error('no page came back')
    },
    close: async () => {
      await browser.close()
      await demo.close()
      display.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A page whose process has ended never does. */
function answers(page: Page): Promise<boolean> {
  return Promise.race([
    page.evaluate(() => true).catch(() => false),
    new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 5_000)),
  ])
}
