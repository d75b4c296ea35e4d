/**
 * The ledger: every operation behind one signed door, without sockets, timers or threads, so that a process and a
 * simulator under virtual time run the same thing.
 */
import type { HttpRequest, HttpResponse } from '../src/sync/protocol/http-signature.ts'
import type { Problem } from '../src/sync/protocol/problems.ts'
import type { LedgerPorts } from './context.ts'
import { RequestHandler, type LedgerResponse } from './http/handle.ts'
import { usualRates, type Rates } from './http/limits.ts'
import type { Operation, Services } from './http/operation.ts'
import { RateLimiter } from './http/rate-limiter.ts'
import { RefusalLog } from './http/refusal-log.ts'
import { operations } from './operations.ts'
import { judgeFreed } from './payments/reconsider.ts'
import { CardSessions } from './terminals/card-sessions.ts'

export interface Ledger {
  /** For what is done beside requests. */
  readonly ports: LedgerPorts
  readonly operations: readonly Operation[]
  /**
   * Answers one signed request. `request.url` is absolute, on a loopback host (`http://127.0.0.1:…`).
   *
   * Rejects only when the ledger itself is broken (storage gone, an invariant violated): nothing was committed then.
   */
  handle(request: HttpRequest): Promise<LedgerResponse>
  /** For a door that had to turn a request away before it could be read. */
  refuse(request: HttpRequest, problem: Problem): HttpResponse
}

/** What the operations share. @param rates how often a caller may ask, where it is not as usual */
export function servicesOf(ports: LedgerPorts, rates: Rates = usualRates): Services {
  return {
    ...ports,
    judgeFreed,
    cardSessions: new CardSessions(),
    startedAt: ports.clock(),
    operations: new Map(operations.map((operation) => [`${operation.method} ${operation.path}`, operation])),
    rates: new RateLimiter(rates),
    refusals: new RefusalLog(ports),
  }
}

export function createLedger(ports: LedgerPorts, rates: Rates = usualRates): Ledger {
  const services = servicesOf(ports, rates)
  const handler = new RequestHandler(services)
  return {
    ports: services,
    operations,
    handle: (request) => handler.handle(request),
    refuse: (request, problem) => handler.refuse(request, problem),
  }
}
