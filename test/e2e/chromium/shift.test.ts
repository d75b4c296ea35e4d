/** Cashiers and shifts with the browser host, in Debian's Chromium. */
import { describeShift } from '../suites/shift.suite.ts'
import { whyNoChromium } from './open-chromium.ts'
import { openTillInChromium } from './open-till.ts'

describeShift({ name: 'Chromium', whyNot: whyNoChromium, open: openTillInChromium })
