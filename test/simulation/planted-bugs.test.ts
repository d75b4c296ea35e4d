/** Bugs planted into till and ledger are found: see `bugs-found.ts`. */
import { testBugs } from './bugs-found.ts'

testBugs('first')
