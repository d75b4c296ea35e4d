/** The pictures of the till: every state of it by name, as a bridge's view and the screen's own memory. */
import { dtByQrName, tiyn, type BridgeView, type Snapshot } from '../../contract/index.ts'
import { emptyScreen, lightNames, newRefund, openList, openShifts, type ScreenState } from '../input/screen-state.ts'
import {
  longBasket,
  lunchAndJuice,
  lunchOnly,
  lunchPays,
  madeUpGoodsQuestion,
  madeUpId,
  madeUpNow,
  madeUpRefund,
  madeUpRefundNotPaid,
  madeUpReport,
  madeUpSale,
  madeUpTear,
  madeUpTender,
  quietTill,
  schoolLunch,
  troubledLights,
  twoSchemesPay,
} from './made-up.ts'
import type { Picture } from './picture.ts'

const atTill = (change: Partial<Snapshot>): Snapshot => ({ ...quietTill, ...change })

const open = atTill({
  sale: madeUpSale(lunchAndJuice()),
  actions: ['edit_basket', 'pay_by_card', 'pay_by_qr', 'pay_cash', 'cancel_sale'],
})
const waiting = atTill({
  sale: madeUpSale(lunchAndJuice()),
  tap: { state: 'tap', hint: null },
  actions: ['pay_by_qr', 'pay_cash', 'cancel_payment', 'cancel_sale'],
})
const held: Snapshot = { ...waiting, actions: [] }
const doubt = {
  actions: ['wait_for_answer', 'cancel_unknown', 'serve_next_meanwhile', 'cancel_sale'],
} satisfies Partial<Snapshot>
const torn = { actions: ['cancel_payment', 'serve_next_meanwhile', 'cancel_sale'] } satisfies Partial<Snapshot>

const asksPin = atTill({
  sale: madeUpSale(lunchAndJuice()),
  cardPays: lunchPays,
  actions: ['give_pin', 'cancel_payment'],
})
const pinTap = { state: 'pin', amount: tiyn(115_000), schemeName: schoolLunch } as const

const noShift = atTill({ actions: ['print_again', 'open_shift'], shift: { ...quietTill.shift, open: null } })
const unknownTender = madeUpTender(1, 115_000, 'unknown')
const qrTender = { ...madeUpTender(2, 70_000, 'unknown'), kind: 'qr' as const, schemeName: dtByQrName }
// As long as a real one is.
const qrText =
  '00020101021226520008kz.tolem0136019aaf6e-1c00-7000-8000-00000000a11d52040000530339854068' +
  '00.005802KZ5915Canteen number 16006Almaty6304ABCD'
const qrWith = (card: Extract<Snapshot['tap'], { state: 'qr' }>['card']): Snapshot =>
  atTill({
    ...doubt,
    sale: madeUpSale(lunchAndJuice(115_000), [madeUpTender(1, 115_000, 'settled'), qrTender]),
    tap: {
      state: 'qr',
      text: qrText,
      amount: qrTender.amount,
      until: madeUpNow + 240_000,
      doing: 'waiting_for_payer',
      card,
    },
  })
/** One of this shift, and one of the shift before it with many goods. */
const goodsAsked: Snapshot['goodsAsked'] = [
  madeUpGoodsQuestion(31, lunchOnly(), 'void'),
  madeUpGoodsQuestion(32, longBasket(), 'refund'),
]
const paidMeanwhile = { ...open, goodsAsked }
const unresolved = [madeUpTender(3, 115_000, 'unknown'), madeUpTender(4, 742_050, 'torn')]
/** Whoever paid has left; the till is free to take one up again. */
const withTears = atTill({
  actions: [...quietTill.actions, 'take_up_torn'],
  unresolved: [madeUpTender(4, 742_050, 'torn'), madeUpTender(6, 115_000, 'maybe_debited')],
  torn: [
    madeUpTear(4, 742_050, 'torn'),
    madeUpTear(6, 115_000, 'maybe_debited'),
    madeUpTear(7, 98_500, 'advised'),
    madeUpTear(8, 60_000, 'settled'),
    madeUpTear(9, 115_000, 'voided'),
  ],
})
const withEndedTears = atTill({
  torn: withTears.torn.filter(({ state }) => state === 'advised' || state === 'settled'),
})
const mayHavePaid = [madeUpTender(3, 115_000, 'unknown'), madeUpTender(4, 742_050, 'maybe_debited')]

const snapshots: Readonly<Record<string, Snapshot>> = {
  idle: quietTill,
  'idle-basket': open,
  'idle-long-basket': { ...open, sale: madeUpSale(longBasket()) },
  tap: waiting,
  'tap-moved': { ...waiting, tap: { state: 'tap', hint: 'card_moved_too_soon' } },
  'tap-again': { ...waiting, tap: { state: 'tap', hint: 'card_again' } },
  'tap-remove-first': { ...waiting, tap: { state: 'tap', hint: 'remove_card_first' } },
  hold: { ...held, cardPays: lunchPays, tap: { state: 'hold', step: 'asking_ledger', progress: 60 } },
  'hold-two-schemes': { ...held, cardPays: twoSchemesPay, tap: { state: 'hold', step: 'proving', progress: 35 } },
  rest: atTill({
    sale: madeUpSale(lunchAndJuice()),
    cardPays: lunchPays,
    tap: { state: 'rest', amount: tiyn(115_000), schemeName: schoolLunch, rest: tiyn(70_000) },
    actions: ['rest_by_cash', 'rest_by_qr', 'rest_later', 'cancel_payment'],
  }),
  settled: atTill({
    sale: madeUpSale(lunchOnly(115_000), [madeUpTender(1, 115_000, 'settled')]),
    cardPays: { parts: lunchPays?.parts ?? [], lines: lunchPays?.lines.slice(0, 1) ?? [] },
    tap: { state: 'approved', look: 'settled', amount: tiyn(115_000), schemeName: schoolLunch },
    actions: ['edit_basket', 'next_customer', 'print_again', 'void_sale'],
  }),
  'settled-rest': atTill({
    sale: madeUpSale(lunchAndJuice(115_000), [madeUpTender(1, 115_000, 'settled')]),
    cardPays: lunchPays,
    tap: { state: 'approved', look: 'settled', amount: tiyn(115_000), schemeName: schoolLunch },
    actions: ['pay_by_card', 'pay_by_qr', 'pay_cash', 'cancel_sale', 'print_again'],
  }),
  pending: atTill({
    ...troubledLights,
    sale: madeUpSale(lunchOnly(115_000), [madeUpTender(1, 115_000, 'pending')]),
    cardPays: { parts: lunchPays?.parts ?? [], lines: lunchPays?.lines.slice(0, 1) ?? [] },
    tap: { state: 'approved', look: 'pending', amount: tiyn(115_000), schemeName: schoolLunch },
    actions: ['edit_basket', 'next_customer', 'print_again', 'void_sale'],
  }),
  'pending-rest': atTill({
    ...troubledLights,
    sale: madeUpSale(lunchAndJuice(115_000), [madeUpTender(1, 115_000, 'pending')]),
    cardPays: lunchPays,
    tap: { state: 'approved', look: 'pending', amount: tiyn(115_000), schemeName: schoolLunch },
    actions: ['pay_by_card', 'pay_by_qr', 'pay_cash', 'cancel_sale'],
  }),
  refused: { ...open, tap: { state: 'refused', code: 'ALLOWANCE_USED' } },
  'refused-long': { ...open, tap: { state: 'refused', code: 'CAP_PER_BENEFICIARY_AND_PERIOD' } },
  'refused-elsewhere': { ...open, tap: { state: 'refused', code: 'LEASED_ELSEWHERE' } },
  torn: atTill({
    ...torn,
    sale: madeUpSale(lunchAndJuice(), [{ ...unknownTender, state: 'torn' }]),
    tap: { state: 'torn', hint: null, mayBeDebited: false, amount: tiyn(115_000), since: madeUpNow - 20_000 },
  }),
  'torn-other-card': atTill({
    ...torn,
    sale: madeUpSale(lunchAndJuice(), [{ ...unknownTender, state: 'torn' }]),
    tap: { state: 'torn', hint: 'other_card', mayBeDebited: false, amount: tiyn(115_000), since: madeUpNow - 20_000 },
  }),
  'torn-maybe-debited': atTill({
    ...torn,
    ...troubledLights,
    sale: madeUpSale(lunchAndJuice(), [{ ...unknownTender, state: 'maybe_debited' }]),
    tap: { state: 'torn', hint: null, mayBeDebited: true, amount: tiyn(115_000), since: madeUpNow - 20_000 },
  }),
  'torn-cannot-tell': atTill({
    ...torn,
    sale: madeUpSale(lunchAndJuice(), [{ ...unknownTender, state: 'maybe_debited' }]),
    tap: { state: 'torn', hint: 'cannot_tell', mayBeDebited: true, amount: tiyn(115_000), since: madeUpNow - 20_000 },
  }),
  pin: { ...asksPin, tap: { ...pinTap, wrong: false, triesLeft: 5, cardLies: true } },
  'pin-wrong': { ...asksPin, tap: { ...pinTap, wrong: true, triesLeft: 2, cardLies: true } },
  'pin-card-away': {
    ...asksPin,
    actions: ['cancel_payment'],
    tap: { ...pinTap, wrong: true, triesLeft: 2, cardLies: false },
  },
  unknown: atTill({
    ...doubt,
    sale: madeUpSale(lunchAndJuice(), [unknownTender]),
    tap: { state: 'unknown', amount: tiyn(115_000), since: madeUpNow - 40_000, doing: 'asking' },
  }),
  'unknown-no-network': atTill({
    ...doubt,
    ...troubledLights,
    unresolved,
    sale: madeUpSale(lunchAndJuice(), [unknownTender]),
    tap: { state: 'unknown', amount: tiyn(115_000), since: madeUpNow - 90_000, doing: 'waiting_for_network' },
  }),
  'unknown-cancelling': atTill({
    ...doubt,
    sale: madeUpSale(lunchAndJuice(), [{ ...unknownTender, state: 'reversing' }]),
    tap: { state: 'unknown', amount: tiyn(115_000), since: madeUpNow - 40_000, doing: 'cancelling' },
  }),
  qr: qrWith(null),
  'qr-card-asking': qrWith({ state: 'asking' }),
  'qr-card-awaited': qrWith({ state: 'awaiting_answer' }),
  'qr-card-left': qrWith({ state: 'left' }),
  'qr-card-refused': qrWith({ state: 'refused', code: 'CARD_COUNTER_WENT_BACK' }),
  'qr-card-of-no-account': qrWith({ state: 'refused', code: 'CARD_OF_NO_ACCOUNT' }),
  'qr-no-network': atTill({
    ...doubt,
    ...troubledLights,
    sale: madeUpSale(lunchAndJuice(115_000), [madeUpTender(1, 115_000, 'settled'), qrTender]),
    tap: {
      state: 'qr',
      text: qrText,
      amount: qrTender.amount,
      until: madeUpNow + 60_000,
      doing: 'waiting_for_network',
      card: null,
    },
  }),
  'qr-over': atTill({
    ...doubt,
    ...troubledLights,
    sale: madeUpSale(lunchAndJuice(115_000), [madeUpTender(1, 115_000, 'settled'), qrTender]),
    tap: {
      state: 'qr',
      text: null,
      amount: qrTender.amount,
      until: madeUpNow - 60_000,
      doing: 'time_over',
      card: null,
    },
  }),
  'qr-held': atTill({
    sale: madeUpSale(lunchOnly(), [{ ...qrTender, amount: tiyn(115_000), state: 'held' }]),
    tap: { state: 'approved', look: 'settled', amount: tiyn(115_000), schemeName: dtByQrName },
    actions: ['edit_basket', 'next_customer', 'print_again', 'void_sale'],
  }),
  'qr-leaves-less': { ...open, tap: { state: 'refused', code: 'QR_LEAVES_LESS' } },
  'paid-its-part': { ...open, tap: { state: 'refused', code: 'CARD_PAID_ITS_PART' } },
  'qr-not-paid': { ...open, tap: { state: 'refused', code: 'QR_NOT_PAID' } },
  unresolved: { ...open, unresolved },
  'unresolved-debit': { ...open, unresolved: mayHavePaid },
  'goods-asked': paidMeanwhile,
  troubled: { ...open, ...troubledLights, time: { now: madeUpNow, trusted: false, toConfirm: null } },
  start: noShift,
  'start-wait': {
    ...noShift,
    unresolved,
    shift: {
      ...noShift.shift,
      cashiers: noShift.shift.cashiers.map((cashier) => ({ ...cashier, waitUntil: madeUpNow + 120_000 })),
    },
  },
  'report-x': { ...quietTill, shift: { ...quietTill.shift, report: madeUpReport(null) } },
  'report-z': { ...noShift, shift: { ...noShift.shift, report: madeUpReport(1_585_000) } },
  'not-paid': {
    ...open,
    actions: ['edit_basket', 'next_customer'],
    sale: madeUpSale(lunchAndJuice(), [
      madeUpTender(1, 115_000, 'not_paid', 'PRESENTED_TOO_LATE'),
      { ...madeUpTender(5, 70_000, 'settled'), kind: 'cash', schemeName: null },
    ]),
  },
}

const running = (snapshot: Snapshot): BridgeView => ({ snapshot, connection: 'running', readOnly: false })
const picture = (name: string, view: BridgeView, screen: Partial<ScreenState> = {}): Picture => ({
  name,
  view,
  screen: { ...emptyScreen, ...screen },
  steps: [],
  fault: null,
})

const withoutCashiers = atTill({ shift: { cashiers: [], open: null, closed: [], report: null } })

const hour = 3_600_000
/** The machine's clock is an hour behind the till's newest entry. */
const withKeysInFile = atTill({
  lights: { ...quietTill.lights, till: { ...quietTill.lights.till, code: 'keys_in_file' } },
})
/** A scanner of the till's own was pulled. */
const withDevices: Snapshot = {
  ...open,
  ...troubledLights,
  lights: {
    ...troubledLights.lights,
    hid: { level: 'limited', code: 'hid_unplugged', since: null, detail: 'scanner: Honeywell Voyager 1470g' },
  },
}
/** Five seconds after cash was taken, behind a slow receipt. */
const withShutDrawer = atTill({
  sale: madeUpSale(lunchOnly(), [{ ...madeUpTender(1, 115_000, 'settled'), kind: 'cash', schemeName: null }]),
  actions: ['edit_basket', 'next_customer', 'print_again', 'void_sale'],
  drawerShutAt: madeUpNow,
})
const withSilentPrinter: Snapshot = {
  ...open,
  receiptsWaiting: 3,
  lights: {
    ...quietTill.lights,
    printer: { level: 'limited', code: 'printer_silent', since: madeUpNow - 600_000, detail: '' },
  },
}
const inDoubt = atTill({
  actions: [...quietTill.actions, 'confirm_time'],
  lights: { ...troubledLights.lights, till: { ...quietTill.lights.till, level: 'limited', code: 'clock_to_confirm' } },
  time: {
    now: madeUpNow,
    trusted: false,
    toConfirm: {
      wall: madeUpNow - hour,
      journalAt: madeUpNow,
      ledgerAt: madeUpNow - 20 * hour,
      goesBack: true,
      obstacle: null,
    },
  },
})
/** Its battery is empty. */
const inThePast: Snapshot = {
  ...inDoubt,
  time: {
    ...inDoubt.time,
    toConfirm: {
      wall: 90_000,
      journalAt: madeUpNow,
      ledgerAt: madeUpNow - hour,
      goesBack: true,
      obstacle: 'clock_behind_ledger',
    },
  },
}

export const pictures: readonly Picture[] = [
  ...Object.entries(snapshots).map(([name, snapshot]) => picture(name, running(snapshot))),
  picture('typing', running(open), {
    typing: { amount: '1150,5', search: '', pin: '' },
    category: 'food',
    selectedLine: 2,
  }),
  picture('above-cap', running(open), {
    notice: { kind: 'amount_above_cap' },
    typing: { amount: '500000', search: '', pin: '' },
  }),
  picture('scan-broken', running(open), { notice: { kind: 'scan_broken' } }),
  picture('barcode-unknown', running(open), { notice: { kind: 'barcode_unknown', barcode: '4870000000017' } }),
  picture('pin-typed', running(snapshots['pin'] ?? open), { typing: { amount: '', search: '', pin: '4071' } }),
  picture('drawer-shut', running(withShutDrawer)),
  picture('fault', running(open), { notice: { kind: 'fault', fault: 'not_now' } }),
  picture('nothing-found', running(open), { typing: { amount: '', search: 'zzz', pin: '' } }),
  ...lightNames.map((light) =>
    picture(`sheet-${light}`, running(light === 'hid' ? withDevices : { ...open, ...troubledLights }), {
      sheet: { kind: 'light', light },
    }),
  ),
  picture('sheet-printer-silent', running(withSilentPrinter), { sheet: { kind: 'light', light: 'printer' } }),
  picture('sheet-recent', running({ ...open, actions: [...open.actions, 'print_again', 'void_sale'] }), {
    sheet: openList('recent', open),
  }),
  picture('sheet-shift', running(quietTill), { sheet: openShifts(quietTill) }),
  picture('sheet-shift-none', running(noShift), { sheet: openShifts(noShift) }),
  picture('sheet-close', running(quietTill), { sheet: { kind: 'shift', view: 'close', chosen: null } }),
  picture('sheet-cashier', running(noShift), { sheet: { kind: 'shift', view: 'cashier', chosen: null } }),
  picture('sheet-first-cashier', running(withoutCashiers), { sheet: openShifts(withoutCashiers) }),
  picture('sheet-keys', running(withKeysInFile), { sheet: { kind: 'light', light: 'till' } }),
  picture('sheet-clock', running(inDoubt), { sheet: { kind: 'light', light: 'till' } }),
  picture('sheet-time', running(inDoubt), { sheet: { kind: 'time' } }),
  picture('sheet-time-past', running(inThePast), { sheet: { kind: 'time' } }),
  picture('sheet-unresolved', running({ ...open, unresolved }), {
    sheet: openList('unresolved', { ...open, unresolved }),
  }),
  picture('sheet-torn', running(withTears), { sheet: openList('unresolved', withTears) }),
  picture('sheet-torn-over', running(withEndedTears), { sheet: openList('unresolved', withEndedTears) }),
  picture('sheet-goods', running(paidMeanwhile), { sheet: openList('unresolved', paidMeanwhile) }),
  picture('sheet-goods-torn', running({ ...withTears, goodsAsked }), {
    sheet: { kind: 'unresolved', chosen: goodsAsked[0]?.saleId ?? null },
  }),
  picture('question-goods', running(paidMeanwhile), {
    sheet: {
      kind: 'question',
      question: 'goods_not_given',
      command: { command: 'void_sale', saleId: goodsAsked[0]?.saleId ?? madeUpId(0) },
      behind: openList('unresolved', paidMeanwhile),
    },
  }),
  picture('sheet-queue-torn', running(withTears), { sheet: { kind: 'light', light: 'queue' } }),
  picture('question-cancel', running(open), {
    sheet: { kind: 'question', question: 'cancel_sale', command: { command: 'cancel_sale' }, behind: null },
  }),
  picture('question-unknown', running({ ...open, unresolved }), {
    sheet: {
      kind: 'question',
      question: 'cancel_unknown',
      command: { command: 'cancel_unknown', tenderId: unresolved[0]?.tenderId ?? madeUpId(0) },
      behind: openList('unresolved', { ...open, unresolved }),
    },
  }),
  picture('question-void', running(open), {
    sheet: {
      kind: 'question',
      question: 'void_sale',
      command: { command: 'void_sale', saleId: madeUpId(21) },
      behind: openList('recent', open),
    },
  }),
  picture('sheet-refund', running({ ...open, refund: madeUpRefund }), {
    sheet: { kind: 'refund', chosen: '3', quantities: { 1: 1, 3: 1 }, reason: 'goods_returned' },
  }),
  picture(
    'sheet-refund-offline',
    running({ ...open, refund: { ...madeUpRefund, obstacles: ['no_ledger'], returns: [] } }),
    {
      sheet: newRefund,
    },
  ),
  picture('sheet-refund-not-paid', running({ ...open, refund: madeUpRefundNotPaid }), {
    sheet: { kind: 'refund', chosen: '2', quantities: { 2: 1 }, reason: 'goods_returned' },
  }),
  picture('sheet-receipt-number', running(open), { sheet: { kind: 'receipt_number', typed: '0000' } }),
  picture('question-refund', running({ ...open, refund: madeUpRefund }), {
    sheet: {
      kind: 'question',
      question: 'refund_sale',
      command: {
        command: 'refund_sale',
        saleId: madeUpRefund.saleId,
        lines: [{ line: 1, amount: tiyn(115_000) }],
        reason: 'goods_returned',
      },
      behind: newRefund,
    },
  }),
  picture('read-only', { snapshot: open, connection: 'running', readOnly: true }),
  picture('restarting', { snapshot: waiting, connection: 'core_restarting', readOnly: false }),
  picture('connecting', { snapshot: waiting, connection: 'connecting', readOnly: false }),
  picture('lost', { snapshot: open, connection: 'lost', readOnly: false }),
  picture('first-connecting', { snapshot: null, connection: 'connecting', readOnly: false }),
  picture('first-lost', { snapshot: null, connection: 'lost', readOnly: false }),
]
