/**
 * What the network still has of a till: requests that were recorded and arrive again, much later. As they were, which
 * the ledger refuses at the door, also when it was killed since; and their items in another order and another cut,
 * signed anew, as a client would that forgot what it had sent. Those reach the ids.
 */
import { signRequest } from '../../src/sync/protocol/http-signature.ts'
import type { SigningKey } from '../../src/sync/protocol/keys.ts'
import type { SeededRandom } from '../simulation/random.ts'
import type { ChaosProxy } from './chaos-proxy.ts'
import { itemsIn } from './deliveries.ts'
import { firstMessage, requestBytes, type RawMessage } from './raw-http.ts'

export interface OldBatchesParts {
  readonly proxy: ChaosProxy
  readonly key: SigningKey
  readonly random: SeededRandom
  /** Bodies of authorisations that are under way from the beginning. */
  readonly underWay: readonly string[]
  /** Items that are not brought before the till has brought them (queue.ts). */
  readonly inOrderOnly: ReadonlySet<string>
}

const requestsKept = 60
const itemsKept = 20_000
const batchMax = 60
const lifetimeS = 60

export class OldBatches {
  readonly #parts: OldBatchesParts
  readonly #requests: RawMessage[] = []
  readonly #items = new Map<string, string>()
  replays = 0
  recut = 0

  constructor(parts: OldBatchesParts) {
    this.#parts = parts
  }

  remember(request: RawMessage): void {
    const { random, inOrderOnly } = this.#parts
    const items = itemsIn(request)
    if (items.length === 0) return
    // Old and new ones stay alike.
    if (this.#requests.length < requestsKept) this.#requests.push(request)
    else if (random.chance(0.2)) this.#requests[random.between(0, requestsKept - 1)] = request
    for (const { id, json } of items)
      if (json !== '' && this.#items.size < itemsKept && !inOrderOnly.has(id)) this.#items.set(id, json)
  }

  /** One of the requests as it was. */
  async replayOne(): Promise<void> {
    const { proxy, random } = this.#parts
    if (this.#requests.length === 0) return
    this.replays += 1
    await proxy.deliver(random.pick(this.#requests))
  }

  /** Items of any time in any order; now and then an authorisation. */
  async deliverSome(): Promise<void> {
    const { proxy, random, underWay } = this.#parts
    this.recut += 1
    if (underWay.length > 0 && random.chance(0.25))
      return void (await proxy.deliver(this.#signed('/v1/terminal/authorisations', random.pick(underWay))))
    const all = [...this.#items.values()]
    if (all.length === 0) return
    const items = Array.from({ length: random.between(1, batchMax) }, () => random.pick(all))
    await proxy.deliver(this.#signed('/v1/terminal/batches', `{"items":[${items.join()}]}`))
  }

  #signed(path: string, body: string): RawMessage {
    const { proxy, key, random } = this.#parts
    const host = `127.0.0.1:${proxy.port}`
    const created = Math.floor(Date.now() / 1_000)
    const nonce = Buffer.from(random.bytes(16)).toString('base64url')
    const moment = { created, expires: created + lifetimeS, nonce }
    const { headers } = signRequest({ method: 'POST', url: `http://${host}${path}`, body }, key, moment)
    const message = firstMessage(requestBytes(path, host, headers, body))
    if (message === undefined) throw new Error('what was written is no message')
    return message
  }
}
