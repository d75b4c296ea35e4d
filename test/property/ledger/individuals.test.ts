/**
 * Whatever people of all tiers pay each other and at a till (to the tiyn of a limit and one above it, held, captured,
 * given back, with their tiers changed and money coming in), over hours and months, the ledger says and moves what a
 * model of a few lines says and moves (docs/design/18-platform-api.md, "Individuals").
 *
 * Method: random stories against a real ledger, people of their own for each. The model knows the table of limits and
 * nothing else of the ledger: it keeps lists of what went out and what is set aside, and counts them each time. After
 * each step the answer is held against the model's, word by word for a limit; after each story every balance; the audit
 * looks at the end. `TOLEM_SEED` repeats a run; fast-check makes a failing story as small as it can.
 */
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { limitsOf, tiers, type Tier } from '../../../ledger-sim/individuals/tiers.ts'
import {
  balanceOf,
  dayMs,
  hourMs,
  temporaryFolder,
  type TestSigner,
  type TestTill,
} from '../../integration/ledger/demo-ledger.ts'
import { ask, capture, openForMs, termsOf, Wallet } from '../../integration/ledger/payment-by-qr.ts'
import { peopleWorld, type PeopleWorld } from '../../integration/ledger/people.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? Date.now() % 2 ** 31)
const holdMs = openForMs + 14 * dayMs
const waits = [1, hourMs, dayMs - 1, dayMs, dayMs + 1, 3 * dayMs, 30 * dayMs - 1, 30 * dayMs]
const sizes = ['one', 'half', 'single', 'above', 'room', 'more'] as const
const kinds = { transfer: 40, hold: 14, capture: 12, release: 8, fund: 10, tier: 5, wait: 16 } as const
type Kind = keyof typeof kinds

const step = fc.record({
  kind: fc.oneof(...Object.entries(kinds).map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind as Kind) }))),
  who: fc.nat(3),
  whom: fc.nat(3),
  size: fc.constantFrom(...sizes),
  tier: fc.constantFrom(...tiers),
  wait: fc.constantFrom(...waits),
  which: fc.nat(9),
})
type Step = Parameters<Parameters<typeof step.map>[0]>[0]
const stories = fc.noBias(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }))

interface Held {
  readonly tenderId: string
  readonly amount: bigint
  readonly until: number
  state: 'held' | 'taken' | 'over'
}

/** A person as the model sees one. */
interface Modelled {
  readonly account: string
  tier: Tier
  balance: bigint
  readonly out: { readonly at: number; readonly amount: bigint }[]
  readonly holds: Held[]
}

interface Living extends Modelled {
  readonly signer: TestSigner
  readonly qr: unknown
}

/** What chance seldom comes to: a month's limit, met to the tiyn, and a payee who may hold no more. */
const seldom: [Tier[], Step[]] = [
  ['simplified', 'simplified', 'simplified', 'simplified'],
  [1, 1, 1, 3, 3]
    .flatMap((payee) =>
      told(
        ['fund'],
        ['transfer', 0, payee],
        ['transfer', 0, payee === 3 ? 3 : 2],
        ['transfer', 0, payee, 'one'],
        ['wait'],
      ),
    )
    .concat(
      told(['transfer', 0, 3, 'one'], ['hold', 0, 0, 'one']),
      // Five days are over; until thirty are, to the millisecond.
      waiting(8, 3 * dayMs),
      waiting(1, dayMs - 1),
      told(['transfer', 0, 3, 'one']),
      waiting(1, 1),
      told(['transfer', 0, 3, 'one']),
      told(['fund', 1], ['transfer', 2, 1]),
      told(['hold', 3], ['hold', 3], ['hold', 3, 0, 'one'], ['capture', 3], ['release', 3], ['hold', 3, 0, 'one']),
    ),
]

function waiting(times: number, wait: number): Step[] {
  return Array.from({ length: times }, () => told(['wait'])).flatMap((steps) => steps.map((one) => ({ ...one, wait })))
}

function told(...steps: readonly (readonly [Kind, who?: number, whom?: number, size?: Step['size']])[]): Step[] {
  return steps.map(([kind, who = 0, whom = 0, size = 'single']) => {
    return { kind, who, whom, size, tier: 'simplified', wait: dayMs, which: 0 }
  })
}

/** What the ledger said, over all stories: a limit that never binds was not tried. */
const heard = new Set<string>()
const toBeHeard = [
  ...['created', 'held', 'insufficient_funds', 'not_found', 'rule_violated', 'settled', 'payee limit'],
  ...['person_to_person', 'single', 'daily', 'monthly'].map((limit) => `limit ${limit}`),
]

const unheard = (): readonly string[] => toBeHeard.filter((one) => !heard.has(one))
const roundsMost = 6

function hear(code: unknown, detail: unknown): void {
  const [, limit] = /^(limit \w+) of tier/.exec(String(detail)) ?? []
  heard.add(limit ?? (code === 'limit_exceeded' ? 'payee limit' : String(code)))
}

const sum = (amounts: readonly bigint[]) => amounts.reduce((total, amount) => total + amount, 0n)

function aside(person: Modelled, now: number): bigint {
  return sum(person.holds.filter(({ state, until }) => state === 'held' && until > now).map(({ amount }) => amount))
}

function room(person: Modelled, now: number): { readonly day: bigint; readonly month: bigint } {
  const since = (time: number) => sum(person.out.filter(({ at }) => at > now - time).map(({ amount }) => amount))
  const { daily, monthly } = limitsOf[person.tier]
  const left = (max: bigint, time: number) => max - since(time) - aside(person, now)
  return { day: left(daily, dayMs), month: left(monthly, 30 * dayMs) }
}

/** What the ledger has to say to a payer, or undefined. */
function whyNotOut(person: Modelled, amount: bigint, now: number): string | undefined {
  const { single, daily, monthly } = limitsOf[person.tier]
  const { day, month } = room(person, now)
  const limit = (name: string, max: bigint, left: bigint) =>
    `limit ${name} of tier ${person.tier}: at most ${max} tiyn, ${left > 0n ? left : 0n} tiyn left`
  if (amount > single) return limit('single', single, single)
  if (amount > day) return limit('daily', daily, day)
  if (amount > month) return limit('monthly', monthly, month)
  return undefined
}

function amountOf(person: Modelled, size: Step['size'], now: number): bigint {
  const { single } = limitsOf[person.tier]
  const { day, month } = room(person, now)
  const left = [day, month, single].reduce((least, most) => (most < least ? most : least))
  const amounts = { one: 1n, half: single / 2n, single, above: single + 1n, room: left, more: left + 1n }
  return amounts[size] > 0n ? amounts[size] : 1n
}

async function transfer(world: PeopleWorld, payer: Living, payee: Living, amount: bigint): Promise<void> {
  const { now } = world.demo.clock
  const wanted = {
    transferId: world.id(),
    payer: payer.account,
    to: { kind: 'qr', text: payee.qr },
    amount: amount.toString(),
    purpose: '',
    shows: 'nothing',
  }
  const expected = (() => {
    if (payer.balance - aside(payer, now) < amount) return ['insufficient_funds', `${payer.account} has too little`]
    if (!limitsOf[payer.tier].personToPerson) {
      return ['limit_exceeded', `limit person_to_person of tier ${payer.tier}: at most 0 tiyn, 0 tiyn left`]
    }
    const limit = whyNotOut(payer, amount, now)
    if (limit !== undefined) return ['limit_exceeded', limit]
    if (!limitsOf[payee.tier].personToPerson) return ['not_found', 'nobody can be paid there']
    if (payee === payer) return ['rule_violated', 'payer and payee are the same account']
    if (payee.balance + amount > limitsOf[payee.tier].balance) {
      return ['limit_exceeded', 'the payee’s account cannot take this amount']
    }
    return undefined
  })()
  const { body } = await payer.signer.post('/v1/transfers/individual-individual', wanted)
  expect([body['code'], body['detail'], body['arrival']]).toEqual(
    expected === undefined ? [undefined, undefined, 'created'] : [...expected, undefined],
  )
  hear(body['code'] ?? body['arrival'], body['detail'])
  if (expected !== undefined) return
  payer.balance -= amount
  payee.balance += amount
  payer.out.push({ at: now, amount })
}

async function hold(world: PeopleWorld, till: TestTill, payer: Living, amount: bigint): Promise<void> {
  const { now } = world.demo.clock
  const terms = termsOf(till, amount)
  expect(await ask(till, terms)).toBe('open')
  const said = await new Wallet(payer.signer, payer.account).pay(world.id(), terms.tenderId)
  const limit = whyNotOut(payer, amount, now)
  const isShort = payer.balance - aside(payer, now) < amount
  expect([said['code'] ?? said['state'], said['detail']]).toEqual(
    isShort
      ? ['insufficient_funds', `${payer.account} has too little`]
      : limit === undefined
        ? ['held', undefined]
        : ['limit_exceeded', limit],
  )
  hear(said['code'] ?? said['state'], said['detail'])
  if (said['state'] !== 'held') return
  payer.holds.push({ tenderId: terms.tenderId, amount, until: now + holdMs, state: 'held' })
}

async function resolve(
  world: PeopleWorld,
  till: TestTill,
  payer: Living,
  taken: boolean,
  which: number,
): Promise<void> {
  const { now } = world.demo.clock
  const candidates = payer.holds.filter(({ state }) => state === 'held' || (!taken && state === 'taken'))
  const held = candidates[which % Math.max(candidates.length, 1)]
  if (held === undefined) return
  const { amount, tenderId } = held
  if (!taken) {
    await till.reverse(tenderId)
    // What was taken comes back, and was out all the same.
    if (held.state === 'taken') payer.balance += amount
    held.state = 'over'
    return
  }
  const { state } = await capture(till, tenderId)
  const inTime = held.until > now
  expect(state).toBe(inTime ? 'settled' : 'not_paid')
  hear(state, undefined)
  held.state = inTime ? 'taken' : 'over'
  if (!inTime) return
  payer.balance -= amount
  payer.out.push({ at: now, amount })
}

test('people pay each other and a till as the model says, limit by limit', { timeout: 120_000 }, async () => {
  console.info(`individuals: TOLEM_SEED=${seed}`)
  const folder = temporaryFolder()
  const path = join(folder.path, 'ledger.db')
  const world = await peopleWorld({ path })
  const till = await world.demo.till('till-1')
  let count = 0

  async function born(tier: Tier): Promise<Living> {
    const account = `person-${(count += 1)}`
    const signer = await world.person(account, tier)
    const { body } = await signer.post('/v1/receive-codes', { codeId: world.id(), accountId: account })
    return { account, signer, qr: body['text'], tier, balance: 0n, out: [], holds: [] }
  }

  async function play(people: readonly Living[], { kind, who, whom, size, tier, wait, which }: Step): Promise<void> {
    const [person, other] = [people[who], people[whom]]
    if (person === undefined || other === undefined) throw new Error('no such person')
    const { clock } = world.demo
    const amount = amountOf(person, size, clock.now)
    switch (kind) {
      case 'transfer':
        return transfer(world, person, other, amount)
      case 'hold':
        return hold(world, till, person, amount)
      case 'capture':
        return resolve(world, till, person, true, which)
      case 'release':
        return resolve(world, till, person, false, which)
      case 'fund': {
        const { single } = limitsOf[person.tier]
        await world.fund(person.account, single * 2n)
        person.balance += single * 2n
        return
      }
      case 'tier': {
        const change = { changeId: world.id(), accountId: person.account, tier, acknowledgesExcess: true }
        const above = person.balance - limitsOf[tier].balance
        const excess = (above > 0n ? above : 0n).toString()
        expect((await world.bank.post('/v1/individual-tiers', change)).body).toMatchObject({
          former: person.tier,
          excess,
        })
        person.tier = tier
        return
      }
      case 'wait':
        clock.now += wait
        return
      default:
        return kind satisfies never
    }
  }

  try {
    // Chance may leave an answer out: then as many stories more are played, a few times.
    for (let round = 0; round === 0 || (round < roundsMost && unheard().length > 0); round += 1)
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.constantFrom(...tiers), { minLength: 4, maxLength: 4 }),
          stories,
          async (who, story) => {
            const people: Living[] = []
            for (const tier of who) people.push(await born(tier))
            for (const person of people.slice(0, 3)) {
              const start = limitsOf[person.tier].single * 3n
              await world.fund(person.account, start)
              person.balance += start
            }
            for (const one of story) await play(people, one)
            for (const { account, balance } of people) expect(await balanceOf(world.demo, account)).toBe(balance)
          },
        ),
        { seed: seed + round, numRuns: 8, examples: [seldom], interruptAfterTimeLimit: 90_000 },
      )
    const report = auditFile(path)
    expect(report?.text).toMatch(/^balanced/)
    expect(unheard()).toEqual([])
  } finally {
    await world.demo.close()
    folder.remove()
  }
})
