/**
 * Conversions between non-cash tenge and Digital Tenge at the report's levels, both ways. Two tiers: the bank asks the
 * central bank, whose accounts move; a client asks its bank, which signs (docs/design/18-platform-api.md, "Moves").
 */
import { z } from 'zod'
import { clientAccountSchema, madeIdSchema, ownBankSchema } from '../http/request-fields.ts'
import { positiveTiynSchema } from '../../src/voucher/money.ts'
import { once } from '../http/idempotent.ts'
import { operation } from '../http/operation.ts'
import { limitFault, limitProblem } from '../individuals/limits.ts'
import type { AccountKind } from './accounts.ts'
import { clientOf, notOwnBank } from './bank-clients.ts'
import {
  buyFromClient,
  issueAccount,
  issueToBank,
  needClientNonCash,
  redeemFromBank,
  sellToClient,
} from './conversions.ts'
import { answerTransfer, transferAnswer } from './named-transfer.ts'

const bankRequest = z.strictObject({ transferId: madeIdSchema, bank: ownBankSchema, amount: positiveTiynSchema })
const clientRequest = bankRequest.extend({ accountId: clientAccountSchema })

const legalEntities: readonly AccountKind[] = ['legal-entity', 'agency', 'merchant']
const individuals: readonly AccountKind[] = ['individual']

export const conversionOperations = [
  operation({
    method: 'POST',
    path: '/v1/conversions/non-cash-to-dt/bank-central-bank',
    tag: 'Conversion of non-cash KZT to the DT at the "bank - CB" level',
    summary: 'The bank buys DT from the central bank against its reserve',
    description:
      'DT are issued one for one against the bank’s reserve, in one step with the settlement message (`GET ' +
      '/v1/settlement-messages`). The DT are the bank’s own until it sells them to clients.',
    roles: ['bank'],
    requestSchema: bankRequest,
    answerSchema: transferAnswer,
    perform: (asked) =>
      once(asked, 'issue', asked.request.transferId, async (work) => {
        const { bank, amount, transferId } = asked.request
        const foreign = await notOwnBank(work, asked.caller, bank)
        if (foreign !== undefined) return foreign
        const posted = await issueToBank(work, bank, amount, transferId)
        const parties = { madeBy: bank, payer: issueAccount, payee: bank }
        return answerTransfer(work, posted, { transferId, kind: 'issue', ...parties, amount })
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/conversions/dt-to-non-cash/bank-central-bank',
    tag: 'Conversion of the DT to non-cash KZT to at the "bank - CB" level',
    summary: 'The bank gives DT back to the central bank, which pays them to its reserve',
    roles: ['bank'],
    requestSchema: bankRequest,
    answerSchema: transferAnswer,
    perform: (asked) =>
      once(asked, 'issue-return', asked.request.transferId, async (work) => {
        const { bank, amount, transferId } = asked.request
        const foreign = await notOwnBank(work, asked.caller, bank)
        if (foreign !== undefined) return foreign
        const posted = await redeemFromBank(work, bank, amount, transferId)
        const parties = { madeBy: bank, payer: bank, payee: issueAccount }
        return answerTransfer(work, posted, { transferId, kind: 'issue-return', ...parties, amount })
      }),
  }),
  fromNonCash(
    '/v1/conversions/non-cash-to-dt/legal-entity-bank',
    'Conversion of non-cash KZT to the DT at the "legal entity - bank" level',
    'A bank sells DT to its client against the client’s non-cash',
    legalEntities,
  ),
  fromNonCash(
    '/v1/conversions/non-cash-to-dt/individual-bank',
    'Scenarios',
    'A bank sells DT to an individual against the individual’s non-cash',
    individuals,
  ),
  toNonCash(
    '/v1/conversions/dt-to-non-cash/legal-entity-bank',
    'Conversion of the DT to non-cash KZT to at the "legal entity - bank" level',
    'A bank buys DT from its client; marked money and escrow are refused',
    legalEntities,
  ),
  toNonCash(
    '/v1/conversions/dt-to-non-cash/individual-bank',
    'Conversion of the DT to non-cash KZT to at the "individual - bank" level',
    'A bank buys DT from an individual; marked money and escrow are refused',
    individuals,
  ),
]

function fromNonCash(path: string, tag: string, summary: string, kinds: readonly AccountKind[]) {
  return operation({
    method: 'POST',
    path,
    tag,
    summary,
    roles: ['bank'],
    requestSchema: clientRequest,
    answerSchema: transferAnswer,
    perform: (asked) =>
      once(asked, 'sale-of-dt', asked.request.transferId, async (work) => {
        const { bank, accountId, amount, transferId } = asked.request
        const client = await clientOf(work, asked.caller, { bank, accountId, kinds, leaves: false })
        if ('code' in client) return client
        const tooMuch = await limitFault(work, { accountId, direction: 'incoming', amount })
        await needClientNonCash(work, bank, client.owner)
        const posted = await sellToClient(work, bank, client, amount, transferId)
        if (posted.kind === 'posted' && tooMuch !== undefined) return limitProblem(tooMuch)
        const parties = { madeBy: bank, payer: bank, payee: accountId }
        return answerTransfer(work, posted, { transferId, kind: 'sale-of-dt', ...parties, amount })
      }),
  })
}

function toNonCash(path: string, tag: string, summary: string, kinds: readonly AccountKind[]) {
  return operation({
    method: 'POST',
    path,
    tag,
    summary,
    roles: ['bank'],
    requestSchema: clientRequest,
    answerSchema: transferAnswer,
    perform: (asked) =>
      once(asked, 'redemption-of-dt', asked.request.transferId, async (work) => {
        const { bank, accountId, amount, transferId } = asked.request
        const client = await clientOf(work, asked.caller, { bank, accountId, kinds, leaves: true })
        if ('code' in client) return client
        const tooMuch = await limitFault(work, { accountId, direction: 'outgoing', amount, means: 'cash-out' })
        await needClientNonCash(work, bank, client.owner)
        const posted = await buyFromClient(work, bank, client, amount, transferId)
        if (posted.kind === 'posted' && tooMuch !== undefined) return limitProblem(tooMuch)
        const parties = { madeBy: bank, payer: accountId, payee: bank }
        return answerTransfer(work, posted, { transferId, kind: 'redemption-of-dt', ...parties, amount })
      }),
  })
}
