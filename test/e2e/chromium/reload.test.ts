/** Reloads and a second tab with the browser host, in Debian's Chromium: back by the cookie alone. */
import { describeReloads } from '../suites/reload.suite.ts'
import { whyNoChromium } from './open-chromium.ts'
import { openTillInChromium } from './open-till.ts'

describeReloads({ name: 'Chromium', whyNot: whyNoChromium, open: openTillInChromium })
