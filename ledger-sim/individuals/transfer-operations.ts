/** "Individual-to-individual transfer": whom one is about to pay, the payment, and what its payee sees of it. */
import { z } from 'zod'
import { madeIdSchema, personAccountSchema } from '../http/request-fields.ts'
import { instantSchema, nameSchema, saidText, uuidSchema } from '../../src/voucher/identifiers.ts'
import { positiveTiynSchema, tiyn, tiynSchema } from '../../src/voucher/money.ts'
import { accountOfOwner } from '../accounts/accounts.ts'
import { availableIn } from '../accounts/transfers.ts'
import { inTransaction, type LedgerPorts, type Work } from '../context.ts'
import { once } from '../http/idempotent.ts'
import { operation, problem, type Caller, type ProblemOutcome } from '../http/operation.ts'
import { limitFault, limitProblem } from './limits.ts'
import { countLookup } from './lookups.ts'
import { maskedName } from './masking.ts'
import { cursorSchema, pageOf, pageRequest } from './pages.ts'
import { findPayee, isGuessable, noPayee, payeeSchema, payeeTerms, type WantedPayee } from './payees.ts'
import { personOfCaller } from './people.ts'
import { noPayer, shownToPayee, transferToPerson } from './person-transfers.ts'
import { listReceived, listTransfersOfPeople, shownPayerSchema } from './received.ts'

const tag = 'Individual-to-individual transfer'
const roles = ['individual', 'bank'] as const

export const personTransferOperations = [
  operation({
    method: 'POST',
    path: '/v1/transfers/individual-individual',
    tag,
    summary: 'A person pays a person: by phone or card number, QR or account; the payer chooses what the payee sees',
    description:
      'Who asks for a phone or card number, by paying or by looking, is counted: ' +
      '`payeeLookupsPerAccountAndHourMax` of `GET /v1/limits`. A number that nobody has and an account that may ' +
      'not be paid have one answer.',
    roles,
    requestSchema: z.strictObject({
      transferId: madeIdSchema,
      payer: personAccountSchema,
      to: payeeSchema.describe('Who is paid: a number that stands for an account, the text of a QR, or an account.'),
      amount: positiveTiynSchema,
      purpose: saidText(140).describe('For the payee to read; may be empty.'),
      shows: z.enum(shownToPayee).describe('What the payee learns of who paid.'),
    }),
    answerSchema: z.strictObject({ transferId: uuidSchema, arrival: z.enum(['created', 'exists']) }),
    perform: async (asked) => {
      const { caller, request, services } = asked
      const { transferId, payer, to } = request
      const refused = await whetherMayLook(services, caller, payer, to, transferId)
      if (refused !== undefined) return refused
      const terms = { ...request, to: payeeTerms(services.keys, to) }
      return once({ ...asked, request: terms }, 'individual-transfer', transferId, (work) =>
        transferToPerson(work, caller, request),
      )
    },
  }),
  operation({
    method: 'GET',
    path: '/v1/transfers/individual-individual/payee',
    tag,
    summary: 'Whom one is about to pay, masked; as often as somebody pays, not as often as somebody collects numbers',
    roles,
    requestSchema: z.strictObject({
      payer: personAccountSchema,
      kind: z.enum(['phone', 'card', 'qr', 'account']).describe('What `to` is.'),
      to: z.string().max(512).describe('The number, the text of the QR or the account id.'),
    }),
    answerSchema: z.strictObject({
      name: z.string().describe('"A***** B."'),
    }),
    perform: async (asked) => {
      const { caller, request, services } = asked
      const wanted = payeeSchema.safeParse(asPayee(request.kind, request.to))
      if (!wanted.success) return noSuchForm(request)
      const refused = await whetherMayLook(services, caller, request.payer, wanted.data)
      if (refused !== undefined) return refused
      const unable = await inTransaction(services, (work) => whyUnable(work, request.payer))
      if (unable !== undefined) return unable
      const payee = await inTransaction(services, (work) => findPayee(work, wanted.data))
      return payee === undefined ? noPayee() : { kind: 'answer', body: { name: maskedName(payee.name) } }
    },
  }),
  operation({
    method: 'GET',
    path: '/v1/received',
    tag,
    summary: 'What one received from people, oldest first, with what each payer chose to show',
    roles,
    requestSchema: z.strictObject({
      accountId: nameSchema
        .optional()
        .describe('Of a bank’s client; a person without it asks about their first account.'),
      ...pageRequest,
    }),
    answerSchema: z.strictObject({
      received: z.array(
        z.strictObject({
          cursor: cursorSchema,
          transferId: uuidSchema,
          amount: tiynSchema,
          purpose: z.string(),
          from: shownPayerSchema,
          at: instantSchema,
        }),
      ),
    }),
    perform: (asked) =>
      inTransaction(asked.services, async (work) => {
        const { caller, request } = asked
        const accountId = request.accountId ?? (await firstAccountOf(work, caller))
        const own = accountId === undefined ? undefined : await personOfCaller(work, caller, accountId)
        if (own === undefined) return problem('not_found', `${caller.owner} has no such account of an individual`)
        return { kind: 'answer', body: { received: [...(await listReceived(work, own.accountId, pageOf(request)))] } }
      }),
  }),
  operation({
    method: 'GET',
    path: '/v1/transfers/individual-individual',
    tag: 'Monitoring',
    summary:
      'Payments between people as the central bank and the auditor see them: amounts, and accounts as pseudonyms',
    roles: ['central-bank', 'auditor'],
    requestSchema: z.strictObject(pageRequest),
    answerSchema: z.strictObject({
      transfers: z.array(
        z.strictObject({
          cursor: cursorSchema,
          transferId: uuidSchema,
          payer: z.string(),
          payee: z.string(),
          amount: tiynSchema,
          at: instantSchema,
        }),
      ),
    }),
    perform: (asked) =>
      inTransaction(asked.services, async (work) => ({
        kind: 'answer',
        body: { transfers: [...(await listTransfersOfPeople(work, pageOf(asked.request)))] },
      })),
  }),
]

function firstAccountOf(work: Work, { role, owner }: Caller): Promise<string | undefined> {
  return role === 'individual' ? accountOfOwner(work, owner, 'individual') : Promise.resolve(undefined)
}

function asPayee(kind: WantedPayee['kind'], to: string): unknown {
  switch (kind) {
    case 'phone':
    case 'card':
      return { kind, number: to }
    case 'qr':
      return { kind, text: to }
    case 'account':
      return { kind, accountId: to }
    default:
      return kind satisfies never
  }
}

/** How each is written in a query, in which a + is a blank. */
const forms: Readonly<Record<WantedPayee['kind'], string>> = {
  phone: '%2B, which stands for +, and 7 to 15 digits, the first of them no 0',
  card: '16 to 19 digits, the last of them the check digit',
  qr: 'the text of a QR',
  account: 'the id of an account',
}

function noSuchForm({ kind, to }: { readonly kind: WantedPayee['kind']; readonly to: string }): ProblemOutcome {
  const blank = kind === 'phone' && to.startsWith(' ') ? 'begins with a blank, as a + in a query is one; ' : ''
  const errors = [{ pointer: '/to', detail: `${blank}expected: ${forms[kind]}` }]
  return { ...problem('schema_mismatch', `that is no ${kind}`), errors }
}

/** Who can pay nobody anything now looks nobody up. */
async function whyUnable(work: Work, payer: string): Promise<ProblemOutcome | undefined> {
  const least = tiyn(1n)
  const available = await availableIn(work, payer)
  if (available !== null && available < least) return problem('insufficient_funds', `${payer} has too little`)
  const limit = await limitFault(work, {
    accountId: payer,
    direction: 'outgoing',
    amount: least,
    means: 'person-to-person',
  })
  return limit === undefined ? undefined : limitProblem(limit)
}

/** @param transferId what is repeated under it is answered again, and is no new question */
async function whetherMayLook(
  services: LedgerPorts,
  caller: Caller,
  payer: string,
  to: WantedPayee,
  transferId?: string,
): Promise<ProblemOutcome | undefined> {
  const own = await inTransaction(services, (work) => personOfCaller(work, caller, payer))
  if (own === undefined) return noPayer(caller, payer)
  return isGuessable(to) ? countLookup(services, caller, payer, transferId) : undefined
}
