/**
 * The product's core with a fuse at its ports: what the crash run starts instead of src/terminal/core/main.ts.
 *
 *     node test/crash/core-main.ts --core JSON --fuse JSON
 */
import { runCore } from '../../src/terminal/core/core-process.ts'
import { fuseOfParent } from './fuse.ts'
import { plant, plantedBugNames, plantInDatabase } from './planted-bugs.ts'

const { fuse, bug } = fuseOfParent((name) => (name === 'commit-before-disk' ? plantInDatabase : undefined))
const planted = plantedBugNames.find((name) => name === bug)
if (planted !== undefined) plant(planted)
await runCore((parts) => fuse.around(parts))
