/** Lives of one core under strace, and the disk that each of them leaves when the power goes. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { childOf, type Program } from '../../src/terminal/shell-browser/child-processes.ts'
import type { Child } from '../../src/terminal/shell/children.ts'
import type { SeededRandom } from '../simulation/random.ts'
import { Disk, readImage, writeImage, type Image, type Loss } from './disk.ts'
import { isEnded, readTrace, straceArguments, type Traced } from './trace.ts'

export interface Life {
  /** What lay on the disk when it began. */
  readonly before: Image
  readonly calls: readonly Traced[]
  /** How the power went; null where the till was stopped in order. */
  readonly loss: Loss | null
}

/** How long the tracer may take to write its last line. */
const tracerEndsWithinMs = 20_000

export class Lives {
  /** The folder around the till's own and the anchor's. */
  readonly root: string
  readonly folders: readonly string[]
  readonly ended: Life[] = []
  readonly #synchronous: 'full' | 'normal'
  readonly #chance: SeededRandom
  readonly #onPost: (message: unknown) => void
  #before: Image = new Map()
  #running: { readonly trace: string; readonly processId: number } | undefined
  #starts = 0

  /** @param onPost what the shell sends to the core, before it does */
  constructor(
    root: string,
    folders: readonly [string, ...string[]],
    synchronous: 'full' | 'normal',
    chance: SeededRandom,
    onPost: (message: unknown) => void,
  ) {
    this.#onPost = onPost
    this.root = root
    this.folders = folders
    this.#synchronous = synchronous
    this.#chance = chance
  }

  /** The next life. The one before ended with the power: what lies in the folders is what that left. */
  start({ parameters, environment }: Program): Child {
    if (this.#running !== undefined) {
      const loss: Loss = this.#chance.pick(['only_synced', 'torn'] as const)
      const { before, calls } = this.#end(loss)
      const disk = new Disk(this.root, before)
      for (const call of calls) disk.does(call)
      writeImage(disk.image(loss, this.#chance), this.folders, (path) => path)
    }
    this.#before = readImage(this.folders)
    const trace = join(this.root, `life-${(this.#starts += 1)}.strace`)
    const file = fileURLToPath(new URL('core-main.ts', import.meta.url))
    const program = [process.execPath, file, ...parameters, '--synchronous', this.#synchronous]
    // As the shells start it (child-processes.ts), behind the tracer.
    const started = spawn('strace', straceArguments(trace, program), {
      stdio: ['ignore', 2, 2, 'ipc'],
      detached: true,
      env: { ...process.env, ...environment },
    })
    this.#running = { trace, processId: started.pid ?? 0 }
    const child = childOf(started)
    return {
      ...child,
      post: (message) => {
        this.#onPost(message)
        child.post(message)
      },
    }
  }

  /** After the last life, which was stopped in order. */
  finish(): void {
    if (this.#running !== undefined) this.#end(null)
  }

  #end(loss: Loss | null): Life {
    const { trace, processId } = this.#running ?? { trace: '', processId: 0 }
    this.#running = undefined
    const until = performance.now() + tracerEndsWithinMs
    // The tracer ends by itself, a moment after what it watched; the supervisor's start cannot be put off.
    while (!existsSync(trace) || !isEnded(trace, processId)) {
      if (performance.now() > until) throw new Error(`the tracer did not end: ${trace}`)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
    const life = { before: this.#before, calls: readTrace(trace, this.root, this.folders), loss }
    this.ended.push(life)
    return life
  }
}

/** Where the files of a till lie when its disk is laid out below another root. */
export function movedTo(root: string, from: string): (path: string) => string {
  return (path) => join(root, relative(from, path))
}
