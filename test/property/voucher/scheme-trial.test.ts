/**
 * Method: the random worlds of the rule function's own test, of which the trial takes schemes and basket. What it says
 * of the lines must add up to what decide() says of the card that carries all schemes.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { profileForDecision } from '../../../src/voucher/card-rules.ts'
import { decide } from '../../../src/voucher/decide.ts'
import { lineReasons } from '../../../src/voucher/line-outcomes.ts'
import { addTiyn, zeroTiyn } from '../../../src/voucher/money.ts'
import { fullSlot } from '../../../src/voucher/slot.ts'
import { tryOut } from '../../../tools/scheme/trial.ts'
import { decisionInputOf, payingWorld, world } from './world.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? 20_261_127)

test(`a tried basket adds up, and every scheme has its reason; TOLEM_SEED=${seed}`, () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(fc.oneof(world, payingWorld), (given) => {
      const input = decisionInputOf(given)
      const { sale, merchantId, merchantPlace: place = {}, trustedTime: at } = input
      const schemes = input.schemes.filter((scheme) => 'goods' in scheme)
      const trial = tryOut(schemes, sale.lines, { at, merchantId, place })
      const isPaid = trial.schemes.some(({ verdict }) => 'amount' in verdict)
      for (const { total, schemes: paid, left, why } of trial.lines) {
        if (why !== null) seen.add(why)
        expect(addTiyn(left, ...paid.map(({ amount }) => amount))).toBe(total)
        expect(why !== null).toBe(isPaid && left > 0n)
      }
      for (const { verdict } of trial.schemes) if ('refusal' in verdict) seen.add(verdict.refusal)
      expect(addTiyn(...trial.lines.map(({ left }) => left))).toBe(trial.left)
      const slots = schemes.flatMap((scheme) =>
        scheme.periods.map(({ periodId }) => fullSlot(scheme, 'be'.repeat(16), periodId)),
      )
      const card = { card: input.card.card, blocked: false, ...profileForDecision(trial.profile) }
      const decision = decide({ ...input, mode: 'online', card, slots, localSpends: [], leases: [], covered: [] })
      const amounts = trial.schemes.map(({ schemeId, verdict }) => ({
        schemeId,
        amount: 'amount' in verdict ? verdict.amount : zeroTiyn,
      }))
      const parts = decision.verdict === 'approve' ? decision.parts : []
      expect(amounts.filter(({ amount }) => amount > 0n)).toEqual(
        parts.map(({ schemeId, amount }) => ({ schemeId, amount })),
      )
      if (decision.verdict === 'refuse')
        expect(
          trial.schemes
            .map(({ schemeId, verdict }) => ({ schemeId, code: 'refusal' in verdict && verdict.refusal }))
            // A scheme that does not take the card is none of its schemes.
            .filter(({ code }) => code !== 'CARD_KIND_NOT_ACCEPTED'),
        ).toEqual(decision.schemes)
    }),
    { seed, numRuns: 1_000 },
  )
  const wanted = [...lineReasons, 'NOTHING_ELIGIBLE', 'OUTSIDE_HOURS', 'MERCHANT_NOT_ALLOWED']
  expect(wanted.filter((one) => !seen.has(one))).toEqual([])
})
