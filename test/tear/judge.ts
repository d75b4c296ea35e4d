/**
 * What screen, card, journal and ledger must agree on after a tear (docs/design/08-reader.md, 26), over what was seen
 * of them: the same whether the till is in this process or one of its own.
 */
import type { TapView } from '../../src/terminal/contract/index.ts'

/** Of a sale that a card was held for. */
export interface SeenSale {
  /** It was closed; else given up. */
  readonly isPaid: boolean
  readonly tenders: readonly SeenTender[]
}

export interface SeenTender {
  /** In the journal. */
  readonly state: string
  /** At the ledger; `none` where it has never heard of it. */
  readonly atLedger: string
  /** What the journal holds of the card's own words, upper-case hex; of a card that signs nothing undefined. */
  readonly held: string | undefined
}

export interface SeenTogether {
  readonly sales: readonly SeenSale[]
  /** What the card's own log says that it has signed for them, each upper-case hex. */
  readonly said: readonly string[]
  /** Each of these took money from the card. Else they are proofs and take nothing. */
  readonly isDebit: boolean
  /** How many payments the screen lists as open. */
  readonly unresolved: number
}

/** @returns in words, what does not agree */
export function disagreements({ sales, said, isDebit, unresolved }: SeenTogether): string[] {
  const wrong: string[] = []
  const must = (isSo: boolean, otherwise: string): void => {
    if (!isSo) wrong.push(otherwise)
  }
  const held: string[] = []
  for (const { isPaid, tenders } of sales) {
    const states = tenders.map(({ state }) => state)
    const settled = tenders.filter(({ state }) => state === 'settled')
    const isOver = states.every((state) => ['settled', 'voided', 'refused', 'reversed'].includes(state))
    must(isOver && settled.length === (isPaid ? 1 : 0), `a sale has the tenders ${states.join(', ')}`)
    for (const { state, atLedger, held: own } of tenders) {
      const isSame = state === 'settled' ? atLedger === 'settled' : ['none', 'refused', 'reversed'].includes(atLedger)
      must(isSame, `the journal says ${state}, the ledger ${atLedger}`)
      if (own !== undefined && (state === 'settled' || isDebit)) held.push(own)
    }
  }
  for (const one of held) must(said.includes(one), 'the till holds what the card has not said')
  must(new Set(held).size === held.length, 'the till holds twice what the card has said once')
  if (isDebit) for (const one of said) must(held.includes(one), 'the till does not hold a debit')
  must(unresolved === 0, 'something is left unresolved')
  return wrong
}

/** The screen says one thing, and a card that has paid is never called unpaid. @param debits by the card's own log */
export function wrongOnScreen(tap: TapView, { debits }: { readonly debits: number }): string[] {
  if (!['approved', 'torn', 'refused', 'tap'].includes(tap.state)) return [`the screen says ${inWords(tap)}`]
  if (debits === 0 || tap.state === 'approved') return []
  return tap.state === 'torn' && tap.mayBeDebited ? [] : [`the card has paid, and the screen says ${inWords(tap)}`]
}

export function inWords(tap: TapView): string {
  if (tap.state === 'torn') return `torn${tap.mayBeDebited ? ', may be debited' : ''}${tap.hint ? `, ${tap.hint}` : ''}`
  return tap.state === 'refused' ? `refused, ${tap.code}` : tap.state
}
