/** What the model keeps of schemes, cards, slots and leases; a pool is a lease that only lists its slots. */

/** Of a slot: so many payments, so much money. */
export interface Allowance {
  readonly count: number
  readonly amount: bigint
}
/** A till holds slots, or has a sum. */
export type SchemePolicy = 'lease-listed' | 'lease-pool'
export interface Scheme {
  /** Of its newest version. */
  policy: SchemePolicy
  readonly agency: string
  readonly merchants: readonly string[]
  readonly category: string
  readonly periodMs: number
  /** When the first of its periods begins. */
  readonly firstFrom: number
  readonly countAllowed: number
  readonly amountAllowed: bigint
  /** What one payment may be, where payments are counted. */
  readonly perTap: bigint | null
  /** The most that is lent of an allowance when a card is issued anew. */
  readonly bridge: Allowance | null
  /** Beside the merchants that it names. */
  readonly where: { readonly regions: readonly string[]; readonly kinds: readonly string[] } | null
  /** The last moment of activating it, where its beneficiaries have to. */
  readonly activateUntil: number | null
  /** The most that passes on to the next period: payments, or money. */
  readonly carriesAtMost: Allowance | null
  readonly agencyBears: bigint
  readonly allowedPolicyAgeMs: number
  /** Since when it has that state; the first is its publishing. */
  readonly states: {
    readonly at: number
    readonly status: 'active' | 'suspended'
    readonly policy: SchemePolicy
    readonly carries: boolean
    readonly returnsBy: number | null
  }[]
}
/** Of a merchant: a code of the classifier, and one of what it deals in. */
export interface Place {
  readonly region?: string
  readonly kind?: string
}
export interface Card {
  readonly holder: string
  /** By another one, for good. */
  replacedBy: string | null
  readonly states: { readonly at: number; readonly blocked: boolean }[]
}
export interface Slot {
  readonly scheme: string
  readonly beneficiary: string
  readonly periodTo: number
  lease: string | null
  readonly uses: Map<string, bigint>
  /** From the period before. */
  received: Allowance
  /** To the next one. */
  passed: Allowance
  /** When any of it first did, and when that last changed. */
  passedAt: number | null
  passedLastAt: number
  /** What of it its bridge has lent. */
  bridged: Allowance
  readonly isBridge: boolean
}
export interface Lease {
  readonly scheme: string
  readonly till: string
  readonly isPool: boolean
  sellUntil: number
  presentUntil: number
  readonly grantedAt: number
  isClosed: boolean
  readonly slots: Map<string, LeasedSlot>
}
export type LeasedSlot = {
  readonly state: 'live' | 'moved' | 'closed' | 'surrendered'
  /** Of the row that surrendered it. */
  readonly sequence?: number
  /** Whose keys were sealed for it. */
  readonly cards?: Set<string>
}
/** The standing order of an agency. */
export interface Policy {
  readonly scheme: string
  readonly till: string
  /** Or everybody. */
  readonly beneficiaries?: readonly string[]
  readonly sellForMs: number
  readonly presentForMs: number
  readonly periods: number
  /** Of a scheme that is sold from pools, and only there: up to what sum the pool is filled. */
  readonly pool?: { readonly sum: bigint }
}
