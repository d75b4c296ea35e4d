/** Members of requests that mean the same wherever they stand, with what a stranger cannot guess of them. */
import { nameSchema, pseudonymSchema, uuidSchema } from '../../src/voucher/identifiers.ts'

/** The id under which a request is done once (idempotent.ts). */
export const madeIdSchema = uuidSchema.describe(
  'The id of what is asked for: a UUIDv7 that you make and keep before you send. What has the same id and the same ' +
    'terms is never done twice; other terms need an id of their own.',
)
export const ownBankSchema = nameSchema.describe('Your own name: a bank acts for itself alone.')
export const clientAccountSchema = nameSchema.describe('The account of your client: one that your bank opened.')
export const personAccountSchema = nameSchema.describe(
  'The account of a person: your own, or, where a bank asks, that of its client.',
)
export const ownSchemeSchema = nameSchema.describe('A scheme of your own agency.')
export const cardPseudonymSchema = pseudonymSchema.describe(
  'The card, by the pseudonym that was answered when it was registered or bound; its UID the ledger does not keep.',
)
export const holderSchema = pseudonymSchema.describe(
  'Who has the card: 16 bytes in lower-case hex that your agency makes, and by which it alone knows who that is.',
)
export const beneficiarySchema = pseudonymSchema.describe(
  'The same person within the scheme: another pseudonym in each scheme, so that nobody can join what schemes know.',
)
export const uidOfCard = 'The UID of the card, hex. It is turned into a pseudonym and not stored.'
