/** What PC/SC says of its readers, asked by a process that can be ended whatever PC/SC does. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import type { PcscLook } from '../../src/terminal/doctor/machine.ts'

const lookWithinMs = 6_000
const program = join(import.meta.dirname, '..', 'look-at-readers.ts')

export function readersOfThisMachine(): Promise<PcscLook> {
  return new Promise((resolve) => {
    const limits = { encoding: 'utf8', timeout: lookWithinMs, killSignal: 'SIGKILL' } as const
    // It ends by killing itself; what it printed before is its answer.
    execFile(process.execPath, [program], limits, (_ended, said, complained) => {
      if (said.startsWith('{')) return resolve(JSON.parse(said) as PcscLook)
      const why = whyUnusable(complained)
      resolve(why === undefined ? { kind: 'silent' } : { kind: 'unusable', why })
    })
  })
}

/** Of what Node says when a native part or PC/SC's library cannot be loaded; undefined for silence. */
export function whyUnusable(complained: string): string | undefined {
  // The last one is the cause of those before.
  return [...complained.matchAll(/^\w*Error(?: \[\w+\])?: (.+?):?$/gm)].at(-1)?.[1]
}
