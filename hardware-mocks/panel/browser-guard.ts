/**
 * Keeps other web pages away from a loopback server. A page on another site or another port can make a browser *send*
 * requests to us; what tells them apart are the Host (DNS rebinding), the Origin, the content type that a form cannot
 * make, and the fetch metadata (W3C Fetch Metadata §2.4).
 */
import type { IncomingHttpHeaders } from 'node:http'

export type GuardRefusal = 'foreign-host' | 'foreign-origin' | 'foreign-page' | 'not-json'

/** `null`: the request may be looked at. The first refusal in the order of the type is given. */
export function refusalOf(method: string, headers: IncomingHttpHeaders, port: number): GuardRefusal | null {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`]
  if (!hosts.includes(headers.host ?? '')) return 'foreign-host'
  const { origin } = headers
  // Programs send none; browsers always do with POST. An opaque origin (`null`) is foreign.
  if (origin !== undefined && !hosts.some((host) => origin === `http://${host}`)) return 'foreign-origin'
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return 'foreign-page'
  if (method === 'POST' && !/^application\/json(;\s*charset=utf-8)?$/i.test(headers['content-type'] ?? '')) {
    return 'not-json'
  }
  return null
}

/** On every answer: nothing of ours is framed, read or embedded by others, and no inline script runs. */
export const guardHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
}
