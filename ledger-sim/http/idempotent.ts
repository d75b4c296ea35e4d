/** Operations under an id that the client made: the same id and terms are answered with the first answer. */
import { hash } from 'node:crypto'
import type { Insertable, Kysely } from 'kysely'
import { canonicalText, toJson } from '../../src/sync/protocol/canonical.ts'
import { isPlain, plainDetail } from '../../src/voucher/identifiers.ts'
import { inTransaction, type Work } from '../context.ts'
import { rowsStatement } from '../store/statement.ts'
import type { Tables } from '../store/schema.ts'
import { problem, type Asked, type Outcome, type ProblemOutcome, type Services, type Signed } from './operation.ts'

/** Thrown inside a transaction to roll it back; never leaves this file. */
class Abandoned extends Error {
  readonly outcome: ProblemOutcome
  constructor(outcome: ProblemOutcome) {
    super(outcome.detail)
    this.outcome = outcome
  }
}

/** In which people write (`saidText`). */
const inWords = ['purpose', 'reason', 'paymentReference'] as const

/** Asked of new ids alone: what was done under an id before this was asked is answered, or a client would pay again. */
function whatIsNotPlain(request: unknown): ProblemOutcome | undefined {
  const said = (request ?? {}) as Partial<Record<(typeof inWords)[number], unknown>>
  const errors = inWords.flatMap((member) => {
    const text = said[member]
    return typeof text === 'string' && !isPlain(text) ? [{ pointer: `/${member}`, detail: plainDetail }] : []
  })
  return errors.length === 0 ? undefined : { ...problem('schema_mismatch', 'text has control characters'), errors }
}

type Done<Body> = { readonly kind: 'answer'; readonly body: Body } | ProblemOutcome
type DoneOnce<Body> =
  | { readonly kind: 'answer'; readonly body: Body & { readonly arrival: 'created' | 'exists' } }
  | ProblemOutcome

/**
 * Does it once. A problem rolls everything back and leaves the id free; `body` gets the arrival added.
 *
 * @param kind which operation: one id is not two operations
 */
export async function once<Body extends object>(
  asked: Asked<unknown>,
  kind: string,
  operationId: string,
  body: (work: Work) => Promise<Done<Body>>,
): Promise<DoneOnce<Body>> {
  const termsHash = termsHashOf(asked.request)
  return rollingBack(asked, async (work) => {
    const claimed = await claim(work, asked, kind, operationId, termsHash)
    if (!claimed) return again<Body>(work, asked, kind, operationId, termsHash)
    const unwritten = whatIsNotPlain(asked.request)
    if (unwritten !== undefined) throw new Abandoned(unwritten)
    const outcome = await body(work)
    if (outcome.kind === 'problem') throw new Abandoned(outcome)
    const answer = toJson(outcome.body)
    await work.connection.updateTable('operation').set({ answer }).where('operation_id', '=', operationId).execute()
    return { kind: 'answer', body: { ...outcome.body, arrival: 'created' } }
  })
}

/**
 * Many of one kind, in the order given, with the results that they would have by `once`. Those whose ids are new are
 * done by `each` in one unit of work; one under an id that is known, or that stands in the list before, is done alone.
 * A problem of one undoes nothing of the others: `each` must write nothing for what it refuses.
 *
 * @param services within a transaction (`storeWithin`), so that nobody takes an id between question and answer
 */
export async function onceEach<Request, Body extends object>(
  services: Services,
  all: readonly Signed<Request>[],
  kind: string,
  idOf: (request: Request) => string,
  each: (work: Work, all: readonly Signed<Request>[]) => Promise<readonly Done<Body>[]>,
): Promise<readonly DoneOnce<Body>[]> {
  const ids = all.map(({ request }) => idOf(request))
  const met = await services.store.read((connection) => knownIds(connection, ids))
  const done: DoneOnce<Body>[] = []
  let fresh: Signed<Request>[] = []
  const doFresh = async (): Promise<void> => {
    const together = fresh
    fresh = []
    if (together.length === 0) return
    const outcomes = await inTransaction(services, async (work) => {
      const made = await each(work, together)
      const rows = made.flatMap((outcome, index) => {
        const signed = together[index]
        if (outcome.kind === 'problem' || signed === undefined) return []
        const { request, caller } = signed
        const [terms_hash, answer] = [termsHashOf(request), toJson(outcome.body)]
        return { operation_id: idOf(request), kind, caller: caller.owner, terms_hash, answer, at: work.now }
      })
      await operationsDone(work.connection, rows)
      return made
    })
    for (const outcome of outcomes)
      done.push(outcome.kind === 'problem' ? outcome : { ...outcome, body: { ...outcome.body, arrival: 'created' } })
  }
  for (const signed of all) {
    const id = idOf(signed.request)
    if (!met.has(id) && whatIsNotPlain(signed.request) === undefined) fresh.push(signed)
    else {
      await doFresh()
      done.push(await once({ ...signed, services }, kind, id, async (work) => only(await each(work, [signed]))))
    }
    met.add(id)
  }
  await doFresh()
  return done
}

const operationsDone = rowsStatement(
  ['operation_id', 'kind', 'caller', 'terms_hash', 'answer', 'at'],
  (connection, rows: readonly Insertable<Tables['operation']>[]) => connection.insertInto('operation').values(rows),
)

async function knownIds(connection: Kysely<Tables>, ids: readonly string[]): Promise<Set<string>> {
  const rows = await connection
    .selectFrom('operation')
    .select('operation_id')
    .where('operation_id', 'in', [...new Set(ids)])
    .execute()
  return new Set(rows.map((row) => row.operation_id))
}

function only<Item>([item]: readonly Item[]): Item {
  if (item === undefined) throw new Error('one of one has no outcome')
  return item
}

function termsHashOf(request: unknown): string {
  return hash('sha256', canonicalText(request))
}

/** One transaction that a problem undoes: for registrations, whose own names are their identity. */
export async function rollingBack<Result extends Outcome>(
  asked: Asked<unknown>,
  body: (work: Work) => Promise<Result>,
): Promise<Result | ProblemOutcome> {
  try {
    return await inTransaction(asked.services, async (work) => {
      const outcome = await body(work)
      if (outcome.kind === 'problem') throw new Abandoned(outcome)
      return outcome
    })
  } catch (error) {
    if (error instanceof Abandoned) return error.outcome
    throw error
  }
}

const disownedKind = 'reversed-before-arrival'

/**
 * What an id that is no transfer of `client_transfer` names. One that names nothing becomes its caller's, as disowned:
 * whatever that caller sends under it later is answered `reversed_before_arrival` (money-rules.md, "Identity").
 *
 * @returns `foreign` for another's id, `other` for something that is no such transfer
 */
export async function disown(
  { connection, now }: Work,
  caller: string,
  operationId: string,
): Promise<'disowned' | 'foreign' | 'other'> {
  await connection
    .insertInto('operation')
    .values({ operation_id: operationId, kind: disownedKind, caller, terms_hash: '', answer: '', at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const first = await connection
    .selectFrom('operation')
    .select(['kind', 'caller'])
    .where('operation_id', '=', operationId)
    .executeTakeFirstOrThrow()
  if (first.caller !== caller) return 'foreign'
  return first.kind === disownedKind ? 'disowned' : 'other'
}

/** Whether this caller disowned that id before anything came under it. */
export async function isDisowned({ connection }: Work, caller: string, operationId: string): Promise<boolean> {
  const row = await connection
    .selectFrom('operation')
    .select('kind')
    .where('operation_id', '=', operationId)
    .where('caller', '=', caller)
    .executeTakeFirst()
  return row?.kind === disownedKind
}

async function claim(
  work: Work,
  asked: Asked<unknown>,
  kind: string,
  operationId: string,
  termsHash: string,
): Promise<boolean> {
  const inserted = await work.connection
    .insertInto('operation')
    .values({
      operation_id: operationId,
      kind,
      caller: asked.caller.owner,
      terms_hash: termsHash,
      answer: '',
      at: work.now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('operation_id')
    .executeTakeFirst()
  return inserted !== undefined
}

async function again<Body extends object>(
  work: Work,
  asked: Asked<unknown>,
  kind: string,
  operationId: string,
  termsHash: string,
): Promise<{ readonly kind: 'answer'; readonly body: Body & { readonly arrival: 'exists' } } | ProblemOutcome> {
  const first = await work.connection
    .selectFrom('operation')
    .selectAll()
    .where('operation_id', '=', operationId)
    .executeTakeFirstOrThrow()
  if (first.kind === disownedKind && first.caller === asked.caller.owner)
    return problem('reversed_before_arrival', `${operationId} was reversed before it came`)
  if (first.kind !== kind || first.terms_hash !== termsHash || first.caller !== asked.caller.owner) {
    return problem('exists_with_different_terms', `${operationId} was used for something else`)
  }
  return { kind: 'answer', body: { ...(JSON.parse(first.answer) as Body), arrival: 'exists' } }
}
