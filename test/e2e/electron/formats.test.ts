/** Amounts and dates in Electron. */
import { describeFormats } from '../suites/formats.suite.ts'
import { stillTillInElectron } from './still-till.ts'

describeFormats(stillTillInElectron)
