/**
 * The product's core with the crash run's fuse at its ports: what the power run starts under strace.
 * `--synchronous normal` makes it the wrong program that the run must find out: its commits return before they are on
 * the disk. The product has no switch for it.
 *
 *     node test/power/core-main.ts --core JSON --fuse JSON [--synchronous normal]
 */
import type Database from 'better-sqlite3'
import { runCore } from '../../src/terminal/core/core-process.ts'
import { fuseOfParent } from '../crash/fuse.ts'

const isNormal = process.argv[process.argv.indexOf('--synchronous') + 1] === 'normal'
const { fuse } = fuseOfParent(() => (isNormal ? leaveUnsynced : undefined))
await runCore((parts) => fuse.around(parts))

function leaveUnsynced(database: Database.Database): void {
  const pragma = database.pragma.bind(database)
  database.pragma = (source, options) =>
    pragma(source === 'synchronous = FULL' ? 'synchronous = NORMAL' : source, options)
}
