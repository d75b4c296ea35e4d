/** The doctor on the test bench in Debian's Chromium. */
import { describeDoctor } from '../suites/doctor.suite.ts'
import { whyNoChromium } from './open-chromium.ts'
import { openTillInChromium } from './open-till.ts'

describeDoctor({ name: 'Chromium', whyNot: whyNoChromium, open: openTillInChromium })
