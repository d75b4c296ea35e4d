/** The stories that `npm run demo` can play, by name. */
import { cardReissue } from './card-reissue.ts'
import { discount } from './discount.ts'
import { foodVoucher } from './food-voucher.ts'
import type { Scenario } from './scenario.ts'
import { schoolDay } from './school-day.ts'

export const scenarios = {
  'school-day': schoolDay,
  'food-voucher': foodVoucher,
  discount,
  'card-reissue': cardReissue,
} as const satisfies Readonly<Record<string, Scenario>>

export type ScenarioName = keyof typeof scenarios

export function isScenario(name: string): name is ScenarioName {
  return Object.hasOwn(scenarios, name)
}
