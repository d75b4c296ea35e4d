/**
 * Where the examples of the OpenAPI document are played: a fresh ledger of the demonstration, whose chance begins anew
 * with each example, so that an example changes only when it itself, or what the ledger answers to it, changes.
 *
 * A part shows its operations in one file of this folder, `export const story: Story`, and records them with
 *
 *     TOLEM_EXAMPLES=record npx vitest run test/integration/ledger/examples.test.ts
 *
 * which writes ledger-sim/examples/<part>.json. Each problem that an operation has of its own is shown too.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { expect } from 'vitest'
import { inTransaction } from '../../../../ledger-sim/context.ts'
import { problemOfOutcome } from '../../../../ledger-sim/http/problems.ts'
import { examplesFolder, readPart, type Example } from '../../../../ledger-sim/http/examples.ts'
import type { Role } from '../../../../ledger-sim/http/operation.ts'
import { limitsOf, type Tier } from '../../../../ledger-sim/individuals/tiers.ts'
import { nameHolder } from '../../../../ledger-sim/schemes/holders.ts'
import { seededRandom } from '../../../../ledger-sim/scenarios/seeded-random.ts'
import { toJson } from '../../../../src/sync/protocol/canonical.ts'
import type { HttpRequest, HttpResponse } from '../../../../src/sync/protocol/http-signature.ts'
import { signRepeatably } from '../repeatable-signature.ts'
import { balanceOf, demoLedger, type DemoLedger, type TestSigner, type TestTill } from '../demo-ledger.ts'
import { isRecording } from '../shown-problems.ts'

export type Story = (stage: Stage) => Promise<void>
/** Looks on: is told of each example before it is played, and of its answer after it. */
export type Watch = (example: Omit<Example, 'answer'>, answer?: Example['answer']) => Promise<void>
type Body = Record<string, unknown>

export class Stage {
  readonly demo: DemoLedger
  readonly #part: string
  readonly #recorded: readonly Example[]
  readonly #shown: Example[] = []
  readonly #reseed: (seed: string) => void
  watch: Watch = () => Promise.resolve()

  private constructor(demo: DemoLedger, part: string, reseed: (seed: string) => void) {
    this.demo = demo
    this.#part = part
    this.#reseed = reseed
    this.#recorded = isRecording ? [] : readPart(part)
  }

  static async open(part: string): Promise<Stage> {
    let random = seededRandom('examples')
    const demo = await demoLedger({
      seed: 'demo',
      random: (length) => random(length),
      signWith: signRepeatably,
    })
    return new Stage(demo, part, (seed) => void (random = seededRandom(seed)))
  }

  /** A UUIDv7 as a client makes it. */
  id(): string {
    return v7({ msecs: this.demo.clock.now, random: this.demo.random(16) })
  }

  as(role: Role, owner?: string): Actor {
    const key = this.demo.world.roleKeys.find((one) => one.role === role && (owner ?? one.owner) === one.owner)
    if (key === undefined) throw new Error(`there is no ${role} ${owner}`)
    return new Actor(this, this.demo.role(role, owner), { role, owner: key.owner })
  }

  /** A terminal, speaking for itself. */
  till(till: TestTill): Actor {
    return new Actor(this, till, { role: 'terminal', owner: till.terminalId })
  }

  /** Whom another agency has named. */
  async holderOfAnother(): Promise<string> {
    const holder = '0'.repeat(32)
    await inTransaction(this.demo.ports, (work) => nameHolder(work, holder, 'medeu-education'))
    return holder
  }

  /** Whoever asks what needs no signature. */
  anyone(): Actor {
    return new Actor(this, undefined, null)
  }

  /** Plays one example: what was recorded is sent, and what is answered is what was recorded. */
  async show(example: Omit<Example, 'answer'>, signer: TestSigner | undefined): Promise<Example['answer']> {
    const index = this.#shown.length
    const known = this.#recorded[index]
    if (!isRecording) {
      const { answer: _answer, ...said } = known ?? { answer: undefined }
      expect(withoutSignatures(said), `example ${index + 1} of ${this.#part}`).toEqual(withoutSignatures(example))
    }
    await this.watch(example)
    this.#reseed(`${this.#part}/${example.operation}/${index}`)
    const response = await this.#send(example.operation, known?.request ?? example.request, signer)
    const isText = response.headers['content-type']?.startsWith('text/csv') === true
    const answer = isText ? response.body : (JSON.parse(response.body) as Body)
    expect({ operation: example.operation, title: example.title, status: response.status, answer }).toMatchObject({
      operation: example.operation,
      status: example.status,
    })
    const operation = this.demo.ledger.operations.find((one) => `${one.method} ${one.path}` === example.operation)
    if (response.status === 200 && !isText) operation?.answerSchema.parse(answer)
    if (known !== undefined) expect(answer, `the answer to example ${index + 1} of ${this.#part}`).toEqual(known.answer)
    this.#shown.push({ ...example, answer })
    await this.watch(example, answer)
    return answer
  }

  async #send(operation: string, request: Body, signer: TestSigner | undefined): Promise<HttpResponse> {
    const [method, path = ''] = operation.split(' ')
    const query = new URLSearchParams(request as Record<string, string>).toString()
    const address = method === 'GET' && query !== '' ? `${path}?${query}` : path
    const body = method === 'GET' ? '' : JSON.stringify(request)
    if (signer !== undefined) {
      const signed = signer.sign(method as 'GET' | 'POST', address, body)
      const known = this.demo.ledger.operations.find((one) => `${one.method} ${one.path}` === operation)
      return known?.streams === true ? this.#firstEvent(signed) : signer.send(signed)
    }
    return this.demo.ledger.handle({
      method: method as 'GET' | 'POST',
      url: `http://127.0.0.1:8080${address}`,
      headers: {},
      body,
    })
  }

  /** A stream has no end: what is shown of it is the `data` of its first event, which has the ledger's signature. */
  async #firstEvent(request: HttpRequest): Promise<HttpResponse> {
    const response = await this.demo.ledger.handle(request)
    if (response.stream === undefined) return response
    const { stream } = response
    const whyNot = await stream.whyNotAfter(stream.after)
    if (whyNot !== undefined) return this.demo.ledger.refuse(request, problemOfOutcome(whyNot))
    const page = await stream.next(stream.after)
    const first = typeof page === 'string' ? undefined : page[0]
    if (first === undefined) throw new Error('nothing is streamed')
    return { status: response.status, headers: response.headers, body: first.data }
  }

  /** Writes what was shown. @returns how many recorded examples were not */
  async close(): Promise<number> {
    if (isRecording)
      writeFileSync(join(examplesFolder, `${this.#part}.json`), `${JSON.stringify(this.#shown, undefined, 2)}\n`)
    await this.demo.close()
    return isRecording ? 0 : this.#recorded.length - this.#shown.length
  }
}

export class Actor {
  readonly #stage: Stage
  readonly #signer: TestSigner | undefined
  readonly #as: Example['as']

  constructor(stage: Stage, signer: TestSigner | undefined, as: Example['as']) {
    this.#stage = stage
    this.#signer = signer
    this.#as = as
  }

  /** @param status 200 unless a problem is shown */
  post(title: string, path: string, body: unknown, status = 200): Promise<Body> {
    const request = JSON.parse(toJson(body)) as Body
    return this.#show({ operation: `POST ${path}`, title, as: this.#as, request, status })
  }

  get(title: string, path: string, query: Record<string, string> = {}, status = 200): Promise<Body> {
    return this.#show({ operation: `GET ${path}`, title, as: this.#as, request: query, status })
  }

  /** @returns what is answered as CSV */
  async getCsv(title: string, path: string, query: Record<string, string>): Promise<string> {
    const example = { operation: `GET ${path}`, title, as: this.#as, request: query, status: 200 }
    const answer = await this.#stage.show(example, this.#signer)
    if (typeof answer !== 'string') throw new Error(`${title}: the answer is no CSV`)
    return answer
  }

  async #show(example: Omit<Example, 'answer'>): Promise<Body> {
    const answer = await this.#stage.show(example, this.#signer)
    if (typeof answer === 'string') throw new Error(`${example.title}: the answer is CSV`)
    return answer
  }

  /** Shows what comes under an id that the same caller reversed before. @param nameOfId of what the body names it by */
  async disowned(path: string, body: Body, nameOfId = 'transferId'): Promise<Body> {
    const [reversalId, transferId] = [this.#stage.id(), this.#stage.id()]
    const reversed = await this.#signer?.post('/v1/reversals', { reversalId, transferId, reason: 'No answer came' })
    expect(reversed?.body).toMatchObject({ state: 'reversed_before_arrival' })
    return this.post('The id was reversed before it came', path, { ...body, [nameOfId]: transferId }, 409)
  }
}

/** A P-256 signature is another one each time (FIPS 186-5 §6.3): those in requests are checked by the ledger only. */
function withoutSignatures(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSignatures)
  if (typeof value === 'string') return value.startsWith('TOLEM1') ? 'a receipt’s signed code' : value
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === 'signature' || name === 'proof' ? 'a signature' : withoutSignatures(member),
    ]),
  )
}

/** Beyond what an account of the lowest tier may pay at once. */
export const aboveLowest = (limitsOf.anonymous.single + 1n).toString()

/**
 * While a person's account holds more than its tier may, and may pay little at once. Money is asked for before limits,
 * so it has some.
 */
export async function whileLimited(stage: Stage, accountId: string, act: () => Promise<unknown>): Promise<void> {
  const { demo } = stage
  const held = await balanceOf(demo, accountId)
  const amount = (limitsOf.anonymous.balance + 1n).toString()
  const wages = { transferId: stage.id(), payer: 'almaly-education', payee: accountId, amount, purpose: 'Wages' }
  if (held <= limitsOf.anonymous.balance) await demo.role('agency').post('/v1/payments/legal-entity-individual', wages)
  const tier = (to: Tier) =>
    demo
      .role('bank')
      .post('/v1/individual-tiers', { changeId: stage.id(), accountId, tier: to, acknowledgesExcess: true })
  await tier('anonymous')
  await act()
  await tier('full')
}
