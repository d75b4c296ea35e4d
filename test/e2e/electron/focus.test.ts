/** Where the keyboard is, in Electron: that its window looks as the browser's does. */
import { describeFocus, statesInBrief } from '../suites/focus.suite.ts'
import { stillTillInElectron } from './still-till.ts'

describeFocus(stillTillInElectron, statesInBrief)
