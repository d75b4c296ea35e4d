import { defineConfig } from 'vitest/config'

/**
 * Groups run one after the other, so that tests with real deadlines (a 1.5 s authorisation, a watchdog) do not share
 * two cores with the simulator.
 */
const project = (name: string, testTimeout: number, groupOrder: number, maxWorkers = 1, folders = [name]) => ({
  test: {
    name,
    include: folders.map((folder) => `test/${folder}/**/*.test.{ts,tsx}`),
    testTimeout,
    hookTimeout: testTimeout,
    pool: 'forks' as const,
    sequence: { groupOrder },
    // Vitest leaves one core free unless told otherwise. The browsers of e2e need it.
    maxWorkers,
  },
})

export default defineConfig({
  test: {
    projects: [
      project('unit', 10_000, 0, 2),
      project('property', 60_000, 0, 2),
      project('contract', 60_000, 1, 2),
      project('integration', 60_000, 1, 2),
      project('replays', 60_000, 1, 2),
      project('simulation', 600_000, 2, 2),
      project('e2e', 180_000, 3),
      project('crash', 180_000, 4, 2, ['crash', 'power', 'disk']),
      project('chaos', 180_000, 4, 2),
    ],
  },
})
