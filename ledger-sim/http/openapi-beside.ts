/**
 * What the OpenAPI document says beside the operations: what the ledger itself sends to a webhook, and what it answers
 * to the programs and people that look after its process.
 */
import { z } from 'zod'
import { webhookBodySchema } from '../feed/webhook-body.ts'
import { answeredWithinMs } from '../feed/webhook-sender.ts'
import { readinessSchema } from '../monitoring/readiness.ts'

type Json = Record<string, unknown>

/** JSON Schema of what is on the wire, where amounts are text. */
export function wireForm(schema: z.ZodType): Json {
  const { $schema: _dialect, ...form } = z.toJSONSchema(schema, { io: 'input' })
  return form
}

const header = (name: string, description: string): Json => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string' },
})

/** OpenAPI 3.1, "webhooks": requests that the reader of a feed receives. */
export function webhooks(): Json {
  const seconds = answeredWithinMs / 1_000
  return {
    feedEvent: {
      post: {
        operationId: 'receiveFeedEvent',
        tags: ['Receiving notifications'],
        summary: 'One event of your feed, in its order, again and again until you answer 2xx',
        description:
          'Check the signature as the ledger checks yours (RFC 9421, the profile of requests), by the key of ' +
          '`GET /v1/ledger-key`, and that `webhookId` and `stream` are your own. Keep the event together with its ' +
          '`cursor`, then answer: what has a cursor that you have is answered 2xx and dropped. Of two events with ' +
          'one cursor the first counts; they are the same.',
        parameters: [
          header('Content-Digest', 'RFC 9530, sha-256, over the bytes of the body.'),
          header('Signature-Input', 'RFC 9421, label `tolem`, tag `tolem-request-1`, alg `ed25519`.'),
          header('Signature', 'RFC 9421, label `tolem`.'),
        ],
        requestBody: { required: true, content: { 'application/json': { schema: wireForm(webhookBodySchema) } } },
        responses: {
          '2XX': { description: `The event is safe with you. The body is not read. Within ${seconds} s.` },
          default: { description: 'The same event comes again: after 1, 2, 4, … s, at most an hour, for three days.' },
        },
      },
    },
  }
}

const json = (schema: Json): Json => ({ content: { 'application/json': { schema } } })
const text = (type: string): Json => ({ content: { [type]: { schema: { type: 'string' } } } })

/** Nothing personal is in these answers, and none of them is signed. */
const probes: Readonly<Record<string, { readonly summary: string; readonly responses: Json }>> = {
  '/health': {
    summary: 'The process lives and answers',
    responses: {
      '200': { description: 'It does.', ...json(wireForm(z.strictObject({ status: z.literal('up') }))) },
    },
  },
  '/ready': {
    summary: 'The ledger can do its work now: a row can be written, the tables are this program’s, the clock is sane',
    responses: {
      '200': { description: 'It can.', ...json(wireForm(readinessSchema)) },
      '503': { description: 'It cannot; `checks` says what is wrong.', ...json(wireForm(readinessSchema)) },
    },
  },
  '/metrics': {
    summary: 'Figures for Prometheus; no label names a person, account, key or till',
    responses: { '200': { description: 'The text format of Prometheus.', ...text('text/plain') } },
  },
  '/operator': {
    summary: 'The operator’s page, for a browser: opened by the link in `operator-link.json` of the data folder',
    responses: {
      '200': { description: 'The page. It asks for its figures itself, with a cookie.', ...text('text/html') },
    },
  },
}

/** Addresses that ask for no signature and look after the process (docs/design/18-platform-api.md, "Feed"). */
export function probePaths(): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    Object.entries(probes).map(([path, probe]) => {
      const operationId = `get${path.charAt(1).toUpperCase()}${path.slice(2)}`
      return [path, { get: { operationId, tags: ['Monitoring'], security: [], ...probe } }]
    }),
  )
}
