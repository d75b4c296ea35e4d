/** The other half of the fixed slice of seeds: see `town.test.ts`. */
import { describeSeeds } from './seeds.ts'

describeSeeds(21, 40)
