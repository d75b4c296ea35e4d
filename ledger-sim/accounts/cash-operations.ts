/** Cash at a bank's desk, and cash delivered to its vault (docs/design/18-platform-api.md, "Moves"). */
import { z } from 'zod'
import { clientAccountSchema, madeIdSchema, ownBankSchema } from '../http/request-fields.ts'
import { positiveTiynSchema } from '../../src/voucher/money.ts'
import { nameSchema } from '../../src/voucher/identifiers.ts'
import { once } from '../http/idempotent.ts'
import { operation, problem } from '../http/operation.ts'
import { limitFault, limitProblem } from '../individuals/limits.ts'
import { findAccount, type AccountKind } from './accounts.ts'
import { clientOf } from './bank-clients.ts'
import { depositCash, outsideCash, supplyCash, vaultOf, withdrawCash } from './cash.ts'
import { answerTransfer, transferAnswer } from './named-transfer.ts'

const tag = 'Scenarios'
const supplyRequest = z.strictObject({
  transferId: madeIdSchema,
  bank: nameSchema.describe('The bank whose vault got the cash.'),
  amount: positiveTiynSchema,
})
const deskRequest = supplyRequest.extend({ bank: ownBankSchema, accountId: clientAccountSchema })
const clients: readonly AccountKind[] = ['legal-entity', 'agency', 'merchant', 'individual']

export const cashOperations = [
  operation({
    method: 'POST',
    path: '/v1/cash-supplies',
    tag,
    summary: 'Books cash that was delivered to a bank’s vault',
    roles: ['central-bank'],
    requestSchema: supplyRequest,
    answerSchema: transferAnswer,
    perform: (asked) =>
      once(asked, 'cash-supply', asked.request.transferId, async (work) => {
        const { bank, amount, transferId } = asked.request
        if ((await findAccount(work, bank))?.kind !== 'bank') return problem('not_found', `no bank ${bank}`)
        const posted = await supplyCash(work, bank, amount, transferId)
        const parties = { madeBy: asked.caller.owner, payer: outsideCash, payee: vaultOf(bank) }
        return answerTransfer(work, posted, { transferId, kind: 'cash-supply', ...parties, amount })
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/cash-withdrawals',
    tag,
    summary: 'Cash out: a bank’s client gives DT and takes cash from the vault; marked money and escrow are refused',
    roles: ['bank'],
    requestSchema: deskRequest,
    answerSchema: transferAnswer,
    perform: (asked) =>
      once(asked, 'cash-withdrawal', asked.request.transferId, async (work) => {
        const { bank, accountId, amount, transferId } = asked.request
        const client = await clientOf(work, asked.caller, { bank, accountId, kinds: clients, leaves: true })
        if ('code' in client) return client
        const tooMuch = await limitFault(work, { accountId, direction: 'outgoing', amount, means: 'cash-out' })
        const posted = await withdrawCash(work, bank, client, amount, transferId)
        if (posted.kind === 'posted' && tooMuch !== undefined) return limitProblem(tooMuch)
        const parties = { madeBy: bank, payer: accountId, payee: bank }
        return answerTransfer(work, posted, { transferId, kind: 'cash-withdrawal', ...parties, amount })
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/cash-deposits',
    tag,
    summary: 'Cash in: a bank’s client gives cash to the vault and takes DT that the bank has',
    roles: ['bank'],
    requestSchema: deskRequest,
    answerSchema: transferAnswer,
    perform: (asked) =>
      once(asked, 'cash-deposit', asked.request.transferId, async (work) => {
        const { bank, accountId, amount, transferId } = asked.request
        const client = await clientOf(work, asked.caller, { bank, accountId, kinds: clients, leaves: false })
        if ('code' in client) return client
        const tooMuch = await limitFault(work, { accountId, direction: 'incoming', amount })
        const posted = await depositCash(work, bank, client, amount, transferId)
        if (posted.kind === 'posted' && tooMuch !== undefined) return limitProblem(tooMuch)
        const parties = { madeBy: bank, payer: bank, payee: accountId }
        return answerTransfer(work, posted, { transferId, kind: 'cash-deposit', ...parties, amount })
      }),
  }),
]
