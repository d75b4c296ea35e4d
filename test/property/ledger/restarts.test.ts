/**
 * No request is answered 200 twice (docs/adr/0044). Method: random stories of requests by signature and by token, of
 * several keys whose clocks are off within what is permitted, of replays, stops, kills and time that goes on or stands
 * still, played to the ledger on one store. A killed ledger's units of work that had not begun never do, and none of
 * its answers leaves any more: a kill falls between performing and keeping the moment, and between both and the answer.
 * `TOLEM_SEED` takes another story.
 */
import { expect, test } from 'vitest'
import { createLedger, type Ledger } from '../../../ledger-sim/ledger.ts'
import type { Store } from '../../../ledger-sim/store/open-store.ts'
import { signRequest, type HttpRequest } from '../../../src/sync/protocol/http-signature.ts'
import { signingKey } from '../../../src/sync/protocol/keys.ts'
import { makeRequestToken } from '../../../src/sync/protocol/request-token.ts'
import { demoLedger, type DemoLedger } from '../../integration/ledger/demo-ledger.ts'
import { SeededRandom } from '../../simulation/random.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? Date.now() % 2 ** 31)
const stories = 24
const actsPerStory = 80
const turn = () => new Promise<void>((done) => setImmediate(done))

interface Sent {
  readonly request: HttpRequest
  answers: string[]
}

/** A process: what it has on its way is gone with it. */
class Life {
  isOver = false
  readonly ledger: Ledger

  constructor(demo: DemoLedger, random: SeededRandom) {
    const { ports } = demo
    const waits = async (): Promise<void> => {
      for (let left = random.between(0, 4); left > 0; left -= 1) await turn()
      if (this.isOver) await new Promise(() => undefined)
    }
    const store: Store = {
      ...ports.store,
      transaction: async (work) => {
        await waits()
        const result = await ports.store.transaction(work)
        await waits()
        return result
      },
    }
    this.ledger = createLedger({ ...ports, store })
  }

  async hears(sent: Sent): Promise<void> {
    const { status, body } = await this.ledger.handle(sent.request)
    if (this.isOver) return
    sent.answers.push(status < 400 ? String(status) : (JSON.parse(body) as { code: string }).code)
  }
}

class Story {
  readonly sent: Sent[] = []
  kills = 0
  readonly #demo: DemoLedger
  readonly #random: SeededRandom
  #life: Life

  constructor(demo: DemoLedger, random: SeededRandom) {
    this.#demo = demo
    this.#random = random
    this.#life = new Life(demo, random.branch('life'))
  }

  async act(): Promise<void> {
    const random = this.#random
    const drawn = random.fraction()
    if (drawn < 0.45) await this.#asks()
    else if (drawn < 0.75 && this.sent.length > 0) void this.#life.hears(random.pick(this.sent.slice(-12)))
    else if (drawn < 0.87) for (let turns = random.between(1, 12); turns > 0; turns -= 1) await turn()
    else if (drawn < 0.95) this.#demo.clock.now += random.pick([0, 300, 1_000, 5_000, 60_000, 200_000])
    else this.#kill()
  }

  /** Everything once more, and what is signed later is heard. */
  async end(): Promise<void> {
    await this.#quiet()
    this.#kill()
    for (const one of this.sent) void this.#life.hears(one)
    await this.#quiet()
    this.#demo.clock.now += 241_000
    for (const by of ['signature', 'token'] as const)
      for (const role of roles) {
        const heard = await this.#signed(by, role, 0)
        await this.#life.hears(heard)
        expect(heard.answers).toEqual(['200'])
      }
  }

  async #asks(): Promise<void> {
    const random = this.#random
    const ahead = random.pick([0, 0, 0, -1, 1, -40, 119])
    const sent = await this.#signed(random.pick(['signature', 'token']), random.pick(roles), ahead)
    this.sent.push(sent)
    void this.#life.hears(sent)
  }

  async #signed(by: 'signature' | 'token', role: string, ahead: number): Promise<Sent> {
    const random = this.#random
    const key = this.#demo.world.roleKeys.find((one) => one.role === role)
    if (key === undefined) throw new Error(`no ${role}`)
    const created = Math.floor(this.#demo.clock.now / 1_000) + ahead
    const moment = { created, expires: created + 240, nonce: Buffer.from(random.bytes(16)).toString('base64url') }
    const [method, path, body] = random.pick([
      ['GET', '/v1/role-keys', ''],
      ['GET', '/v1/event-stream', ''],
      ['POST', '/v1/batches', '{"items":[{"method":"POST","path":"/v1/nothing","body":{}}]}'],
    ] as const)
    const request = { method, url: `http://127.0.0.1:8080${path}`, body }
    if (by === 'signature') return { request: signRequest(request, signingKey(key.privateJwk), moment), answers: [] }
    const authorization = `Bearer ${await makeRequestToken(request, key.privateJwk, moment)}`
    return { request: { ...request, headers: { authorization } }, answers: [] }
  }

  #kill(): void {
    this.#life.isOver = true
    this.kills += 1
    this.#life = new Life(this.#demo, this.#random.branch(`life ${this.kills}`))
  }

  async #quiet(): Promise<void> {
    for (let turns = 0; turns < 600; turns += 1) await turn()
  }
}

const roles = ['agency', 'bank', 'merchant'] as const

test(`no request is answered twice, TOLEM_SEED=${seed}`, async () => {
  const met = { requests: 0, answered: 0, nonce_replayed: 0, dated_before_restart: 0, kills: 0 }
  for (let number = 0; number < stories; number += 1) {
    const demo = await demoLedger()
    try {
      const story = new Story(demo, new SeededRandom(`restarts/${seed}/${number}`))
      for (let act = 0; act < actsPerStory; act += 1) await story.act()
      await story.end()
      met.kills += story.kills
      for (const { request, answers } of story.sent) {
        const times = answers.filter((answer) => answer === '200').length
        expect(times, `${request.method} ${request.url}: ${answers.join(', ')}`).toBeLessThan(2)
        met.requests += 1
        met.answered += times
        for (const code of ['nonce_replayed', 'dated_before_restart'] as const)
          met[code] += answers.filter((answer) => answer === code).length
      }
      expect(demo.recovered).toEqual([])
    } finally {
      await demo.close()
    }
  }
  console.info(`restarts: TOLEM_SEED=${seed}`, met)
  // Else the stories tell nothing.
  for (const times of [met.answered, met.nonce_replayed, met.dated_before_restart]) expect(times).toBeGreaterThan(50)
  expect(met.kills).toBeGreaterThan(stories)
}, 240_000)
