/** Statements, as JSON and as CSV (docs/design/18-platform-api.md, "Moves"). */
import { z } from 'zod'
import { instantSchema } from '../../src/voucher/identifiers.ts'
import { transferKinds } from '../accounts/transfer-kinds.ts'
import { inTransaction } from '../context.ts'
import { operation, problem } from '../http/operation.ts'
import { cursorIn, instantIn, pageSizeTextIn } from '../http/query-numbers.ts'
import { statementCsv } from './statement-csv.ts'
import { longStatement, statementOf, statementPageMax, type WantedStatement } from './statement.ts'

/** Of a CSV without a limit: some 2 MB. */
const csvEntriesMax = 10_000
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
      after: cursorIn.optional().describe('The number of the last entry that you have seen: the `cursor` of its page.'),
      limit: pageSizeTextIn(statementPageMax, statementPageMax, `of a CSV ${csvEntriesMax}`),
      from: instantIn.optional().describe('The first moment that is in it, ms since 1970.'),
      to: instantIn.optional().describe('The first moment that is not, ms since 1970.'),
      format: z.enum(['json', 'csv']).optional(),
    }),
    answerSchema: z.strictObject({
      accountId: z.string(),
      currency: z.enum(['DT', 'KZT']),
      openingBalance: signedSchema.describe('Before the first of the entries.'),
      entries: z.array(
        z.strictObject({
          entry: z.int().describe('Its number in this account, from 1 without gaps.'),
          at: instantSchema,
          kind: z.enum(transferKinds).describe('Why it moved: docs/integrator.md, "Why money moved".'),
          amount: signedSchema.describe('Negative when it was taken from the account.'),
          balance: signedSchema.describe('After it.'),
          counterparty: z.string().nullable().describe('Null where it is a person’s who paid.'),
          counterpartyKind: z.string(),
          reference: z
            .string()
            .describe('What it moved for: the id of a client’s transfer or of its return, a tender’s, a lease’s.'),
          returnOf: z
            .string()
            .nullable()
            .describe(
              'The payment that this gives back, by its `reference`; of a sale that an appeal has paid, the tender.',
            ),
          purpose: z.string().nullable(),
          paymentReference: z.string().nullable(),
        }),
      ),
      cursor: z.int().describe('What to ask for after these.'),
    }),
    perform: async (asked) => {
      const { accountId, after = 0, limit, from, to, format } = asked.request
      const wanted = { accountId, after, from, to }
      const page = (of: WantedStatement) => inTransaction(asked.services, (work) => statementOf(work, asked.caller, of))
      const none = problem('not_found', `${asked.caller.owner} has no account ${accountId}`)
      if (format === 'csv') {
        const whole = await longStatement({ ...wanted, limit: Number(limit ?? csvEntriesMax) }, page)
        if (whole === undefined) return none
        return { kind: 'text', contentType: 'text/csv; charset=utf-8', text: statementCsv(whole) }
      }
      const statement = await page({ ...wanted, limit: Number(limit ?? statementPageMax) })
      if (statement === undefined) return none
      const entries = statement.entries.map((entry) => {
        return { ...entry, amount: entry.amount.toString(), balance: entry.balance.toString() }
      })
      const openingBalance = statement.openingBalance.toString()
      return { kind: 'answer', body: { ...statement, accountId, openingBalance, entries } }
    },
  }),
]
