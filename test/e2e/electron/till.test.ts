/** The cashier's day in Electron: the same description as in Chromium. */
import { describeCashiersDay } from '../suites/cashiers-day.suite.ts'
import { openTillInElectron } from './open-till.ts'
import { whyNoElectron } from './start-electron.ts'

describeCashiersDay({ name: 'Electron', whyNot: whyNoElectron, open: openTillInElectron })
