/** What is asked about discrepancies, by whoever bears them, and by who watches. */
import { z } from 'zod'
import { instantSchema, nameSchema, uuidSchema } from '../../src/voucher/identifiers.ts'
import { tiynSchema } from '../../src/voucher/money.ts'
import { inTransaction } from '../context.ts'
import { operation } from '../http/operation.ts'
import { listDiscrepancies } from './discrepancy-list.ts'

export const discrepancyOperations = [
  operation({
    method: 'GET',
    path: '/v1/discrepancies',
    tag: 'Monitoring',
    summary: 'Where ledger and tills disagree, newest first: of the caller’s own schemes, tills or sales',
    roles: ['agency', 'merchant', 'terminal', 'central-bank', 'auditor'],
    requestSchema: z.strictObject({ terminalId: nameSchema.optional() }),
    answerSchema: z.strictObject({
      discrepancies: z.array(
        z.strictObject({
          discrepancyId: uuidSchema,
          terminalId: nameSchema,
          tenderId: uuidSchema.nullable(),
          code: z.string(),
          /** Who bears it, or has to explain it. */
          owner: z.enum(['merchant', 'agency']),
          amount: tiynSchema,
          /** What the ledger saw: the place in the journal, the lease, the reason in words. */
          evidence: z.record(z.string(), z.unknown()),
          appeal: z.enum(['open', 'closed']),
          at: instantSchema,
        }),
      ),
    }),
    perform: async (asked) => {
      const { terminalId } = asked.request
      const discrepancies = await inTransaction(asked.services, (work) =>
        listDiscrepancies(work, asked.caller, terminalId),
      )
      return { kind: 'answer', body: { discrepancies } }
    },
  }),
]
