/** Keys and touches in Electron. */
import { describeKeyboard } from '../suites/keyboard.suite.ts'
import { stillTillInElectron } from './still-till.ts'

describeKeyboard(stillTillInElectron)
