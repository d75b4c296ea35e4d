/** "Monitoring" of the report: how things stand, for whoever may see them. */
import { z } from 'zod'
import { instantSchema, nameSchema, uuidSchema } from '../../src/voucher/identifiers.ts'
import { tiynSchema } from '../../src/voucher/money.ts'
import { inTransaction } from '../context.ts'
import { operation } from '../http/operation.ts'
import { monitoringRoles, standingFor, type MonitoringRole } from './standing.ts'
import { connectivities } from './terminals.ts'

export const monitoringOperations = [
  operation({
    method: 'GET',
    path: '/v1/monitoring',
    tag: 'Monitoring',
    summary:
      'Nodes, wallets, schemes, leases and tills: the caller’s own; the whole for the central bank and the auditor',
    roles: monitoringRoles,
    requestSchema: z.strictObject({}),
    answerSchema: z.strictObject({
      at: instantSchema,
      nodes: z.array(z.strictObject({ nodeId: z.string(), startedAt: instantSchema })),
      circulation: z.strictObject({ issued: tiynSchema, inCirculation: tiynSchema }).nullable(),
      /** A bank sees how many clients of each kind it has. */
      wallets: z.array(
        z.strictObject({
          kind: z.string(),
          count: z.int().min(0),
          balance: z
            .string()
            .regex(/^-?\d+$/)
            .nullable(),
        }),
      ),
      schemes: z.array(
        z.strictObject({
          schemeId: nameSchema,
          funded: tiynSchema,
          spent: z
            .string()
            .regex(/^-?\d+$/)
            .describe(
              'funded = spent + returned + escrow + onCards + inReview + free; negative when more came back than paid.',
            ),
          returned: tiynSchema,
          escrow: tiynSchema,
          onCards: tiynSchema.describe('On cards that count themselves: the most that they can still be debited for.'),
          inReview: tiynSchema,
          free: tiynSchema,
          awaitingFunds: tiynSchema,
          bridged: tiynSchema.describe('Advanced to cards that took the place of others, less what came back of it.'),
          recovered: tiynSchema.describe(
            'Of that, taken off the allowances since; what no till holds any more and is not in it is spent twice.',
          ),
        }),
      ),
      leases: z.array(
        z.strictObject({
          leaseId: uuidSchema,
          schemeId: nameSchema,
          terminalId: nameSchema,
          sellUntil: instantSchema,
          presentUntil: instantSchema,
          exposure: tiynSchema.describe('What its slots still allow; the audit asks that it equals `escrow`.'),
          escrow: tiynSchema,
        }),
      ),
      terminals: z.array(
        z.strictObject({
          terminalId: nameSchema,
          merchantId: nameSchema,
          status: z.enum(['registered', 'active', 'suspended', 'revoked']),
          lastSeenAt: instantSchema.nullable().describe('To the minute.'),
          /** As the till's last head said: rows not handed over, and since when at least there have been some. */
          queue: z
            .strictObject({ length: z.int().min(0), since: instantSchema.nullable(), saidAt: instantSchema })
            .nullable(),
          exposure: tiynSchema.describe('What it may still sell off line under the leases that the caller sees.'),
          connectivity: z.enum(connectivities),
        }),
      ),
    }),
    perform: async (asked) => {
      const { role, owner } = asked.caller
      const standing = await inTransaction(asked.services, (work) =>
        standingFor(work, { role: role as MonitoringRole, owner }, asked.services.startedAt),
      )
      return {
        kind: 'answer',
        body: {
          at: standing.at,
          nodes: [...standing.nodes],
          circulation:
            standing.circulation === null
              ? null
              : {
                  issued: standing.circulation.issued.toString(),
                  inCirculation: standing.circulation.inCirculation.toString(),
                },
          wallets: standing.wallets.map((kind) => ({ ...kind, balance: kind.balance?.toString() ?? null })),
          schemes: standing.schemes.map((scheme) => ({
            schemeId: scheme.schemeId,
            funded: scheme.funded.toString(),
            spent: scheme.spent.toString(),
            returned: scheme.returned.toString(),
            escrow: scheme.escrow.toString(),
            onCards: scheme.onCards.toString(),
            inReview: scheme.inReview.toString(),
            free: scheme.free.toString(),
            awaitingFunds: scheme.awaitingFunds.toString(),
            bridged: scheme.bridged.toString(),
            recovered: scheme.recovered.toString(),
          })),
          leases: standing.leases.map((lease) => ({
            leaseId: lease.leaseId,
            schemeId: lease.schemeId,
            terminalId: lease.terminalId,
            sellUntil: lease.sellUntil,
            presentUntil: lease.presentUntil,
            exposure: lease.exposure.toString(),
            escrow: lease.escrow.toString(),
          })),
          terminals: standing.terminals.map((terminal) => ({ ...terminal, exposure: terminal.exposure.toString() })),
        },
      }
    },
  }),
]
