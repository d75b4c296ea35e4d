/** What an issuing desk of an agency says about a card that it re-keys (docs/design/30-rekeying.md). */
import { z } from 'zod'
import { cardPseudonym } from '../../src/sync/protocol/card-pseudonym.ts'
import { firstKeyGeneration, lastKeyGeneration } from '../../src/voucher/cards/card-keys.ts'
import { pseudonymSchema } from '../../src/voucher/identifiers.ts'
import type { Work } from '../context.ts'
import { rollingBack } from '../http/idempotent.ts'
import { operation, problem, type Asked } from '../http/operation.ts'
import { notOwnCard } from './ownership.ts'
import { beginRekeying, finishRekeying, type Rekeyed } from './rekeying.ts'

const rekeyingSchema = z.strictObject({
  uid: z
    .string()
    .regex(/^[0-9A-Fa-f]{14}$/)
    .describe('The desk has the card before it. Hex; turned into the pseudonym and not stored.'),
  /** Whose keys the card gets: one more than that of the keys that it has, which is their version on the card. */
  generation: z
    .int()
    .min(firstKeyGeneration + 1)
    .max(lastKeyGeneration),
})
const answerSchema = z.strictObject({
  card: pseudonymSchema,
  generation: z.int(),
  arrival: z.enum(['created', 'exists']),
})
const common = { method: 'POST', tag: 'Voucher schemes', roles: ['agency'], requestSchema: rekeyingSchema } as const

export const rekeyingOperations = [
  operation({
    ...common,
    path: '/v1/card-rekeyings',
    summary: 'A desk begins to give a card its next keys: from here on the card pays nothing with network',
    answerSchema,
    perform: (asked) => act(asked, (work, { card, generation }) => beginRekeying(work, card, generation)),
  }),
  operation({
    ...common,
    path: '/v1/card-rekeyings/done',
    summary: 'The card has its next keys: it pays again, with network and without, and is exposed no more',
    answerSchema,
    perform: (asked) => act(asked, (work, { uid, generation }) => finishRekeying(work, uid, generation)),
  }),
]

interface OnDesk {
  readonly uid: Uint8Array
  readonly card: string
  readonly generation: number
}

function act(asked: Asked<z.output<typeof rekeyingSchema>>, perform: (work: Work, of: OnDesk) => Promise<Rekeyed>) {
  return rollingBack(asked, async (work) => {
    const { uid: text, generation } = asked.request
    const uid = new Uint8Array(Buffer.from(text, 'hex'))
    const card = cardPseudonym(work.keys.cardReferenceKey, uid)
    const foreign = await notOwnCard(work, asked.caller, card)
    if (foreign !== undefined) return foreign
    const rekeyed = await perform(work, { uid, card, generation })
    switch (rekeyed.kind) {
      case 'not_found':
        return problem('not_found', 'there is no such card')
      case 'rule_violated':
        return problem(rekeyed.kind, rekeyed.detail)
      case 'done':
        return { kind: 'answer', body: { card, generation, arrival: rekeyed.arrival } } as const
      default:
        return rekeyed satisfies never
    }
  })
}
