/** What a request says before anybody asks who sent it: whether it came by the right door, and its body or query. */
import type { HttpRequest } from '../../src/sync/protocol/http-signature.ts'
import type { Problem } from '../../src/sync/protocol/problems.ts'
import { limits } from './limits.ts'
import { problemOf } from './problems.ts'
import { tornDetail, withoutTornItems, type Mended } from './torn-text.ts'

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
  const parsed = parsedBody(request.body)
  if (parsed.kind === 'none') return refusal(problemOf('not_json', parsed.why))
  if (!spellsHalves.test(request.body)) return { kind: 'read', path, value: parsed.value, repeated: [] }
  const mended = mendedBody(parsed.value, path)
  if (mended === undefined) return refusal(problemOf('not_json', tooDeep))
  if (mended.kind === 'whole') return { kind: 'read', path, value: mended.value, repeated: [] }
  const errors = mended.pointers.map((pointer) => ({ pointer, detail: tornDetail }))
  return refusal(problemOf('not_json', `${mended.pointers[0] || 'the body'} ${tornDetail}`, errors))
}

/** The code of one half of a surrogate pair, which may stand beside the other half. */
const spellsHalves = /\\u[dD][89a-fA-F]/
/** Its items have each an answer of their own, so that a torn one can be refused alone. */
const listWithItemsApart = { path: '/v1/batches', name: 'items' }
const tooDeep = 'the body is nested too deeply'

type ParsedBody = { readonly kind: 'parsed'; readonly value: unknown } | { readonly kind: 'none'; readonly why: string }

function parsedBody(body: string): ParsedBody {
  try {
    return { kind: 'parsed', value: JSON.parse(body) }
  } catch (error) {
    if (error instanceof RangeError) return { kind: 'none', why: tooDeep }
    if (error instanceof SyntaxError) return { kind: 'none', why: whyNoJson(body, error) }
    throw error
  }
}

/** What is sent most often in the place of JSON. */
function whyNoJson(body: string, { message }: SyntaxError): string {
  if (body.trim() === '') return 'the body is empty; what is asked without anything is {}'
  if (body.startsWith('\uFEFF')) return 'the body begins with a byte-order mark; JSON is UTF-8 without one'
  if (/^[\w.%+~-]{1,200}=[^{}"]*$/.test(body)) return 'the body is a form (a=b); what is asked is a JSON object'
  const [, position] = /at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(message) ?? []
  return position === undefined ? 'the body is no JSON' : `the body is no JSON from its character ${position} on`
}

/** @returns undefined where it is nested too deeply */
function mendedBody(value: unknown, path: string): Mended | undefined {
  try {
    return withoutTornItems(value, path === listWithItemsApart.path ? listWithItemsApart.name : undefined)
  } catch (error) {
    if (error instanceof RangeError) return undefined
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

function refusal(problem: Problem): ReadRequest {
  return { kind: 'refusal', problem }
}
