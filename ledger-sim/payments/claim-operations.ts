/** What is asked about tills that are gone, and about what they sold and had not handed over. */
import { z } from 'zod'
import { instantSchema, nameSchema, uuidSchema, writtenName } from '../../src/voucher/identifiers.ts'
import { tiynSchema } from '../../src/voucher/money.ts'
import { lossCodes } from '../../src/sync/protocol/loss-codes.ts'
import { exportAnswerSchema, signedExportPartSchema } from '../../src/sync/protocol/terminal-export.ts'
import { arrivalSchema } from '../../src/sync/protocol/messages.ts'
import { inTransaction, type Work } from '../context.ts'
import { rollingBack } from '../http/idempotent.ts'
import { operation, problem } from '../http/operation.ts'
import { revocationReasons } from '../terminals/revocation-reasons.ts'
import { revokeTerminal } from '../terminals/revocation.ts'
import { actsForTerminal } from '../terminals/terminals.ts'
import { claimReceipt, type ReceiptClaim } from './receipt-claims.ts'
import { decideReview } from './review-decisions.ts'
import { importExport, type Imported } from './terminal-exports.ts'
import { restingStates, type Tender } from './tenders.ts'

const claimShape = {
  tenderId: uuidSchema,
  state: z.enum(restingStates),
  amount: tiynSchema,
  loss: z.enum(lossCodes).nullable(),
}

const whyNot: Readonly<Record<Extract<ReceiptClaim, { kind: 'not_a_claim' }>['why'], string>> = {
  not_readable: 'the text is no receipt code, or it is damaged: scan it again, or type it whole',
  not_this_merchants: 'the receipt is of a till of another merchant',
  terminal_presents_itself: 'the till is in service and hands over its sales itself: have it revoked first',
  signature_wrong: 'the till did not sign this',
  ledger_authorised_it: 'the receipt says that the ledger had paid while the customer waited, and the ledger had not',
}

const whyNotExport: Readonly<Record<Extract<Imported, { kind: 'not_an_export' }>['why'], string>> = {
  not_whole: 'the export is damaged or was changed: its rows, items and sums do not fit each other',
  not_this_merchants: 'the export is of a till of another merchant',
  signature_wrong: 'the till did not sign this',
  not_anchored: 'the export does not go on from a row that the ledger knows: hand over its earlier parts first',
  chain_forked: 'the ledger has seen other rows of this till at the same places: the journal was restored or copied',
}

export const claimOperations = [
  operation({
    method: 'POST',
    path: '/v1/terminal-revocations',
    tag: 'Terminals',
    summary:
      'Ends a terminal that was lost, stolen, destroyed or handed in; cards that a finder could copy are exposed',
    roles: ['agency', 'bank'],
    requestSchema: z.strictObject({
      terminalId: nameSchema.describe('A till that your agency registered, or of a merchant of your bank.'),
      reason: z
        .enum(revocationReasons)
        .describe('What became of it: of one that somebody may have found, cards are exposed.'),
    }),
    answerSchema: z.strictObject({
      terminalId: nameSchema,
      exposedCards: z.int(),
      arrival: z.enum(['created', 'exists']),
    }),
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const { terminalId, reason } = asked.request
        if (!(await actsForTerminal(work, asked.caller, terminalId)))
          return problem('not_found', `${asked.caller.owner} has no terminal ${terminalId}`)
        const revoked = await revokeTerminal(work, terminalId, reason)
        if (revoked.kind === 'not_found') return problem('not_found', `no terminal ${terminalId}`)
        if (revoked.kind === 'exists_with_different_terms')
          return problem(revoked.kind, `${terminalId} was ended for another reason`)
        const { exposedCards, arrival } = revoked
        return { kind: 'answer', body: { terminalId, exposedCards, arrival } }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/receipt-claims',
    tag: 'Payment at merchant',
    summary: 'Claims a sale of a till that is gone by the code on its receipt',
    roles: ['merchant'],
    requestSchema: z.strictObject({
      text: z.string().min(1).max(2_000).describe('The text of the QR on the receipt, as it was read.'),
    }),
    answerSchema: z.strictObject({ ...claimShape, arrival: arrivalSchema }),
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const claim = await claimReceipt(work, asked.caller.owner, asked.request.text)
        if (claim.kind === 'not_a_claim') return problem('rule_violated', whyNot[claim.why])
        return { kind: 'answer', body: { ...claimOf(claim.tender), arrival: claim.arrival } }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/terminal-exports',
    tag: 'Payment at merchant',
    summary: 'Presents what a till had not handed over, from a part of its signed export',
    roles: ['merchant'],
    requestSchema: signedExportPartSchema,
    answerSchema: exportAnswerSchema,
    perform: async (asked) => {
      const imported = await importExport(asked.services, asked.caller.owner, asked.request)
      if (imported.kind === 'not_an_export') return problem('rule_violated', whyNotExport[imported.why])
      const { terminalId, part } = asked.request.content
      return { kind: 'answer', body: { terminalId, part, results: [...imported.results], open: [...imported.open] } }
    },
  }),
  operation({
    method: 'GET',
    path: '/v1/reviews',
    tag: 'Monitoring',
    summary: 'Sales of lost or stolen tills that wait for their agency’s word, oldest first',
    roles: ['agency'],
    requestSchema: z.strictObject({}),
    answerSchema: z.strictObject({
      reviews: z.array(
        z.strictObject({
          tenderId: uuidSchema,
          terminalId: nameSchema,
          schemeId: nameSchema,
          amount: tiynSchema,
          decidedAt: instantSchema,
          at: instantSchema,
        }),
      ),
    }),
    perform: async (asked) => ({
      kind: 'answer',
      body: { reviews: await inTransaction(asked.services, (work) => openReviews(work, asked.caller.owner)) },
    }),
  }),
  operation({
    method: 'POST',
    path: '/v1/review-decisions',
    tag: 'Payment at merchant',
    summary: 'The agency pays a sale that was in review, or does not; the merchant can appeal',
    roles: ['agency'],
    requestSchema: z.strictObject({
      tenderId: uuidSchema.describe('Of `GET /v1/reviews`.'),
      verdict: z.enum(['paid', 'refused']),
      reason: writtenName(500, 3).describe('In words, for the merchant to read.'),
    }),
    answerSchema: z.strictObject({ ...claimShape, arrival: z.enum(['created', 'exists']) }),
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const { tenderId, verdict, reason } = asked.request
        const decided = await decideReview(work, asked.caller.owner, tenderId, verdict, reason)
        if (decided.kind === 'not_found') return problem('not_found', `${asked.caller.owner} has no such review`)
        if (decided.kind === 'exists_with_different_terms') return problem(decided.kind, 'it was decided otherwise')
        return { kind: 'answer', body: { ...claimOf(decided.tender), arrival: decided.arrival } }
      }),
  }),
]

function claimOf({ tenderId, state, amount, loss }: Tender) {
  if (state === 'deciding') throw new Error(`tender ${tenderId} was left undecided`)
  return { tenderId, state, amount: amount.toString(), loss }
}

async function openReviews({ connection }: Work, agencyId: string) {
  const rows = await connection
    .selectFrom('review')
    .innerJoin('tender', 'tender.tender_id', 'review.tender_id')
    .select(['tender.tender_id', 'tender.terminal_id', 'tender.scheme_id', 'tender.amount', 'tender.decided_at'])
    .select('review.at')
    .where('review.agency_id', '=', agencyId)
    .where('review.state', '=', 'open')
    .orderBy('review.at')
    .orderBy('tender.tender_id')
    .limit(1_000)
    .execute()
  return rows.map((row) => ({
    tenderId: row.tender_id,
    terminalId: row.terminal_id,
    schemeId: row.scheme_id ?? '',
    amount: row.amount.toString(),
    decidedAt: Number(row.decided_at ?? row.at),
    at: Number(row.at),
  }))
}
