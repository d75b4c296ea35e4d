/**
 * Many operations in one request (money-rules.md, "Identity": a batch has no identity). Each item is what its caller
 * could send alone, is done under its own id, in the order given, and has a result of its own: the same items in other
 * cuts have the same results. They share commits, because a commit waits for the disk.
 */
import { z } from 'zod'
import type { Problem } from '../../src/sync/protocol/problems.ts'
import { inSteps } from '../in-steps.ts'
import { limits } from './limits.ts'
import { operation, type Asked, type Operation, type Role, type Services } from './operation.ts'
import { errorsOf, perform, performEach, type Performed } from './perform.ts'
import { problemOf } from './problems.ts'
import { TornItem, tornDetail } from './torn-text.ts'

/** Everybody else waits for a step: for some tens of milliseconds. */
const itemsPerStep = 40
/** Of items that are done together when their ids are new. Where all are known, each takes what it takes alone. */
const itemsTogether = 250
const errorsPerItemMax = 5
const path = '/v1/batches'
/** Of these forty in one step would keep every till waiting for minutes. */
const batches = [path, '/v1/scenarios/government-to-customer']

const itemSchema = z.strictObject({
  method: z.literal('POST'),
  path: z.string().min(1).max(200).describe('Of any POST that you may send alone, but of no batch.'),
  body: z.unknown().describe('The body of that operation, which judges it.'),
})

interface ItemResult {
  /** The HTTP status that the item would have had alone. */
  readonly status: number
  /** The answer, or the problem. */
  readonly body: unknown
}

/** A terminal hands over in batches of its own kind, and may do nothing else that comes in numbers. */
const roles = [
  'central-bank',
  'bank',
  'legal-entity',
  'agency',
  'merchant',
  'individual',
  'auditor',
] as const satisfies readonly Role[]

export const batchOperation = operation({
  method: 'POST',
  path,
  tag: 'Scenarios',
  summary: 'Does up to 8,000 operations, each by itself and in the order given; each has its own result',
  description:
    'What several requests would do, with fewer answers to wait for. A batch has no id and is not all or ' +
    'nothing: no answer, send it again; each item that was done answers `exists`.',
  roles,
  requestSchema: z.strictObject({
    // An item that has not the form is refused alone, so the form is for the document here and checked item by item.
    items: z
      .array(z.unknown().meta(documented(itemSchema)))
      .min(1)
      .max(limits.batchItemsMax)
      .describe('Done in this order, each by itself. An item of another form is refused alone, in its own result.'),
  }),
  answerSchema: z.strictObject({
    results: z.array(z.strictObject({ status: z.int(), body: z.record(z.string(), z.unknown()) })),
  }),
  perform: async (asked) => {
    const { services, caller, request } = asked
    const taken = services.rates.take(caller, 'batch-item', request.items.length, services.clock())
    if (taken.kind === 'too_many') {
      const { retryAfterSeconds } = taken
      return { kind: 'problem', code: 'rate_limited', detail: 'so many items in so short a time', retryAfterSeconds }
    }
    const results: ItemResult[] = []
    for (const { operation: of, items } of runsOf(asked, request.items)) {
      const done = await inSteps<Item, ItemResult>(services, items, {
        itemsPerStep: of === undefined ? itemsPerStep : itemsTogether,
        apply: (within, some) => inOneStep({ ...asked, services: within }, some, of),
        broken: (item) => refused(asked, item.path, problemOf('internal')),
      })
      results.push(...done)
    }
    return { kind: 'answer', body: { results: results as { status: number; body: Record<string, unknown> }[] } }
  },
})

/** An item that was looked at: what it asks for, or why that is nothing. */
type Item =
  | { readonly kind: 'asks'; readonly operation: Operation; readonly path: string; readonly value: unknown }
  | { readonly kind: 'wrong'; readonly path: string; readonly problem: Problem }

interface Run {
  /** What all of them ask for, where it does many together; else each is done by itself. */
  readonly operation: Operation | undefined
  readonly items: Item[]
}

/** What stands beside each other and is done together. What is wrong does nothing, so it parts no run. */
function runsOf({ services }: Asked<unknown>, items: readonly unknown[]): readonly Run[] {
  const runs: Run[] = []
  for (const item of items) {
    const looked = lookAt(services, item)
    const last = runs.at(-1)
    const own = looked.kind === 'asks' && looked.operation.performEach !== undefined ? looked.operation : undefined
    if (last !== undefined && (looked.kind === 'wrong' || last.operation === own)) last.items.push(looked)
    else runs.push({ operation: own, items: [looked] })
  }
  return runs
}

function lookAt(services: Services, item: unknown): Item {
  if (item instanceof TornItem) {
    const errors = item.pointers.map((pointer) => ({ pointer, detail: tornDetail }))
    return {
      kind: 'wrong',
      path,
      problem: problemOf('schema_mismatch', 'the item can be neither hashed nor signed', errors),
    }
  }
  const parsed = itemSchema.safeParse(item)
  if (!parsed.success) {
    const errors = errorsOf(parsed.error, errorsPerItemMax)
    return { kind: 'wrong', path, problem: problemOf('schema_mismatch', 'the item has not the form of one', errors) }
  }
  const { method, path: itemPath, body: value } = parsed.data
  const wrong = (problem: Problem) => ({ kind: 'wrong', path: itemPath, problem }) as const
  const found = services.operations.get(`${method} ${itemPath}`)
  if (found === undefined) return wrong(problemOf('not_found', `there is nothing at ${method} ${itemPath}`))
  if (batches.includes(itemPath)) return wrong(problemOf('rule_violated', 'a batch is no item of a batch'))
  return { kind: 'asks', operation: found, path: itemPath, value }
}

/** @param together which operation they ask for, where it does many together */
async function inOneStep(
  asked: Asked<unknown>,
  items: readonly Item[],
  together: Operation | undefined,
): Promise<readonly ItemResult[]> {
  if (together !== undefined) return doTogether(asked, items, together)
  const results: ItemResult[] = []
  for (const item of items) results.push(await one(asked, item))
  return results
}

async function doTogether(
  asked: Asked<unknown>,
  items: readonly Item[],
  together: Operation,
): Promise<readonly ItemResult[]> {
  const values = items.flatMap((item) => (item.kind === 'asks' ? [item.value] : []))
  const performed = (await performEach(wantedOf(asked, together), values)).values()
  return items.map((item) => {
    if (item.kind === 'wrong') return refused(asked, item.path, item.problem)
    const done = performed.next()
    if (done.done === true) throw new Error('an item without an outcome')
    return resultOf(asked, item.path, done.value)
  })
}

async function one(asked: Asked<unknown>, item: Item): Promise<ItemResult> {
  if (item.kind === 'wrong') return refused(asked, item.path, item.problem)
  const { operation: of, value } = item
  return resultOf(asked, item.path, await perform({ ...wantedOf(asked, of), value, repeated: [] }))
}

function wantedOf({ services, caller, created }: Asked<unknown>, of: Operation) {
  return { services, caller, created, operation: of, errorsMax: errorsPerItemMax }
}

function resultOf(asked: Asked<unknown>, itemPath: string, performed: Performed): ItemResult {
  if (performed.kind === 'text' || performed.kind === 'stream')
    throw new Error(`${itemPath} answers no JSON: no POST does`)
  return performed.kind === 'answer'
    ? { status: 200, body: performed.body }
    : refused(asked, itemPath, performed.problem)
}

function refused({ services, caller }: Asked<unknown>, itemPath: string, problem: Problem): ItemResult {
  services.refusals.note({ code: problem.code, keyId: caller.keyId, proved: true, method: 'POST', path: itemPath })
  return { status: problem.status, body: problem }
}

/** A schema's JSON form, for a place of the document that is checked elsewhere. */
function documented(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _dialect, ...form } = z.toJSONSchema(schema)
  return form
}
