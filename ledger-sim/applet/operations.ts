/** Cards that count themselves, at an agency's issuing desk (docs/design/25, "Issuing" and "Scripts"). */
import { z } from 'zod'
import { cardPseudonymSchema, holderSchema } from '../http/request-fields.ts'
import {
  cardReceiptAnswerSchema,
  cardReceiptRequestSchema,
  cardScriptAnswerSchema,
  cardScriptRequestSchema,
} from '../../src/sync/protocol/messages.ts'
import { readTerminalCertificate } from '../../src/voucher/cards/tolem-applet/certificates.ts'
import { unsignedField } from '../../src/voucher/cards/tolem-applet/layout.ts'
import { p256PublicKey } from '../../src/voucher/cards/tolem-applet/p256.ts'
import { fromHex } from '../../src/voucher/cards/bytes.ts'
import { pseudonymSchema } from '../../src/voucher/identifiers.ts'
import { inTransaction } from '../context.ts'
import { rollingBack } from '../http/idempotent.ts'
import { arrivalOf, operation, problem, type ProblemOutcome } from '../http/operation.ts'
import { noSuchHolder, notOwnCard } from '../schemes/ownership.ts'
import { findApplet, orderPin, registerApplet, type AppletRegistered } from './cards.ts'
import { base64url, deskCertificate, fromBase64url, issuerCertificate } from './certificates.ts'
import { reissueApplet } from './reissue.ts'
import { keepReceipt, nextScript, type ReceiptKept } from './scripts.ts'

const tag = 'Voucher schemes'
const agency = ['agency'] as const

const publicKeySchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{86}$/)
  .describe('A public key of P-256: x and y, 64 bytes, base64url.')
const certificateSchema = z.string().regex(/^[A-Za-z0-9_-]{247,268}$/)
const madeSchema = z.strictObject({
  cardId: z
    .string()
    .regex(/^[0-9A-Fa-f]{32}$/)
    .describe('16 random bytes, hex: new for each card.'),
  publicKey: publicKeySchema.describe('Made inside the card.'),
})
const registeredSchema = z.strictObject({
  card: pseudonymSchema,
  certificate: certificateSchema.describe('To be stored on the card, 187 bytes, base64url.'),
  arrival: z.enum(['created', 'exists']),
})

export const appletOperations = [
  operation({
    method: 'GET',
    path: '/v1/card-issuers',
    tag,
    summary: 'What an issuing desk stores on each new card that counts itself, beside its own certificate',
    roles: agency,
    requestSchema: z.strictObject({}),
    answerSchema: z.strictObject({
      issuerCertificate: certificateSchema,
      authorityKeys: z
        .array(publicKeySchema)
        .min(1)
        .max(2)
        .describe('Of the terminal authority: the present one first.'),
      rootKeys: z.array(publicKeySchema).min(1),
    }),
    perform: (asked) =>
      inTransaction(asked.services, async (work) => {
        const { root, terminalAuthority } = work.keys.applet
        return {
          kind: 'answer',
          body: {
            issuerCertificate: await issuerCertificate(work, asked.caller.owner),
            authorityKeys: [base64url(terminalAuthority.publicKey.bytes)],
            rootKeys: [base64url(root.publicKey.bytes)],
          },
        }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/desk-certificates',
    tag,
    summary: 'Certifies an issuing desk of the agency to such cards, for a day: it sees their slots and debits none',
    roles: agency,
    requestSchema: z.strictObject({ publicKey: publicKeySchema.describe('Of the desk, made by it.') }),
    answerSchema: z.strictObject({ certificate: certificateSchema }),
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const { publicKey } = asked.request
        if (p256PublicKey(fromBase64url(publicKey)) === null) return noKey
        return { kind: 'answer', body: { certificate: await deskCertificate(work, asked.caller.owner, publicKey) } }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/applet-cards',
    tag,
    summary:
      'Registers a card that counts itself for its holder, and signs the certificate of the key that it has made',
    roles: agency,
    requestSchema: madeSchema.extend({ holder: holderSchema }),
    answerSchema: registeredSchema,
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const { cardId, publicKey, holder } = asked.request
        const of = { cardId: fromHex(cardId.toUpperCase()), publicKey: fromBase64url(publicKey), holder }
        return registeredAnswer(await registerApplet(work, { agencyId: asked.caller.owner, ...of }))
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/applet-card-reissues',
    tag,
    summary:
      'Issues a card that counts itself in place of one, which stays blocked; what that one still holds stays in its ' +
      'escrow until its period and the time for late sales are over, or until it gives it up',
    roles: agency,
    requestSchema: madeSchema.extend({
      card: pseudonymSchema.describe('The card that was lost or is broken.'),
    }),
    answerSchema: registeredSchema,
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const { card, cardId, publicKey } = asked.request
        const foreign = await notOwnCard(work, asked.caller, card)
        if (foreign !== undefined) return foreign
        const of = { cardId: fromHex(cardId.toUpperCase()), publicKey: fromBase64url(publicKey) }
        return registeredAnswer(await reissueApplet(work, card, { agencyId: asked.caller.owner, ...of }))
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/card-pin-orders',
    tag,
    summary: 'Lets the next script of a card give its PIN new tries, or let a desk set one',
    roles: agency,
    requestSchema: z.strictObject({
      card: cardPseudonymSchema,
      order: z
        .discriminatedUnion('kind', [
          z.strictObject({ kind: z.literal('unblock') }),
          z.strictObject({
            kind: z.literal('new_pin'),
            publicKey: publicKeySchema.describe('Of a desk of this agency that has a certificate.'),
          }),
        ])
        .describe('What the card is told when it lies at a till next.'),
    }),
    answerSchema: z.strictObject({ card: pseudonymSchema }),
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const { card, order } = asked.request
        const foreign = await notOwnCard(work, asked.caller, card)
        if (foreign !== undefined) return foreign
        if ((await findApplet(work, card)) === undefined) return problem('not_found', 'no such card counts itself')
        if (order.kind === 'unblock') await orderPin(work, card, 'unblock')
        else {
          if (p256PublicKey(fromBase64url(order.publicKey)) === null) return noKey
          const certificate = await deskCertificate(work, asked.caller.owner, order.publicKey)
          const read = readTerminalCertificate(fromBase64url(certificate))
          if (read === null) throw new Error('a certificate of ours is malformed')
          await orderPin(work, card, String(unsignedField(8).decode(read.serial)))
        }
        return { kind: 'answer', body: { card } }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/card-scripts',
    tag,
    summary: 'What is to be said to a card that lies at the desk, as a till asks it',
    roles: agency,
    requestSchema: cardScriptRequestSchema,
    answerSchema: cardScriptAnswerSchema,
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const { card, scriptCounter } = asked.request
        const foreign = await notOwnCard(work, asked.caller, card)
        if (foreign !== undefined) return foreign
        return { kind: 'answer', body: await nextScript(work, card, scriptCounter) }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/card-receipts',
    tag,
    summary: 'What a card answered to a script at the desk',
    roles: agency,
    requestSchema: cardReceiptRequestSchema,
    answerSchema: cardReceiptAnswerSchema,
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const { card, receipt } = asked.request
        const foreign = await notOwnCard(work, asked.caller, card)
        if (foreign !== undefined) return foreign
        return receiptAnswer(await keepReceipt(work, card, receipt))
      }),
  }),
]

const noKey = problem('rule_violated', 'the public key is no point of the curve')

function registeredAnswer(done: AppletRegistered | { readonly kind: 'not_found' }) {
  switch (done.kind) {
    case 'no_key':
      return noKey
    case 'not_found':
      return problem('not_found', 'there is no such card')
    case 'not_own_holder':
      return noSuchHolder
    case 'exists_with_different_terms':
      return problem(done.kind, 'the card is registered with another holder or key, or took another one’s place')
    case 'unsafe':
      return problem('rule_violated', 'each of two cards would hold the whole allowance of a scheme')
    default: {
      const { card, certificate, kind } = done
      return { kind: 'answer' as const, body: { card, certificate, arrival: arrivalOf(kind === 'exists') } }
    }
  }
}

export function receiptAnswer(
  kept: ReceiptKept,
): ProblemOutcome | { readonly kind: 'answer'; readonly body: { readonly arrival: 'created' | 'exists' } } {
  switch (kept.kind) {
    case 'not_found':
      return problem('not_found', 'there is no such card, or no such script of it')
    case 'not_its_receipt':
      return problem('rule_violated', 'the receipt is not this card’s answer to that script')
    case 'kept':
      return { kind: 'answer', body: { arrival: kept.arrival } }
    default:
      return kept satisfies never
  }
}
