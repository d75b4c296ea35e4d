/**
 * Whom a number, a QR or an account id means. One statement for each, whatever it finds, and one answer for a number
 * that nobody has and for one whose account may not be paid by people: who asks learns neither from the words nor from
 * the time.
 */
import { z } from 'zod'
import { nameSchema } from '../../src/voucher/identifiers.ts'
import { receiveTokenOf } from '../../src/voucher/receive-qr.ts'
import type { Work } from '../context.ts'
import { problem, type ProblemOutcome } from '../http/operation.ts'
import type { LedgerKeys } from '../keys.ts'
import { cardSchema, numberHash, phoneSchema, withoutNumber } from './numbers.ts'
import { personOf, type Person } from './people.ts'
import { limitsOf } from './tiers.ts'

export const payeeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('phone'), number: phoneSchema }),
  z.strictObject({ kind: z.literal('card'), number: cardSchema }),
  z.strictObject({ kind: z.literal('qr'), text: z.string().max(512).describe('Of a person’s QR, as it was read.') }),
  z.strictObject({
    kind: z.literal('account'),
    accountId: nameSchema.describe('The account of the person who is paid.'),
  }),
])
export type WantedPayee = z.output<typeof payeeSchema>

export async function findPayee(work: Work, wanted: WantedPayee): Promise<Person | undefined> {
  const person = await meant(work, wanted)
  return person !== undefined && limitsOf[person.tier].personToPerson ? person : undefined
}

/** The same for all reasons. */
export function noPayee(): ProblemOutcome {
  return problem('not_found', 'nobody can be paid there')
}

/** Whether it could be tried out: a bank's names for accounts can, as numbers; the token of a QR cannot. */
export function isGuessable({ kind }: WantedPayee): boolean {
  return kind !== 'qr'
}

/** For the terms of an id, which are kept as a plain hash. */
export function payeeTerms(keys: LedgerKeys, wanted: WantedPayee): unknown {
  return wanted.kind === 'phone' || wanted.kind === 'card' ? withoutNumber(keys, wanted) : wanted
}

async function meant({ connection, keys }: Work, wanted: WantedPayee): Promise<Person | undefined> {
  const people = connection
    .selectFrom('individual')
    .innerJoin('account', 'account.account_id', 'individual.account_id')
    .select(['account.account_id', 'owner', 'name', 'balance', 'bank', 'opened_as', 'tier'])
  const row = await (wanted.kind === 'account'
    ? people.where('individual.account_id', '=', wanted.accountId).executeTakeFirst()
    : wanted.kind === 'qr'
      ? people
          .innerJoin('receive_code', 'receive_code.account_id', 'individual.account_id')
          .where('token', '=', receiveTokenOf(wanted.text) ?? '')
          .executeTakeFirst()
      : people
          .innerJoin('alias', 'alias.account_id', 'individual.account_id')
          .where('number_hash', '=', numberHash(keys, wanted))
          .executeTakeFirst())
  return row === undefined ? undefined : personOf(row)
}
