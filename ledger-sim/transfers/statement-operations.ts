/** Statements, as JSON and as CSV (docs/design/18-platform-api.md, "Moves"). */
import { z } from 'zod'
import { instantSchema } from '../../src/voucher/identifiers.ts'
import { inTransaction } from '../context.ts'
import { operation, problem } from '../http/operation.ts'
import { statementCsv } from './statement-csv.ts'
import { longStatement, statementOf, statementPageMax, type WantedStatement } from './statement.ts'
import { wholeNumberText } from './whole-number-text.ts'

/** Of a CSV without a limit: some 2 MB. */
const csvEntriesMax = 10_000
const instantText = wholeNumberText(0, 8_640_000_000_000_000)
/** Tiyn with a sign. */
const signedSchema = z.string().regex(/^-?\d+$/)

export const statementOperations = [
  operation({
    method: 'GET',
    path: '/v1/statements',
    tag: 'Receiving balance-related data',
    summary:
      'The entries of an account with the balance after each, in one order for good; with format=csv as text/csv, ' +
      'up to 10,000 of them, whose last row is the closing balance or says that there are more',
    roles: ['central-bank', 'bank', 'legal-entity', 'agency', 'merchant', 'individual', 'auditor'],
    requestSchema: z.strictObject({
      accountId: z.string().min(1).max(160),
      /** The number of the last entry that was seen. */
      after: wholeNumberText(0, Number.MAX_SAFE_INTEGER).optional(),
      limit: wholeNumberText(1, statementPageMax).optional(),
      /** The first moment that is in it. */
      from: instantText.optional(),
      /** The first moment that is not. */
      to: instantText.optional(),
      format: z.enum(['json', 'csv']).optional(),
    }),
    answerSchema: z.strictObject({
      accountId: z.string(),
      currency: z.enum(['DT', 'KZT']),
      /** Before the first of the entries. */
      openingBalance: signedSchema,
      entries: z.array(
        z.strictObject({
          /** Its number in this account, from 1 without gaps. */
          entry: z.int(),
          at: instantSchema,
          kind: z.string(),
          /** Negative when it was taken from the account. */
          amount: signedSchema,
          /** After it. */
          balance: signedSchema,
          /** Null where it is a person’s who paid. */
          counterparty: z.string().nullable(),
          counterpartyKind: z.string(),
          /** What it moved for: the id of a client's transfer or of its return, a tender's, a lease's. */
          reference: z.string(),
          /** The payment that this gives back, by the `reference` of its own entry. */
          returnOf: z.string().nullable(),
          purpose: z.string().nullable(),
          paymentReference: z.string().nullable(),
        }),
      ),
      /** What to ask for after these. */
      cursor: z.int(),
    }),
    perform: async (asked) => {
      const { accountId, after = 0, limit, from, to, format } = asked.request
      const wanted = { accountId, after, from, to }
      const page = (of: WantedStatement) => inTransaction(asked.services, (work) => statementOf(work, asked.caller, of))
      const none = problem('not_found', `${asked.caller.owner} has no account ${accountId}`)
      if (format === 'csv') {
        const whole = await longStatement({ ...wanted, limit: limit ?? csvEntriesMax }, page)
        if (whole === undefined) return none
        return { kind: 'text', contentType: 'text/csv; charset=utf-8', text: statementCsv(whole) }
      }
      const statement = await page({ ...wanted, limit: limit ?? statementPageMax })
      if (statement === undefined) return none
      const entries = statement.entries.map((entry) => {
        return { ...entry, amount: entry.amount.toString(), balance: entry.balance.toString() }
      })
      const openingBalance = statement.openingBalance.toString()
      return { kind: 'answer', body: { ...statement, accountId, openingBalance, entries } }
    },
  }),
]
