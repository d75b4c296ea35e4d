import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * What takes longest, in this order. It goes first: begun last, as Vitest's guess by the size of files would have it,
 * one of these would run alone at the end of its group.
 */
const longest = [
  'integration/reader/whole-till',
  'integration/bench/bench',
  'integration/start/start',
  'integration/payment/stops',
  'integration/reader/soak',
  'integration/start/arguments',
  'integration/export/till-command',
  'integration/printer/faults',
  'integration/start/set-up',
  'integration/keys/till',
  'integration/start/demo',
  'integration/payment/walks',
  'simulation/planted-bugs',
  'simulation/town',
  'e2e/pictures/gallery',
  'e2e/electron/till',
  'e2e/chromium/till',
  'e2e/electron/bridge-electron',
  'e2e/chromium/reload',
  'e2e/electron/reload',
  'e2e/electron/page-crash',
  'e2e/chromium/focus',
  'e2e/chromium/sleep',
  'e2e/electron/focus',
  'chaos/chaos',
  'crash/',
]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const groupOf = ({ project }: TestSpecification): number => project.config.sequence.groupOrder
    const placeOf = ({ moduleId }: TestSpecification): number => {
      const place = longest.findIndex((part) => moduleId.includes(`test/${part}`))
      return place === -1 ? longest.length : place
    }
    const asVitestWould = await super.sort(files) // oxlint-disable-line unicorn/no-array-sort -- not an array's
    return asVitestWould.toSorted((one, other) => groupOf(one) - groupOf(other) || placeOf(one) - placeOf(other))
  }
}

/**
 * Groups run one after the other, so that tests with real deadlines (a 1.5 s authorisation, a watchdog) do not share
 * two cores with the simulator.
 *
 * Files of a worker share its modules: loading them anew for each file took more than the unit tests themselves. So a
 * test leaves nothing in a module, in the environment or on a global object.
 *
 * @param maxWorkers Vitest leaves one core free unless told otherwise. Tests of whole processes and of browsers wait
 *   for them a part of the time, so three of those fill two cores.
 */
const project = (name: string, testTimeout: number, groupOrder: number, maxWorkers = 2, folders = [name]) => ({
  test: {
    name,
    include: folders.map((folder) => `test/${folder}/**/*.test.{ts,tsx}`),
    testTimeout,
    hookTimeout: testTimeout,
    pool: 'forks' as const,
    isolate: false,
    // Vitest's own second is no time on a machine that does other things; what never comes fails all the same.
    expect: { poll: { timeout: 30_000 } },
    restoreMocks: true,
    unstubGlobals: true,
    sequence: { groupOrder },
    maxWorkers,
  },
})

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      project('unit', 10_000, 0),
      project('property', 60_000, 0),
      project('contract', 180_000, 1, 3),
      project('integration', 60_000, 1, 3),
      project('replays', 60_000, 1, 3),
      project('simulation', 600_000, 2),
      project('e2e', 180_000, 3, 3),
      project('crash', 180_000, 4, 2, ['crash', 'power', 'disk', 'tear']),
      project('chaos', 180_000, 4),
    ],
  },
})
