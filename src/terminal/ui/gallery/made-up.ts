/** Made-up snapshots for pictures and tests: every state the till can show, with invented shops, goods and sums. */
import {
  addTiyn,
  type GoodsQuestion,
  tiyn,
  type Light,
  type Snapshot,
  type TenderView,
  type Texts,
  type TornRecord,
} from '../../contract/index.ts'

/** 23.11.2026 12:14 in Almaty. */
export const madeUpNow = Date.UTC(2026, 10, 23, 7, 14)
const minutesAgo = (minutes: number): number => madeUpNow - minutes * 60_000

/** A UUIDv7 that is plainly invented. */
export const madeUpId = (number: number): string => `019aaaaa-0000-7000-8000-${number.toString().padStart(12, '0')}`

const texts = (kk: string, ru: string, en: string): Texts => ({ kk, ru, en })

export const schoolLunch = texts('Мектеп түскі асы', 'Школьный обед', 'School lunch')
export const foodVoucher = texts('Азық-түлік ваучері', 'Продуктовый ваучер', 'Food voucher')

const goods = [
  ['lunch', texts('Түскі ас жиынтығы', 'Комплексный обед', 'School lunch'), 'lunch', 115_000],
  ['juice', texts('Алма шырыны 0,2 л', 'Сок яблочный 0,2 л', 'Apple juice 0.2 l'), 'drinks', 35_000],
  ['samsa', texts('Тауық еті қосылған самса', 'Самса с курицей', 'Chicken samsa'), 'bakery', 60_000],
  ['bauyrsak', texts('Бауырсақ', 'Баурсаки', 'Bauyrsak'), 'bakery', 25_000],
  ['milk', texts('Сүт 1 л', 'Молоко 1 л', 'Milk 1 l'), 'food', 62_050],
  ['bread', texts('Бидай наны', 'Хлеб пшеничный', 'Wheat bread'), 'food', 18_000],
  ['kurt', texts('Құрт', 'Курт', 'Qurt'), 'food', 45_000],
  ['tea', texts('Сүт қосылған шай', 'Чай с молоком', 'Tea with milk'), 'drinks', 20_000],
] as const

const catalogue: Snapshot['catalogue'] = goods.map(([itemId, name, category, price]) => ({
  itemId,
  name,
  category,
  unitPrice: tiyn(price),
}))

const well: Light = { level: 'ok', code: 'ok', since: null, detail: '' }

const line = (number: number, itemId: (typeof goods)[number][0], quantity: number, covered = 0) => {
  const [, name, , price] = goods.find(([id]) => id === itemId) ?? goods[0]
  return {
    line: number,
    itemId,
    name,
    quantity,
    unitPrice: tiyn(price),
    total: tiyn(price * quantity),
    covered: tiyn(covered),
  }
}

/** As the sheet of a return has a line. */
const refundable = ({ line: number, name, quantity, unitPrice, total }: ReturnType<typeof line>) => ({
  line: number,
  name,
  quantity,
  unitPrice,
  total,
})

type Sale = NonNullable<Snapshot['sale']>

/** A sale of these lines with these tenders; what counts as paid follows the contract. */
export function madeUpSale(lines: Sale['lines'], tenders: TenderView[] = []): Sale {
  const total = addTiyn(...lines.map((one) => one.total))
  const counts = (tender: TenderView): boolean =>
    ['settled', 'held', 'pending', 'awaiting_funds', 'not_paid'].includes(tender.state)
  const paid = addTiyn(...tenders.filter(counts).map((tender) => tender.amount))
  return {
    saleId: madeUpId(1),
    lines,
    total,
    paid,
    leftToPay: tiyn(total - paid),
    tenders,
    open: tenders.length === 0,
  }
}

export function madeUpTender(number: number, amount: number, state: TenderView['state'], code = ''): TenderView {
  return {
    tenderId: madeUpId(100 + number),
    saleId: madeUpId(number),
    kind: 'voucher',
    schemeName: number % 2 === 1 ? schoolLunch : foodVoucher,
    amount: tiyn(amount),
    state,
    code: code === '' ? null : code,
    since: minutesAgo(10 * number),
  }
}

export function madeUpTear(number: number, amount: number, state: TenderView['state']): TornRecord {
  const { tenderId, saleId, schemeName, since } = madeUpTender(number, amount, state)
  return {
    ...{ tenderId, schemeName: schemeName ?? schoolLunch, amount: tiyn(amount), state },
    ...{ saleNumber: saleId.slice(-8), at: since, cardLastFour: `${number}f3a` },
  }
}

export function madeUpGoodsQuestion(number: number, lines: Sale['lines'], back: GoodsQuestion['back']): GoodsQuestion {
  const saleId = madeUpId(number)
  return {
    ...{ saleId, saleNumber: saleId.slice(-8), at: minutesAgo(number), back },
    ...{ total: addTiyn(...lines.map(({ total }) => total)), goods: lines.map(({ name }) => name) },
  }
}

export const lunchAndJuice = (covered = 0): Sale['lines'] => [line(1, 'lunch', 1, covered), line(2, 'juice', 2)]
export const lunchOnly = (covered = 0): Sale['lines'] => [line(1, 'lunch', 1, covered)]
export const longBasket = (): Sale['lines'] => [
  line(1, 'lunch', 12),
  line(2, 'juice', 120),
  line(3, 'samsa', 1_000),
  line(4, 'bauyrsak', 4),
  line(5, 'milk', 3),
  line(6, 'bread', 2),
  line(7, 'kurt', 1),
]

export const lunchPays: Snapshot['cardPays'] = {
  parts: [
    {
      schemeName: schoolLunch,
      amount: tiyn(115_000),
      benefit: 'count',
      periodId: '2026-11-23',
      countAllowed: 1,
      countLeft: 0,
      amountLeft: tiyn(0),
      reducedBy: null,
    },
  ],
  lines: [
    { line: 1, pays: tiyn(115_000), why: null },
    { line: 2, pays: tiyn(0), why: 'not_listed' },
  ],
}

export const twoSchemesPay: Snapshot['cardPays'] = {
  parts: [
    ...(lunchPays?.parts ?? []),
    {
      schemeName: foodVoucher,
      amount: tiyn(45_000),
      benefit: 'amount',
      periodId: '2026-11',
      countAllowed: 30,
      countLeft: 12,
      amountLeft: tiyn(1_255_000),
      reducedBy: 'CAP_PER_SALE',
    },
  ],
  lines: [
    { line: 1, pays: tiyn(115_000), why: null },
    { line: 2, pays: tiyn(45_000), why: 'allowance_used' },
  ],
}

export const madeUpCashier = { number: 2, name: 'Айгүл' }
export const madeUpShift: NonNullable<Snapshot['shift']['open']> = {
  shiftId: madeUpId(300),
  number: 12,
  cashier: madeUpCashier,
  openedAt: minutesAgo(254),
  closedAt: null,
}

/** A till with nothing rung up and everything well. */
export const quietTill: Snapshot = {
  revision: 1,
  language: 'kk',
  terminalId: 'till-03',
  merchantName: texts('№12 мектептің асханасы', 'Столовая школы № 12', 'Canteen of School 12'),
  time: { now: madeUpNow, trusted: true, toConfirm: null },
  catalogue,
  amountCategories: [
    { category: 'lunch', name: texts('Түскі ас', 'Обед', 'Lunch') },
    { category: 'food', name: texts('Азық-түлік', 'Продукты', 'Food') },
    { category: 'other', name: texts('Басқа тауар', 'Прочее', 'Other goods') },
  ],
  sale: null,
  cardPays: null,
  tap: { state: 'idle' },
  actions: ['edit_basket', 'print_again', 'void_sale', 'close_shift'],
  unresolved: [],
  goodsAsked: [],
  torn: [],
  recent: [
    {
      saleId: madeUpId(21),
      at: minutesAgo(3),
      total: tiyn(115_000),
      tenders: [madeUpTender(21, 115_000, 'pending')],
      receipt: 'printed',
      voidable: true,
      refundable: true,
      wentBack: tiyn(0),
    },
    {
      saleId: madeUpId(22),
      at: minutesAgo(9),
      total: tiyn(1_250_000),
      tenders: [
        madeUpTender(22, 1_050_000, 'awaiting_funds'),
        { ...madeUpTender(24, 200_000, 'settled'), kind: 'cash', schemeName: null },
      ],
      receipt: 'none',
      voidable: false,
      refundable: true,
      wentBack: tiyn(0),
    },
    {
      saleId: madeUpId(23),
      at: minutesAgo(1_500),
      total: tiyn(120_000),
      tenders: [madeUpTender(23, 120_000, 'not_paid', 'SLOT_ALREADY_USED')],
      receipt: 'printed',
      voidable: false,
      refundable: true,
      wentBack: tiyn(0),
    },
  ],
  lights: { reader: well, printer: well, network: well, queue: well, till: well, hid: null },
  queue: { waiting: 0, parked: 0, oldestAt: null, setAside: [] },
  discrepancies: [],
  receiptsWaiting: 0,
  drawerShutAt: null,
  shift: {
    cashiers: [
      { number: 1, name: 'Иесі', waitUntil: null },
      { ...madeUpCashier, waitUntil: null },
    ],
    open: madeUpShift,
    closed: [{ ...madeUpShift, shiftId: madeUpId(299), number: 11, closedAt: minutesAgo(1_000) }],
    report: null,
  },
  refund: null,
  bench: null,
}

/** A sale of yesterday of which a juice came back already, and a lunch may. */
export const madeUpRefund: NonNullable<Snapshot['refund']> = {
  saleId: madeUpId(22),
  number: madeUpId(22).slice(-8),
  at: minutesAgo(1_500),
  total: tiyn(245_000),
  obstacles: [],
  lines: [
    { ...refundable(line(1, 'lunch', 1)), voucherLeft: tiyn(115_000), cashLeft: tiyn(0) },
    { ...refundable(line(2, 'juice', 2)), voucherLeft: tiyn(0), cashLeft: tiyn(35_000) },
    { ...refundable(line(3, 'samsa', 1)), voucherLeft: tiyn(40_000), cashLeft: tiyn(20_000) },
  ],
  returns: [
    { returnId: madeUpId(401), at: minutesAgo(200), cash: tiyn(35_000), refunds: [], printed: 'printed' },
    {
      returnId: madeUpId(402),
      at: minutesAgo(12),
      cash: tiyn(0),
      refunds: [
        {
          refundId: madeUpId(403),
          schemeName: foodVoucher,
          amount: tiyn(40_000),
          state: 'refused',
          code: 'INSUFFICIENT_FUNDS',
        },
      ],
      printed: 'waiting',
    },
  ],
}

/** The ledger did not pay its lunch; a part of the samsa waits for it; a refund was set aside. */
export const madeUpRefundNotPaid: NonNullable<Snapshot['refund']> = {
  ...madeUpRefund,
  obstacles: ['refund_not_settled', 'refund_not_paid'],
  lines: madeUpRefund.lines.map((each) => ({
    ...each,
    voucherLeft: tiyn(0),
    cashLeft: each.line === 2 ? each.cashLeft : tiyn(0),
  })),
  returns: [
    {
      returnId: madeUpId(402),
      at: minutesAgo(12),
      cash: tiyn(0),
      refunds: [
        {
          refundId: madeUpId(403),
          schemeName: foodVoucher,
          amount: tiyn(40_000),
          state: 'parked',
          code: 'rule_violated',
        },
      ],
      printed: 'none',
    },
  ],
}

/** The open shift's figures as they would stand at noon, and those of one that was closed with a void in flight. */
export function madeUpReport(counted: number | null): NonNullable<Snapshot['shift']['report']> {
  return {
    figures: {
      shiftId: madeUpId(counted === null ? 300 : 299),
      number: counted === null ? 12 : 11,
      cashier: madeUpCashier,
      openedAt: minutesAgo(254),
      until: madeUpNow,
      rows: { epoch: 1, first: 214, last: 655, hash: 'ab'.repeat(32) },
      sales: { count: 87, amount: tiyn(9_842_550) },
      voids: { count: 2, amount: tiyn(230_000) },
      cancelled: { count: 1, amount: tiyn(35_000) },
      reversing: { count: 1, amount: tiyn(115_000) },
      refunds: { count: 2, amount: tiyn(150_000) },
      refundsWaiting: { count: 1, amount: tiyn(40_000) },
      open: { count: 1, amount: tiyn(115_000) },
      tenders: [
        { schemeId: 'school-lunch', state: 'settled', code: null, count: 61, amount: tiyn(7_015_000) },
        { schemeId: 'school-lunch', state: 'pending', code: null, count: 9, amount: tiyn(1_035_000) },
        { schemeId: 'food', state: 'not_paid', code: 'SLOT_ALREADY_USED', count: 1, amount: tiyn(742_050) },
        { schemeId: null, state: 'settled', code: null, count: 22, amount: tiyn(1_050_500) },
      ],
      uncovered: tiyn(0),
      unfinished: [
        {
          tenderId: madeUpId(401),
          saleId: madeUpId(41),
          schemeId: 'school-lunch',
          state: 'unknown',
          amount: tiyn(115_000),
        },
        {
          tenderId: madeUpId(402),
          saleId: madeUpId(42),
          schemeId: 'school-lunch',
          state: 'reversing',
          amount: tiyn(115_000),
        },
      ],
      drawer: {
        openingFloat: tiyn(500_000),
        taken: tiyn(1_120_500),
        takenForEarlierSales: tiyn(35_000),
        returned: tiyn(35_000),
        refunded: tiyn(35_000),
        expected: tiyn(1_550_500),
        beyond: tiyn(0),
        counted: counted === null ? null : tiyn(counted),
      },
      receiptsWaiting: 0,
    },
    closedAt: counted === null ? null : madeUpNow,
    schemes: [
      { schemeId: 'school-lunch', name: schoolLunch },
      { schemeId: 'food', name: foodVoucher },
    ],
    differences:
      counted === null
        ? []
        : [
            {
              kind: 'tender',
              tenderId: madeUpId(402),
              saleId: madeUpId(42),
              schemeId: 'school-lunch',
              was: 'reversing',
              is: 'reversed',
              code: null,
              amount: tiyn(115_000),
              row: 661,
              at: madeUpNow,
            },
            {
              kind: 'sale',
              saleId: madeUpId(41),
              was: 'open',
              is: 'cancelled',
              amount: tiyn(115_000),
              row: 672,
              at: madeUpNow,
            },
          ],
    printed: counted === null ? 'none' : 'printed',
  }
}

/** Lights of a bad day: no reader, no paper, no network, a queue. */
export const troubledLights: Pick<Snapshot, 'lights' | 'queue' | 'discrepancies'> = {
  lights: {
    reader: { level: 'off', code: 'reader_none', since: minutesAgo(2), detail: '' },
    printer: { level: 'limited', code: 'printer_paper_out', since: minutesAgo(31), detail: '192.0.2.7:9100' },
    network: { level: 'limited', code: 'network_down', since: minutesAgo(64), detail: 'ledger.invalid' },
    queue: { level: 'limited', code: 'queue_waiting', since: minutesAgo(64), detail: '' },
    till: well,
    hid: null,
  },
  queue: {
    waiting: 23,
    parked: 1,
    oldestAt: minutesAgo(64),
    setAside: [
      {
        itemId: madeUpId(501),
        kind: 'presentment',
        at: minutesAgo(64),
        amount: tiyn(115_000),
        why: 'the ledger has this id with other terms (exists_with_different_amount)',
      },
    ],
  },
  discrepancies: [
    {
      discrepancyId: madeUpId(601),
      code: 'SLOT_ALREADY_USED',
      at: minutesAgo(70),
      amount: tiyn(115_000),
      saleNumber: madeUpId(23).slice(-8),
      standing: 'to_be_appealed',
    },
    {
      discrepancyId: madeUpId(602),
      code: 'ROLLBACK_DETECTED',
      at: minutesAgo(1_500),
      amount: tiyn(0),
      saleNumber: null,
      standing: 'to_be_looked_into',
    },
    {
      discrepancyId: madeUpId(603),
      code: 'PRESENTED_TOO_LATE',
      at: minutesAgo(3_000),
      amount: tiyn(120_000),
      saleNumber: madeUpId(24).slice(-8),
      standing: 'appealed',
    },
    {
      discrepancyId: madeUpId(604),
      code: 'ALLOWANCE_EXCEEDED_IN_POOL',
      at: minutesAgo(4_500),
      amount: tiyn(35_000),
      saleNumber: madeUpId(25).slice(-8),
      standing: 'agency_bears',
    },
  ],
}
