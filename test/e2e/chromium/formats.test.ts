/** Amounts and dates in Debian's Chromium. */
import { describeFormats } from '../suites/formats.suite.ts'
import { stillTillInChromium } from './still-till.ts'

describeFormats(stillTillInChromium)
