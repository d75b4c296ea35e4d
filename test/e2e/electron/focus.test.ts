/** Where the keyboard is, in Electron. */
import { describeFocus } from '../suites/focus.suite.ts'
import { stillTillInElectron } from './still-till.ts'

describeFocus(stillTillInElectron)
