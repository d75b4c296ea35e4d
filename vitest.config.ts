import { defineConfig } from 'vitest/config'

/**
 * Groups run one after the other, so that tests with real deadlines (a 1.5 s authorisation, a watchdog) do not share
 * two cores with the simulator.
 *
 * @param maxWorkers Vitest leaves one core free unless told otherwise. Tests of whole processes wait for them more than
 *   half of the time, so three of those fill two cores. Those in a browser compute: two of them do.
 */
const project = (name: string, testTimeout: number, groupOrder: number, maxWorkers = 2, folders = [name]) => ({
  test: {
    name,
    include: folders.map((folder) => `test/${folder}/**/*.test.{ts,tsx}`),
    testTimeout,
    hookTimeout: testTimeout,
    pool: 'forks' as const,
    sequence: { groupOrder },
    maxWorkers,
  },
})

export default defineConfig({
  test: {
    projects: [
      project('unit', 10_000, 0),
      project('property', 60_000, 0),
      project('contract', 60_000, 1, 3),
      project('integration', 60_000, 1, 3),
      project('replays', 60_000, 1, 3),
      project('simulation', 600_000, 2),
      project('e2e', 180_000, 3),
      project('crash', 180_000, 4, 2, ['crash', 'power', 'disk']),
      project('chaos', 180_000, 4),
    ],
  },
})
