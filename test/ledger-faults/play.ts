/** Plays the stories of the model of the whole to a ledger that was compiled with a fault. */
import { join } from 'node:path'
import type { Plugin } from 'vite'
import { startVitest } from 'vitest/node'
import { withFault, type Fault } from './fault.ts'

const root = join(import.meta.dirname, '../..')
const stories = 'test/property/ledger/whole.test.ts'

export interface Played {
  /** By which story it was found; undefined when by none. */
  readonly foundAt: number | undefined
  /** The first line of what was seen. */
  readonly seen: string | undefined
}

/**
 * @param fault none: the ledger as it is, by which it is seen that what is found is the fault
 * @param count how many stories are drawn, beside those in which each scene and each question is met once
 * @throws Error when the stories end in a way that says nothing of the fault
 */
export async function play(fault: Fault | undefined, count: number, seed: number): Promise<Played> {
  const vitest = await startVitest(
    'test',
    [stories],
    {
      root,
      config: false,
      watch: false,
      include: [stories],
      testNamePattern: 'whatever everybody asks for',
      pool: 'forks',
      maxWorkers: 1,
      reporters: [{}],
      silent: true,
      // It would keep the ledger with one fault for the next one.
      fsModuleCache: false,
      env: { TOLEM_SEED: String(seed), TOLEM_STORIES: String(count), TOLEM_SHRINK: 'no' },
    },
    { plugins: fault === undefined ? [] : [planted(fault)] },
  )
  const [module] = vitest.state.getTestModules()
  const result = module === undefined ? [] : [...module.children.allTests('failed')].map((test) => test.result())
  const broken = module?.errors() ?? []
  await vitest.close()
  // A fault may be one by which the program does not run at all; that would be found, and would prove nothing.
  if (module === undefined || broken.length > 0) throw new Error(broken[0]?.message ?? 'no stories were played')
  const error = result[0]?.errors?.[0]
  // Without a number: no story failed, and something never met in them.
  const foundAt = /^Property failed after (\d+) tests/.exec(error?.message ?? '')?.[1]
  const [seen] = (error?.cause?.message ?? error?.message)?.split('\n') ?? []
  return { foundAt: foundAt === undefined ? undefined : Number(foundAt), seen }
}

function planted(fault: Fault): Plugin {
  const file = join(root, 'ledger-sim', fault.file)
  return {
    name: 'tolem-planted-fault',
    enforce: 'pre',
    transform: (source, id) => (id.split('?')[0] === file ? withFault(fault, source) : undefined),
  }
}
