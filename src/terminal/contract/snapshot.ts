/**
 * What the screen shows, whole: the UI is a pure view of the newest snapshot and remembers nothing about money itself
 * (architecture.md, "Processes"). Amounts travel as decimal strings of tiyn and become bigint on parsing.
 */
import { z } from 'zod'
import { gtinSchema, instantSchema, nameSchema, textsSchema, uuidSchema } from '../../voucher/identifiers.ts'
import { lineReasons } from '../../voucher/line-outcomes.ts'
import { tiynSchema } from '../../voucher/money.ts'
import { refusalCodes } from '../../voucher/reasons.ts'
import { benchViewSchema } from './bench.ts'
import { refundViewSchema } from './refund.ts'
import { shiftViewSchema } from './shift.ts'
import { tenderStateSchema } from './tender-state.ts'
import { timeToConfirmSchema } from './time.ts'
import { goodsQuestionSchema } from './goods.ts'
import { tornRecordSchema } from './torn.ts'

export const tenderViewSchema = z.strictObject({
  tenderId: uuidSchema,
  saleId: uuidSchema,
  kind: z.enum(['voucher', 'cash', 'qr']),
  /** Absent for cash. */
  schemeName: textsSchema.nullable(),
  amount: tiynSchema,
  state: tenderStateSchema,
  /** Why it was refused or not paid. */
  code: z.string().nullable(),
  since: instantSchema,
})
export type TenderView = z.infer<typeof tenderViewSchema>

export const saleViewSchema = z.strictObject({
  saleId: uuidSchema,
  lines: z.array(
    z.strictObject({
      line: z.int(),
      itemId: nameSchema,
      name: textsSchema,
      quantity: z.int(),
      unitPrice: tiynSchema,
      total: tiynSchema,
      /** Paid of this line by schemes so far. */
      covered: tiynSchema,
    }),
  ),
  total: tiynSchema,
  /** Of the total, by tenders for which goods are given: settled, pending, awaiting funds, not paid by the ledger. */
  paid: tiynSchema,
  leftToPay: tiynSchema,
  tenders: z.array(tenderViewSchema),
  /** The lines may still change: no tender has started. */
  open: z.boolean(),
})
export type SaleView = z.infer<typeof saleViewSchema>

/** What the schemes of the card on the reader pay: shown while the card is held and with the result. */
export const cardPaysSchema = z.strictObject({
  parts: z.array(
    z.strictObject({
      schemeName: textsSchema,
      amount: tiynSchema,
      benefit: z.enum(['count', 'amount']),
      periodId: z.string(),
      countAllowed: z.int(),
      countLeft: z.int(),
      amountLeft: tiynSchema,
      reducedBy: z.enum(refusalCodes).nullable(),
    }),
  ),
  /** Of each line that something was due for: what the card pays, and why not the rest. */
  lines: z.array(z.strictObject({ line: z.int(), pays: tiynSchema, why: z.enum(lineReasons).nullable() })),
})
export type CardPays = z.infer<typeof cardPaysSchema>

/** The tap area: exactly one of ten states (ui.md, "Till", the QR of docs/design/17, PIN and rest of 26). */
export const tapSchema = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('idle') }),
  z.strictObject({
    state: z.literal('tap'),
    /** Why the card is wanted again, if it is. */
    hint: z.enum(['card_moved_too_soon', 'remove_card_first', 'card_again']).nullable(),
  }),
  z.strictObject({
    state: z.literal('hold'),
    step: z.enum(['reading', 'checking_pin', 'proving', 'asking_ledger', 'recording']),
    /** 0 to 100. */
    progress: z.int().min(0).max(100),
  }),
  z.strictObject({
    state: z.literal('approved'),
    look: z.enum(['settled', 'pending']),
    amount: tiynSchema,
    schemeName: textsSchema,
  }),
  z.strictObject({ state: z.literal('refused'), code: z.enum(refusalCodes) }),
  z.strictObject({
    state: z.literal('torn'),
    hint: z.enum(['other_card', 'cannot_tell']).nullable(),
    /** The card itself may have paid: it says so when it is back. Otherwise nothing is paid. */
    mayBeDebited: z.boolean(),
    amount: tiynSchema,
    since: instantSchema,
  }),
  /** The card counts itself and pays last: what it leaves is collected first. Nothing of it is paid yet. */
  z.strictObject({
    state: z.literal('rest'),
    /** What the card is to pay, all its schemes together. */
    amount: tiynSchema,
    /** Null where several of them pay. */
    schemeName: textsSchema.nullable(),
    /** What others are to pay before it. */
    rest: tiynSchema,
  }),
  /** The card wants its holder's PIN before it pays. Nothing is paid yet. */
  z.strictObject({
    state: z.literal('pin'),
    amount: tiynSchema,
    schemeName: textsSchema,
    triesLeft: z.int().min(0).max(15),
    /** The one before was wrong. */
    wrong: z.boolean(),
    /** It has to lie there to hear the PIN. */
    cardLies: z.boolean(),
  }),
  z.strictObject({
    state: z.literal('unknown'),
    amount: tiynSchema,
    since: instantSchema,
    doing: z.enum(['asking', 'cancelling', 'waiting_for_network']),
  }),
  /** The customer's wallet is to pay, and may have: not to be charged again. */
  z.strictObject({
    state: z.literal('qr'),
    /** Null when it is not to be shown any more: what is paid now comes back. */
    text: z.string().nullable(),
    amount: tiynSchema,
    /** Nobody can pay it any more from then on. */
    until: instantSchema,
    doing: z.enum(['waiting_for_payer', 'waiting_for_network', 'time_over', 'till_suspended']),
    /** The CBDC card that was held there to pay it (docs/design/29-cbdc-card.md); null before one was. */
    card: z
      .discriminatedUnion('state', [
        z.strictObject({ state: z.literal('asking') }),
        /** The card has agreed; what became of it, the ledger tells. */
        z.strictObject({ state: z.literal('awaiting_answer') }),
        /** It moved too soon: nothing was paid, hold it again. */
        z.strictObject({ state: z.literal('left') }),
        /** The QR stands all the same. */
        z.strictObject({ state: z.literal('refused'), code: z.enum(refusalCodes) }),
      ])
      .nullable(),
  }),
])
export type TapView = z.infer<typeof tapSchema>

export const statusCodeSchema = z.enum([
  'ok',
  // reader
  'reader_none',
  'reader_no_service',
  'reader_sharing_violation',
  'reader_error',
  'device_host_restarting',
  // printer
  'printer_none',
  'printer_unreachable',
  'printer_paper_out',
  'printer_cover_open',
  'printer_cutter',
  'printer_error',
  /** It takes the connection and never answers: its speed is wrong, or it is a model that tells nothing. */
  'printer_silent',
  /** Off line, and it says nothing of a cause. */
  'printer_offline',
  'printer_paper_near_end',
  /** It takes receipts and tells nothing of itself. */
  'printer_no_status',
  /** The system lets this till not open its port; another program has it; it is no device. */
  'printer_no_access',
  'printer_in_use',
  'printer_wrong_device',
  // scanner, keypad and customer display
  /** It was here, or is set up, and is not plugged in. */
  'hid_unplugged',
  'hid_no_access',
  'hid_in_use',
  'hid_failed',
  'hid_no_library',
  /** A scanner whose reports are no codes in the layout that it is read by. */
  'hid_unknown_reports',
  /** The program that reads all devices kept ending; it runs on without these. */
  'hid_left_out',
  // network and ledger
  'network_down',
  'ledger_refuses_us',
  'keys_outdated',
  'ledger_not_asked_yet',
  // queue
  'queue_waiting',
  'queue_parked',
  // the till itself
  'package_missing',
  'package_old',
  /** Nobody at the till may confirm it: no merchant was made cashier 1. */
  'clock_not_trusted',
  'clock_to_confirm',
  'time_contradicted',
  'rollback_detected',
  'journal_not_writable',
  /** No TPM keeps them: whoever copies the file can speak as this till. */
  'keys_in_file',
  /** There is a TPM, and it does not keep them. */
  'keys_not_sealed',
  'disk_not_trusted',
])
export type StatusCode = z.infer<typeof statusCodeSchema>

/** One light of the status row. `level` decides the shape: ● works, ▲ works with a limit, ■ does not work. */
export const lightSchema = z.strictObject({
  level: z.enum(['ok', 'limited', 'off']),
  code: statusCodeSchema,
  since: instantSchema.nullable(),
  /** For the sheet, technical and small: the reader's name, the printer's address. */
  detail: z.string(),
})
export type Light = z.infer<typeof lightSchema>

/** What the cashier may do now. A command that is not listed is answered `not_now`. */
export const actionSchema = z.enum([
  'edit_basket',
  'pay_by_card',
  'pay_by_qr',
  'pay_cash',
  'rest_by_cash',
  'rest_by_qr',
  'rest_later',
  'cancel_payment',
  'give_pin',
  'cancel_sale',
  'next_customer',
  'wait_for_answer',
  'cancel_unknown',
  'serve_next_meanwhile',
  'take_up_torn',
  'print_again',
  'void_sale',
  'open_shift',
  'close_shift',
  'confirm_time',
  'open_bench',
])
export type Action = z.infer<typeof actionSchema>

export const snapshotSchema = z.strictObject({
  /** Rises with every change. */
  revision: z.int().min(0),
  language: z.enum(['kk', 'ru', 'en']),
  terminalId: z.string(),
  merchantName: textsSchema,
  /** The till's trusted time now, and how it got it. */
  time: z.strictObject({
    now: instantSchema,
    trusted: z.boolean(),
    /** What a manager can say is right; null while nothing is in doubt, and where there is no manager. */
    toConfirm: timeToConfirmSchema.nullable(),
  }),
  catalogue: z.array(
    z.strictObject({
      itemId: nameSchema,
      name: textsSchema,
      category: nameSchema,
      gtin: gtinSchema.optional(),
      unitPrice: tiynSchema,
    }),
  ),
  /** Categories in which the cashier may ring up a bare amount. */
  amountCategories: z.array(z.strictObject({ category: nameSchema, name: textsSchema })),
  sale: saleViewSchema.nullable(),
  cardPays: cardPaysSchema.nullable(),
  tap: tapSchema,
  actions: z.array(actionSchema),
  /** Tenders of earlier sales that still need an answer: unknown or torn. Never hidden by the next customer. */
  unresolved: z.array(tenderViewSchema),
  /** Payments whose card left too early: what is open, what was given up, and how the last ones ended. */
  torn: z.array(tornRecordSchema),
  /** Paid while nobody saw it at the till, and not answered yet; the oldest first. */
  goodsAsked: z.array(goodsQuestionSchema),
  /** The last sales of this till, newest first. */
  recent: z.array(
    z.strictObject({
      saleId: uuidSchema,
      at: instantSchema,
      total: tiynSchema,
      tenders: z.array(tenderViewSchema),
      receipt: z.enum(['none', 'waiting', 'printed']),
      voidable: z.boolean(),
      refundable: z.boolean(),
      /** Has gone back of it, or is on its way. */
      wentBack: tiynSchema,
    }),
  ),
  lights: z.strictObject({
    reader: lightSchema,
    printer: lightSchema,
    network: lightSchema,
    queue: lightSchema,
    till: lightSchema,
    /** Null where there is no scanner, keypad or display that the till reads itself. */
    hid: lightSchema.nullable(),
  }),
  queue: z.strictObject({
    waiting: z.int(),
    parked: z.int(),
    oldestAt: instantSchema.nullable(),
    /** The oldest of those that were set aside. */
    setAside: z.array(
      z.strictObject({
        itemId: z.string(),
        kind: z.enum(['presentment', 'reversal', 'surrender', 'refund', 'capture']),
        at: instantSchema,
        /** Null for a slot that was given back. */
        amount: tiynSchema.nullable(),
        why: z.string(),
      }),
    ),
  }),
  /** Where the ledger disagrees with this till: first what asks for something; without what came to nothing. */
  discrepancies: z.array(
    z.strictObject({
      discrepancyId: z.string(),
      code: z.string(),
      at: instantSchema,
      amount: tiynSchema,
      /** The end of the sale's id, as it stands on its receipt; null where it is about no sale of this till. */
      saleNumber: z.string().nullable(),
      standing: z.enum(['to_be_appealed', 'to_be_looked_into', 'appealed', 'accepted', 'refused', 'agency_bears']),
    }),
  ),
  /** Receipts, slips and reports that are still to be printed. */
  receiptsWaiting: z.int().min(0),
  /** Cash changed hands and the drawer stays shut: known since then, until the cashier goes on. */
  drawerShutAt: instantSchema.nullable(),
  shift: shiftViewSchema,
  /** The sale whose goods come back; null while none is looked at. */
  refund: refundViewSchema.nullable(),
  /** Null while the test bench is closed. */
  bench: benchViewSchema.nullable(),
})
export type Snapshot = z.infer<typeof snapshotSchema>
