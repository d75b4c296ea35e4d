/**
 * A bank gives its client the first key, with which the client speaks for itself and changes the key from then on
 * (docs/design/18-platform-api.md, "Door", first keys). A bank names the owners of the accounts that it opens, so it
 * gives no voice to a name that has anything elsewhere: with it, one could take what another bank keeps.
 */
import { z } from 'zod'
import { clientAccountSchema, madeIdSchema } from '../http/request-fields.ts'
import { nameSchema, uuidSchema } from '../../src/voucher/identifiers.ts'
import { keyIdSchema } from '../../src/sync/protocol/keys.ts'
import type { Work } from '../context.ts'
import { registerFirstKey } from '../http/first-keys.ts'
import { once } from '../http/idempotent.ts'
import { operation, problem, type Caller, type ProblemOutcome } from '../http/operation.ts'
import { roleJwkSchema } from '../http/role-keys.ts'
import { listAccounts } from './accounts.ts'
import { clientOf } from './bank-clients.ts'

/** What an account is named by is what its owner speaks as. An agency's key is the operator's to register. */
const clientRoles = ['legal-entity', 'merchant', 'individual'] as const

const clientKeyRequest = z.strictObject({
  registrationId: madeIdSchema,
  accountId: clientAccountSchema,
  role: z.enum(clientRoles).describe('The kind of that account: in it the client speaks.'),
  jwk: roleJwkSchema.describe('The client’s public key, P-256. The private one never leaves the client.'),
})
type Request = z.output<typeof clientKeyRequest>

export const clientKeyOperation = operation({
  method: 'POST',
  path: '/v1/client-keys',
  tag: 'Scenarios',
  summary: 'A bank registers the first key of its client, who signs with it from then on and changes it alone',
  roles: ['bank'],
  requestSchema: clientKeyRequest,
  answerSchema: z.strictObject({
    registrationId: uuidSchema,
    role: z.enum(clientRoles),
    /** In whose name the key signs. */
    owner: nameSchema,
    keyId: keyIdSchema,
    arrival: z.enum(['created', 'exists']),
  }),
  perform: (asked) =>
    once(asked, 'client-key', asked.request.registrationId, async (work) => {
      const { registrationId, role } = asked.request
      const given = await giveFirstKey(work, asked.caller, asked.request)
      if ('code' in given) return given
      return { kind: 'answer', body: { registrationId, role, ...given } }
    }),
})

async function giveFirstKey(
  work: Work,
  caller: Caller,
  { accountId, role, jwk }: Request,
): Promise<{ readonly owner: string; readonly keyId: string } | ProblemOutcome> {
  const bank = caller.owner
  const client = await clientOf(work, caller, { bank, accountId, kinds: clientRoles, leaves: false })
  if ('code' in client) return client
  const { owner, kind } = client
  if (kind !== role) return problem('rule_violated', `${accountId} is the account of ${kind}`)
  const accounts = await listAccounts(work, owner)
  if (accounts.some((account) => account.bank !== bank)) return notFirst(owner, bank)
  // In whichever role the name spoke, it would pay from that account too.
  if (accounts.some((account) => account.kind === 'agency'))
    return problem('rule_violated', `${owner} is an agency: the operator registers its key`)
  const registered = await registerFirstKey(work, { role, owner, jwk })
  switch (registered.kind) {
    case 'registered':
      return { owner, keyId: registered.keyId }
    case 'known':
    case 'owner_is_heard':
      return notFirst(owner, bank)
    case 'key_used':
      return problem('rule_violated', 'the key is in use')
    case 'not_on_curve':
      return problem('rule_violated', 'the key is no point of P-256')
    default:
      return registered satisfies never
  }
}

/** One sentence for both: what its client has elsewhere is nothing that a bank is told. */
function notFirst(owner: string, bank: string): ProblemOutcome {
  return problem('rule_violated', `${owner} has a key already, or is not a client of ${bank} alone`)
}
