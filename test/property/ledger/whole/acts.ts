/** What stories are made of: single acts of everybody, and scenes (`scenes.ts`). */
import fc from 'fast-check'
import { goneStep, type GoneStep } from './gone-requests.ts'
import { goneScenes } from './gone-scenes.ts'
import { againScenes } from './again-scenes.ts'
import { breadActs, breadScenes } from './bread-scenes.ts'
import { bridgeScenes } from './bridge-scenes.ts'
import { carryingActs, carryingScenes } from './carrying-scenes.ts'
import { leaseScenes } from './lease-scenes.ts'
import { policyScenes } from './policy-scenes.ts'
import { poolActs, poolAloneScenes, poolScenes } from './pool-scenes.ts'
import { qrAloneScenes, qrScenes } from './qr-scenes.ts'
import { kinds, step, type Kind, type Step } from './requests.ts'
import { personScenes } from './person-scenes.ts'
import { aloneScenes as alone, scenes as before } from './scenes.ts'
import { dayMs, hourMs, minuteMs } from './state.ts'
import { tillStep, type TillStep } from './till.ts'

export type Act =
  | { readonly act: 'ask'; readonly each: Step }
  | { readonly act: 'till'; readonly each: TillStep }
  | { readonly act: 'again'; readonly which: number; readonly changed: number }
  | { readonly act: 'wait'; readonly ms: number }
  | { readonly act: 'key'; readonly who: number; readonly grace: number; readonly again: boolean }
  | { readonly act: 'batch'; readonly steps: readonly Step[] }
  | { readonly act: 'gone'; readonly each: GoneStep }

const scenes = [...before, ...poolScenes, ...qrScenes]
const aloneScenes = [
  ...alone,
  ...poolAloneScenes,
  ...carryingScenes,
  ...breadScenes,
  ...bridgeScenes,
  ...personScenes,
  ...goneScenes,
  ...leaseScenes,
  ...policyScenes,
  ...qrAloneScenes,
  ...againScenes,
]

/** Mostly short ones: a QR is open for five minutes, a hold for two weeks more. */
const waits = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(1_000, minuteMs) },
  { weight: 6, arbitrary: fc.constantFrom(6 * minuteMs, hourMs, 6 * hourMs) },
  { weight: 4, arbitrary: fc.constantFrom(dayMs - 1, dayMs, dayMs + 1) },
  { weight: 2, arbitrary: fc.constantFrom(3 * dayMs, 15 * dayMs, 30 * dayMs) },
)

const asking = step.map((each): Act => ({ act: 'ask', each }))
const atTill = tillStep.map((each): Act => ({ act: 'till', each }))
const waiting = waits.map((ms): Act => ({ act: 'wait', ms }))
const single = fc.oneof(
  { weight: 110, arbitrary: asking },
  { weight: 80, arbitrary: atTill },
  { weight: 40, arbitrary: poolActs },
  { weight: 10, arbitrary: goneStep.map((each): Act => ({ act: 'gone', each })) },
  { weight: 30, arbitrary: carryingActs },
  { weight: 15, arbitrary: breadActs },
  {
    weight: 10,
    arbitrary: fc.record({ which: fc.nat(999), changed: fc.nat(2) }).map((of): Act => ({ act: 'again', ...of })),
  },
  { weight: 14, arbitrary: waiting },
  {
    weight: 3,
    arbitrary: fc
      .record({ who: fc.nat(99), grace: fc.constantFrom(0, 3_600, 7 * 86_400), again: fc.boolean() })
      .map((of): Act => ({ act: 'key', ...of })),
  },
  {
    weight: 12,
    arbitrary: fc.array(step, { minLength: 3, maxLength: 9 }).map((steps): Act => ({ act: 'batch', steps })),
  },
)

const one = single.map((each): readonly Act[] => [each])
export const stories: fc.Arbitrary<readonly Act[]> = fc.noBias(
  fc
    .array(
      fc.oneof(
        { weight: 3, arbitrary: one },
        {
          weight: 2,
          arbitrary: fc.oneof(...scenes, ...carryingScenes, ...breadScenes, ...bridgeScenes, ...personScenes),
        },
      ),
      {
        minLength: 14,
        maxLength: 26,
        size: 'max',
      },
    )
    .map((parts) => parts.flat()),
)

/** Each scene and each single act of a role once, in a few stories: what chance may not come to within a short run. */
export function eachOnce(seed: number): [readonly Act[]][] {
  const alone = aloneScenes.flatMap((each, index) => fc.sample(each, { seed: seed + index, numRuns: 1 }))
  const drawn = scenes.flatMap((each, index) => fc.sample(each, { seed: seed + index, numRuns: 2 }))
  const acts = Object.keys(kinds).flatMap((kind, index) =>
    fc.sample(step, { seed: seed + index, numRuns: 2 }).map((each): Act => {
      return { act: 'ask', each: { ...each, kind: kind as Kind, stray: 9 } }
    }),
  )
  const stories = Array.from({ length: Math.ceil(drawn.length / 8) }, (_, index) =>
    drawn
      .slice(8 * index)
      .slice(0, 8)
      .flat(),
  )
  return [...alone, ...stories, acts].map((story) => [story])
}
