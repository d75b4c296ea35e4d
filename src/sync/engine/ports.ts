/** What the sync engine and the core need from the outside world. Only composition roots give the real ones. */
import type { HttpRequest, HttpResponse } from '../protocol/http-signature.ts'

export interface Clock {
  /** Milliseconds since 1970, as the machine believes. May be wrong and may jump. */
  wall(): number
  /** Milliseconds since some moment of this process. Never jumps. */
  monotonic(): number
}

export interface Scheduler {
  setTimeout(callback: () => void, delayMs: number): unknown
  clearTimeout(handle: unknown): void
}

export interface Randomness {
  bytes(length: number): Uint8Array
  /** UUIDv7 from this randomness and the given time. */
  uuid(): string
}

/**
 * What became of one HTTP request.
 * - `response`: an answer arrived; its signature is not checked yet.
 * - `not_sent`: the request certainly never left (connection refused).
 * - `no_answer`: it may have arrived.
 */
export type TransportResult =
  | { readonly kind: 'response'; readonly response: HttpResponse }
  | { readonly kind: 'not_sent'; readonly detail: string }
  | { readonly kind: 'no_answer'; readonly detail: string }

/** Resolves within `deadlineMs` whatever the network does, and never rejects. */
export type LedgerTransport = (request: HttpRequest, deadlineMs: number) => Promise<TransportResult>
