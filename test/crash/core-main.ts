/**
 * The product's core with a fuse at its ports: what the crash run starts instead of src/terminal/core/main.ts.
 *
 *     node test/crash/core-main.ts --core JSON --fuse JSON
 */
import { z } from 'zod'
import { runCore } from '../../src/terminal/core/core-process.ts'
import { armedSchema, Fuse } from './fuse.ts'
import { plant, plantedBugNames, plantInDatabase } from './planted-bugs.ts'

const { killsFile, armed, bug } = z
  .strictObject({ killsFile: z.string(), armed: armedSchema.nullable(), bug: z.enum(plantedBugNames).nullable() })
  .parse(JSON.parse(process.argv[process.argv.indexOf('--fuse') + 1] ?? ''))

const fuse = new Fuse(killsFile, armed, bug === 'commit-before-disk' ? plantInDatabase : undefined)
const armSchema = z.strictObject({ channel: z.literal('fuse'), armed: armedSchema.nullable() })
process.on('message', (message) => {
  const order = armSchema.safeParse(message)
  if (order.success) fuse.arm(order.data.armed)
})

if (bug !== null) plant(bug)
await runCore((parts) => fuse.around(parts))
