/** What a rule sees of a sale, and what it says of it (docs/design/19-rules.md). */
import type { Tiyn } from '../../src/voucher/money.ts'

/** One line of a sale, and what this payment pays of it. */
export interface SoldLine {
  readonly line: number
  readonly itemId: string
  readonly category: string
  readonly amount: Tiyn
}

/** What of a share is due to which line: a refund of the line gives back in proportion. */
export interface SharePart {
  /** Null: due to the payment as a whole. */
  readonly line: number | null
  readonly taxClass: string | null
  /** What was paid of it. */
  readonly base: Tiyn
  readonly share: Tiyn
}

/** Who gives or gets a share: a party of the sale, or an account that the rule names. */
export type Party = 'merchant' | 'payer' | { readonly account: string }

export type Share =
  | {
      /** `no_lines`: the rule asks for lines and there are none. Nothing moves, and the receiver sees of how much. */
      readonly outcome: 'split' | 'no_lines'
      readonly giver: Party
      readonly receiver: Party
      readonly amount: Tiyn
      /** Their bases add up to what was paid, their shares to the amount. */
      readonly parts: readonly SharePart[]
    }
  /** The rule has nothing to do with it. */
  | { readonly outcome: 'nothing' }
