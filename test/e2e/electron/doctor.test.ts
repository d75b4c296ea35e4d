/** The doctor on the test bench in Electron: the examiners are utility processes. */
import { describeDoctor } from '../suites/doctor.suite.ts'
import { openTillInElectron } from './open-till.ts'
import { whyNoElectron } from './start-electron.ts'

describeDoctor({ name: 'Electron', whyNot: whyNoElectron, open: openTillInElectron })
