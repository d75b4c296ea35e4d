/** What the cashier asks for. Each is answered once: done, or a code that says why not. */
import { z } from 'zod'
import { nameSchema, uuidSchema } from '../../voucher/identifiers.ts'
import { tiynSchema } from '../../voucher/money.ts'
import { benchCommands, benchFaults } from './bench.ts'
import { goodsCommands } from './goods.ts'
import { refundCommands } from './refund.ts'
import { shiftCommands } from './shift.ts'
import { timeCommands } from './time.ts'

export const commandSchema = z.discriminatedUnion('command', [
  z.strictObject({ command: z.literal('add_item'), itemId: nameSchema }),
  z.strictObject({ command: z.literal('add_amount'), category: nameSchema, amount: tiynSchema }),
  z.strictObject({ command: z.literal('set_quantity'), line: z.int().min(1), quantity: z.int().min(0).max(9_999) }),
  z.strictObject({ command: z.literal('pay_by_card') }),
  /** Asks for all that is left by QR: the customer pays it with their own wallet. */
  z.strictObject({ command: z.literal('pay_by_qr') }),
  z.strictObject({ command: z.literal('pay_cash') }),
  /** What the card leaves is in the cashier's hand; it is taken when the card has paid. */
  z.strictObject({ command: z.literal('rest_by_cash') }),
  /** Asks for what the card leaves by QR, before the card pays. */
  z.strictObject({ command: z.literal('rest_by_qr') }),
  /** The card pays first after all: another card pays the rest, or it is not known yet who does. */
  z.strictObject({ command: z.literal('rest_later') }),
  z.strictObject({ command: z.literal('cancel_payment') }),
  /** Of the card that lies there, typed by its holder. Goes to the card once, and nowhere else. */
  z.strictObject({ command: z.literal('give_pin'), pin: z.string().regex(/^[0-9]{4,8}$/) }),
  z.strictObject({ command: z.literal('cancel_sale') }),
  /** Clears a shown result and, when the sale is paid, closes it. */
  z.strictObject({ command: z.literal('next_customer') }),
  /** Asks the ledger about an unknown tender again, now. */
  z.strictObject({ command: z.literal('wait_for_answer'), tenderId: uuidSchema }),
  /** The customer leaves without goods: reverse, whatever the ledger has. */
  z.strictObject({ command: z.literal('cancel_unknown'), tenderId: uuidSchema }),
  /** Leaves an unknown or torn tender in the visible list and serves the next customer. */
  z.strictObject({ command: z.literal('serve_next_meanwhile') }),
  /** The customer of a torn payment is back: its sale comes to the screen, and its card is wanted again. */
  z.strictObject({ command: z.literal('take_up_torn'), tenderId: uuidSchema }),
  /** Prints the receipt of a sale again, marked COPY when an original exists. */
  z.strictObject({ command: z.literal('print_again'), saleId: uuidSchema }),
  z.strictObject({ command: z.literal('void_sale'), saleId: uuidSchema }),
  z.strictObject({ command: z.literal('set_language'), language: z.enum(['kk', 'ru', 'en']) }),
  z.strictObject({ command: z.literal('sync_now') }),
  ...goodsCommands,
  ...shiftCommands,
  ...refundCommands,
  ...timeCommands,
  ...benchCommands,
])
export type Command = z.infer<typeof commandSchema>

export const commandFaults = [
  'not_now',
  'malformed',
  'unknown_item',
  'amount_implausible',
  /** Nothing is sold and nothing voided without an open shift. */
  'no_shift',
  'pin_wrong',
  'pin_wait',
  /** The sale on the screen is finished or cancelled first. */
  'sale_open',
  /** A sale of an earlier shift is refunded, not voided. */
  'other_shift',
  /** Goods came back of it: what is left is refunded, not voided. */
  'was_refunded',
  'receipt_unknown',
  /** The ledger has not paid this sale, or not yet. */
  'refund_not_settled',
  'refund_not_paid',
  'refund_too_much',
  /** A refund of a voucher needs the ledger. */
  'no_ledger',
  /** The machine's clock is not what it was when the manager looked at it. */
  'clock_moved',
  /** The machine's clock is before the ledger's last word. */
  'clock_behind_ledger',
  /** The time went back once already since the ledger's last word. */
  'clock_back_again',
  ...benchFaults,
  'read_only',
  'core_down',
] as const
export type CommandFault = (typeof commandFaults)[number]

export const commandAnswerSchema = z.discriminatedUnion('ok', [
  z.strictObject({ ok: z.literal(true) }),
  z.strictObject({ ok: z.literal(false), fault: z.enum(commandFaults) }),
])
export type CommandAnswer = z.infer<typeof commandAnswerSchema>
