/** Debian's Chromium for tests and pictures, without what would reach out of this machine; and whether it is there. */
import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright'
import { chromiumPath } from '../../../src/terminal/shell-browser/kiosk.ts'

/** Why nothing that needs Chromium can run here, or null. */
export const whyNoChromium: string | null = existsSync(chromiumPath) ? null : `${chromiumPath} is not installed`

/** @param more switches beside the usual ones. */
export function openChromium(...more: readonly string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    // Chromium's sandbox refuses to run as root.
    chromiumSandbox: process.getuid?.() !== 0,
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...more,
    ],
  })
}
