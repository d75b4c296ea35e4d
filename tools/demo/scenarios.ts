/** The stories that `npm run demo` can play, by name; each is loaded when it is played. */
import type { Scenario } from './scenario.ts'

export const scenarios = {
  'school-day': async () => (await import('./school-day.ts')).schoolDay,
  'food-voucher': async () => (await import('./food-voucher.ts')).foodVoucher,
  discount: async () => (await import('./discount.ts')).discount,
  'card-reissue': async () => (await import('./card-reissue.ts')).cardReissue,
} as const satisfies Readonly<Record<string, () => Promise<Scenario>>>

export type ScenarioName = keyof typeof scenarios

export function isScenario(name: string): name is ScenarioName {
  return Object.hasOwn(scenarios, name)
}
