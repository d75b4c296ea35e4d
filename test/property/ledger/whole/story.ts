/** Plays a story to the ledger and to the model, and compares what both say and hold after each step. */
import { expect } from 'vitest'
import { toJson } from '../../../../src/sync/protocol/canonical.ts'
import { signTagged } from '../../../../src/sync/protocol/keys.ts'
import { type TestCard, type TestSigner, type TestTill } from '../../../integration/ledger/demo-ledger.ts'
import { Baskets } from './baskets.ts'
import { modelOf } from './beginning.ts'
import { ask, askInBatch, changeKey } from './door.ts'
import { exportAll, isNotHeard, showHead, type Asking } from './exports.ts'
import { compare } from './rows.ts'
import { goneRequest, type GoneStep } from './gone-requests.ts'
import { isGone } from './gone-state.ts'
import { newestCard } from './holders.ts'
import { openingIn } from './households.ts'
import { print } from './journals.ts'
import { learnCode } from './people.ts'
import type { Act } from './acts.ts'
import { pick } from './pick.ts'
import { requestOf, type Request, type Step } from './requests.ts'
import { ruleBody } from './rule-requests.ts'
import { poolsIn, poolsOf, SoldFromPools } from './till-pools.ts'
import { learnLease } from './leases.ts'
import { slotsIn, slotsOf } from './leased-slots.ts'
import { meet, need, refused, type Asked, type Verdict, type Whole } from './state.ts'
import {
  itemOf,
  presentmentOf,
  qrTerms,
  sell,
  type Item,
  type Sale_,
  type Selling,
  type TillStep,
  isAsked,
} from './till.ts'
import { askForQr, authorisation, fetchPackage, inquiry } from './tills.ts'
import { judgeFreed } from './vouchers.ts'
import { holders, owners, roleOf, tillIds, type WholeWorld } from './world.ts'

/** Amounts as they stand on the wire. */
const wire = (verdict: unknown): Record<string, unknown> => JSON.parse(toJson(verdict)) as Record<string, unknown>

type Sent =
  | { readonly kind: 'role'; readonly request: Request }
  | { readonly kind: 'item'; readonly till: TestTill; readonly item: Item }

export class Story {
  readonly world: WholeWorld
  readonly whole: Whole
  readonly #codes = new Map<string, string[]>()
  readonly #former: Sent[] = []
  readonly #waiting = new Map<string, Item[]>()
  readonly #sales: { readonly till: TestTill; readonly sale: Sale_ }[] = []
  readonly #soldFromPools = new SoldFromPools()
  readonly #baskets = new Baskets()
  readonly #formerKeys = new Map<string, TestSigner>()
  /** Paths that were asked, and what came of it. */
  readonly heard: Map<string, number>
  readonly trace: string[] = []
  #keyCount = 0

  private constructor(world: WholeWorld, whole: Whole, heard: Map<string, number>) {
    this.world = world
    this.whole = whole
    this.heard = heard
  }

  /** With its rules written and in force, each till with a package, and money in both schemes. */
  static async begin(world: WholeWorld, heard: Map<string, number>): Promise<Story> {
    const story = new Story(world, await modelOf(world), heard)
    for (const [ruleId, by] of Object.entries({
      vat: 'tax-authority',
      'cash-a': 'bank-a',
      'cash-b': 'bank-b',
    } as const))
      await story.#send({ by, path: '/v1/rules', body: ruleBody(ruleId as 'vat', 1, 0) })
    const few: Omit<Step, 'kind'> = { who: 0, whom: 0, which: 6, size: 'small', stray: 9 }
    for (const [kind, who, whom, which] of [
      ['assign', 0, 0, 6],
      ['assign', 1, 0, 6],
      ['assign', 1, 1, 6],
      ['assign', 2, 0, 6],
      ['assign', 2, 1, 6],
      ['fund', 0, 0, 4],
      ['fund', 1, 0, 4],
      ['policy', 0, 0, 9],
      ['policy', 1, 1, 5],
    ] as const)
      await story.play({ act: 'ask', each: { ...few, kind, who, whom, which } })
    for (const [kind, whom, which] of [
      ['fund', 0, 4],
      ['policy', 0, 13],
      ['policy', 1, 5],
    ] as const)
      await story.play({ act: 'ask', each: { ...few, kind, whom, which, scheme: 'meals' } })
    for (const who of [0, 1]) await story.play({ act: 'till', each: { ...few, kind: 'fetch', who, size: 'small' } })
    return story
  }

  async play(of: Act): Promise<void> {
    this.world.clock.now += 1
    this.whole.now = this.world.clock.now
    await this.#act(of)
    await this.#learn()
    await compare(this.world, this.whole)
  }

  async #act(of: Act): Promise<void> {
    switch (of.act) {
      case 'ask': {
        const request = requestOf(this.#telling(), of.each)
        return request === undefined ? undefined : this.#send(request)
      }
      case 'till':
        return this.#atTill(of.each)
      case 'wait':
        this.world.clock.now += of.ms
        this.whole.now = this.world.clock.now
        return undefined
      case 'again':
        return this.#again(of.which, of.changed)
      case 'key':
        return this.#changeKey(of.who, of.grace, of.again)
      case 'batch':
        return this.#batch(of.steps)
      case 'gone':
        return this.#aboutGone(of.each)
      default:
        return of satisfies never
    }
  }

  async #aboutGone(each: GoneStep): Promise<void> {
    const till = need(this.world.tills, pick(tillIds, each.who))
    if (each.kind === 'head') return showHead(this.#asking, till)
    if (each.kind === 'export') return exportAll(this.#asking, till, this.#waiting.get(till.terminalId) ?? [], each)
    const request = goneRequest(this.whole, each)
    return request === undefined ? undefined : this.#send(request)
  }

  get #asking(): Asking {
    const { world, whole } = this
    const note: Asking['note'] = (what, path, expected) => this.#note(what, path, expected)
    return { world, whole, note, same: (actual, expected) => this.#same(actual, expected) }
  }

  #telling() {
    const { whole, world } = this
    return {
      whole,
      codes: this.#codes,
      id: ({ stray, which }: Pick<Step, 'stray' | 'which'>) => this.#id(stray, which, world.id()),
    }
  }

  /** Now and then one that something else has used, or that was disowned. */
  #id(stray: number, which: number, fresh: string, isTill = false): string {
    if (stray < 4 || stray > 6) return fresh
    const { ids, tenders, refunds, requestPayments } = this.whole
    const gone = [...ids].filter(([, { kind }]) => kind === 'disowned').map(([id]) => id)
    const tombs = [...tenders].filter(([, { isTombstone }]) => isTombstone).map(([id]) => id)
    const used =
      stray === 4 ? (isTill ? tombs : gone) : [ids, tenders, refunds, requestPayments].flatMap((map) => [...map.keys()])
    return used[which % Math.max(1, used.length)] ?? fresh
  }

  /** @param former whether the key before the present one signs, where there is one */
  #signer(by: string, former = false): TestSigner {
    return (former ? this.#formerKeys.get(by) : undefined) ?? this.world.as(by)
  }

  #asked({ by, body }: Request, key: TestSigner): Asked {
    return { by, role: roleOf(by), key: key.key.keyId, body }
  }

  async #send(request: Request, former = false): Promise<void> {
    const signer = this.#signer(request.by, former)
    const { path, body } = request
    const expected = ask(this.whole, path, this.#asked(request, signer))
    this.#former.push({ kind: 'role', request })
    this.#note(`${request.by} ${path} ${toJson(body)}`, path, expected)
    const answer = await signer.post(path, body)
    this.#same(answer.body, expected)
    this.#learnCode(request, answer.body)
  }

  /** The text of a new code is the ledger's chance. */
  #learnCode({ path, body }: Request, answer: Record<string, unknown>): void {
    const { text } = answer
    if (path !== '/v1/receive-codes' || typeof text !== 'string') return
    const account = String(body['accountId'])
    const known = this.#codes.get(account) ?? []
    if (known.includes(text)) return
    this.#codes.set(account, [...known, text])
    learnCode(this.whole, account, text)
  }

  #note(what: string, path: string, expected: Verdict): void {
    this.trace.push(`${this.whole.now} ${what} → ${toJson(expected)}`)
    const said = expected['code'] ?? expected['state'] ?? expected['kind'] ?? expected['arrival'] ?? 'done'
    for (const name of [path, `${path}: ${String(said)}`, String(said)])
      this.heard.set(name, (this.heard.get(name) ?? 0) + 1)
  }

  #same(actual: unknown, expected: Verdict): void {
    expect(actual).toMatchObject(wire(expected))
    if (!('code' in expected)) expect((actual as Record<string, unknown>)['code']).toBe(undefined)
  }

  /** The same again: as it was, with another amount, by the former key if there is one; the last, by somebody else. */
  async #again(which: number, changed: number): Promise<void> {
    const sent = this.#former.at(-1 - (which % Math.min(25, Math.max(1, this.#former.length))))
    const last = this.#former.at(-1)
    if (changed === 3 && last?.kind === 'role') {
      meet(this.whole, 'again, by anybody')
      return this.#send({ ...last.request, by: pick(owners, which) })
    }
    if (sent === undefined) return undefined
    if (sent.kind === 'item') return this.#handOver(sent.till, [sent.item])
    const { request } = sent
    const { amount } = request.body
    const isOther = changed === 1 && typeof amount === 'bigint'
    const body = isOther ? { ...request.body, amount: amount + 1n } : request.body
    meet(this.whole, isOther ? 'again with other terms' : 'again')
    return this.#send({ ...request, body }, changed === 2)
  }

  async #changeKey(who: number, seconds: number, again: boolean): Promise<void> {
    const by = pick(owners, who)
    const former = this.world.as(by)
    const next = this.world.signer(`${by}/${(this.#keyCount += 1)}`)
    const proved = {
      role: roleOf(by),
      owner: by,
      formerKey: former.key.keyId,
      nextKey: next.key.jwk,
      formerEndsAfterSeconds: seconds,
    }
    const { role: _role, owner: _owner, ...wanted } = proved
    const body = { ...wanted, proof: signTagged(next.key, 'tolem/role-key/1', proved) }
    const path = '/v1/role-keys'
    const once = async (signer: TestSigner): Promise<Verdict> => {
      const { heardUntil } = need(this.whole.keys, signer.key.keyId)
      const isHeard = heardUntil === null || heardUntil >= this.whole.now
      const asked = { by, role: roleOf(by), key: signer.key.keyId, body }
      const expected = isHeard ? changeKey(this.whole, asked, next.key.keyId) : refused('key_unknown')
      this.#note(`${by} ${path}`, path, expected)
      this.#same((await signer.post(path, body)).body, expected)
      return expected
    }
    const answer = await once(former)
    if ('code' in answer) return
    meet(this.whole, 'a role changes its key')
    this.#formerKeys.set(by, former)
    this.world.replace(by, next)
    if (again) await once(next)
  }

  /** Of one who asks for all of it, in the order given. */
  async #batch(steps: readonly Step[]): Promise<void> {
    const wanted: Request[] = []
    for (const each of steps) {
      for (const turn of [0, 1, 2, 3]) {
        const turned = { ...each, who: each.who + turn, which: each.which + turn, stray: Math.max(each.stray, 3) }
        const request = requestOf(this.#telling(), turned)
        if (request === undefined || (wanted[0] !== undefined && request.by !== wanted[0].by)) continue
        if (!wanted.some(({ path }) => path === '/v1/rules' && path === request.path)) wanted.push(request)
        break
      }
    }
    const [first] = wanted
    if (first === undefined) return
    const again = wanted[steps.length % wanted.length]
    // One of them twice.
    const items = again === undefined || steps.length % 3 > 0 ? wanted : [...wanted, again]
    const signer = this.world.as(first.by)
    if (need(this.whole.keys, signer.key.keyId).heardUntil !== null) return
    const expected = items.map((request) => {
      const answer = askInBatch(this.whole, request.path, this.#asked(request, signer))
      this.#note(`${request.by} in a batch ${request.path} ${toJson(request.body)}`, request.path, answer)
      this.#former.push({ kind: 'role', request })
      return answer
    })
    this.heard.set('/v1/batches', (this.heard.get('/v1/batches') ?? 0) + 1)
    this.#meetInBatch(items, expected)
    const { body } = await signer.post('/v1/batches', {
      items: items.map((request) => ({ method: 'POST', path: request.path, body: request.body })),
    })
    const results = body['results'] as { readonly body: Record<string, unknown> }[]
    for (const [index, request] of items.entries()) {
      this.#same(results[index]?.body, expected[index] ?? {})
      this.#learnCode(request, results[index]?.body ?? {})
    }
  }

  #meetInBatch(items: readonly Request[], answers: readonly Verdict[]): void {
    const did = (part: string): number =>
      items.findIndex(({ path }, index) => path.includes(part) && !('code' in (answers[index] ?? {})))
    const redeems = did('dt-to-non-cash/bank')
    const pays = items.findLastIndex(
      ({ path }, index) => path.endsWith('individual-merchant') && !('code' in (answers[index] ?? {})),
    )
    if (redeems >= 0 && pays > redeems) meet(this.whole, 'a bank spends what its cashback is paid from, within a batch')
    if (items.length > 3) meet(this.whole, 'a batch of four or more')
  }

  async #atTill(each: TillStep): Promise<void> {
    const till = this.world.tills.get(pick(tillIds, each.who))
    if (till === undefined) throw new Error('no till')
    const { whole } = this
    if (isGone(whole, till.terminalId) && isAsked(each.kind)) return isNotHeard(this.#asking, till)
    const id = ({ stray, which }: Pick<TillStep, 'stray' | 'which'>) => this.#id(stray, which, till.id(), true)
    const selling: Selling = { whole, till, id, baskets: this.#baskets }
    switch (each.kind) {
      case 'fetch':
        return this.#fetch(till)
      case 'sell':
      case 'sell_online': {
        // The third card comes more seldom, for it has one scheme only.
        const index = each.whom % 7 === 6 ? 2 : each.whom % 2
        till.soldFromPool = this.#soldFromPools.saidBy(till, each)
        const sale = sell(selling, each, this.#cardOf(index, each), index)
        if (sale === undefined) return undefined
        this.#sales.push({ till, sale })
        this.#baskets.sold(till.terminalId, sale.decided.evidence.record.input.sale)
        if (each.kind === 'sell') return this.#queue(till, presentmentOf(till, sale, each), each)
        return this.#authorise(till, sale, each)
      }
      case 'ask_qr': {
        const terms = qrTerms(selling, each)
        const path = '/v1/terminal/payment-requests'
        const expected = askForQr(whole, till.terminalId, terms)
        this.#note(`${till.terminalId} ${path} ${toJson(terms)}`, path, expected)
        return this.#same((await till.post(path, { terms })).body, expected)
      }
      case 'inquire': {
        const [tenderId] = [...whole.tenders.keys()].slice(-1 - (each.whom % 5))
        if (tenderId === undefined) return undefined
        const path = '/v1/terminal/inquiries'
        const expected = inquiry(whole, till.terminalId, tenderId)
        this.#note(`${till.terminalId} ${path} ${tenderId}`, path, expected)
        return this.#same((await till.post(path, { tenderId })).body, expected)
      }
      case 'hand_over':
        return this.#handOver(till, [], each.which % 4 === 0, each.size === 'single')
      default: {
        const item = itemOf(selling, each)
        return item === undefined ? undefined : this.#queue(till, item, each)
      }
    }
  }

  /** The newest of the holder, or now and then the first. */
  #cardOf(index: number, { stray }: TillStep): TestCard {
    const first = pick(this.world.cards, index)
    return stray === 8 ? first : this.world.card(newestCard(this.whole, pick(holders, index)))
  }

  async #fetch(till: TestTill): Promise<void> {
    const path = '/v1/terminal/packages'
    const expected = fetchPackage(this.whole, till.terminalId)
    judgeFreed(this.whole)
    this.#note(`${till.terminalId} ${path}`, path, expected)
    if ('code' in expected) return this.#same((await till.post(path, { haveVersion: 0 })).body, expected)
    const fetched = await till.fetch()
    const { leases } = fetched
    this.#soldFromPools.fetched(till)
    expect(poolsIn(leases)).toEqual(poolsOf(this.whole, till.terminalId))
    expect(slotsIn(fetched, this.whole.now)).toEqual(slotsOf(this.whole, till.terminalId, fetched))
    const opening = leases
      .flatMap(({ slots }) => slots)
      .map(
        ({ slot, cards }) =>
          `${slot.slotId}: ${cards
            .map(({ card }) => card)
            .toSorted()
            .join(' ')}`,
      )
    expect(opening.toSorted()).toEqual(openingIn(this.whole, till.terminalId))
  }

  async #authorise(till: TestTill, sale: Sale_, each: TillStep): Promise<void> {
    const path = '/v1/terminal/authorisations'
    const { terms, evidence } = sale.decided
    const expected = authorisation(this.whole, till.terminalId, sale.sold)
    judgeFreed(this.whole)
    this.#note(`${till.terminalId} ${path} ${toJson(terms)}`, path, expected)
    const { body } = await till.post(path, { terms, evidence })
    this.#same('code' in expected ? body : body['result'], expected)
    if (!('code' in expected)) print(this.whole, till, sale, null)
    const hasLease = this.whole.leases.has(sale.sold.leaseId)
    // Its answer was lost, or was a refusal that nobody heard: the goods are given under the till's own slot.
    if (hasLease && each.size !== 'one') this.#waitFor(till, presentmentOf(till, sale, each))
  }

  /** At once, or with the next that is handed over. */
  async #queue(till: TestTill, item: Item, { whom }: TillStep): Promise<void> {
    this.#waitFor(till, item)
    if (whom % 3 === 0) await this.#handOver(till, [])
  }

  #waitFor(till: TestTill, item: Item): void {
    this.#soldFromPools.count(till, item)
    if (item.sale !== undefined) print(this.whole, till, item.sale, item.sale.decided.leaseId)
    this.#waiting.set(till.terminalId, [...(this.#waiting.get(till.terminalId) ?? []), item])
  }

  /** @param isLast only the last of what waits: any cut gives the same */
  async #handOver(till: TestTill, again: readonly Item[], isTurned = false, isLast = false): Promise<void> {
    if (isGone(this.whole, till.terminalId)) return isNotHeard(this.#asking, till)
    const waiting = this.#waiting.get(till.terminalId) ?? []
    const own = isLast ? waiting.slice(-1) : waiting
    // The network keeps no order, and none is needed.
    const items = [...(isTurned ? own.toReversed() : own), ...again]
    if (isTurned && own.length > 1) meet(this.whole, 'items are handed over in another order')
    this.#waiting.set(till.terminalId, waiting.slice(0, waiting.length - own.length))
    if (items.length === 0) return
    const path = '/v1/terminal/batches'
    const expected = items.map((item) => {
      const answer = item.answer(this.whole)
      judgeFreed(this.whole)
      this.#note(`${till.terminalId} ${item.item.kind} ${toJson(shortOf(item))}`, `${path} ${item.item.kind}`, answer)
      this.#former.push({ kind: 'item', till, item })
      return answer
    })
    this.heard.set(path, (this.heard.get(path) ?? 0) + 1)
    const { body } = await till.post(path, { items: items.map(({ item }) => item) })
    const results = body['results'] as { readonly result: Record<string, unknown> }[] | undefined
    if (results === undefined) throw new Error(JSON.stringify(body))
    for (const [index, answer] of expected.entries()) this.#same(results[index]?.result, answer)
    this.#soldFromPools.answered(till, items, expected)
  }

  /** Names that the ledger gives: of leases, of discrepancies. */
  async #learn(): Promise<void> {
    const { whole, world } = this
    if ([...whole.leases.keys()].some((name) => name.startsWith('new-'))) {
      const slots = await world.rows('lease_slot')
      for (const row of await world.rows('lease')) {
        const leaseId = String(row['lease_id'])
        const own = slots.filter((slot) => slot['lease_id'] === leaseId).map((slot) => String(slot['slot_id']))
        if (!whole.leases.has(leaseId)) learnLease(whole, leaseId, own)
      }
    }
    const rows = await world.rows('discrepancy')
    const filed = ({ till, tender, code, owner, amount, agency }: Whole['discrepancies'][number]): string =>
      [till, tender, code, owner, amount, agency].join()
    const isKnown = (id: unknown): boolean => whole.discrepancies.some((one) => one.id === id)
    for (const row of rows) {
      const names = ['terminal_id', 'tender_id', 'code', 'owner', 'amount', 'agency_id']
      const text = names.map((name) => row[name]).join()
      const one = whole.discrepancies.find((each) => each.id === '' && filed(each) === text)
      if (!isKnown(row['discrepancy_id']) && one !== undefined) one.id = String(row['discrepancy_id'])
    }
    expect(rows.map((row) => row['discrepancy_id']).toSorted()).toEqual(
      whole.discrepancies.map(({ id }) => id).toSorted(),
    )
  }
}

function shortOf({ item }: Item): object {
  if (item.kind !== 'presentment') return item
  const { terms, leaseId, position } = item
  return { terms, leaseId, position }
}
