/** Method: what the wallet signs is checked by the ledger's code, what the ledger signs by the wallet's. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  checkAnswer,
  ledgerJwk,
  ledgerKeyOf,
  signedRequest,
  walletJwk,
  walletKeyOf,
} from '../../../hardware-mocks/wallet/signed-exchange.ts'
import { signAnswer, verifyRequest } from '../../../src/sync/protocol/http-signature.ts'
import { newPrivateJwk, signingKey } from '../../../src/sync/protocol/keys.ts'

const newLedgerSigner = () => signingKey(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }))
const privateJwk = newPrivateJwk((length) => randomBytes(length))
const productKey = signingKey(privateJwk)
const wallet = walletKeyOf(walletJwk.parse(privateJwk))
const ledgerSigner = newLedgerSigner()
const ledger = ledgerKeyOf(ledgerJwk.parse(ledgerSigner.jwk))
const moment = { created: 1_795_000_000, expires: 1_795_000_300, nonce: 'abcdefghijklmnopqrstuv' }

const asked = { method: 'POST', url: 'http://127.0.0.1:4711/v1/x?a=1', body: '{"wörd":"₸"}' } as const
const request = signedRequest(asked, wallet, moment.created, moment.nonce)
const answered = signAnswer(
  { status: 200, contentType: 'application/json', body: '{"ä":1}' },
  request,
  ledgerSigner,
  moment,
)

const received = (change: { status?: number; body?: string; headers?: Record<string, string> } = {}) => {
  const { status, headers, body } = { ...answered, ...change }
  const known: Readonly<Record<string, string>> = { ...answered.headers, ...headers }
  return { status, header: (name: string) => known[name] ?? null, body: Buffer.from(body) }
}

describe('a wallet’s signatures', () => {
  it('are those that the ledger takes, under the same key id', () => {
    expect(wallet.keyId).toBe(productKey.keyId)
    for (const made of [request, signedRequest({ ...asked, method: 'GET', body: '' }, wallet, 1, moment.nonce)])
      expect(verifyRequest(made, (keyId) => (keyId === productKey.keyId ? productKey : undefined))).toMatchObject({
        kind: 'valid',
      })
  })

  it('believe the ledger on its own request, and learn its time', () => {
    expect(checkAnswer(received(), request, ledger)).toEqual({ kind: 'believed', created: moment.created })
  })

  it.each([
    ['unsigned', { headers: { signature: '' } }],
    ['with another body', { body: '{"ä":2}' }],
    ['with another status', { status: 409 }],
    ['with another type', { headers: { 'content-type': 'application/problem+json' } }],
    ['with another tag', { headers: { 'signature-input': `${answered.headers['signature-input']?.slice(0, -3)}2"` } }],
    ['with less under the signature', { headers: { 'signature-input': 'tolem=("@status");created=1;nonce="x"' } }],
  ])('do not believe an answer %s', (_what, change) => {
    expect(checkAnswer(received(change), request, ledger)).toMatchObject({ kind: 'not-believed' })
  })

  it('do not believe the answer to another request, nor another ledger', () => {
    const other = signedRequest(asked, wallet, moment.created, 'ponmlkjihgfedcbaponmlk')
    expect(checkAnswer(received(), other, ledger)).toMatchObject({ kind: 'not-believed' })
    const stranger = newLedgerSigner()
    expect(checkAnswer(received(), request, ledgerKeyOf(ledgerJwk.parse(stranger.jwk)))).toMatchObject({
      kind: 'not-believed',
    })
  })
})
