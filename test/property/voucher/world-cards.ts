/** Of `world.ts`: kinds of cards, with which of them a scheme pays, and the caps for some of them without network. */
import * as fc from 'fast-check'
import type { CardRules } from '../../../src/voucher/card-rules.ts'
import type { Tiyn } from '../../../src/voucher/money.ts'

const hourMs = 3_600_000

export type WorldCard = 'uid' | 'ntag21x' | 'ntag424'

export interface WorldCaps {
  readonly perSale: number
  readonly perBeneficiaryAndPeriod: number
  readonly countPerBeneficiary: number
  readonly terminalExposure: number
  readonly ageSinceSyncMs: number
}

/** What a scheme says of cards. */
interface WorldCardRules {
  readonly accepts: readonly WorldCard[]
  readonly uidCaps: WorldCaps | null
}

const amount = fc.nat({ max: 40 })
const oftenWide = (wide: number, narrow: fc.Arbitrary<number>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(wide) }, { weight: 2, arbitrary: narrow })

export const cardArbitraries = {
  accepts: fc.oneof(
    fc.constant<WorldCard[]>(['uid', 'ntag424']),
    fc.constant<WorldCard[]>(['ntag424']),
    fc.shuffledSubarray<WorldCard>(['uid', 'ntag21x', 'ntag424'], { minLength: 1 }),
  ),
  uidCaps: fc.option(
    fc.record({
      perSale: oftenWide(500, amount),
      perBeneficiaryAndPeriod: oftenWide(500, amount),
      countPerBeneficiary: oftenWide(50, fc.integer({ min: 1, max: 4 })),
      terminalExposure: oftenWide(
        500,
        amount.map((half) => 2 * half),
      ),
      ageSinceSyncMs: oftenWide(72 * hourMs, fc.constantFrom(0, hourMs)),
    }),
  ),
}

/** What schemes of before do not say is said by nothing. */
export function cardsOf(
  { accepts, uidCaps }: WorldCardRules,
  money: (grains: number) => Tiyn,
): { readonly cards?: CardRules } {
  if (uidCaps === null && accepts.join() === 'ntag424') return {}
  const acceptance = { words: 'Copies are the loss of the agency.', by: 'The office', at: 0 }
  const caps =
    uidCaps === null
      ? undefined
      : {
          ...uidCaps,
          perSale: money(uidCaps.perSale),
          perBeneficiaryAndPeriod: money(uidCaps.perBeneficiaryAndPeriod),
          terminalExposure: money(uidCaps.terminalExposure),
        }
  return { cards: { accepts: [...accepts], ...(caps === undefined ? {} : { uidOffline: { acceptance, caps } }) } }
}
