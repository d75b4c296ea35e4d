/** Keys and touches in Debian's Chromium. */
import { describeKeyboard } from '../suites/keyboard.suite.ts'
import { stillTillInChromium } from './still-till.ts'

describeKeyboard(stillTillInChromium)
