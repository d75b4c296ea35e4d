/** Questions that a driver or a dead disk may never answer, asked of a process that can be ended all the same. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'

/** One look of `main.ts`, as its words have it. */
export type Look = readonly ['till' | 'journal', folder: string] | readonly ['readers']

export type ApartAnswer =
  | { readonly kind: 'said'; readonly value: unknown }
  /** Nothing in its time. */
  | { readonly kind: 'silent' }
  /** A native part or PC/SC's library cannot be loaded. */
  | { readonly kind: 'unusable'; readonly why: string }

/** Never rejects, and is there soon after `withinMs`: then whoever was asked is killed. */
export type AskApart = (look: Look, withinMs: number) => Promise<ApartAnswer>

/** By a child process of Node. In the app the shell starts it (`in-app.ts`): a packaged Electron is no Node. */
export const askChildProcess: AskApart = (look, withinMs) =>
  new Promise((resolve) => {
    const limits = { encoding: 'utf8', timeout: withinMs, killSignal: 'SIGKILL' } as const
    execFile(process.execPath, [join(import.meta.dirname, 'main.ts'), ...look], limits, (_ended, said, complained) => {
      if (said.startsWith('{')) return resolve({ kind: 'said', value: JSON.parse(said) })
      const why = whyUnusable(complained)
      resolve(why === undefined ? { kind: 'silent' } : { kind: 'unusable', why })
    })
  })

/** Of what Node complains of when a native part or PC/SC's library cannot be loaded; undefined for silence. */
export function whyUnusable(complained: string): string | undefined {
  // The last one is the cause of those before.
  return [...complained.matchAll(/^\w*Error(?: \[\w+\])?: (.+?):?$/gm)].at(-1)?.[1]
}
