/**
 * Answers that are not the ledger's, or not whole: none is believed. A payment whose answer is spoilt is unknown ("do
 * not
 * charge again") or, under a lease, pending; when the line is honest again it is resolved and was charged once.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTamperingProxy, type Answer, type Tampering, type TamperingProxy } from './tampering-proxy.ts'
import { openTillAtWork, saying, type TillAtWork } from './till-at-work.ts'

let work: TillAtWork
let line: TamperingProxy

beforeAll(async () => {
  work = await openTillAtWork()
  line = await startTamperingProxy(Number(new URL(work.world.ledgerUrl).port))
  await work.ledgerIsAt(line.port)
})
afterAll(async () => {
  line?.close()
  await work?.close()
})
afterEach(() => line.honest())

const html = { 'content-type': 'text/html' }
const portal = '<!doctype html><title>Sign in to the Wi-Fi</title>'
let earlier: Answer | null = null

const spoilt: readonly (readonly [string, Tampering])[] = [
  ['a page of HTML', () => ({ status: 200, headers: html, body: portal })],
  ['half an answer', (answer) => ({ half: answer })],
  [
    'a wrong signature',
    (answer) => ({ ...answer, headers: withSignature(answer, (text) => text.replace(/[A-Za-z]/, swapped)) }),
  ],
  [
    'a refusal under the signature of a payment',
    (answer) => ({ ...answer, body: answer.body.replace(/"(settled|open)"/, '"refused"') }),
  ],
  ['the signed answer to another request', (answer) => (earlier === null ? { half: answer } : earlier)],
  ['a problem that nobody signed', () => problem(403, 'terminal_suspended')],
  ['no body at all', (answer) => ({ ...answer, body: '' })],
  [
    'JSON of another world',
    () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: '{"ok":true}' }),
  ],
]

function problem(status: number, code: string): Answer {
  const body = JSON.stringify({ type: `urn:tolem:problem:${code}`, title: code, status, code })
  return { status, headers: { 'content-type': 'application/problem+json' }, body }
}

/** The letter of the other case: a signature of the same form that fits nothing. */
const swapped = (letter: string): string =>
  letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase()

function withSignature({ headers }: Answer, change: (text: string) => string): Answer['headers'] {
  const { signature } = headers
  if (typeof signature !== 'string') throw new Error('the ledger did not sign')
  const at = signature.indexOf(':') + 1
  return { ...headers, signature: signature.slice(0, at) + change(signature.slice(at)) }
}

describe('on an authorisation, a card without lease', () => {
  test('honest first, so that the line works and there is an earlier answer', async () => {
    line.spoil('/v1/terminal/authorisations', (answer) => (earlier = answer))
    expect(saying(await work.sell('Pupil 29'))).toBe('approved settled')
    await work.clears()
    expect(earlier).not.toBeNull()
  })

  test.each(spoilt.map(([name, tampering], index) => [name, tampering, `Pupil ${21 + index}`] as const))(
    '%s: unknown, then paid once',
    async (_name, tampering, pupil) => {
      await work.networkIsReached()
      line.spoil('/v1/terminal/authorisations', tampering)
      expect(saying(await work.sell(pupil))).toBe('unknown')
      expect(work.till.snapshot.actions).toEqual(expect.arrayContaining(['wait_for_answer', 'cancel_unknown']))
      expect(work.till.snapshot.actions).not.toContain('pay_by_card')
      line.honest()
      const { sale } = await work.sees('the ledger’s own word', ({ tap }) => tap.state === 'approved')
      expect(sale?.tenders).toMatchObject([{ state: 'settled', amount: 115_000n }])
      await work.clears()
    },
  )
})

test.each(spoilt)(
  'on a card session, %s: refused before anything moved, and the card pays afterwards',
  async (_name, tampering) => {
    await work.networkIsReached()
    line.spoil('/v1/terminal/card-session', tampering)
    const tap = await work.sell('Family 04', 'bread')
    expect(saying(tap)).toMatch(/^refused (LEDGER_UNREACHABLE|LEDGER_ANSWER_MALFORMED|CARD_NOT_IN_LEASE)$/)
    expect(work.till.snapshot.sale?.tenders).toEqual([])
    line.honest()
    await work.clears()
    await work.networkIsReached()
    expect(saying(await work.sell('Family 04', 'bread'))).toBe('approved settled')
    await work.clears()
  },
)

test('on everything: a leased card pays all the same, the light says it, and it settles afterwards', async () => {
  await work.networkIsReached()
  line.spoil('/', () => ({ status: 200, headers: html, body: portal }))
  expect(saying(await work.sell('Pupil 01'))).toBe('approved pending')
  await work.clears()
  const { lights } = await work.sees('not reached', (shown) => shown.lights.network.level !== 'ok')
  expect(lights.network.code).toBe('network_down')
  line.honest()
  await work.sees('settled', ({ recent, queue }) => recent[0]?.tenders[0]?.state === 'settled' && queue.waiting === 0)
})

test('nothing is lost or doubled, by the independent checker', async () => {
  const verdict = await work.judge()
  expect(verdict).toMatchObject({ passed: true, lost: [], duplicates: [], balanced: true, settled: 18 })
})
