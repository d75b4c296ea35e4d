/** Posts to a webhook by real HTTP: no redirect is followed, no answer is read, and none is waited for without end. */
import type { HttpRequest } from '../../src/sync/protocol/http-signature.ts'
import type { Sent } from './webhook-courier.ts'

export const answeredWithinMs = 10_000

export async function postToWebhook(request: HttpRequest, stopped: AbortSignal): Promise<Sent> {
  try {
    const { method, url, headers, body } = request
    const signal = AbortSignal.any([stopped, AbortSignal.timeout(answeredWithinMs)])
    const response = await fetch(url, { method, headers, body, redirect: 'manual', signal })
    await response.body?.cancel()
    return response.ok ? { kind: 'taken' } : { kind: 'failed', detail: `answered ${response.status}` }
  } catch (error) {
    return { kind: 'failed', detail: whyOf(error) }
  }
}

function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return 'not sent'
  if (error.name === 'TimeoutError') return `no answer within ${answeredWithinMs / 1000} s`
  const { cause } = error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : error.name
  return `not reached (${code})`.slice(0, 200)
}
