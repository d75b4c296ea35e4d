/**
 * Which texts there are. Every language gives all of them: a missing one is a type error (ui.md, "Words"). The codes
 * come from the contract, so that a new code is a type error too.
 */
import { shiftWordKeys } from './shift-keys.ts'
import type { CommandFault, lossCodes, RefusalCode, StatusCode, TenderState } from '../../contract/index.ts'

export const wordKeys = [
  // Status row
  'light.reader',
  'light.printer',
  'light.network',
  'light.queue',
  'light.till',
  'light.level.ok',
  'light.level.limited',
  'light.level.off',
  'queue.minutes',
  'queue.hours',
  'queue.days',
  'language.choose',
  'sound.on',
  'sound.off',
  'theme.light',
  'theme.dark',
  'time.untrusted',
  'light.group',
  // A time that a manager is asked about
  'action.confirm_time',
  'time.ask',
  'time.journal',
  'time.ledger',
  'time.never',
  'time.yes',
  'time.wall',
  'time.back',
  'time.otherClock',
  'time.confirmed',
  // Basket
  'basket.title',
  'basket.empty',
  'basket.total',
  'basket.covered',
  'basket.allowance_used',
  'basket.too_dear',
  'basket.own_part',
  'basket.excluded',
  'basket.not_listed',
  'line.less',
  'line.more',
  'line.remove',
  // What the card pays
  'cardPays.title',
  'cardPays.waiting',
  'cardPays.countToday',
  'cardPays.countPeriod',
  'cardPays.amountLeft',
  'cardPays.notCovered',
  'cardPays.tenders',
  'sale.leftToPay',
  'tender.cash',
  // Tap area
  'tap.idle.word',
  'tap.idle.detail',
  'tap.idle.payable',
  'tap.tap.word',
  'tap.tap.detail',
  'tap.hint.card_moved_too_soon',
  'tap.hint.remove_card_first',
  'tap.hold.word',
  'tap.step.reading',
  'tap.step.proving',
  'tap.step.asking_ledger',
  'tap.step.recording',
  'tap.settled.word',
  'tap.pending.word',
  'tap.pending.detail',
  'tap.approved.whole',
  'tap.approved.rest',
  'tap.refused.word',
  'tap.torn.word',
  'tap.torn.detail',
  'tap.torn.otherCard',
  'tap.unknown.word',
  'tap.unknown.detail',
  'tap.unknown.asking',
  'tap.unknown.cancelling',
  'tap.unknown.waiting_for_network',
  'tap.qr.word',
  'tap.qr.detail',
  'tap.qr.waiting_for_payer',
  'tap.qr.waiting_for_network',
  'tap.qr.time_over',
  'tap.qr.till_suspended',
  'tap.qr.goneWord',
  'tap.qr.label',
  'tap.qr.until',
  'time.since',
  // Catalogue and keypad
  'catalogue.search',
  'catalogue.nothingFound',
  'keypad.title',
  'keypad.add',
  'keypad.backspace',
  'keypad.comma',
  'keypad.category',
  // Actions
  'action.pay_by_card',
  'action.pay_by_qr',
  'action.pay_cash',
  'action.cancel_payment',
  'action.cancel_sale',
  'action.next_customer',
  'action.wait_for_answer',
  'action.cancel_unknown',
  'action.serve_next_meanwhile',
  'action.print_again',
  'action.print_refund',
  'action.void_sale',
  'action.sync_now',
  'action.recent',
  'action.search',
  // Unresolved
  'unresolved.empty',
  'unresolved.unknown.title',
  'unresolved.unknown.detail',
  'unresolved.unknown.todo',
  'unresolved.torn.title',
  'unresolved.torn.detail',
  'unresolved.torn.todo',
  // Sheets
  'sheet.close',
  'sheet.since',
  'sheet.works',
  'sheet.todo',
  'sheet.lights',
  'sheet.keys',
  'discrepancies.title',
  'discrepancies.till',
  'discrepancies.sale',
  'discrepancies.to_be_appealed',
  'discrepancies.to_be_looked_into',
  'discrepancies.appealed',
  'discrepancies.accepted',
  'discrepancies.refused',
  'sheet.queue',
  'queue.item.presentment',
  'queue.item.reversal',
  'queue.item.surrender',
  'queue.item.refund',
  'queue.item.capture',
  'sheet.receipts',
  'recent.title',
  'recent.empty',
  'receipt.waiting',
  'receipt.printed',
  'receipt.none',
  'question.back',
  'question.cancel_sale.ask',
  'question.cancel_sale.yes',
  'question.cancel_unknown.ask',
  'question.cancel_unknown.yes',
  'question.void_sale.ask',
  'question.void_sale.yes',
  // Refunds
  'action.show_refund',
  'action.find_receipt',
  'action.refund_sale',
  'receiptNumber.title',
  'receiptNumber.how',
  'refund.title',
  'refund.titleOf',
  'refund.nothingLeft',
  'refund.reason',
  'refund.reason.goods_returned',
  'refund.reason.not_as_sold',
  'refund.toVouchers',
  'refund.inCash',
  'refund.earlier',
  'refund.state.waiting',
  'refund.state.parked',
  'refund.state.done',
  'refund.state.refused',
  'recent.wentBack',
  'question.refund_sale.ask',
  'question.refund_sale.yes',
  ...shiftWordKeys,
  // Notices
  'notice.barcodeUnknown',
  'notice.amountAboveCap',
  'notice.code',
  'notice.close',
  'window.readOnly.what',
  'window.readOnly.todo',
  'window.restarting.what',
  'window.restarting.todo',
  'window.connecting.what',
  'window.connecting.todo',
  'window.lost.what',
  'window.lost.todo',
] as const
export type WordKey = (typeof wordKeys)[number]

export type LossCode = (typeof lossCodes)[number]

/** One sentence of what happened, one of what to do. */
export interface Sentences {
  readonly what: string
  readonly todo: string
}

/** A light's sheet: what is wrong, what still works, what to do. */
export interface StatusSentences extends Sentences {
  readonly works: string
}

export interface TextsOfLanguage {
  readonly words: Readonly<Record<WordKey, string>>
  readonly refusals: Readonly<Record<RefusalCode, Sentences>>
  readonly losses: Readonly<Record<LossCode, Sentences>>
  /** For a code that this version of the screen does not know. */
  readonly unknownCode: Sentences
  readonly statuses: Readonly<Record<StatusCode, StatusSentences>>
  readonly faults: Readonly<Record<CommandFault, Sentences>>
  readonly tenderStates: Readonly<Record<TenderState, string>>
}
