/** What a terminal may ask (messages.ts, `terminalEndpoints`). */
import { z } from 'zod'
import {
  authorisationSchema,
  batchAnswerSchema,
  batchSchema,
  cardReceiptAnswerSchema,
  cardReceiptRequestSchema,
  cardScriptAnswerSchema,
  cardScriptRequestSchema,
  cardSessionAnswerSchema,
  cardSessionKeysAnswerSchema,
  cardSessionKeysRequestSchema,
  cardSessionRequestSchema,
  enrolmentRequestSchema,
  eventsAnswerSchema,
  eventsRequestSchema,
  headAnswerSchema,
  headRequestSchema,
  inquiryAnswerSchema,
  inquirySchema,
  keyRotationAnswerSchema,
  keyRotationRequestSchema,
  packageAnswerSchema,
  packageRequestSchema,
  paymentRequestAnswerSchema,
  paymentRequestSchema,
  requestCardPaymentAnswerSchema,
  requestCardPaymentSchema,
  signedItemResultSchema,
  type SignedItemResult,
  type SyncItem,
} from '../../src/sync/protocol/messages.ts'
import { publicJwkSchema } from '../../src/sync/protocol/keys.ts'
import { nameSchema } from '../../src/voucher/identifiers.ts'
import { receiptAnswer } from '../applet/operations.ts'
import { keepReceipt, nextScript } from '../applet/scripts.ts'
import { inTransaction, type Work } from '../context.ts'
import { operation, problem, type Asked } from '../http/operation.ts'
import { inSteps } from '../in-steps.ts'
import { applyItem, itemsPerStepOfATill } from '../payments/apply-items.ts'
import { authorise } from '../payments/authorisation.ts'
import { payByCard } from '../payments/card-payments.ts'
import { openRequest, standingOf } from '../payments/payment-requests.ts'
import { tenderResult } from '../payments/results.ts'
import { findTender } from '../payments/tenders.ts'
import { enrolTerminal } from './enrolment.ts'
import { eventsAfter } from './events.ts'
import { recordQueue } from '../monitoring/terminal-queue.ts'
import { showHead } from './heads.ts'
import { rotateKeys } from './key-rotation.ts'
import { packageFor } from './packages.ts'
import { findTerminal, type Terminal } from './terminals.ts'

/** What is held for it outlasts it by two weeks: no till may set aside a customer's money for years. */
const longestRequestMs = 3_600_000

/** Coarse, so that a terminal that only asks costs no write. */
const seenEveryMs = 60_000

/** One unit of work of the terminal that asks. */
async function asTerminal<Result>(
  asked: Asked<unknown>,
  body: (work: Work, terminal: Terminal) => Promise<Result>,
): Promise<Result> {
  return inTransaction(asked.services, async (work) => {
    const terminal = await findTerminal(work, asked.caller.owner)
    if (terminal === undefined) throw new Error(`key of unknown terminal ${asked.caller.owner}`)
    await work.connection
      .updateTable('terminal')
      .set({ last_seen_at: work.now })
      .where('terminal_id', '=', terminal.terminalId)
      .where('last_seen_at', '<', BigInt(work.now - seenEveryMs))
      .execute()
    return body(work, terminal)
  })
}

/** Item by item, each under its own id. */
async function applyItems(asked: Asked<unknown>, items: readonly SyncItem[]): Promise<SignedItemResult[]> {
  const { watch } = asked.services
  watch?.batchReceived(items.length)
  const results = await inSteps<SyncItem, SignedItemResult>(asked.services, items, {
    itemsPerStep: itemsPerStepOfATill,
    apply: (services, some) =>
      asTerminal({ ...asked, services }, async (work, own) => {
        const applied: SignedItemResult[] = []
        for (const item of some) applied.push(await applyItem(work, own, item, asked.created))
        return applied
      }),
  })
  for (const { result } of results) watch?.answered(result.state)
  return results
}

const tag = 'Terminals'
const terminal = ['terminal'] as const

export const terminalOperations = [
  operation({
    method: 'POST',
    path: '/v1/terminal/card-sessions',
    tag,
    summary: 'Opens a card session for a card that is not leased to the terminal',
    roles: terminal,
    requestSchema: cardSessionRequestSchema,
    answerSchema: cardSessionAnswerSchema,
    openToSuspended: false,
    perform: async (asked) => {
      const answer = await asTerminal(asked, (work, own) => asked.services.cardSessions.open(work, own, asked.request))
      if (answer === undefined) return problem('exists_with_different_terms', 'the session id is in use')
      return { kind: 'answer', body: answer }
    },
  }),
  operation({
    method: 'POST',
    path: '/v1/terminal/card-session-keys',
    tag,
    summary: 'Completes a card session: the session keys, sealed to the terminal',
    roles: terminal,
    requestSchema: cardSessionKeysRequestSchema,
    answerSchema: cardSessionKeysAnswerSchema,
    openToSuspended: false,
    perform: async (asked) => {
      const answer = await asTerminal(asked, (work, own) =>
        asked.services.cardSessions.complete(work, own, asked.request),
      )
      return { kind: 'answer', body: answer }
    },
  }),
  operation({
    method: 'POST',
    path: '/v1/terminal/card-scripts',
    tag,
    summary:
      'What is to be said to a card that counts itself and lies at the till; the money that it loads is set aside',
    roles: terminal,
    requestSchema: cardScriptRequestSchema,
    answerSchema: cardScriptAnswerSchema,
    openToSuspended: false,
    perform: async (asked) => ({
      kind: 'answer',
      body: await asTerminal(asked, (work) => nextScript(work, asked.request.card, asked.request.scriptCounter)),
    }),
  }),
  operation({
    method: 'POST',
    path: '/v1/terminal/card-receipts',
    tag,
    summary: 'What a card answered to a script',
    roles: terminal,
    requestSchema: cardReceiptRequestSchema,
    answerSchema: cardReceiptAnswerSchema,
    perform: async (asked) =>
      receiptAnswer(await asTerminal(asked, (work) => keepReceipt(work, asked.request.card, asked.request.receipt))),
  }),
  operation({
    method: 'POST',
    path: '/v1/terminal/authorisations',
    tag: 'Payment at merchant',
    summary: 'Authorises a voucher payment: the goods are not given yet',
    roles: terminal,
    requestSchema: authorisationSchema,
    answerSchema: signedItemResultSchema,
    openToSuspended: false,
    perform: async (asked) => {
      const body = await asTerminal(asked, (work, own) => authorise(work, own, asked.request))
      asked.services.watch?.answered(body.result.state)
      return { kind: 'answer', body }
    },
  }),
  operation({
    method: 'POST',
    path: '/v1/terminal/payment-requests',
    tag: 'Payment at merchant',
    summary: 'Asks for a payment by QR: whoever reads the QR may pay it until it expires',
    roles: terminal,
    requestSchema: paymentRequestSchema,
    answerSchema: paymentRequestAnswerSchema,
    openToSuspended: false,
    perform: async (asked) => {
      const { terms } = asked.request
      if (terms.expiresAt > asked.services.clock() + longestRequestMs)
        return problem('rule_violated', 'a request stands open for an hour at most')
      return { kind: 'answer', body: await asTerminal(asked, (work, own) => openRequest(work, own, terms)) }
    },
  }),
  operation({
    method: 'POST',
    path: '/v1/terminal/payment-requests/card-payments',
    tag: 'Payment at merchant',
    summary: 'Pays what a QR asks for from the account of the card that lies at the terminal',
    roles: terminal,
    requestSchema: requestCardPaymentSchema,
    answerSchema: requestCardPaymentAnswerSchema,
    openToSuspended: false,
    perform: async (asked) => {
      const { requestId } = asked.request
      const answer = await asTerminal(asked, (work, own) => payByCard(work, own, asked.request))
      if (answer === undefined) return problem('not_found', `${asked.caller.owner} has no payment request ${requestId}`)
      return { kind: 'answer', body: answer }
    },
  }),
  operation({
    method: 'POST',
    path: '/v1/terminal/batches',
    tag: 'Payment at merchant',
    summary: 'Presents, reverses, surrenders, refunds, captures: each item by itself, in the order given',
    roles: terminal,
    requestSchema: batchSchema,
    answerSchema: batchAnswerSchema,
    perform: async (asked) => ({ kind: 'answer', body: { results: await applyItems(asked, asked.request.items) } }),
  }),
  operation({
    method: 'POST',
    path: '/v1/terminal/inquiries',
    tag: 'Payment at merchant',
    summary: 'Asks what became of a tender',
    roles: terminal,
    requestSchema: inquirySchema,
    answerSchema: inquiryAnswerSchema,
    perform: async (asked) => {
      const body = await asTerminal(asked, async (work, own) => {
        const tender = await findTender(work, asked.request.tenderId)
        if (tender === undefined || tender.terminalId !== own.terminalId) return { kind: 'not_seen' as const }
        const standing = await standingOf(work, tender)
        if (standing.state === 'requested') return { kind: 'open' as const }
        return { kind: 'known' as const, item: await tenderResult(work, standing, 'exists', tender.tenderId) }
      })
      return { kind: 'answer', body }
    },
  }),
  operation({
    method: 'POST',
    path: '/v1/terminal/packages',
    tag,
    summary: 'Fetches the package of the terminal, renewing its leases by the agency’s policy',
    roles: terminal,
    requestSchema: packageRequestSchema,
    answerSchema: packageAnswerSchema,
    openToSuspended: false,
    perform: async (asked) => ({
      kind: 'answer',
      body: await asTerminal(asked, (work, own) => packageFor(work, own, asked.request)),
    }),
  }),
  operation({
    method: 'POST',
    path: '/v1/terminal/heads',
    tag,
    summary: 'Shows where the terminal’s journal stands; the ledger countersigns',
    roles: terminal,
    requestSchema: headRequestSchema,
    answerSchema: headAnswerSchema,
    perform: async (asked) => ({
      kind: 'answer',
      body: await asTerminal(asked, async (work, own) => {
        await recordQueue(work, own.terminalId, asked.request.unsynced)
        return showHead(work, own.terminalId, asked.request, asked.created)
      }),
    }),
  }),
  operation({
    method: 'POST',
    path: '/v1/terminal/events',
    tag: 'Receiving notifications',
    summary: 'What happened at the ledger since the cursor',
    roles: terminal,
    requestSchema: eventsRequestSchema,
    answerSchema: eventsAnswerSchema,
    perform: async (asked) => ({
      kind: 'answer',
      body: await asTerminal(asked, (work, own) =>
        eventsAfter(work, own.terminalId, asked.request.after, asked.request.limit),
      ),
    }),
  }),
  operation({
    method: 'POST',
    path: '/v1/terminal/key-rotations',
    tag,
    summary: 'Changes the keys of a terminal: the request signed by the key that goes, its proof by the one that comes',
    roles: terminal,
    requestSchema: keyRotationRequestSchema,
    answerSchema: keyRotationAnswerSchema,
    perform: async (asked) => {
      const { keyId } = asked.caller
      const rotated = await asTerminal(asked, (work, own) => rotateKeys(work, own, keyId, asked.request))
      switch (rotated.kind) {
        case 'rotated':
          return { kind: 'answer', body: rotated.answer }
        case 'key_not_accepted':
          return problem('rule_violated', rotated.detail)
        case 'exists_with_different_terms':
          return problem(rotated.kind, 'the key is bound with another encryption key')
        default:
          return rotated satisfies never
      }
    },
  }),
  operation({
    method: 'GET',
    path: '/v1/ledger-key',
    tag,
    summary: 'The ledger’s key, in an answer that it signs: a till knows by it who asks for its code',
    roles: 'anyone',
    requestSchema: z.strictObject({}),
    answerSchema: z.strictObject({ ledgerKey: publicJwkSchema }),
    perform: async (asked) => ({ kind: 'answer', body: { ledgerKey: asked.services.keys.signing.jwk } }),
  }),
  operation({
    method: 'POST',
    path: '/v1/terminal-enrolments',
    tag,
    summary: 'Enrols a terminal with a one-time code; the answer is signed by the key that the code names',
    roles: 'anyone',
    requestSchema: enrolmentRequestSchema,
    answerSchema: z.strictObject({ terminalId: nameSchema, merchantId: nameSchema, ledgerKey: publicJwkSchema }),
    perform: async (asked) => {
      const enrolled = await inTransaction(asked.services, (work) => enrolTerminal(work, asked.request))
      switch (enrolled.kind) {
        case 'enrolled': {
          const { terminalId, merchantId, ledgerKey } = enrolled
          return { kind: 'answer', body: { terminalId, merchantId, ledgerKey } }
        }
        case 'no_tries_left':
          return problem('rate_limited', 'too many wrong codes: ask for a new one')
        case 'key_not_accepted':
          return problem('rule_violated', 'a terminal signs with a P-256 key of its own')
        case 'code_not_valid':
          return problem('role_not_allowed', 'the code is unknown, used or expired: ask for a new one')
        default:
          return enrolled satisfies never
      }
    },
  }),
]
