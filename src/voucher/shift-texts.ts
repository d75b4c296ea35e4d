/** The words of X- and Z-reports on paper. Only characters of KZ-1048, short enough for 32 columns beside an amount. */
import type { Language } from './identifiers.ts'
import type { ShiftReport } from './shift-report.ts'

type TenderState = ShiftReport['unfinished'][number]['state']

export interface ShiftTexts {
  readonly nonFiscal: string
  readonly x: string
  readonly z: string
  readonly cashier: string
  readonly opened: string
  readonly closed: string
  readonly until: string
  readonly sales: string
  readonly voids: string
  readonly cancelled: string
  /** Of the voided and cancelled, what the ledger has yet to confirm. */
  readonly reversing: string
  readonly refunds: string
  readonly refundsWaiting: string
  readonly open: string
  readonly uncovered: string
  readonly openingFloat: string
  readonly taken: string
  readonly takenForEarlierSales: string
  readonly returned: string
  readonly refunded: string
  readonly expected: string
  /** Given out beyond all that is known to have been in the drawer. */
  readonly beyond: string
  readonly counted: string
  /** Counted less than expected. */
  readonly short: string
  readonly over: string
  readonly receiptsWaiting: string
  readonly rows: string
  readonly hash: string
  readonly states: Readonly<Record<TenderState, string>>
}

export const shiftTexts: Readonly<Record<Language, ShiftTexts>> = {
  kk: {
    nonFiscal: 'ФИСКАЛДЫҚ ЕМЕС ЕСЕП',
    x: 'X-ЕСЕП',
    z: 'Z-ЕСЕП №',
    cashier: 'Кассир',
    opened: 'Ашылды',
    closed: 'Жабылды',
    until: 'Осы уақытқа',
    sales: 'САТЫЛЫМ',
    voids: 'Қайтарып алынды',
    cancelled: 'Болдырылмады',
    reversing: 'тізілім растамаған',
    refunds: 'Тауар қайтарылды',
    refundsWaiting: 'тізілім жауабын күтуде',
    open: 'Аяқталмады',
    uncovered: 'Төленбей қалды',
    openingFloat: 'Бастапқы ақша',
    taken: 'Қабылданды',
    takenForEarlierSales: 'бұрынғы сатылымдар',
    returned: 'Қайтарылды',
    refunded: 'Тауар үшін берілді',
    expected: 'ТАРТПАДА БОЛУЫ КЕРЕК',
    beyond: 'ТАРТПАДАН АРТЫҚ БЕРІЛДІ',
    counted: 'САНАЛДЫ',
    short: 'КЕМ',
    over: 'АРТЫҚ',
    receiptsWaiting: 'Басылмаған чектер',
    rows: 'Журнал жолдары',
    hash: 'Хеш',
    states: {
      in_progress: 'жүріп жатыр',
      settled: 'төленді',
      held: 'әмиянда сақталды',
      pending: 'тізілімде күтуде',
      awaiting_funds: 'қаржы күтуде',
      not_paid: 'төленбеді',
      unknown: 'әлі белгісіз',
      torn: 'карта ерте алынды',
      maybe_debited: 'карта ерте алынды, төлеуі мүмкін',
      advised: 'карта қайта келмеді',
      reversing: 'болдырмау жіберілуде',
      refused: 'қабылданбады',
      reversed: 'болдырылмады',
      voided: 'жіберілмей болдырылмады',
    },
  },
  ru: {
    nonFiscal: 'НЕФИСКАЛЬНЫЙ ОТЧЁТ',
    x: 'X-ОТЧЁТ',
    z: 'Z-ОТЧЁТ №',
    cashier: 'Кассир',
    opened: 'Открыта',
    closed: 'Закрыта',
    until: 'На момент',
    sales: 'ПРОДАЖИ',
    voids: 'Аннулировано',
    cancelled: 'Отменено',
    reversing: 'реестр не подтвердил',
    refunds: 'Возвраты',
    refundsWaiting: 'ждут реестра',
    open: 'Не завершено',
    uncovered: 'Не покрыто',
    openingFloat: 'Размен',
    taken: 'Принято',
    takenForEarlierSales: 'за прежние продажи',
    returned: 'Возвращено',
    refunded: 'Выдано за возвраты',
    expected: 'ДОЛЖНО БЫТЬ В КАССЕ',
    beyond: 'ВЫДАНО СВЕРХ ЯЩИКА',
    counted: 'ПОСЧИТАНО',
    short: 'НЕДОСТАЧА',
    over: 'ИЗЛИШЕК',
    receiptsWaiting: 'Не напечатано чеков',
    rows: 'Строки журнала',
    hash: 'Хеш',
    states: {
      in_progress: 'идёт',
      settled: 'оплачено',
      held: 'удержано в кошельке',
      pending: 'ожидает в реестре',
      awaiting_funds: 'ожидает средств',
      not_paid: 'не оплачено',
      unknown: 'ещё неизвестно',
      torn: 'карту убрали рано',
      maybe_debited: 'карту убрали рано, могла заплатить',
      advised: 'карта не вернулась',
      reversing: 'отмена отправляется',
      refused: 'не принято',
      reversed: 'отменено',
      voided: 'отменено до отправки',
    },
  },
  en: {
    nonFiscal: 'NON-FISCAL REPORT',
    x: 'X-REPORT',
    z: 'Z-REPORT No.',
    cashier: 'Cashier',
    opened: 'Opened',
    closed: 'Closed',
    until: 'As of',
    sales: 'SALES',
    voids: 'Voided',
    cancelled: 'Cancelled',
    reversing: 'not confirmed yet',
    refunds: 'Refunds',
    refundsWaiting: 'waiting for the ledger',
    open: 'Not ended',
    uncovered: 'Not covered',
    openingFloat: 'Opening float',
    taken: 'Taken',
    takenForEarlierSales: 'for earlier sales',
    returned: 'Returned',
    refunded: 'Given for refunds',
    expected: 'EXPECTED IN DRAWER',
    beyond: 'GIVEN BEYOND THE DRAWER',
    counted: 'COUNTED',
    short: 'SHORT',
    over: 'OVER',
    receiptsWaiting: 'Receipts not printed',
    rows: 'Journal rows',
    hash: 'Hash',
    states: {
      in_progress: 'in progress',
      settled: 'paid',
      held: 'held in the wallet',
      pending: 'pending at the ledger',
      awaiting_funds: 'awaiting funds',
      not_paid: 'not paid',
      unknown: 'not known yet',
      torn: 'card left too early',
      maybe_debited: 'card left too early, may have paid',
      advised: 'card did not come back',
      reversing: 'cancellation on its way',
      refused: 'not accepted',
      reversed: 'cancelled',
      voided: 'cancelled before sending',
    },
  },
}
