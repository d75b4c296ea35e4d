/** Accounts of people: opening, tiers, numbers, what they pay each other, what is watched (docs/design/18). */
import { cannotTake, limitsOf, whyNotIn, whyNotOut } from './limits.ts'
import {
  actsFor,
  available,
  dayMs,
  hourMs,
  meet,
  most,
  mustMove,
  need,
  once,
  refused,
  spend,
  sum,
  tooLittle,
  type Alert,
  type Asked,
  type Tier,
  type Verdict,
  type Watched,
  type Whole,
} from './state.ts'

interface Opening extends Asked {
  readonly body: {
    readonly accountId: string
    readonly owner: string
    readonly name: string
    readonly kind?: 'legal-entity' | 'agency' | 'merchant'
    readonly tier?: Tier
  }
}

const platformNames = /^(scheme|escrow|review|central-bank|non-cash|cash)\.|\.(reserve|non-cash|cash)$|\.client\./

/** At the bank that opens it. Its name is its id, so the same again is the same. */
export function open(whole: Whole, { by, body }: Opening): Verdict {
  const { accountId, owner, name, kind = 'individual', tier = 'full' } = body
  if (platformNames.test(accountId)) return refused('rule_violated')
  const isElsewhere = [...whole.accounts.values()].some(
    (account) => account.kind === 'agency' && account.owner === owner && account.bank !== by,
  )
  if (kind === 'agency' && isElsewhere) return refused('rule_violated')
  const known = whole.accounts.get(accountId)
  if (known === undefined) {
    whole.accounts.set(accountId, { kind, owner, bank: by, name, balance: 0n })
    if (kind === 'individual') whole.people.set(accountId, { tier, openedAs: tier, spent: [], code: null })
    return { accountId, arrival: 'created' }
  }
  const isSame = known.kind === kind && known.owner === owner && known.bank === by && known.name === name
  const isOfTier = kind !== 'individual' || whole.people.get(accountId)?.openedAs === tier
  return isSame && isOfTier ? { accountId, arrival: 'exists' } : refused('exists_with_different_terms')
}

interface TierChange extends Asked {
  readonly body: {
    readonly changeId: string
    readonly accountId: string
    readonly tier: Tier
    readonly acknowledgesExcess: boolean
  }
}

export function changeTier(whole: Whole, asked: TierChange): Verdict {
  const { changeId, accountId, tier, acknowledgesExcess } = asked.body
  return once(whole, asked, 'individual-tier', changeId, () => {
    if (!actsFor(whole, asked, accountId)) return refused('not_found')
    const person = need(whole.people, accountId)
    const excess = most(need(whole.accounts, accountId).balance - limitsOf[tier].balance, 0n)
    if (excess > 0n && !acknowledgesExcess) return refused('limit_exceeded')
    if (excess > 0n) meet(whole, 'a lower tier than what is held')
    const former = person.tier
    person.tier = tier
    return { changeId, former, tier, excess }
  })
}

/** So many questions an hour. @returns whether this one may be answered */
function mayLook(whole: Whole, { by, role }: Asked, account: string, id: string): boolean {
  if (whole.ids.has(id)) return true
  const hour = Math.floor(whole.now / hourMs)
  const count = (looker: string): number => {
    const key = `${hour} ${looker}`
    const counted = (whole.lookups.get(key) ?? 0) + 1
    whole.lookups.set(key, counted)
    return counted
  }
  const isWithin = count(account) <= 30
  return role === 'bank' ? count(by) <= 5_000 && isWithin : isWithin
}

interface Alias extends Asked {
  readonly body: { readonly accountId: string; readonly kind: string; readonly number: string } & Verdict
}

/** What a person asks for leads nowhere until the bank says the same. */
export function registerNumber(whole: Whole, asked: Alias): Verdict {
  const { accountId, kind, number } = asked.body
  const id = String(asked.body['aliasId'])
  const isOwn = actsFor(whole, asked, accountId)
  if (isOwn && !mayLook(whole, asked, accountId, id)) return refused('rate_limited')
  return once(whole, asked, 'alias', id, () => {
    if (!isOwn) return refused('not_found')
    const text = `${kind} ${number}`
    const holder = whole.numbers.get(text)
    if (holder === accountId) return { state: 'active' }
    const own = [...whole.numbers.values()].filter((each) => each === accountId).length
    const waiting = [...whole.numbersAsked.values()].filter((askers) => askers.has(accountId)).length
    if (own + waiting >= 10) return refused('rule_violated')
    const askers = whole.numbersAsked.get(text) ?? new Set()
    whole.numbersAsked.set(text, askers)
    if (asked.role === 'individual') {
      askers.add(accountId)
      return { state: 'waits_for_bank' }
    }
    if (holder !== undefined) return refused('rule_violated')
    askers.delete(accountId)
    whole.numbers.set(text, accountId)
    return { state: 'active' }
  })
}

export function releaseNumber(whole: Whole, asked: Alias): Verdict {
  const { accountId, kind, number } = asked.body
  return once(whole, asked, 'alias-release', String(asked.body['releaseId']), () => {
    const text = `${kind} ${number}`
    if (!actsFor(whole, asked, accountId)) return refused('not_found')
    const wasAsked = whole.numbersAsked.get(text)?.delete(accountId) === true
    const wasOwn = whole.numbers.get(text) === accountId
    if (wasOwn) whole.numbers.delete(text)
    return wasOwn || wasAsked ? {} : refused('not_found')
  })
}

interface Code extends Asked {
  readonly body: { readonly codeId: string; readonly accountId: string }
}

/** Its text is the ledger's chance: `whole.test.ts` tells the model (`learnCode`). */
export function newCode(whole: Whole, asked: Code): Verdict {
  return once(whole, asked, 'receive-code', asked.body.codeId, () => {
    if (!actsFor(whole, asked, asked.body.accountId)) return refused('not_found')
    need(whole.people, asked.body.accountId).code = null
    return {}
  })
}

/** The newest code is good, and no other. */
export function learnCode(whole: Whole, account: string, text: string): void {
  need(whole.people, account).code = text
}

type Payee =
  | { readonly kind: 'phone' | 'card'; readonly number: string }
  | { readonly kind: 'qr'; readonly text: string }
  | { readonly kind: 'account'; readonly accountId: string }
interface PersonPayment extends Asked {
  readonly body: {
    readonly transferId: string
    readonly payer: string
    readonly to: Payee
    readonly amount: bigint
  } & Verdict
}

/** The payer's own side comes before the question who is paid. */
export function payPersonToPerson(whole: Whole, asked: PersonPayment): Verdict {
  const { transferId, payer, to, amount } = asked.body
  if (!actsFor(whole, asked, payer)) return refused('not_found')
  if (to.kind !== 'qr' && !mayLook(whole, asked, payer, transferId)) return refused('rate_limited')
  return once(whole, asked, 'individual-transfer', transferId, () => {
    if (available(whole, payer) < amount) return tooLittle(payer)
    const tooMuch = whyNotOut(whole, payer, amount, 'person')
    if (tooMuch !== undefined) return tooMuch
    const payee = accountMeant(whole, to)
    if (payee === undefined || !limitsOf[need(whole.people, payee).tier].known)
      return refused('not_found', 'nobody can be paid there')
    if (payee === payer) return refused('rule_violated')
    if (whyNotIn(whole, payee, amount, need(whole.accounts, payer).owner) !== undefined) return cannotTake
    mustMove(whole, [payer, payee, amount])
    spend(whole, payer, amount)
    whole.watched.push({ id: transferId, maker: asked.by, from: payer, to: payee, amount, at: whole.now })
    raise(whole, payer, 'payer')
    raise(whole, payee, 'payee')
    return { transferId }
  })
}

function accountMeant(whole: Whole, to: Payee): string | undefined {
  if (to.kind === 'account') return whole.people.has(to.accountId) ? to.accountId : undefined
  if (to.kind === 'qr') return [...whole.people].find(([, { code }]) => code === to.text)?.[0]
  return whole.numbers.get(`${to.kind} ${to.number}`)
}

/** `from` and `to` are owners. */
type Seen = Watched & { readonly single: bigint }

/** Each looks at what one person did of late, without what it has named before, and names its evidence. */
const watchers: readonly {
  readonly rule: string
  readonly of: 'payer' | 'payee'
  readonly windowMs: number
  readonly find: (person: string, seen: readonly Seen[]) => readonly Seen[]
}[] = [
  {
    rule: 'just_under_limit',
    of: 'payer',
    windowMs: 7 * dayMs,
    find: (person, seen) => {
      // What an account may pay at once, by its tier now.
      const near = seen.filter(
        ({ from, amount, single }) => from === person && amount <= single && amount * 10n >= single * 9n,
      )
      return near.length >= 3 ? near : []
    },
  },
  {
    rule: 'many_payers',
    of: 'payee',
    windowMs: hourMs,
    find: (person, seen) => {
      const came = seen.filter(({ to }) => to === person)
      return new Set(came.map(({ from }) => from)).size >= 10 ? came : []
    },
  },
  {
    rule: 'pass_through',
    of: 'payer',
    windowMs: hourMs,
    find: (person, seen) => {
      const since = seen.slice(
        Math.max(
          0,
          seen.findIndex(({ to }) => to === person),
        ),
      )
      const came = sum(since.filter(({ to }) => to === person).map(({ amount }) => amount))
      const left = sum(since.filter(({ from }) => from === person).map(({ amount }) => amount))
      return came >= 50n * 432_500n && left * 10n >= came * 9n ? since : []
    },
  },
  {
    rule: 'reversal_loop',
    of: 'payer',
    windowMs: dayMs,
    find: (person, seen) => {
      const last = seen.at(-1)
      if (last === undefined) return []
      const other = (each: Watched): string => (each.from === person ? each.to : each.from)
      const loop: Seen[] = []
      for (const each of seen.filter((one) => other(one) === other(last)).toReversed()) {
        const apart = each.amount > last.amount ? each.amount - last.amount : last.amount - each.amount
        const isTurned = loop.length === 0 || loop.at(-1)?.from !== each.from
        if (!isTurned || apart * 20n > last.amount) break
        loop.push(each)
      }
      return loop.length >= 4 ? loop.toReversed() : []
    },
  },
]

/** Of each movement of others with that person: who sent and who got it. */
function raise(whole: Whole, account: string, of: 'payer' | 'payee'): void {
  const ownerOf = (one: string): string => need(whole.accounts, one).owner
  const singleOf = (one: string): bigint => limitsOf[whole.people.get(one)?.tier ?? 'full'].single
  const person = ownerOf(account)
  for (const { rule, windowMs, find, ...watcher } of watchers) {
    if (watcher.of !== of) continue
    const own = ({ rule: which, account: whose }: Alert): boolean => which === rule && ownerOf(whose) === person
    const named = new Set(whole.alerts.filter(own).flatMap(({ evidence }) => evidence))
    const seen = whole.watched
      .filter(({ id, at }) => at > whole.now - windowMs && !named.has(id))
      .map(({ from, to, ...each }) => ({ ...each, single: singleOf(from), from: ownerOf(from), to: ownerOf(to) }))
      .filter(({ from, to }) => (from === person) !== (to === person))
    const evidence = find(person, seen).map(({ id }) => id)
    if (evidence.length === 0) continue
    whole.alerts.push({ rule, account, evidence, at: whole.now })
    meet(whole, 'an alert')
    const accounts = whole.watched.filter(({ id }) => evidence.includes(id)).flatMap(({ from, to }) => [from, to])
    if (new Set(accounts.filter((one) => ownerOf(one) === person)).size > 1) meet(whole, 'an alert over two accounts')
    if (whole.watched.some(({ id, to }) => evidence.includes(id) && !whole.people.has(to)))
      meet(whole, 'an alert about what left through a bank')
  }
}
