/** What an agency does: schemes, money for them, beneficiaries, cards, merchants; and what it looks at. */
import { z } from 'zod'
import {
  beneficiarySchema,
  cardPseudonymSchema,
  holderSchema,
  madeIdSchema,
  ownSchemeSchema,
  uidOfCard,
} from '../http/request-fields.ts'
import { signIssuerRecord } from '../../src/sync/protocol/issuer-record.ts'
import { uidProfileSchema, type UidProfile } from '../../src/voucher/card-rules.ts'
import { uidFaultOf } from '../../src/voucher/cards/uid.ts'
import {
  instantSchema,
  nameSchema,
  pseudonymSchema,
  uuidSchema,
  writtenTextsSchema,
} from '../../src/voucher/identifiers.ts'
import { positiveTiynSchema } from '../../src/voucher/money.ts'
import { catalogueItemSchema, merchantSchema } from '../../src/voucher/package.ts'
import { schemeSchema } from '../../src/voucher/scheme.ts'
import { issuerRecordSchema } from '../../src/voucher/tender.ts'
import { isUnsafeFor } from '../applet/pairs.ts'
import { findAccount, isPlatformName } from '../accounts/accounts.ts'
import { answerTransfer } from '../accounts/named-transfer.ts'
import { inTransaction, type Work } from '../context.ts'
import { once, rollingBack } from '../http/idempotent.ts'
import { limits } from '../http/limits.ts'
import { arrivalOf, operation, problem } from '../http/operation.ts'
import { sealNewCard } from '../leases/seal-anew.ts'
import { activationCounts, listActivations } from './activations.ts'
import { entitle } from './beneficiaries.ts'
import { registerCard, setCardStatus } from './cards.ts'
import { fundScheme } from './funding.ts'
import { registerMerchant } from './merchants.ts'
import { publishScheme, schemeAccountOf } from './schemes.ts'
import { noSuchHolder, notOwnCard, notOwnScheme } from './ownership.ts'
import { joinHousehold, leave } from './households.ts'
import { reissueCard } from './reissue.ts'

/** Hex, of any length that a card may have; 4 and 10 bytes are for the profile `uid` only. */
const uidSchema = z.string().regex(/^(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{14}|[0-9A-Fa-f]{20})$/)
const registrationSchema = z.strictObject({
  uid: uidSchema.describe(uidOfCard),
  holder: holderSchema,
  profile: uidProfileSchema
    .optional()
    .describe('What kind of card it is, and so what it proves; without it, `ntag424`.'),
})
const tag = 'Voucher schemes'
const agency = ['agency'] as const
const arrivalSchema = z.enum(['created', 'exists'])
const registeredSchema = z.strictObject({
  card: pseudonymSchema,
  record: issuerRecordSchema
    .optional()
    .describe(
      `Of an NTAG21x: what the issuing desk writes to it (docs/design/24-card-profiles.md, "The issuer's record").`,
    ),
  arrival: arrivalSchema,
})
const entitlementSchema = z.strictObject({
  schemeId: ownSchemeSchema,
  beneficiary: beneficiarySchema,
  holder: holderSchema,
})
/** `holders`: how many share the allowance now. */
const membersAnswer = z.strictObject({ beneficiary: pseudonymSchema, arrival: arrivalSchema, holders: z.int() })
const statusAnswer = z.strictObject({ card: pseudonymSchema, status: z.enum(['active', 'blocked']) })

export const schemeOperations = [
  operation({
    method: 'POST',
    path: '/v1/schemes',
    tag,
    summary: 'Publishes a scheme, or its next version',
    roles: agency,
    requestSchema: schemeSchema.extend({ name: writtenTextsSchema }),
    answerSchema: z.strictObject({ schemeId: nameSchema, version: z.int(), arrival: arrivalSchema }),
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const scheme = asked.request
        if (scheme.agencyId !== asked.caller.owner)
          return problem('role_not_allowed', 'an agency publishes its own schemes')
        const published = await publishScheme(work, scheme)
        if (typeof published !== 'string') return problem('rule_violated', whyUnpublished(published))
        if (published === 'other_agency') return problem('role_not_allowed', 'the scheme is another agency’s')
        if (published === 'exists_with_different_terms')
          return problem(published, `version ${scheme.version} is published and says something else`)
        const arrival = arrivalOf(published === 'exists')
        return { kind: 'answer', body: { schemeId: scheme.schemeId, version: scheme.version, arrival } }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/scheme-fundings',
    tag,
    summary: 'Marks the agency’s money for a scheme; sales that wait for it are paid',
    description:
      'Marked money pays merchants of the scheme and nothing else; what is left can go back to the agency only ' +
      'as the scheme says (`unused`).',
    roles: agency,
    requestSchema: z.strictObject({
      transferId: madeIdSchema,
      accountId: nameSchema.describe('The agency’s own account.'),
      schemeId: ownSchemeSchema,
      amount: positiveTiynSchema,
    }),
    answerSchema: z.strictObject({ transferId: uuidSchema, arrival: arrivalSchema }),
    perform: (asked) =>
      once(asked, 'scheme-funding', asked.request.transferId, async (work) => {
        const { transferId, accountId, schemeId, amount } = asked.request
        const foreign = await notOwnScheme(work, asked.caller, schemeId)
        if (foreign !== undefined) return foreign
        const account = await findAccount(work, accountId)
        if (account?.owner !== asked.caller.owner || account.kind !== 'agency')
          return problem('not_found', `no agency account ${accountId}`)
        const posted = await fundScheme(work, accountId, schemeId, amount, transferId)
        const parties = { madeBy: asked.caller.owner, payer: accountId, payee: schemeAccountOf(schemeId) }
        return answerTransfer(work, posted, { transferId, kind: 'scheme-funding', ...parties, amount })
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/beneficiaries',
    tag,
    summary: 'Entitles a holder to a scheme, under a pseudonym of that scheme',
    roles: agency,
    requestSchema: entitlementSchema,
    answerSchema: z.strictObject({ beneficiary: pseudonymSchema, arrival: arrivalSchema }),
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const foreign = await notOwnScheme(work, asked.caller, asked.request.schemeId)
        if (foreign !== undefined) return foreign
        const entitled = await entitle(work, asked.request)
        if (entitled === 'exists_with_different_terms')
          return problem(entitled, 'the pseudonym or the holder is in use in this scheme')
        if (await isUnsafeFor(work, asked.request.schemeId, asked.request.beneficiary)) return twoCards
        return {
          kind: 'answer',
          body: { beneficiary: asked.request.beneficiary, arrival: arrivalOf(entitled === 'exists') },
        }
      }),
  }),
  operation({
    method: 'GET',
    path: '/v1/activations',
    tag,
    summary: 'Who has activated a scheme that asks for it: with which card, where, when, by which payment',
    roles: agency,
    requestSchema: z.strictObject({
      schemeId: ownSchemeSchema,
      after: pseudonymSchema
        .optional()
        .describe(`The last beneficiary that you have read; a page has at most ${limits.activationsPerPageMax}.`),
    }),
    answerSchema: z.strictObject({
      entitled: z.int().describe('Of the scheme in all.'),
      activated: z.int(),
      /** In the order of the beneficiaries; `after` the last of them goes on. */
      activations: z.array(
        z.strictObject({
          beneficiary: pseudonymSchema,
          card: pseudonymSchema,
          terminalId: nameSchema,
          tenderId: uuidSchema,
          at: instantSchema,
        }),
      ),
    }),
    perform: (asked) =>
      inTransaction(asked.services, async (work) => {
        const { schemeId, after = '' } = asked.request
        const foreign = await notOwnScheme(work, asked.caller, schemeId)
        if (foreign !== undefined) return foreign
        const activations = await listActivations(work, schemeId, after, limits.activationsPerPageMax)
        return {
          kind: 'answer',
          body: { ...(await activationCounts(work, schemeId)), activations: [...activations] },
        }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/household-members',
    tag,
    summary:
      'Lets another holder share the allowance of a beneficiary, beside a holder who is named and has it already',
    roles: agency,
    requestSchema: z.strictObject({
      ...entitlementSchema.shape,
      member: pseudonymSchema.describe('A holder who has that allowance already.'),
    }),
    answerSchema: membersAnswer,
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const { member, ...joining } = asked.request
        const foreign = await notOwnScheme(work, asked.caller, joining.schemeId)
        if (foreign !== undefined) return foreign
        const joined = await joinHousehold(work, joining, member)
        switch (joined.kind) {
          case 'exists_with_different_terms':
            return problem(joined.kind, 'the holder is another beneficiary of this scheme: that entitlement ends first')
          case 'not_a_member':
            return problem('rule_violated', 'the named member does not share the allowance of that beneficiary')
          case 'unsafe':
            return twoCards
          case 'household_full':
            return problem('rule_violated', 'the household has as many holders as there may be')
          case 'done':
            return { kind: 'answer', body: membersBody(joining.beneficiary, joined) }
          default:
            return joined satisfies never
        }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/entitlement-endings',
    tag,
    summary: 'Ends what a holder is entitled to in a scheme: a member leaves a household, or somebody the scheme',
    roles: agency,
    requestSchema: entitlementSchema,
    answerSchema: membersAnswer,
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const foreign = await notOwnScheme(work, asked.caller, asked.request.schemeId)
        if (foreign !== undefined) return foreign
        const left = await leave(work, asked.request)
        if (left.kind === 'not_found') return problem('not_found', 'the holder was never that beneficiary')
        return { kind: 'answer', body: membersBody(asked.request.beneficiary, left) }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/cards',
    tag,
    summary:
      'Registers a card, personalised or one that its holder carries already; the UID is turned into a pseudonym and ' +
      'not stored',
    roles: agency,
    requestSchema: registrationSchema,
    answerSchema: registeredSchema,
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const { uid, holder, profile = 'ntag424' } = asked.request
        const bytes = new Uint8Array(Buffer.from(uid, 'hex'))
        const fault = unfitUid(bytes, profile)
        if (fault !== undefined) return problem('rule_violated', fault)
        const of = { uid: bytes, holder, agencyId: asked.caller.owner, profile }
        const { outcome, card } = await registerCard(work, of)
        if (outcome === 'not_own_holder') return noSuchHolder
        if (outcome === 'exists_with_different_terms')
          return problem(outcome, 'the card belongs to another holder, or is registered as one of another kind')
        if (outcome === 'registered') await sealNewCard(work, card)
        return { kind: 'answer', body: registeredBody(work, card, profile, arrivalOf(outcome === 'exists')) }
      }),
  }),
  ...(['blocked', 'active'] as const).map((status) =>
    operation({
      method: 'POST',
      path: status === 'blocked' ? '/v1/card-blocks' : '/v1/card-unblocks',
      tag,
      summary: status === 'blocked' ? 'Blocks a card: the hotlist rises by one version' : 'Unblocks a card',
      roles: agency,
      requestSchema: z.strictObject({ card: cardPseudonymSchema }),
      answerSchema: statusAnswer,
      perform: (asked) =>
        rollingBack(asked, async (work) => {
          const foreign = await notOwnCard(work, asked.caller, asked.request.card)
          if (foreign !== undefined) return foreign
          const changed = await setCardStatus(work, asked.request.card, status)
          if (changed === 'replaced') return problem('rule_violated', 'another card was issued in its place')
          if (changed === 'unsafe')
            return problem('rule_violated', 'its holder has another card that holds the allowance')
          return { kind: 'answer', body: { card: asked.request.card, status } }
        }),
    }),
  ),
  operation({
    method: 'POST',
    path: '/v1/card-reissues',
    tag,
    summary: 'Issues a card in place of a lost or broken one, which stays blocked; the allowances stay the holder’s',
    roles: agency,
    requestSchema: registrationSchema
      .omit({ holder: true })
      .extend({ card: pseudonymSchema.describe('The card that was lost or is broken.') }),
    answerSchema: registeredSchema,
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const { card: former, uid, profile = 'ntag424' } = asked.request
        const bytes = new Uint8Array(Buffer.from(uid, 'hex'))
        const fault = unfitUid(bytes, profile)
        if (fault !== undefined) return problem('rule_violated', fault)
        const foreign = await notOwnCard(work, asked.caller, former)
        if (foreign !== undefined) return foreign
        const reissued = await reissueCard(work, former, { uid: bytes, agencyId: asked.caller.owner, profile })
        switch (reissued.kind) {
          case 'not_found':
            return problem('not_found', 'there is no such card')
          case 'exists_with_different_terms':
            return problem(reissued.kind, reissued.detail)
          case 'done':
            return { kind: 'answer', body: registeredBody(work, reissued.card, profile, reissued.arrival) }
          default:
            return reissued satisfies never
        }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/merchants',
    tag,
    summary: 'Registers a merchant with its account and tiles, or changes its names, its place and the tiles',
    description:
      'With the account at your bank that is named, which is opened where there is none. Said again with ' +
      'other names, another place or other tiles, they change with the next packages of its tills; the account ' +
      'never does.',
    roles: ['bank'],
    requestSchema: z.strictObject({
      merchant: merchantSchema.extend({ name: writtenTextsSchema, address: writtenTextsSchema }),
      catalogue: z.array(catalogueItemSchema.extend({ name: writtenTextsSchema })).describe('The tiles of its tills.'),
      categories: z
        .array(z.strictObject({ category: nameSchema, name: writtenTextsSchema }))
        .describe('In which a bare amount may be rung up.'),
    }),
    answerSchema: z.strictObject({ merchantId: nameSchema }),
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const { merchant, catalogue, categories } = asked.request
        if (isPlatformName(merchant.accountId))
          return problem('rule_violated', `${merchant.accountId} is a name that the platform gives`)
        const registered = await registerMerchant(work, merchant, { catalogue, categories }, asked.caller.owner)
        if (registered === 'exists_with_different_terms')
          return problem(registered, `${merchant.accountId} is not the account of ${merchant.merchantId} at its bank`)
        return { kind: 'answer', body: { merchantId: merchant.merchantId } }
      }),
  }),
]

function whyUnpublished(why: { readonly unsafe: string } | { readonly next: number }): string {
  if ('unsafe' in why) return why.unsafe
  return `the first version is 1 and each later one rises by one: the next is ${why.next}`
}

const twoCards = problem('rule_violated', 'each of two cards would hold the whole allowance of that beneficiary')

/** Why no card can be known by this UID, if none can. */
function unfitUid(uid: Uint8Array, profile: UidProfile): string | undefined {
  if (profile !== 'uid') return uid.length === 7 ? undefined : `a card of ${profile} has a UID of 7 bytes`
  switch (uidFaultOf(uid)) {
    case 'random':
      return 'CARD_RANDOM_UID: the card shows another UID at each tap, so that it cannot be known by it'
    case 'malformed':
      return 'no card has this UID'
    case null:
      return undefined
  }
}

function registeredBody(work: Work, card: string, profile: UidProfile, arrival: 'created' | 'exists') {
  const record = profile === 'ntag21x' ? { record: signIssuerRecord(work.keys.signing, card) } : {}
  return { card, ...record, arrival }
}

function membersBody(beneficiary: string, done: { readonly arrival: 'created' | 'exists'; readonly holders: number }) {
  return { beneficiary, arrival: done.arrival, holders: done.holders }
}
