/** Asks the ledger with a token for each request, and checks that every answer is the ledger's, to this token. */
import type { JWK } from 'jose'
import { toJson } from '../../../src/sync/protocol/canonical.ts'
import { verifyAnswer, type HttpRequest } from '../../../src/sync/protocol/http-signature.ts'
import { makeRequestToken } from '../../../src/sync/protocol/request-token.ts'
import type { DemoLedger } from './demo-ledger.ts'

export interface Answered {
  readonly status: number
  readonly body: Record<string, unknown>
}

export class TokenSigner {
  readonly #demo: DemoLedger
  readonly privateJwk: JWK

  constructor(demo: DemoLedger, privateJwk: JWK) {
    this.#demo = demo
    this.privateJwk = privateJwk
  }

  static of(demo: DemoLedger, role: string): TokenSigner {
    const key = demo.world.roleKeys.find((one) => one.role === role)
    if (key === undefined) throw new Error(`no ${role}`)
    return new TokenSigner(demo, key.privateJwk as JWK)
  }

  /** @param moment seconds, where they are not the ledger's now and a minute on */
  async sign(
    method: 'GET' | 'POST',
    path: string,
    body: string,
    moment: { readonly created?: number; readonly expires?: number; readonly nonce?: string } = {},
  ): Promise<HttpRequest> {
    const created = moment.created ?? Math.floor(this.#demo.clock.now / 1000)
    const expires = moment.expires ?? created + 60
    const nonce = moment.nonce ?? Buffer.from(this.#demo.random(16)).toString('base64url')
    const request = { method, url: `http://127.0.0.1:8080${path}`, body }
    const token = await makeRequestToken(request, this.privateJwk, { created, expires, nonce })
    return { ...request, headers: { authorization: `Bearer ${token}` } }
  }

  async send(request: HttpRequest): Promise<Answered> {
    const response = await this.#demo.ledger.handle(request)
    const verified = verifyAnswer(response, request, this.#demo.ports.keys.signing)
    if (verified.kind !== 'valid') throw new Error(`the answer is not bound to the token: ${verified.code}`)
    return { status: response.status, body: JSON.parse(response.body) as Record<string, unknown> }
  }

  async post(path: string, body: unknown): Promise<Answered> {
    return this.send(await this.sign('POST', path, toJson(body)))
  }

  async get(path: string): Promise<Answered> {
    return this.send(await this.sign('GET', path, ''))
  }
}
