/** Debian's Chromium for the tests, without what would reach out of this machine. */
import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright'

const chromiumPath = '/usr/bin/chromium'

/** Why these tests cannot run here, or null. */
export const whyNoChromium: string | null = existsSync(chromiumPath) ? null : `${chromiumPath} is not installed`

export const openChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
