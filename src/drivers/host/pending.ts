/** Requests to the device host that wait for their answer, by the id of the request. */
import type { Scheduler, TimerHandle } from '../scheduler.ts'

export interface Pending<T> {
  readonly settle: (result: T) => void
  readonly timer: TimerHandle
}

/** Answers a request once; false when it was answered before (a late message, a second time-out). */
export function settle<T>(
  scheduler: Scheduler,
  pending: Map<string, Pending<T>>,
  requestId: string,
  result: T,
): boolean {
  const request = pending.get(requestId)
  if (request === undefined) return false
  pending.delete(requestId)
  scheduler.clearTimeout(request.timer)
  request.settle(result)
  return true
}
