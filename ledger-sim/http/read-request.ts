/** What a request says before anybody asks who sent it: whether it came by the right door, and its body or query. */
import type { HttpRequest } from '../../src/sync/protocol/http-signature.ts'
import type { Problem } from '../../src/sync/protocol/problems.ts'
import { limits } from './limits.ts'
import { problemOf } from './problems.ts'

export type ReadRequest =
  | {
      readonly kind: 'read'
      readonly path: string
      readonly value: unknown
      /** Names that a query has more than once: nobody can say which one is meant. */
      readonly repeated: readonly string[]
    }
  | { readonly kind: 'refusal'; readonly problem: Problem }

/** The checks `body_too_large` and `not_json`. A GET has no body: what is asked stands in its query. */
export function readRequest(request: HttpRequest): ReadRequest {
  const { pathname: path, searchParams } = new URL(request.url)
  if (Buffer.byteLength(request.body) > limits.bodyBytesMax) return refusal(problemOf('body_too_large'))
  if (request.method === 'GET') {
    if (request.body !== '') return refusal(problemOf('not_json', 'a GET has no body'))
    const names = [...searchParams.keys()]
    const repeated = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))]
    return { kind: 'read', path, value: Object.fromEntries(searchParams), repeated }
  }
  try {
    const value = JSON.parse(request.body) as unknown
    // JSON can spell half of a surrogate pair, which no canonical form has (RFC 8785 §3.2.2.2).
    if (/\\u[dD][89a-fA-F]/.test(request.body)) JSON.stringify(value, wellFormed)
    return { kind: 'read', path, value, repeated: [] }
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return refusal(problemOf('not_json'))
    throw error
  }
}

const loopback = ['127.0.0.1', 'localhost', '[::1]']

/**
 * The simulator serves programs on its own machine: no other host name (DNS rebinding), no web page. A page cannot hide
 * its Origin where it can change something, nor, in any browser of today, the fetch metadata where it can only embed
 * (W3C Fetch Metadata §2.4). A person who types an address is `none`.
 */
export function refusedAtTheDoor(request: HttpRequest): Problem | undefined {
  const url = URL.parse(request.url)
  if (url === null) return problemOf('not_found', 'the address cannot be read')
  const host = request.headers['host']
  if (!loopback.includes(url.hostname) || (host !== undefined && host !== url.host)) {
    return problemOf('role_not_allowed', 'the ledger simulator answers on the loopback address only')
  }
  const site = request.headers['sec-fetch-site']
  if (request.headers['origin'] !== undefined || (site !== undefined && site !== 'none' && site !== 'same-origin'))
    return problemOf('role_not_allowed', 'the ledger simulator does not serve web pages')
  // Dots, a fragment or a user's name: what was signed and what would be done are to be one and the same text.
  if (!request.url.startsWith(`http://${url.host}${url.pathname}`) || request.url.includes('#'))
    return problemOf('not_found', 'the address is not in its plain form')
  return undefined
}

function wellFormed(key: string, value: unknown): unknown {
  if (!key.isWellFormed() || (typeof value === 'string' && !value.isWellFormed()))
    throw new SyntaxError('half a character')
  return value
}

function refusal(problem: Problem): ReadRequest {
  return { kind: 'refusal', problem }
}
