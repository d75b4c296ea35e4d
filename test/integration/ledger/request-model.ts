/**
 * What the ledger has to say and to move for payments by QR, said a second time in a few lines that share nothing with
 * it (docs/design/17-qr-payment.md). Whoever plays a story asks both and compares.
 */
const heldAfterExpiryMs = 14 * 86_400_000

export interface Asked {
  readonly amount: bigint
  readonly expiresAt: number
}

interface Request extends Asked {
  state: 'requested' | 'held' | 'settled' | 'not_paid' | 'reversed'
  end: 'released' | 'expired' | null
  payer: string
  paymentId: string
  refunded: bigint
  /** What became of the hold. */
  hold: 'none' | 'pending' | 'posted' | 'voided' | 'ended'
}

/** A card of one account is held to the reader; each account has one. */
export interface Tap {
  readonly id: string
  /** What the card signs. */
  readonly asked: Asked
  readonly payer: string
  readonly counter: number
}

interface Payment {
  readonly id: string
  readonly payer: string
  readonly answer: { readonly state: string; readonly reason: string | null }
}

export class RequestModel {
  readonly balances: Map<string, bigint>
  merchant = 0n
  readonly #requests = new Map<string, Request>()
  readonly #tombstones = new Set<string>()
  readonly #payments = new Map<string, Payment>()
  /** Of each payer's card. */
  readonly #counters = new Map<string, Set<number>>()
  /** Oldest first. */
  readonly #debts: { readonly id: string; readonly payer: string; left: bigint }[] = []

  constructor(payers: readonly string[], funds: bigint) {
    this.balances = new Map(payers.map((payer) => [payer, funds]))
  }

  available(payer: string, now: number): bigint {
    const held = [...this.#requests.values()]
      .filter((own) => own.payer === payer && own.hold === 'pending' && now < own.expiresAt + heldAfterExpiryMs)
      .reduce((sum, { amount }) => sum + amount, 0n)
    return (this.balances.get(payer) ?? 0n) - held
  }

  ask(id: string, asked: Asked, now: number): object | 'open' {
    if (this.#tombstones.has(id)) return { arrival: 'reversed_before_arrival', state: 'reversed' }
    const known = this.#at(id, now)
    if (known === undefined) {
      const isOver = asked.expiresAt <= now
      const fresh = { refunded: 0n, payer: '', paymentId: '', hold: 'none' } as const
      this.#requests.set(id, {
        ...asked,
        ...fresh,
        state: isOver ? 'reversed' : 'requested',
        end: isOver ? 'expired' : null,
      })
      return isOver ? { arrival: 'created', state: 'reversed' } : 'open'
    }
    const arrival =
      known.amount !== asked.amount
        ? 'exists_with_different_amount'
        : known.expiresAt !== asked.expiresAt
          ? 'exists_with_different_expiry'
          : 'exists'
    if (known.state !== 'requested') return { arrival, state: shown(known, now), amount: known.amount }
    return arrival === 'exists'
      ? 'open'
      : { arrival, state: 'refused', refusal: 'EXISTS_WITH_DIFFERENT_TERMS', amount: 0n }
  }

  inquire(id: string, now: number): object | 'open' | 'not_seen' {
    if (this.#tombstones.has(id)) return { arrival: 'exists', state: 'reversed' }
    const known = this.#at(id, now)
    if (known === undefined) return 'not_seen'
    return known.state === 'requested' ? 'open' : { arrival: 'exists', state: shown(known, now) }
  }

  pay(paymentId: string, id: string, payer: string, now: number): object {
    const first = this.#payments.get(paymentId)
    if (first !== undefined)
      return first.id === id && first.payer === payer
        ? { ...first.answer, arrival: 'exists' }
        : { code: 'exists_with_different_terms' }
    const request = this.#at(id, now)
    if (request === undefined) return { code: 'not_found' }
    if (request.state === 'requested' && this.available(payer, now) < request.amount)
      return { code: 'insufficient_funds' }
    const late = lateness(request, now)
    const answer = late === null ? { state: 'held', reason: null } : { state: 'paid_back', reason: late }
    this.#payments.set(paymentId, { id, payer, answer })
    if (late === null) Object.assign(request, { state: 'held', hold: 'pending', payer, paymentId })
    return { ...answer, arrival: 'created' }
  }

  /** The payment of a card has the id of its request. */
  tap({ id, asked, payer, counter }: Tap, now: number): object {
    const request = this.#at(id, now)
    if (request === undefined) return { code: 'not_found' }
    const refused = (code: string) => ({ kind: 'refused', code })
    if (request.amount !== asked.amount || request.expiresAt !== asked.expiresAt)
      return refused('CARD_BINDING_MISMATCH')
    const late = lateness(request, now)
    if (late === 'already_paid' && request.paymentId === id && request.payer === payer) return { kind: 'held' }
    const used = this.#counters.get(payer) ?? new Set()
    const isOwn = used.has(counter)
    if (!isOwn && counter < Math.max(0, ...used)) return refused('CARD_COUNTER_WENT_BACK')
    if (late !== null) return { kind: 'over' }
    if (isOwn) return refused('CARD_SUM_NOT_ALLOWED')
    this.#counters.set(payer, used.add(counter))
    if (this.available(payer, now) < request.amount) return refused('CARD_SUM_NOT_ALLOWED')
    this.#payments.set(id, { id, payer, answer: { state: 'held', reason: null } })
    Object.assign(request, { state: 'held', hold: 'pending', payer, paymentId: id })
    return { kind: 'held' }
  }

  /** @param payer who asks, where that is not who paid for sure */
  find(paymentId: string, now: number, payer?: string): object {
    const payment = this.#payments.get(paymentId)
    const request = this.#at(payment?.id ?? '', now)
    if (payment === undefined || request === undefined || (payer ?? payment.payer) !== payment.payer)
      return { code: 'not_found' }
    if (request.paymentId !== paymentId) return payment.answer
    const isOver = now >= request.expiresAt + heldAfterExpiryMs
    if (request.state === 'settled') return { state: 'settled', reason: null }
    if (request.state === 'held' && !isOver) return { state: 'held', reason: null }
    const reason = request.hold === 'posted' ? 'reversed' : request.hold === 'voided' ? 'released' : 'expired'
    const owed = this.#debts.find((debt) => debt.id === payment.id)?.left ?? 0n
    return { state: 'paid_back', reason, owed: String(owed) }
  }

  capture(id: string, now: number): object {
    if (this.#tombstones.has(id)) return { arrival: 'reversed_before_arrival', state: 'reversed' }
    const request = this.#at(id, now)
    if (request === undefined) return { state: 'refused', refusal: 'EXISTS_WITH_DIFFERENT_TERMS', amount: 0n }
    if (request.state === 'requested') return { state: 'refused', refusal: 'INSUFFICIENT_FUNDS', amount: 0n }
    if (request.state !== 'held') return { arrival: 'exists', state: request.state, amount: request.amount }
    if (now >= request.expiresAt + heldAfterExpiryMs) {
      Object.assign(request, { state: 'not_paid', hold: 'ended' })
      return { arrival: 'created', state: 'not_paid', loss: 'HOLD_ENDED' }
    }
    Object.assign(request, { state: 'settled', hold: 'posted' })
    this.#move(request.payer, -request.amount)
    let left = request.amount
    for (const debt of this.#debts) {
      const netted = least(debt.left, left)
      debt.left -= netted
      left -= netted
      this.#move(debt.payer, netted)
    }
    return { arrival: 'created', state: 'settled', paidBy: 'individual', amount: request.amount }
  }

  reverse(id: string, now: number): object {
    if (this.#tombstones.has(id)) return { arrival: 'exists', state: 'reversed' }
    const request = this.#requests.get(id)
    if (request === undefined) {
      this.#tombstones.add(id)
      return { arrival: 'created', state: 'reversed' }
    }
    if (request.state === 'reversed') return { arrival: 'exists', state: 'reversed' }
    if (request.state === 'held') request.hold = now < request.expiresAt + heldAfterExpiryMs ? 'voided' : 'ended'
    if (request.state === 'settled') {
      const due = request.amount - request.refunded
      const back = least(due, this.merchant)
      this.#move(request.payer, back)
      if (back < due) this.#debts.push({ id, payer: request.payer, left: due - back })
    }
    Object.assign(request, { state: 'reversed', end: 'released' })
    return { arrival: 'created', state: 'reversed' }
  }

  refund(id: string, amount: bigint): object {
    const request = this.#requests.get(id)
    const refused = (refusal: string) => ({ state: 'refused', refusal, amount: 0n })
    if (request === undefined) return refused('REFUND_ORIGINAL_UNKNOWN')
    if (request.state !== 'settled') return refused('REFUND_ORIGINAL_NOT_PAID')
    if (request.refunded + amount > request.amount) return refused('REFUND_ABOVE_ORIGINAL')
    if (amount > this.merchant) return refused('INSUFFICIENT_FUNDS')
    request.refunded += amount
    this.#move(request.payer, amount)
    return { state: 'done', amount, refusal: null }
  }

  /** A payer gets something from the merchant, or gives it. */
  #move(payer: string, amount: bigint): void {
    this.balances.set(payer, (this.balances.get(payer) ?? 0n) + amount)
    this.merchant -= amount
  }

  #at(id: string, now: number): Request | undefined {
    const request = this.#requests.get(id)
    if (request?.state === 'requested' && now >= request.expiresAt)
      Object.assign(request, { state: 'reversed', end: 'expired' })
    return request
  }
}

const least = (one: bigint, other: bigint): bigint => (one < other ? one : other)

function shown({ state, expiresAt }: Request, now: number): string {
  return state === 'held' && now >= expiresAt + heldAfterExpiryMs ? 'reversed' : state
}

function lateness(request: Request, now: number): string | null {
  if (request.state === 'requested') return null
  const isPaid = request.state === 'settled' || shown(request, now) === 'held'
  return isPaid ? 'already_paid' : (request.end ?? 'expired')
}
