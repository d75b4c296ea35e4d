/**
 * What an applet card signs for a tender (docs/design/25-policy-card.md, "What the card signs"): the till says it in
 * SPEND, and the ledger compares each field of the record with what it makes of the tender and its decision itself.
 */
import { fromHex } from '../../voucher/cards/bytes.ts'
import { schemeRef, slotRef, tenderIdBytes } from '../../voucher/cards/tolem-applet/names.ts'
import { spendMode, type SpendRecord } from '../../voucher/cards/tolem-applet/record.ts'
import type { TenderTerms } from '../../voucher/tender.ts'
import { hashOf, termsHashOf } from './canonical.ts'
import type { DecisionRecord } from './messages.ts'

/** The fields of a record that tender and decision give; the rest is the card's, the slot's and the terminal's. */
export type TenderBinding = Pick<
  SpendRecord,
  'tenderId' | 'schemeRef' | 'slotRef' | 'amount' | 'terminalTime' | 'decisionHash' | 'termsHash' | 'mode'
>

/** @param record of the decision, as the evidence carries it: made before SPEND and never changed after it */
export function cardBindingOf(terms: TenderTerms, record: DecisionRecord): TenderBinding {
  const { mode, trustedTime } = record.input
  return {
    tenderId: tenderIdBytes(terms.tenderId),
    schemeRef: schemeRef(terms.schemeId),
    slotRef: slotRef(terms.payerSlot),
    amount: terms.amount,
    terminalTime: trustedTime,
    decisionHash: fromHex(hashOf('tolem/decision-record/1', record)),
    termsHash: fromHex(termsHashOf(terms)),
    mode: spendMode[mode],
  }
}
