/** Questions that a driver or a dead disk may never answer, asked by a process that can be ended all the same. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'

export interface Said {
  /** Empty where it said nothing in its time. */
  readonly said: string
  readonly complained: string
}

/** @param program a file of tools/; it is killed after `withinMs`, and what it printed before is its answer */
export function askApart(program: string, words: readonly string[], withinMs: number): Promise<Said> {
  return new Promise((resolve) => {
    const limits = { encoding: 'utf8', timeout: withinMs, killSignal: 'SIGKILL' } as const
    execFile(
      process.execPath,
      [join(import.meta.dirname, '..', program), ...words],
      limits,
      (_ended, said, complained) => resolve({ said, complained }),
    )
  })
}

/** Of what Node complains of when a native part or PC/SC's library cannot be loaded; undefined for silence. */
export function whyUnusable(complained: string): string | undefined {
  // The last one is the cause of those before.
  return [...complained.matchAll(/^\w*Error(?: \[\w+\])?: (.+?):?$/gm)].at(-1)?.[1]
}
