/**
 * The built till on made-up snapshots, for tests of what a page shows and what its controls send. A shell opens it; no
 * core stands behind it. `test/e2e/chromium/still-till.ts` and `test/e2e/electron/still-till.ts` are the two ways.
 */
import type { CDPSession, Page } from 'playwright'
import { snapshotSchema, type DeviceInput, type Snapshot } from '../../../src/terminal/contract/index.ts'

export interface Size {
  readonly width: number
  readonly height: number
}

/** Without the time, which is that of the test. */
export type Undated<Input> = Input extends unknown ? Omit<Input, 'at'> : never

export interface StillTill {
  /** Loads the page anew on a snapshot that never changes and waits until it shows it. The page of before is gone. */
  show(snapshot: Snapshot, size: Size): Promise<Page>
  /** The commands that the page has sent since `show`, amounts as decimal strings. Each was answered `ok`. */
  sent(): Promise<readonly unknown[]>
  /** A scanner or a keypad of the till's own says something now, which is returned: milliseconds since 1970. */
  input(input: Undated<DeviceInput>): Promise<number>
  /** A finger touches the middle of the element. */
  touch(selector: string): Promise<void>
  /** What a page must not say: uncaught errors, refused resources. */
  readonly complaints: string[]
  close(): Promise<void>
}

export interface StillShell {
  readonly name: string
  /** Why it cannot be opened here, or null. */
  readonly whyNot: string | null
  open(): Promise<StillTill>
}

/** As the core would send it. */
export const onTheWire = (snapshot: Snapshot): unknown => snapshotSchema.encode(snapshot)

export function complaintsOf(page: Page, complaints: string[]): void {
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())))
  page.on('pageerror', (error) => complaints.push(error.message))
}

/** By the browser's own protocol: Playwright's tap() wants a context with touch, which Electron's window has not. */
export async function touchWith(session: CDPSession, page: Page, selector: string): Promise<void> {
  const element = page.locator(selector).first()
  await element.scrollIntoViewIfNeeded()
  const box = await element.boundingBox()
  if (box === null) throw new Error(`${selector} is not on the screen`)
  const point = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
  await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [point] })
  await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
}

/** A page listens to keys and devices a moment after it is there, and its letters come later than its boxes. */
export async function isAttentive(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await document.fonts.ready
    for (let frames = 0; frames < 2; frames += 1) await new Promise((resolve) => requestAnimationFrame(resolve))
    await new Promise((resolve) => setTimeout(resolve))
  })
}
