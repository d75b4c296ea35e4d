/** Starts a script of this folder as a process of its own and reads what it says. */
import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'

export interface Spoken {
  readonly child: ChildProcess
  /** Everything said so far. */
  said(): string
  /** Resolves when this text has been said so many times; rejects when the process ends without. */
  hears(text: string, times?: number): Promise<void>
  /** SIGKILL, and everything that it had said before. */
  kill(): Promise<string>
}

export function speak(script: string, args: readonly string[], nodeOptions: readonly string[] = []): Spoken {
  const child = spawn(process.execPath, [...nodeOptions, join(import.meta.dirname, script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  const listeners = new Set<() => void>()
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    said += text
    for (const listener of listeners) listener()
  })
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  return {
    child,
    said: () => said,
    hears: (text, times = 1) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (said.split(text).length <= times) return
          listeners.delete(look)
          resolve()
        }
        listeners.add(look)
        look()
        void closed.then(() => reject(new Error(`${script} ended without saying "${text}", but: ${said}`)))
      }),
    async kill() {
      child.kill('SIGKILL')
      await closed
      return said
    },
  }
}
