/** Reloads and a second window in Electron. */
import { describeReloads } from '../suites/reload.suite.ts'
import { openTillInElectron } from './open-till.ts'
import { whyNoElectron } from './start-electron.ts'

describeReloads({ name: 'Electron', whyNot: whyNoElectron, open: openTillInElectron })
