/** The cashier's day in Electron: of the same description what the shell can spoil. */
import { describeCashiersDay } from '../suites/cashiers-day.suite.ts'
import { openTillInElectron } from './open-till.ts'
import { whyNoElectron } from './start-electron.ts'

describeCashiersDay({ name: 'Electron', whyNot: whyNoElectron, open: openTillInElectron }, 'of the shell')
