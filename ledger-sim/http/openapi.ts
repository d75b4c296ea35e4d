/**
 * What the OpenAPI document says beyond the schemas: names, roles, security, which problems each operation has, and
 * examples that a test plays. Which problems an operation has of its own is what its examples show.
 */
import { z } from 'zod'
import {
  clientActs,
  problemCodes,
  problemMeanings,
  problemSchema,
  type ProblemCode,
} from '../../src/sync/protocol/problems.ts'
import { amountPattern, positiveAmountPattern, tiynMax } from '../../src/voucher/money.ts'
import type { Example } from './examples.ts'
import { probePaths, webhooks } from './openapi-beside.ts'
import type { Operation } from './operation.ts'
import { problemOf } from './problems.ts'
import { cursorPattern } from './query-numbers.ts'

type Json = Record<string, unknown>

const { $schema: _dialect, ...problemForm } = z.toJSONSchema(problemSchema)

/** Of every signed request, in the order in which they are checked. */
const problemsOfTheDoor = [
  'body_too_large',
  'not_json',
  'signature_missing',
  'signature_malformed',
  'key_unknown',
  'content_digest_mismatch',
  'signature_wrong',
  'clock_skew',
  'dated_before_restart',
  'nonce_replayed',
  'rate_limited',
  'role_not_allowed',
  'schema_mismatch',
  'internal',
] as const satisfies readonly ProblemCode[]

const problemsForAnyone = [
  'body_too_large',
  'not_json',
  'role_not_allowed',
  'schema_mismatch',
  'internal',
] as const satisfies readonly ProblemCode[]

/** Stable as long as method and path are: `POST /v1/role-keys` is `postRoleKeys`. */
export function operationIdOf({ method, path }: Pick<Operation, 'method' | 'path'>): string {
  const words = path.replace(/^\/v\d+\//, '').split(/[/-]/)
  return method.toLowerCase() + words.map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`).join('')
}

/** Every problem that the operation can answer with, the first that applies first. */
export function problemsOf(operation: Operation, examples: readonly Example[]): readonly ProblemCode[] {
  const codes = new Set<ProblemCode>(operation.roles === 'anyone' ? problemsForAnyone : problemsOfTheDoor)
  if (operation.roles !== 'anyone' && operation.roles.includes('terminal') && !operation.openToSuspended)
    codes.add('terminal_suspended')
  for (const { status, answer } of examplesOf(operation, examples))
    if (status >= 400 && typeof answer !== 'string') codes.add(answer['code'] as ProblemCode)
  return problemCodes.filter((code) => codes.has(code))
}

export function examplesOf(
  { method, path }: Pick<Operation, 'method' | 'path'>,
  examples: readonly Example[],
): readonly Example[] {
  return examples.filter((example) => example.operation === `${method} ${path}`)
}

/** @param bare made of the schemas alone; it is left as it is */
export function fullDocument(bare: object, operations: readonly Operation[], examples: readonly Example[]): object {
  const document = structuredClone(bare) as {
    paths: Record<string, Json>
    webhooks?: Json
    components?: Json
  }
  for (const operation of operations) {
    const described = document.paths[operation.path]?.[operation.method.toLowerCase()] as Json | undefined
    if (described === undefined) throw new Error(`the document has no ${operation.method} ${operation.path}`)
    describe(described, operation, examples)
  }
  Object.assign(document.paths, probePaths())
  document.webhooks = webhooks()
  document.components = {
    ...document.components,
    schemas: { Amount: amountSchema, PositiveAmount: positiveAmountSchema, Problem: problemForm },
    securitySchemes: {
      signature: {
        type: 'apiKey',
        in: 'header',
        name: 'Signature',
        description: 'RFC 9421 in one profile: docs/integrator.md, "Signatures".',
      },
      token: {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description: 'For roles: a signed JWT that stands for this one request. `npm run ledger-token` makes it.',
      },
    },
  }
  document.paths = byReference(document.paths) as typeof document.paths
  document.webhooks = byReference(document.webhooks) as Json
  return document
}

function describe(described: Json, operation: Operation, examples: readonly Example[]): void {
  const own = examplesOf(operation, examples)
  const codes = problemsOf(operation, examples)
  described['operationId'] = operationIdOf(operation)
  described['x-roles'] = operation.roles
  described['x-problem-codes'] = codes
  described['security'] = securityOf(operation)
  const answered = own.filter(({ status }) => status === 200)
  if (operation.streams === true) described['parameters'] = [...((described['parameters'] ?? []) as Json[]), resuming]
  nameRequests(described, answered)
  const responses = described['responses'] as Record<string, Json>
  nameAnswers(responses['200'], answered)
  for (const code of codes) {
    const status = String(problemOf(code).status)
    responses[status] ??= refusalResponse(
      codes.filter((other) => String(problemOf(other).status) === status),
      own.filter((example) => String(example.status) === status),
    )
  }
  delete responses['default']
}

/** Under no signature: `Last-Event-ID` outdoes what the address says (event-stream.ts). */
const resuming: Json = {
  name: 'Last-Event-ID',
  in: 'header',
  required: false,
  description:
    'The cursor of the last event that you have dealt with: the `id` of a frame. It stands above `after`, and is ' +
    'under no signature: a reader sees by the cursors whether something was left out.',
  schema: { type: 'string', pattern: cursorPattern },
}

function securityOf({ roles }: Operation): readonly Json[] {
  if (roles === 'anyone') return []
  const byToken = roles.some((role) => role !== 'terminal')
  return [{ signature: [] }, ...(byToken ? [{ token: [] }] : [])]
}

function nameRequests(described: Json, answered: readonly Example[]): void {
  const content = (described['requestBody'] as { content?: Record<string, Json> } | undefined)?.content
  if (content !== undefined) nameExamples(content['application/json'], answered, 'request')
  for (const parameter of (described['parameters'] ?? []) as Json[]) {
    const value = answered.map(({ request }) => request[String(parameter['name'])]).find((one) => one !== undefined)
    if (value !== undefined) parameter['example'] = value
  }
}

function nameAnswers(response: Json | undefined, answered: readonly Example[]): void {
  const content = response?.['content'] as Record<string, Json> | undefined
  if (content === undefined) return
  const isText = ({ answer }: Example) => typeof answer === 'string'
  nameExamples(
    content['application/json'] ?? content['text/event-stream'],
    answered.filter((example) => !isText(example)),
    'answer',
  )
  const asText = answered.filter(isText)
  if (asText.length === 0) return
  content['text/csv'] = { schema: { type: 'string' } }
  nameExamples(content['text/csv'], asText, 'answer')
}

function nameExamples(content: Json | undefined, examples: readonly Example[], side: 'request' | 'answer'): void {
  if (content === undefined || examples.length === 0) return
  content['examples'] = Object.fromEntries(
    examples.map((example, index) => [`example-${index + 1}`, { summary: example.title, value: example[side] }]),
  )
}

function refusalResponse(codes: readonly ProblemCode[], examples: readonly Example[]): Json {
  const narrowed = { type: 'object', properties: { code: { type: 'string', enum: codes } }, required: ['code'] }
  const content: Json = { schema: { allOf: [{ $ref: '#/components/schemas/Problem' }, narrowed] } }
  nameExamples(content, examples, 'answer')
  const retryAfter = {
    'retry-after': { description: 'Seconds until the same may be asked again', schema: { type: 'integer' } },
  }
  return {
    description: codes.map((code) => `\`${code}\`: ${problemMeanings[code].means} ${whatToDo(code)}`).join('\n\n'),
    ...(codes.includes('rate_limited') ? { headers: retryAfter } : {}),
    content: { 'application/problem+json': content },
  }
}

/** What a client does about it, in two sentences. */
export function whatToDo(code: ProblemCode): string {
  const { act, how } = problemMeanings[code]
  return `${clientActs[act]}. ${how}`
}

const amountSchema = {
  type: 'string',
  pattern: amountPattern.source,
  description:
    'An amount in tiyn (1/100 tenge), as decimal text, since JSON’s numbers are no whole numbers everywhere: ' +
    `0 to ${tiynMax} (ten thousand billion tenge).`,
  examples: ['115000'],
}
const positiveAmountSchema = {
  type: 'string',
  pattern: positiveAmountPattern.source,
  description: `More than nothing: an amount in tiyn (1/100 tenge), as decimal text, 1 to ${tiynMax}.`,
  examples: ['115000'],
}
const amounts = new Map([
  [amountPattern.source, '#/components/schemas/Amount'],
  [positiveAmountPattern.source, '#/components/schemas/PositiveAmount'],
])

/** An amount is one type wherever it stands, so that a client made of the document has one place to turn it round. */
function byReference(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(byReference)
  if (typeof node !== 'object' || node === null) return node
  const { pattern, description } = node as Json
  const $ref = typeof pattern === 'string' ? amounts.get(pattern) : undefined
  if ($ref !== undefined) return description === undefined ? { $ref } : { $ref, description }
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, byReference(value)]))
}
