/**
 * Loaded into each process that `processes.ts` starts (`node --import`): ends it like SIGTERM when its parent is gone,
 * however that one died. Without it, a killed start would leave a ledger behind that still holds its data folder.
 */
import { Socket } from 'node:net'

/** The end of a pipe that only the parent holds open; `processes.ts` puts it there. */
const lifeline = new Socket({ fd: 3, readable: true, writable: false })
lifeline.on('close', () => process.kill(process.pid, 'SIGTERM'))
lifeline.resume().unref()
