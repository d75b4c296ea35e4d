/**
 * What the ledger has to say and to move for conversions, cash, payments, reversals and refunds, said a second time in
 * a few lines that share nothing with it (docs/design/18-platform-api.md, "Moves").
 */
const dayMs = 86_400_000

type Party = 'agency' | 'legal-entity' | 'merchant' | 'individual'
interface ModelAccount {
  readonly kind: Party | 'marked' | 'other'
  readonly owner: string
  readonly bank: string
}

/** Of a small world whose accounts have the names of their owners. */
const parties: Readonly<Record<string, ModelAccount>> = {
  education: { kind: 'agency', owner: 'education', bank: 'bank-a' },
  farm: { kind: 'legal-entity', owner: 'farm', bank: 'bank-a' },
  shop: { kind: 'merchant', owner: 'shop', bank: 'bank-b' },
  aru: { kind: 'individual', owner: 'aru', bank: 'bank-a' },
  berik: { kind: 'individual', owner: 'berik', bank: 'bank-a' },
  dana: { kind: 'individual', owner: 'dana', bank: 'bank-b' },
  'scheme.lunch': { kind: 'marked', owner: 'education', bank: 'bank-a' },
  'escrow.lease-1': { kind: 'marked', owner: 'education', bank: 'bank-a' },
}
const other: ModelAccount = { kind: 'other', owner: '', bank: '' }
const unlimited = ['central-bank.issue', 'non-cash.outside', 'cash.outside']
const entities: readonly string[] = ['agency', 'legal-entity', 'merchant']
const payments = ['payment', 'payment-to-individual', 'payment-to-government']

export type Method =
  | 'issue'
  | 'issue-return'
  | 'sell-to-individual'
  | 'sell-to-entity'
  | 'buy-from-individual'
  | 'buy-from-entity'
  | 'cash-out'
  | 'cash-in'
  | 'cash-supply'
  | 'deposit'
  | 'pay-entity'
  | 'pay-individual'
  | 'pay-out'
  | 'pay-government'
  | 'reverse'
  | 'refund'

/** Everything that a request of any of the methods may name. */
export interface Wanted {
  readonly id: string
  readonly bank: string
  readonly account: string
  readonly payee: string
  readonly amount: bigint
  /** Of a return. */
  readonly of: string
}

const roleOf = (owner: string): string => {
  if (owner === 'central-bank' || owner === 'auditor') return owner
  return owner.startsWith('bank-') ? 'bank' : (parties[owner]?.kind ?? 'nobody')
}

const mayAsk: Readonly<Record<Method, readonly string[]>> = {
  issue: ['bank'],
  'issue-return': ['bank'],
  'sell-to-individual': ['bank'],
  'sell-to-entity': ['bank'],
  'buy-from-individual': ['bank'],
  'buy-from-entity': ['bank'],
  'cash-out': ['bank'],
  'cash-in': ['bank'],
  'cash-supply': ['central-bank'],
  deposit: ['central-bank'],
  'pay-entity': entities,
  'pay-individual': entities,
  'pay-out': ['agency'],
  'pay-government': ['individual', 'bank'],
  reverse: [...entities, 'bank', 'individual', 'central-bank'],
  refund: [...entities, 'bank', 'individual'],
}

/** What one id can be used for, and what makes two requests under it the same. */
const kindOf: Readonly<Record<Method, string>> = {
  issue: 'issue',
  'issue-return': 'issue-return',
  'sell-to-individual': 'sale-of-dt',
  'sell-to-entity': 'sale-of-dt',
  'buy-from-individual': 'redemption-of-dt',
  'buy-from-entity': 'redemption-of-dt',
  'cash-out': 'cash-withdrawal',
  'cash-in': 'cash-deposit',
  'cash-supply': 'cash-supply',
  deposit: 'non-cash-deposit',
  'pay-entity': 'payment',
  'pay-individual': 'payment-to-individual',
  'pay-out': 'payment-to-individual',
  'pay-government': 'payment-to-government',
  reverse: 'reversal',
  refund: 'refund',
}
const termsOf = (method: Method, { bank, account, payee, amount, of }: Wanted): string => {
  if (method === 'reverse') return of
  if (method === 'refund') return `${of} ${amount}`
  if (method.startsWith('pay')) return `${account} ${payee} ${amount}`
  return method.startsWith('issue') || method === 'cash-supply' ? `${bank} ${amount}` : `${bank} ${account} ${amount}`
}

export type Verdict = { readonly code: string } | { readonly [field: string]: string }
type Leg = readonly [from: string, to: string, kind: string]

export interface ModelTransfer {
  readonly kind: string
  readonly maker: string
  readonly payer: string
  readonly payee: string
  readonly amount: bigint
  refunded: bigint
  reversed: boolean
  readonly at: number
}

export class MovesModel {
  readonly balances: Map<string, bigint>
  readonly transfers = new Map<string, ModelTransfer>()
  /** By account: amount, balance after, kind, what for. */
  readonly entries = new Map<string, string[]>()
  readonly messages: string[] = []
  readonly #ids = new Map<
    string,
    { readonly kind: string; readonly by: string; readonly terms: string; body: Verdict }
  >()

  constructor(balances: ReadonlyMap<string, bigint>) {
    this.balances = new Map(balances)
  }

  ask(method: Method, by: string, wanted: Wanted, now: number): Verdict {
    if (!mayAsk[method].includes(roleOf(by))) return { code: 'role_not_allowed' }
    const terms = termsOf(method, wanted)
    const kind = kindOf[method]
    const known = this.#ids.get(wanted.id)
    if (known !== undefined) {
      if (known.kind === 'disowned' && known.by === by) return { code: 'reversed_before_arrival' }
      if (known.kind !== kind || known.by !== by || known.terms !== terms)
        return { code: 'exists_with_different_terms' }
      return { ...known.body, arrival: 'exists' }
    }
    const body = this.#do(method, by, wanted, now)
    if ('code' in body) return body
    this.#ids.set(wanted.id, { kind, by, terms, body })
    return { ...body, arrival: 'created' }
  }

  /** Ids that were reversed before anything came under them, each with who did that. */
  get disowned(): readonly { readonly id: string; readonly by: string }[] {
    return [...this.#ids].filter(([, { kind }]) => kind === 'disowned').map(([id, { by }]) => ({ id, by }))
  }

  /** Of a transfer: its state and refunded amount, to whom it may be told. */
  status(id: string, by: string): Verdict {
    const transfer = this.transfers.get(id)
    const gone = this.#ids.get(id)
    if (transfer === undefined)
      return { code: gone?.kind === 'disowned' && gone.by === by ? 'reversed_before_arrival' : 'not_found' }
    const all = by === 'central-bank' || by === 'auditor'
    const owners = [transfer.payer, transfer.payee].map((account) => ownerOf(account))
    if (!all && transfer.maker !== by && !owners.includes(by)) return { code: 'not_found' }
    const { amount, refunded, reversed } = transfer
    const some = refunded === 0n ? 'done' : refunded < amount ? 'partly_refunded' : 'refunded'
    return { state: reversed ? 'reversed' : some, refunded: String(refunded), amount: String(amount) }
  }

  #do(method: Method, by: string, wanted: Wanted, now: number): Verdict {
    const { bank, account, payee, amount } = wanted
    const party = parties[account] ?? other
    const done = (legs: readonly Leg[], payer: string, to: string) =>
      this.#transfer(method, by, wanted, now, legs, payer, to)
    switch (method) {
      case 'issue':
      case 'issue-return': {
        if (bank !== by) return { code: 'role_not_allowed' }
        const [reserve, taken] = [`${bank}.reserve`, 'central-bank.non-cash']
        const isIssue = method === 'issue'
        const legs: readonly Leg[] = isIssue
          ? [
              [reserve, taken, 'issue-non-cash'],
              ['central-bank.issue', bank, 'issue'],
            ]
          : [
              [bank, 'central-bank.issue', 'issue-return'],
              [taken, reserve, 'issue-return-non-cash'],
            ]
        const answer = isIssue ? done(legs, 'central-bank.issue', bank) : done(legs, bank, 'central-bank.issue')
        if (!('code' in answer))
          this.messages.push(`${wanted.id} ${bank} ${isIssue ? 'issue' : 'redemption'} ${amount}`)
        return answer
      }
      case 'cash-supply':
        if (!bank.startsWith('bank-')) return { code: 'not_found' }
        return done([['cash.outside', `${bank}.cash`, 'cash-supply']], 'cash.outside', `${bank}.cash`)
      case 'deposit': {
        const target = party.kind === 'other' || party.kind === 'marked' ? account : `${party.bank}.client.${account}`
        if (!this.balances.has(target) || parties[target] !== undefined || !/\./.test(target))
          return { code: 'not_found' }
        if (!/\.reserve$|\.client\./.test(target)) return { code: 'rule_violated' }
        return done([['non-cash.outside', target, 'non-cash-deposit']], 'non-cash.outside', target)
      }
      case 'sell-to-individual':
      case 'sell-to-entity':
      case 'buy-from-individual':
      case 'buy-from-entity':
      case 'cash-out':
      case 'cash-in': {
        if (bank !== by) return { code: 'role_not_allowed' }
        if (party.bank !== bank) return { code: 'not_found' }
        const leaves = method.startsWith('buy') || method === 'cash-out'
        if (party.kind === 'marked' || (leaves && party.kind === 'agency')) return { code: 'rule_violated' }
        const isForIndividuals = method.endsWith('individual')
        const isForAll = method.startsWith('cash')
        if (!isForAll && isForIndividuals !== (party.kind === 'individual')) return { code: 'rule_violated' }
        const [client, own] = [`${bank}.client.${account}`, `${bank}.non-cash`]
        const vault = `${bank}.cash`
        if (method === 'cash-out')
          return done(
            [
              [account, bank, 'cash-withdrawal'],
              [vault, 'cash.outside', 'cash-withdrawal-cash'],
            ],
            account,
            bank,
          )
        if (method === 'cash-in')
          return done(
            [
              ['cash.outside', vault, 'cash-deposit-cash'],
              [bank, account, 'cash-deposit'],
            ],
            bank,
            account,
          )
        if (leaves)
          return done(
            [
              [account, bank, 'redemption-of-dt'],
              [own, client, 'redemption-of-dt-non-cash'],
            ],
            account,
            bank,
          )
        return done(
          [
            [client, own, 'sale-of-dt-non-cash'],
            [bank, account, 'sale-of-dt'],
          ],
          bank,
          account,
        )
      }
      case 'pay-entity':
      case 'pay-individual':
      case 'pay-out':
      case 'pay-government': {
        const isOwn = roleOf(by) === 'bank' ? party.bank === by : party.owner === by
        const mayPay =
          method === 'pay-government'
            ? party.kind === 'individual'
            : method === 'pay-out'
              ? party.kind === 'agency'
              : entities.includes(party.kind)
        const to = (parties[payee] ?? other).kind
        const mayTake =
          method === 'pay-entity'
            ? entities.includes(to)
            : to === (method === 'pay-government' ? 'agency' : 'individual')
        if (!isOwn || !mayPay || !mayTake) return { code: 'not_found' }
        if (account === payee) return { code: 'rule_violated' }
        return done([[account, payee, kindOf[method]]], account, payee)
      }
      case 'reverse':
      case 'refund':
        return this.#giveBack(method, by, wanted, now)
      default:
        return method satisfies never
    }
  }

  #giveBack(method: 'reverse' | 'refund', by: string, { id, of, amount }: Wanted, now: number): Verdict {
    const transfer = this.transfers.get(of)
    if (method === 'reverse' && id === of) return { code: 'rule_violated' }
    if (transfer === undefined) {
      if (method === 'refund') return { code: 'not_found' }
      const known = this.#ids.get(of)
      if (known === undefined) this.#ids.set(of, { kind: 'disowned', by, terms: '', body: {} })
      else if (known.by !== by) return { code: 'not_found' }
      else if (known.kind !== 'disowned') return { code: 'rule_violated' }
      return { state: 'reversed_before_arrival', returned: '0' }
    }
    const isPayees = ownerOf(transfer.payee) === by || (roleOf(by) === 'bank' && servedBy(transfer.payee) === by)
    if (method === 'reverse' ? transfer.maker !== by : !isPayees)
      return { code: roleOf(by) === 'central-bank' || 'code' in this.status(of, by) ? 'not_found' : 'rule_violated' }
    if (!payments.includes(transfer.kind)) return { code: 'rule_violated' }
    if (method === 'refund' && (transfer.reversed || transfer.refunded + amount > transfer.amount))
      return { code: 'rule_violated' }
    if (method === 'reverse' && transfer.reversed) return { state: 'reversed', returned: '0' }
    if (method === 'reverse' && now - transfer.at > dayMs) return { code: 'rule_violated' }
    const back = method === 'reverse' ? transfer.amount - transfer.refunded : amount
    const kind = method === 'reverse' ? 'transfer-reversal' : 'transfer-refund'
    if (!this.#book([[transfer.payee, transfer.payer, kind]], back, id)) return { code: 'insufficient_funds' }
    if (method === 'reverse') {
      transfer.reversed = true
      return { state: 'reversed', returned: String(back) }
    }
    transfer.refunded += amount
    return { amount: String(amount) }
  }

  #transfer(
    method: Method,
    maker: string,
    { id, amount }: Wanted,
    at: number,
    legs: readonly Leg[],
    payer: string,
    payee: string,
  ): Verdict {
    if (!this.#book(legs, amount, id)) return { code: 'insufficient_funds' }
    const kind = kindOf[method]
    this.transfers.set(id, { kind, maker, payer, payee, amount, refunded: 0n, reversed: false, at })
    return { transferId: id }
  }

  #book(legs: readonly Leg[], amount: bigint, reference: string): boolean {
    const has = (account: string) => this.balances.get(account) ?? 0n
    if (legs.some(([from]) => !unlimited.includes(from) && has(from) < amount)) return false
    if (amount === 0n) return true
    for (const [from, to, kind] of legs) {
      for (const [account, difference] of [
        [from, -amount],
        [to, amount],
      ] as const) {
        this.balances.set(account, has(account) + difference)
        const own = this.entries.get(account) ?? []
        this.entries.set(account, [...own, `${difference} ${has(account)} ${kind} ${reference}`])
      }
    }
    return true
  }
}

function ownerOf(account: string): string {
  const client = /\.client\.(.*)$/.exec(account)?.[1]
  if (client !== undefined) return client
  if (account.startsWith('bank-')) return account.replace(/\..*$/, '')
  return /^(central-bank|non-cash|cash)\./.test(account) ? 'central-bank' : (parties[account]?.owner ?? '')
}

function servedBy(account: string): string {
  const party = parties[account]
  return party?.kind === 'individual' ? party.bank : ''
}
