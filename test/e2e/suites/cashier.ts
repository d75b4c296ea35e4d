/** A cashier at the real till, in either shell: looks at the page, touches and types, and knows nothing else. */
import { mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Locator, Page } from 'playwright'
import { expect } from 'vitest'
import type { TapView } from '../../../src/terminal/contract/index.ts'

const pictures = join(resolve(import.meta.dirname, '..', '..', '..'), 'out', 'e2e')

/** Those of an earlier run would be taken for this one's. `of` names a shell. */
export function clearScreenshots(of: string): void {
  rmSync(join(pictures, of), { recursive: true, force: true })
}

/** Generous: other tests run on the same two cores. */
const patienceMs = 30_000
/** A till whose network was cut for long asks for it each half a minute. */
const networkPatienceMs = 90_000
/** What a card's payment waits for the ledger here. In a shop: 1.5 s. */
export const answerWithinMs = 6_000

export class Cashier {
  readonly page: Page
  /** What a page must not say: uncaught errors, refused resources. */
  readonly complaints: string[] = []

  constructor(page: Page) {
    this.page = page
    page.setDefaultTimeout(patienceMs)
    page.on('pageerror', (error) => this.complaints.push(error.message))
    page.on('console', (message) => {
      // While the host is away, a browser reports each refused connection as an error of the page.
      if (message.type() === 'error' && !/WebSocket|ERR_CONNECTION|net::/.test(message.text())) {
        this.complaints.push(`${message.text()} ${message.location().url}`)
      }
    })
  }

  get tap(): Locator {
    return this.page.locator('.tap')
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name: typeof name === 'string' ? new RegExp(`^${name}`) : name })
  }

  async touches(name: string | RegExp): Promise<void> {
    await this.button(name).first().click()
  }

  async ringsUp(...items: readonly string[]): Promise<void> {
    // What the till could not do when it was pressed is said over the tiles, until it is closed.
    const close = this.page.locator('.notice .button')
    if (await close.isVisible()) await close.click()
    for (const item of items) await this.page.locator(`[data-item="${item}"]`).click()
    await this.page.locator('.line').first().waitFor()
  }

  /** Resolves when the tap area shows one of these. */
  async sees(...states: readonly TapView['state'][]): Promise<void> {
    await this.page.locator(states.map((state) => `.tap[data-tap="${state}"]`).join(',')).waitFor()
  }

  /** The tap area shows this text. */
  async reads(text: string): Promise<void> {
    await this.tap.filter({ hasText: text }).waitFor()
  }

  async light(
    name: 'reader' | 'hid' | 'printer' | 'network' | 'queue' | 'till',
    level: 'ok' | 'limited' | 'off',
  ): Promise<void> {
    const timeout = ['network', 'queue', 'till'].includes(name) ? networkPatienceMs : patienceMs
    await this.page.locator(`[data-light="${name}"].light-${level}`).waitFor({ timeout })
  }

  /** Height of the letters as drawn, in CSS pixels, of what is on the screen with this text. */
  async sizeOf(within: string, text: string): Promise<number> {
    const shown = this.page.locator(within).filter({ hasText: text }).first()
    await shown.waitFor()
    return shown.evaluate((element) => Number.parseFloat(getComputedStyle(element).fontSize))
  }

  /** Brings the till to an empty basket, from wherever the test before left it. */
  async clears(): Promise<void> {
    await this.page.keyboard.press('Escape')
    await expect
      .poll(
        async () => {
          if ((await this.page.locator('.line').count()) === 0 && (await this.tap.getAttribute('data-tap')) === 'idle')
            return true
          for (const name of ['Next customer meanwhile', 'Next customer', 'Cancel payment', 'Cancel sale']) {
            if (!(await this.button(name).first().isVisible())) continue
            // It may be gone again before it is touched: what is there is looked at anew.
            await this.button(name)
              .first()
              .click({ timeout: 1_000 })
              .catch(() => undefined)
            if (name === 'Cancel sale') await this.page.keyboard.press('F8')
            break
          }
          return false
        },
        { timeout: patienceMs, interval: 100 },
      )
      .toBe(true)
  }

  async screenshot(of: string, name: string): Promise<string> {
    mkdirSync(join(pictures, of), { recursive: true })
    const path = join(pictures, of, `${name.replaceAll(/[^a-zA-Z0-9]+/g, '-').slice(0, 80)}.png`)
    await this.page.screenshot({ path })
    return path
  }
}
