import { defineConfig } from 'vitest/config'

/**
 * Groups run one after the other, so that tests with real deadlines (a 1.5 s authorisation, a watchdog) do not share
 * two cores with the simulator.
 */
const project = (name: string, testTimeout: number, groupOrder: number, folders = [name]) => ({
  test: {
    name,
    include: folders.map((folder) => `test/${folder}/**/*.test.{ts,tsx}`),
    testTimeout,
    hookTimeout: testTimeout,
    pool: 'forks' as const,
    sequence: { groupOrder },
    // Vitest leaves one core free unless told otherwise.
    maxWorkers: 2,
  },
})

export default defineConfig({
  test: {
    projects: [
      project('unit', 10_000, 0),
      project('property', 60_000, 0),
      project('contract', 60_000, 1),
      project('integration', 60_000, 1),
      project('replays', 60_000, 1),
      project('simulation', 600_000, 2),
      project('e2e', 180_000, 3),
      project('crash', 180_000, 4, ['crash', 'power', 'disk']),
      project('chaos', 180_000, 4),
    ],
  },
})
