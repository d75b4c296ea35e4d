/** The other half of the planted bugs: see `bugs-found.ts`. */
import { testBugs } from './bugs-found.ts'

testBugs('second')
