/** English: what each code means to the cashier, and what to do. */
import type { TextsOfLanguage } from './keys.ts'

export const refusals: TextsOfLanguage['refusals'] = {
  CARD_UNKNOWN: { what: 'This card belongs to no scheme.', todo: 'Ask for another card or take cash.' },
  CARD_BLOCKED: { what: 'This card is blocked.', todo: 'Take cash. The holder should ask the agency.' },
  CARD_AUTHENTICATION_FAILED: { what: 'The card could not prove itself.', todo: 'Ask for another card or take cash.' },
  CARD_PROOF_FORGED: { what: 'The card’s proof is false.', todo: 'Do not accept this card. Take cash.' },
  CARD_PROOF_REPLAYED: { what: 'The card’s proof was used before.', todo: 'Tap the card once more or take cash.' },
  CARD_COUNTER_WENT_BACK: {
    what: 'The card’s counter went back: it may be a copy.',
    todo: 'Do not accept it. Take cash.',
  },
  CARD_BINDING_MISMATCH: { what: 'The card answered for another sale.', todo: 'Tap the card once more.' },
  CARD_ANSWER_MALFORMED: {
    what: 'The card’s answer is unreadable.',
    todo: 'Tap again, flat on the reader, or take cash.',
  },
  CARD_RANDOM_UID: { what: 'This card’s number may change with each tap.', todo: 'Ask for another card or take cash.' },
  READER_HIDES_CARD: {
    what: 'This card reader can not read this kind of card.',
    todo: 'Ask for another card or take cash.',
  },
  CARD_NOT_ORIGINAL: { what: 'The card is not an original of its kind.', todo: 'Do not accept this card. Take cash.' },
  CARD_KIND_NOT_ACCEPTED: {
    what: 'The scheme does not pay with this kind of card.',
    todo: 'Ask for another card or take cash.',
  },
  CARD_OF_ACCOUNT: {
    what: 'This is a Digital Tenge card: it pays no vouchers.',
    todo: 'Touch “QR” and hold the card there.',
  },
  CARD_OF_NO_ACCOUNT: {
    what: 'This card pays no QR: it is a card of a scheme.',
    todo: 'Cancel, and choose payment by card.',
  },
  CARD_ONLINE_ONLY: {
    what: 'This kind of card pays only with a network.',
    todo: 'Take cash, or wait for the network.',
  },
  CARD_PAID_EARLIER: {
    what: 'This card has paid the earlier sale.',
    todo: 'Same goods: cancel. Other goods: hold the card again.',
  },
  CARD_PAID_ITS_PART: {
    what: 'This card has paid its part of this sale.',
    todo: 'Take the rest in cash, by QR or with another card.',
  },
  CARD_OTHER: { what: 'This is another card.', todo: 'Hold the card of the unfinished payment.' },
  CARD_CERTIFICATE_ENDED: { what: 'The card’s time is over.', todo: 'Take cash. The holder should ask the agency.' },
  TERMINAL_NOT_ACCEPTED: { what: 'The card does not accept this till.', todo: 'Connect the network, then tap again.' },
  CARD_TIME_REFUSED: {
    what: 'The card does not accept the time of this till.',
    todo: 'Connect the network, then tap again.',
  },
  CARD_PIN_BLOCKED: { what: 'The card’s PIN is blocked.', todo: 'Take cash. The holder should ask the agency.' },
  CARD_PIN_NOT_SET: { what: 'The card has no PIN yet.', todo: 'Take cash. The holder should ask the agency.' },
  CARD_PIN_WRONG: {
    what: 'The PIN was wrong.',
    todo: 'Start the payment by card again: then it can be entered once more.',
  },
  CARD_PIN_NEEDED: {
    what: 'This payment needs the card’s PIN.',
    todo: 'Start the payment by card again: then it can be entered.',
  },
  CLOCK_NOT_TRUSTED: {
    what: 'The till’s clock is not confirmed.',
    todo: 'Confirm the time, connect the network, or take cash.',
  },
  ROLLBACK_DETECTED: {
    what: 'The till’s data is older than it should be.',
    todo: 'Call support. Take cash meanwhile.',
  },
  TERMINAL_SUSPENDED: { what: 'The ledger has suspended this till.', todo: 'Call support. Take cash meanwhile.' },
  PACKAGE_MISSING: { what: 'The till has no scheme rules yet.', todo: 'Connect the network and wait a minute.' },
  PACKAGE_TOO_OLD: { what: 'The till’s scheme rules are too old.', todo: 'Connect the network, or take cash.' },
  JOURNAL_NOT_WRITABLE: {
    what: 'The till cannot write its journal.',
    todo: 'Take cash. Free disk space or call support.',
  },
  NO_ENTITLEMENT: { what: 'The card has nothing to receive now.', todo: 'Take cash.' },
  ACTIVATION_LAPSED: {
    what: 'This card was not activated in time.',
    todo: 'Take cash. The holder should ask the agency.',
  },
  NOT_ACTIVATED: {
    what: 'Not activated yet: the first payment needs the network.',
    todo: 'Tap again with network, or take cash.',
  },
  ALLOWANCE_NOT_ON_CARD: {
    what: 'The allowance is not on the card yet.',
    todo: 'Connect the network and tap again, or take cash.',
  },
  CARD_NOT_IN_LEASE: {
    what: 'Without network this card cannot pay here.',
    todo: 'Take cash, or wait for the network.',
  },
  SCHEME_SUSPENDED: { what: 'The scheme is suspended.', todo: 'Take cash. The agency knows more.' },
  SCHEME_ENDED: { what: 'The scheme has ended.', todo: 'Take cash.' },
  MERCHANT_NOT_ALLOWED: { what: 'The scheme does not pay at this shop.', todo: 'Take cash.' },
  OUTSIDE_PERIOD: { what: 'The scheme does not pay today.', todo: 'Take cash.' },
  OUTSIDE_HOURS: { what: 'The scheme does not pay at this hour.', todo: 'Take cash, or come back in its hours.' },
  OFFLINE_NOT_ALLOWED: { what: 'The scheme pays only with a network.', todo: 'Take cash, or wait for the network.' },
  LEASED_ELSEWHERE: {
    what: 'Another till holds this allowance and is asked for it.',
    todo: 'Tap again in half a minute, pay at that till, or take cash.',
  },
  LEASE_EXPIRED: { what: 'The time for selling without network is over.', todo: 'Connect the network, or take cash.' },
  NOTHING_ELIGIBLE: { what: 'The scheme pays for nothing in the basket.', todo: 'Check the basket, or take cash.' },
  ALLOWANCE_USED: { what: 'The allowance is used up.', todo: 'Take cash.' },
  CAP_AGE_SINCE_SYNC: { what: 'The till was without network too long.', todo: 'Connect the network, or take cash.' },
  CAP_COUNT_PER_BENEFICIARY: { what: 'The number of payments for this card is used up.', todo: 'Take cash.' },
  CAP_PER_BENEFICIARY_AND_PERIOD: { what: 'The card’s sum for this period is used up.', todo: 'Take cash.' },
  POOL_USED_UP: {
    what: 'The till’s sum for selling without network is used up.',
    todo: 'Connect the network, or take cash.',
  },
  CAP_TERMINAL_EXPOSURE: {
    what: 'The till may not sell more without network.',
    todo: 'Connect the network, or take cash.',
  },
  CAP_PER_SALE: {
    what: 'The sale is above the scheme’s limit for one sale.',
    todo: 'Make the sale smaller or take cash.',
  },
  DECISION_MISMATCH: { what: 'The ledger reached another decision.', todo: 'Take cash and call support.' },
  CARD_SUM_NOT_ALLOWED: {
    what: 'The card’s bank does not pay this sum.',
    todo: 'Ask for the QR to be paid by telephone, or take cash.',
  },
  INSUFFICIENT_FUNDS: { what: 'The agency has no funds now.', todo: 'Take cash.' },
  REVERSED_BEFORE_ARRIVAL: { what: 'This payment had been cancelled.', todo: 'Start the payment anew.' },
  REVERSED: { what: 'This payment was cancelled.', todo: 'Start the payment anew.' },
  EXISTS_WITH_DIFFERENT_TERMS: {
    what: 'The ledger holds another payment under this number.',
    todo: 'Call support. Take cash.',
  },
  QR_NOT_OPENED: {
    what: 'The ledger opens no payment by QR for this till.',
    todo: 'Take a card or cash. If it stays, call support.',
  },
  QR_NOT_PAID: { what: 'Nobody paid the QR in time.', todo: 'Show a new QR or take cash.' },
  QR_LEAVES_LESS: {
    what: 'This card would pay more than the QR leaves.',
    todo: 'Take the rest in cash, or cancel the sale: what the QR paid goes back.',
  },
  REFUND_ORIGINAL_UNKNOWN: {
    what: 'The ledger does not know this sale.',
    todo: 'Look at the receipt again, or call support.',
  },
  REFUND_ORIGINAL_NOT_PAID: { what: 'This sale is not paid, or was cancelled.', todo: 'There is nothing to refund.' },
  REFUND_ABOVE_ORIGINAL: {
    what: 'More than is left to give back.',
    todo: 'See the earlier slips; refund what is left.',
  },
  LEDGER_ANSWER_MALFORMED: { what: 'The ledger’s answer is unreadable.', todo: 'Try again, or take cash.' },
  LEDGER_UNREACHABLE: { what: 'The ledger cannot be reached.', todo: 'Take cash, or wait for the network.' },
}

export const losses: TextsOfLanguage['losses'] = {
  PROOF_MISSING_OR_FORGED: {
    what: 'The card’s proof is missing or false.',
    todo: 'Appeal to the agency with the receipt.',
  },
  CHAIN_BROKEN: { what: 'The till’s journal does not hold together.', todo: 'Call support; keep the receipt.' },
  BLOCKED_BEFORE_SALE: {
    what: 'The card had been blocked before the sale.',
    todo: 'Appeal to the agency with the receipt.',
  },
  SOLD_AFTER_LEASE: { what: 'Sold after the time for selling without network.', todo: 'Appeal with the receipt.' },
  SLOT_ALREADY_USED: { what: 'The allowance had been used before.', todo: 'Appeal to the agency with the receipt.' },
  PRESENTED_TOO_LATE: { what: 'The sale reached the ledger too late.', todo: 'Appeal to the agency with the receipt.' },
  POOL_USED_UP: {
    what: 'The till’s sum for selling without network was used up.',
    todo: 'Appeal to the agency with the receipt.',
  },
  CARD_FORKED: {
    what: 'The card was copied, and its other copy came first.',
    todo: 'Appeal to the agency with the receipt.',
  },
  PROOF_NEVER_CAME: {
    what: 'The card never confirmed this payment.',
    todo: 'If goods were given for it, appeal to the agency with the receipt.',
  },
  HOLD_ENDED: {
    what: 'The money in the customer’s wallet was not taken in time and went back.',
    todo: 'Call support; keep the receipt.',
  },
  TERMINAL_LOST: {
    what: 'The till was lost; the agency did not accept this sale.',
    todo: 'Appeal to the agency with the receipt.',
  },
}

export const unknownCode: TextsOfLanguage['unknownCode'] = {
  what: 'The ledger gave a reason that this till does not know.',
  todo: 'Note the code and call support.',
}

const cashAndBasket = 'The basket and cash.'
const everythingByTouch = 'Everything. Goods are found by touch, amounts are typed.'
const everythingButPaper = 'Payments. Receipts wait and print later.'

export const statuses: TextsOfLanguage['statuses'] = {
  ok: { what: 'Everything works.', works: 'Everything.', todo: 'Nothing.' },
  reader_none: { what: 'No card reader is connected.', works: cashAndBasket, todo: 'Plug in the reader.' },
  reader_no_service: {
    what: 'The computer’s card service is not running.',
    works: cashAndBasket,
    todo: 'Restart the computer. If it stays, call support.',
  },
  reader_sharing_violation: {
    what: 'Another application holds the reader.',
    works: cashAndBasket,
    todo: 'Close the other application that uses cards.',
  },
  reader_error: { what: 'The reader does not answer.', works: cashAndBasket, todo: 'Unplug it and plug it in again.' },
  device_host_restarting: {
    what: 'The reader, the printer and the other devices are being restarted.',
    works: cashAndBasket,
    todo: 'Take the card off and wait a few seconds.',
  },
  printer_none: { what: 'No printer is set up.', works: everythingButPaper, todo: 'Connect a printer.' },
  printer_unreachable: {
    what: 'The printer does not answer.',
    works: everythingButPaper,
    todo: 'Check its power and its cable.',
  },
  printer_paper_out: { what: 'The printer has no paper.', works: everythingButPaper, todo: 'Put in a new roll.' },
  printer_cover_open: { what: 'The printer’s cover is open.', works: everythingButPaper, todo: 'Close the cover.' },
  printer_error: {
    what: 'The printer reports a fault.',
    works: everythingButPaper,
    todo: 'Switch it off and on again.',
  },
  printer_silent: {
    what: 'The printer is there and gives no answer.',
    works: everythingButPaper,
    todo: 'Switch it off and on. No help? Whoever installed the till checks its speed and settings.',
  },
  printer_cutter: {
    what: 'The printer’s cutter is stuck.',
    works: everythingButPaper,
    todo: 'Switch it off, open the cover, take out the paper, switch it on again.',
  },
  printer_offline: {
    what: 'The printer is off line.',
    works: everythingButPaper,
    todo: 'Press its feed button, or switch it off and on again.',
  },
  printer_no_status: {
    what: 'This printer does not tell how it is.',
    works: 'Everything.',
    todo: 'Look whether each receipt came out. Print a copy in the list prints another.',
  },
  printer_no_access: {
    what: 'This till may not use the printer’s port.',
    works: everythingButPaper,
    todo: 'Call the person who installed the till.',
  },
  printer_in_use: {
    what: 'Another application holds the printer.',
    works: everythingButPaper,
    todo: 'Close the other application that prints.',
  },
  printer_wrong_device: {
    what: 'What is set up as the printer is not a printer.',
    works: everythingButPaper,
    todo: 'Call the person who installed the till.',
  },
  printer_paper_near_end: { what: 'The paper is nearly out.', works: 'Everything.', todo: 'Keep a new roll ready.' },
  hid_unplugged: {
    what: 'A scanner, keypad or customer display is not plugged in.',
    works: everythingByTouch,
    todo: 'Check its cable. It is used again by itself.',
  },
  hid_no_access: {
    what: 'This till may not use the scanner, keypad or customer display.',
    works: everythingByTouch,
    todo: 'Call the person who installed the till.',
  },
  hid_in_use: {
    what: 'Another application holds the scanner, keypad or customer display.',
    works: everythingByTouch,
    todo: 'Close the other application that uses it.',
  },
  hid_failed: {
    what: 'The scanner, keypad or customer display does not work.',
    works: everythingByTouch,
    todo: 'Unplug it and plug it in again.',
  },
  hid_no_library: {
    what: 'Scanners, keypads and customer displays cannot be used on this computer.',
    works: everythingByTouch,
    todo: 'Set the scanner to type like a keyboard. Call the person who installed the till.',
  },
  hid_unknown_reports: {
    what: 'The till does not understand what the scanner sends.',
    works: everythingByTouch,
    todo: 'Set the scanner to “USB HID POS” by its manual, or to type like a keyboard.',
  },
  hid_left_out: {
    what: 'Scanner, keypad and customer display are switched off: devices kept failing.',
    works: everythingByTouch,
    todo: 'Unplug them. Start the till again. Call the person who installed it.',
  },
  network_down: {
    what: 'There is no network.',
    works: 'Cash, and cards that may pay without network.',
    todo: 'Check the cable or Wi-Fi. Payments are kept and sent later.',
  },
  ledger_refuses_us: {
    what: 'The ledger does not accept this till.',
    works: 'Cash. Accepted payments are kept.',
    todo: 'Call support.',
  },
  keys_outdated: {
    what: 'The ledger does not accept this till: its key file is an old copy.',
    works: 'Cash. Accepted payments are kept.',
    todo: 'Call support: the newest copy, or an export and a new enrolment.',
  },
  ledger_not_asked_yet: { what: 'The ledger has not been asked yet.', works: 'Everything.', todo: 'Wait a moment.' },
  queue_waiting: {
    what: 'Payments are waiting to be sent to the ledger.',
    works: 'Everything. They are kept and sent by themselves.',
    todo: 'Nothing. Do not switch the till off for long.',
  },
  queue_parked: {
    what: 'A payment could not be sent and was set aside.',
    works: 'Everything else is sent as usual.',
    todo: 'Call support. Nothing is lost.',
  },
  package_missing: {
    what: 'The till has no scheme rules yet.',
    works: cashAndBasket,
    todo: 'Connect the network and wait a minute.',
  },
  package_old: {
    what: 'The till’s scheme rules are old.',
    works: 'Payments, as long as the schemes allow it.',
    todo: 'Connect the network.',
  },
  clock_not_trusted: {
    what: 'The till’s clock is not confirmed.',
    works: cashAndBasket,
    todo: 'Connect the network: the ledger confirms the time. Or set up cashier 1, who can.',
  },
  clock_to_confirm: {
    what: 'The till’s clock is not confirmed.',
    works: cashAndBasket,
    todo: 'Cashier 1 confirms it here. Or connect the network.',
  },
  time_contradicted: {
    what: 'The ledger’s time is another one than the one that was confirmed.',
    works: 'Everything, under the ledger’s time.',
    todo: 'Tell the merchant. The ledger judges what was sold under the confirmed time.',
  },
  rollback_detected: {
    what: 'The till’s data is older than it should be: a copy was restored.',
    works: cashAndBasket,
    todo: 'Call support before taking cards.',
  },
  keys_in_file: {
    what: 'The keys of this till lie in a file, without a security chip.',
    works: 'Everything.',
    todo: 'Keep the till locked away: a copy of its disk could pass for it.',
  },
  keys_not_sealed: {
    what: 'The security chip does not keep the keys of this till.',
    works: 'Everything.',
    todo: 'Call support. Until then keep the till locked away.',
  },
  journal_not_writable: {
    what: 'The till cannot write its journal.',
    works: 'Nothing that must be recorded.',
    todo: 'Free disk space or call support.',
  },
  disk_not_trusted: {
    what: 'The disk failed while it was recording.',
    works: 'Nothing. The last step may be recorded or not.',
    todo: 'Close and start the till again, then check the last sales. Call support.',
  },
}

export const faults: TextsOfLanguage['faults'] = {
  not_now: { what: 'That is not possible now.', todo: 'Finish the step on the screen first.' },
  malformed: { what: 'The till did not understand this.', todo: 'Try again. If it stays, call support.' },
  unknown_item: { what: 'These goods are no longer in the catalogue.', todo: 'Choose others or type the amount.' },
  amount_implausible: { what: 'The amount is too large.', todo: 'Check the digits.' },
  no_shift: { what: 'No shift is open.', todo: 'Open a shift with your PIN.' },
  pin_wrong: { what: 'This PIN is not right.', todo: 'Type it again.' },
  pin_wait: { what: 'Too many wrong PINs.', todo: 'Wait until the time that is shown, then type it again.' },
  sale_open: { what: 'A sale is still on the screen.', todo: 'Finish or cancel it, then close the shift.' },
  other_shift: { what: 'This sale is not of the open shift.', todo: 'Refund it instead.' },
  was_refunded: { what: 'Goods of this sale came back already.', todo: 'Refund what is left of it.' },
  receipt_unknown: {
    what: 'This till has no paid sale with this number.',
    todo: 'Check the number. Another till’s sale is refunded there.',
  },
  refund_not_settled: {
    what: 'The ledger has not paid this sale yet.',
    todo: 'Wait, or void all of it in its shift. What cash alone paid can go back now.',
  },
  refund_not_paid: {
    what: 'The ledger did not pay the voucher, and took nothing from its limit.',
    todo: 'Give back only what was paid in cash. The shop appeals to the agency with the receipt.',
  },
  refund_too_much: { what: 'More than is left of this line.', todo: 'Choose less.' },
  no_ledger: {
    what: 'A voucher is refunded by the ledger, which is not reached now.',
    todo: 'Keep the receipt and do it when the network is back.',
  },
  clock_moved: { what: 'The clock moved meanwhile.', todo: 'Look at the time again, then type the PIN.' },
  clock_behind_ledger: {
    what: 'This clock is before the ledger’s last word.',
    todo: 'Set the computer’s clock right, then confirm it.',
  },
  clock_back_again: {
    what: 'The time was set back once already since the ledger’s last word.',
    todo: 'Connect the network: now only the ledger confirms it.',
  },
  bench_is_open: { what: 'The test bench is open.', todo: 'Go back to the till first.' },
  bench_is_closed: { what: 'The test bench is closed.', todo: 'Open it again.' },
  bench_sale_open: {
    what: 'The test bench opens only while nothing is being sold.',
    todo: 'Finish or cancel the sale first.',
  },
  bench_busy: { what: 'What was asked for before is still under way.', todo: 'Wait until it has ended, or stop it.' },
  bench_no_card: { what: 'The card is gone.', todo: 'Lay a card on the reader.' },
  bench_card_risk: {
    what: 'This command can close a card for ever.',
    todo: 'Send it only when you know what it does.',
  },
  bench_drawer_money: {
    what: 'This till has been sold at, and money may lie in the drawer.',
    todo: 'Test it with a sale for cash: that opens it.',
  },
  bench_not_written: {
    what: 'The file could not be written.',
    todo: 'Free disk space, or copy the lines from the screen.',
  },
  read_only: { what: 'This window only watches.', todo: 'Work in the other window.' },
  core_down: { what: 'The till is restarting.', todo: 'Wait; do not charge again.' },
}
