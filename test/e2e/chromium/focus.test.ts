/** Where the keyboard is, in Debian's Chromium. */
import { describeFocus } from '../suites/focus.suite.ts'
import { stillTillInChromium } from './still-till.ts'

describeFocus(stillTillInChromium)
