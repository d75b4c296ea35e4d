/** The cashier's day with the browser host, in Debian's Chromium. */
import { describeCashiersDay } from '../suites/cashiers-day.suite.ts'
import { whyNoChromium } from './open-chromium.ts'
import { openTillInChromium } from './open-till.ts'

describeCashiersDay({ name: 'Chromium', whyNot: whyNoChromium, open: openTillInChromium })
