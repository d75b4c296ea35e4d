/** What is posted to a webhook: one event of the feed, and which webhook and feed it is of. */
import { z } from 'zod'
import { uuidSchema } from '../../src/voucher/identifiers.ts'
import { feedEventSchema } from './events.ts'

export const webhookBodySchema = z.strictObject({
  webhookId: uuidSchema.describe('The one that you registered under this id.'),
  stream: z
    .string()
    .regex(/^(owner:[a-z0-9][a-z0-9.-]{1,62}|role:central-bank|role:auditor)$/)
    .describe('Whose feed it is: `owner:` and your name; of the central bank and the auditor, `role:` and the role.'),
  event: feedEventSchema,
})
export type WebhookBody = z.input<typeof webhookBodySchema>
