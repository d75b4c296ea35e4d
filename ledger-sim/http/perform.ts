/** Does one operation for one caller, alone or as an item of a batch: the checks that stand after "who asks". */
import type { z } from 'zod'
import type { Problem } from '../../src/sync/protocol/problems.ts'
import { findTerminal } from '../terminals/terminals.ts'
import type { Asked, Caller, Operation, Outcome, Services, StreamOutcome, TextOutcome } from './operation.ts'
import { pointerOf } from './pointer.ts'
import { problemOf, problemOfOutcome } from './problems.ts'

export type Performed =
  | { readonly kind: 'answer'; readonly body: unknown }
  | TextOutcome
  | StreamOutcome
  | { readonly kind: 'refusal'; readonly problem: Problem; readonly retryAfterSeconds?: number }

export interface Wanted {
  readonly services: Services
  readonly caller: Caller
  /** Seconds since 1970: when the caller signed. */
  readonly created: number
  readonly operation: Operation
  /** The body or query as it came. */
  readonly value: unknown
  /** Names that stood in the query more than once. */
  readonly repeated: readonly string[]
  /** How many places in the body a problem names at most. */
  readonly errorsMax: number
}

/** @param how the operation is done, where it is not simply done */
export async function perform(
  wanted: Wanted,
  how: (asked: Asked<unknown>) => Promise<Outcome> = (asked) => wanted.operation.perform(asked),
): Promise<Performed> {
  const { services, caller, operation, created } = wanted
  const forbidden = await whyNotAllowed(services, operation, caller)
  if (forbidden !== undefined) return { kind: 'refusal', problem: forbidden }
  if (wanted.repeated.length > 0) {
    const errors = wanted.repeated.slice(0, wanted.errorsMax).map((name) => ({
      pointer: pointerOf([name]),
      detail: 'stands in the query more than once',
    }))
    return { kind: 'refusal', problem: problemOf('schema_mismatch', undefined, errors) }
  }
  const parsed = operation.requestSchema.safeParse(wanted.value)
  if (!parsed.success) return wrongForm(parsed.error, wanted.errorsMax)
  return performedOf(await how({ services, caller, request: parsed.data, created }))
}

/** Items of a batch that ask for the same: each result is what `perform` would give, one after the other. */
export async function performEach(
  { services, caller, operation, created, errorsMax }: Omit<Wanted, 'value' | 'repeated'>,
  values: readonly unknown[],
): Promise<readonly Performed[]> {
  if (operation.performEach === undefined) throw new Error(`${operation.path} is not done together`)
  const forbidden = await whyNotAllowed(services, operation, caller)
  if (forbidden !== undefined) return values.map(() => ({ kind: 'refusal', problem: forbidden }))
  const parsed = values.map((value) => operation.requestSchema.safeParse(value))
  const all = parsed.flatMap(({ success, data }) => (success ? [{ caller, request: data, created }] : []))
  const outcomes = (await operation.performEach(services, all)).values()
  return parsed.map(({ error }) => {
    if (error !== undefined) return wrongForm(error, errorsMax)
    const outcome = outcomes.next()
    if (outcome.done === true) throw new Error(`${operation.path} left an item without an outcome`)
    return performedOf(outcome.value)
  })
}

function wrongForm(error: z.ZodError, errorsMax: number): Performed {
  return { kind: 'refusal', problem: problemOf('schema_mismatch', undefined, errorsOf(error, errorsMax)) }
}

function performedOf(outcome: Outcome): Performed {
  if (outcome.kind !== 'problem') return outcome
  const { retryAfterSeconds } = outcome
  return {
    kind: 'refusal',
    problem: problemOfOutcome(outcome),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  }
}

/** Where and what, at most `errorsMax` places. */
export function errorsOf(error: z.ZodError, errorsMax: number): NonNullable<Problem['errors']> {
  return error.issues.slice(0, errorsMax).map((issue) => ({ pointer: pointerOf(issue.path), detail: issue.message }))
}

async function whyNotAllowed(services: Services, operation: Operation, caller: Caller): Promise<Problem | undefined> {
  if (operation.roles === 'anyone') return undefined
  if (!operation.roles.includes(caller.role)) return problemOf('role_not_allowed', `${caller.role} may not do this`)
  if (caller.role !== 'terminal' || operation.openToSuspended) return undefined
  const terminal = await services.store.read((connection) => findTerminal({ connection }, caller.owner))
  return terminal?.status === 'active' ? undefined : problemOf('terminal_suspended')
}
