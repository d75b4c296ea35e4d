/** Signs a generated request as one of the demonstration's roles or tills, by signature or by token. */
import type { JWK } from 'jose'
import { p256PrivateJwk } from '../../ledger-sim/scenarios/demo.ts'
import { seededRandom } from '../../ledger-sim/scenarios/seeded-random.ts'
import { signRequest, type HttpRequest } from '../../src/sync/protocol/http-signature.ts'
import { signingKey, type SigningKey } from '../../src/sync/protocol/keys.ts'
import { makeRequestToken } from '../../src/sync/protocol/request-token.ts'
import type { DemoLedger } from '../integration/ledger/demo-ledger.ts'
import type { Chance } from './chance.ts'

/** Headers that say who asks. */
export type Proof = Readonly<Record<string, string>>

interface Known {
  readonly role: string
  readonly key: SigningKey
  readonly privateJwk: JWK
}

export class Prover {
  readonly #demo: DemoLedger
  readonly #known: readonly Known[]

  /** @param tills enrolled by the test's own keys; one that is named more often speaks more often */
  constructor(demo: DemoLedger, seed: string, tills: readonly string[]) {
    this.#demo = demo
    const roles = demo.world.roleKeys.map(({ role, privateJwk }) => ({ role, privateJwk: privateJwk as JWK }))
    const terminals = tills.map((till) => ({
      role: 'terminal',
      privateJwk: p256PrivateJwk(seededRandom(`p256/${seed}/${till}`)) as JWK,
    }))
    this.#known = [...roles, ...terminals].map((known) => ({ ...known, key: signingKey({ ...known.privateJwk }) }))
  }

  get roles(): readonly string[] {
    return [...new Set(this.#known.map(({ role }) => role))]
  }

  /** A role that nobody has yet is asked for by somebody else. */
  async prove(role: string, request: Omit<HttpRequest, 'headers'>, chance: Chance): Promise<Proof> {
    const fitting = this.#known.filter((known) => known.role === role)
    const { key, privateJwk } = chance.pick(fitting.length === 0 ? this.#known : fitting)
    const created =
      Math.floor(this.#demo.clock.now / 1_000) + (chance.percent(3) ? chance.pick([-9_999, -130, 130]) : 0)
    const nonce = chance.percent(2) ? 'the same nonce again' : Buffer.from(chance.bytes(16)).toString('base64url')
    const moment = { created, expires: created + 60, nonce: nonce.replaceAll(' ', '-') }
    const byToken = role === 'terminal' ? chance.percent(3) : chance.percent(40)
    if (byToken) return { authorization: `Bearer ${await makeRequestToken(request, privateJwk, moment)}` }
    return signRequest(request, key, moment).headers
  }
}
