/**
 * The worked example of docs/integrator.md, "Signatures", read as an integrator reads it. Method: its texts are put
 * together and checked with Node's own crypto by the words of the document alone; then the project's own functions
 * judge the same bytes, and sign the same again.
 */
import { createHash, createPrivateKey, createPublicKey, sign, verify, type JsonWebKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { signRequest, verifyAnswer, verifyRequest } from '../../../src/sync/protocol/http-signature.ts'
import { publicJwkSchema, signingKey, verifyingKey } from '../../../src/sync/protocol/keys.ts'

const document = readFileSync(join(import.meta.dirname, '../../../docs/integrator.md'), 'utf8')
const [, section = ''] = document.split('<!-- signed example -->\n')
const blocks = [...section.matchAll(/```(json|http|text)\n(.*?)\n```/gs)].slice(0, 5).map(([, , text = '']) => text)
const [keys = '', requestText = '', requestBase = '', answerText = '', answerBase = ''] = blocks

const { yours, ledger } = JSON.parse(keys) as { readonly yours: JsonWebKey; readonly ledger: JsonWebKey }

function messageIn(text: string) {
  const [head = '', body = ''] = text.split('\n\n')
  const [first = '', ...lines] = head.split('\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]),
  )
  return { first, headers, body }
}
const sent = messageIn(requestText)
const answered = messageIn(answerText)
const [method = '', url = ''] = sent.first.split(' ')

const signatureIn = ({ headers }: ReturnType<typeof messageIn>) =>
  Buffer.from(/^tolem=:(.+):$/.exec(headers['signature'] ?? '')?.[1] ?? '', 'base64')
const parametersOf = ({ headers }: ReturnType<typeof messageIn>) =>
  (headers['signature-input'] ?? '').replace(/^tolem=/, '')
const digestOf = (body: string) => `sha-256=:${createHash('sha256').update(body).digest('base64')}:`

describe('the worked example of docs/integrator.md', () => {
  test('signs what the document says, in its order', () => {
    expect(requestBase).toBe(
      [
        `"@method": ${method}`,
        `"@target-uri": ${url}`,
        `"content-digest": ${digestOf(sent.body)}`,
        `"content-type": application/json`,
        `"@signature-params": ${parametersOf(sent)}`,
      ].join('\n'),
    )
    expect(answerBase).toBe(
      [
        `"@status": ${answered.first.split(' ')[1] ?? ''}`,
        `"content-digest": ${digestOf(answered.body)}`,
        `"content-type": application/json`,
        `"signature";req;key="tolem": ${(sent.headers['signature'] ?? '').replace(/^tolem=/, '')}`,
        `"@signature-params": ${parametersOf(answered)}`,
      ].join('\n'),
    )
  })

  test('has signatures that fit', () => {
    const key = createPublicKey(createPrivateKey({ key: yours, format: 'jwk' }))
    const options = { key, dsaEncoding: 'ieee-p1363' } as const
    expect(verify('sha256', Buffer.from(requestBase), options, signatureIn(sent))).toBe(true)
    const ledgerKey = createPublicKey({ key: ledger, format: 'jwk' })
    expect(verify(null, Buffer.from(answerBase), ledgerKey, signatureIn(answered))).toBe(true)
    const other = Buffer.from(requestBase.replace('35000', '35001').replace('POST', 'GET'))
    expect(verify('sha256', other, options, signatureIn(sent))).toBe(false)
  })

  test('is what the ledger takes and a client of ours believes', () => {
    const own = signingKey(yours)
    const request = { method: 'POST', url, headers: sent.headers, body: sent.body } as const
    const keyOf = (keyId: string) => (keyId === own.keyId ? own : undefined)
    expect(verifyRequest(request, keyOf).kind).toBe('valid')
    const answer = { status: 200, headers: answered.headers, body: answered.body }
    expect(verifyAnswer(answer, request, verifyingKey(publicJwkSchema.parse(ledger))).kind).toBe('valid')
  })

  test('signed again by the document’s words is what the ledger takes, and ours is signed in the same words', () => {
    const own = signingKey(yours)
    const keyOf = (keyId: string) => (keyId === own.keyId ? own : undefined)
    const key = { key: createPrivateKey({ key: yours, format: 'jwk' }), dsaEncoding: 'ieee-p1363' } as const
    const signature = sign('sha256', Buffer.from(requestBase), key).toString('base64')
    const headers = { ...sent.headers, signature: `tolem=:${signature}:` }
    expect(verifyRequest({ method: 'POST', url, headers, body: sent.body }, keyOf).kind).toBe('valid')
    const parameter = (name: string) => new RegExp(`;${name}="?([^;"]+)`).exec(parametersOf(sent))?.[1] ?? ''
    const moment = {
      created: Number(parameter('created')),
      expires: Number(parameter('expires')),
      nonce: parameter('nonce'),
    }
    const { signature: _random, ...ours } = signRequest({ method: 'POST', url, body: sent.body }, own, moment).headers
    const { signature: _shown, ...shown } = sent.headers
    expect(ours).toEqual(shown)
  })
})
