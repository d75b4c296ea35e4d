/**
 * The words of receipts and void slips, written for each language (ui.md, "Words"); the terms are those of the screens.
 * Only characters of KZ-1048, and short enough for 32 columns beside an amount.
 */
import type { Language } from './identifiers.ts'

export interface ReceiptTexts {
  readonly nonFiscal: string
  readonly copy: string
  readonly voided: string
  readonly terminal: string
  readonly time: string
  readonly sale: string
  readonly total: string
  /** Beneath a line, with a number where there are several: the name stands at the scheme's sum. */
  readonly scheme: string
  readonly paid: string
  readonly paidPending: string
  readonly left: string
  readonly cash: string
  readonly cashReturned: string
  readonly settledByQr: string
  readonly settled: string
  /** The goods are given, the ledger does not know of it yet (money-rules.md, "Offline"). */
  readonly pending: string
  readonly period: string
  readonly usesLeft: string
  readonly amountLeft: string
  /** The same two of a card that holds the allowance itself. */
  readonly usesLeftOnCard: string
  readonly amountLeftOnCard: string
  /** Such a card has counted the payment down, whatever the ledger says of it. */
  readonly paidByCard: string
  readonly card: string
  readonly payment: string
  readonly proof: string
  /** Nothing moved, or what had moved is back. */
  readonly released: string
  readonly releasePending: string
  readonly refund: string
  /** It is back with the scheme, for the same period. */
  readonly refundWaits: string
  readonly refunded: string
  /** It is back in the wallet that paid. */
  readonly refundedToWallet: string
  /** A payment by QR that was taken back: by now, or as soon as the merchant has it. */
  readonly goesBackToWallet: string
  readonly notPaidByQr: string
  readonly refundRefused: string
  readonly refundNumber: string
}

export const receiptTexts: Readonly<Record<Language, ReceiptTexts>> = {
  kk: {
    nonFiscal: 'ФИСКАЛДЫҚ ЕМЕС ЧЕК',
    copy: 'КӨШІРМЕ',
    voided: 'ТӨЛЕМ БОЛДЫРЫЛМАДЫ',
    terminal: 'Касса',
    time: 'Уақыты',
    sale: 'Сатылым №',
    total: 'БАРЛЫҒЫ',
    scheme: 'бағдарлама',
    paid: 'Төленді',
    paidPending: 'оның ішінде күтуде',
    left: 'ТӨЛЕУГЕ ҚАЛДЫ',
    cash: 'Қолма-қол ақша',
    cashReturned: 'Қайтарылған қолма-қол ақша',
    settledByQr: 'Сатып алушының әмиянынан төленді',
    settled: 'Бағдарлама төледі',
    pending: 'ТІЗІЛІМДЕ КҮТУДЕ: бағдарлама төлейді',
    period: 'Кезең',
    usesLeft: 'Қалған рет саны',
    amountLeft: 'Бағдарламада қалды',
    usesLeftOnCard: 'Картада қалған рет',
    amountLeftOnCard: 'Картада қалды',
    paidByCard: 'Картадан шегерілді',
    card: 'Карта',
    payment: 'Төлем №',
    proof: 'Чекті сақтаңыз: код төлемді растайды',
    released: 'Болдырылмады: бағдарлама ештеңе төлемейді',
    releasePending: 'Болдырмау тізілімге жіберілуде',
    refund: 'ҚАЙТАРУ',
    refundWaits: 'Тізілімнің жауабын күтуде',
    refunded: 'Бағдарламаға қайтарылды',
    refundedToWallet: 'Әмиянға қайтарылды',
    goesBackToWallet: 'Әмиянға қайтады',
    notPaidByQr: 'Төленбеді: ақша әмиянға қайтты',
    refundRefused: 'Тізілім қайтармады',
    refundNumber: 'Қайтару №',
  },
  ru: {
    nonFiscal: 'НЕФИСКАЛЬНЫЙ ЧЕК',
    copy: 'КОПИЯ',
    voided: 'ОПЛАТА ОТМЕНЕНА',
    terminal: 'Касса',
    time: 'Время',
    sale: 'Продажа №',
    total: 'ИТОГО',
    scheme: 'программа',
    paid: 'Оплачено',
    paidPending: 'из них в ожидании',
    left: 'ОСТАЛОСЬ ОПЛАТИТЬ',
    cash: 'Наличные',
    cashReturned: 'Возвращено наличными',
    settledByQr: 'Оплачено из кошелька покупателя',
    settled: 'Оплачено программой',
    pending: 'ОЖИДАЕТ В РЕЕСТРЕ: платит программа',
    period: 'Период',
    usesLeft: 'Осталось раз',
    amountLeft: 'Осталось по программе',
    usesLeftOnCard: 'Осталось раз на карте',
    amountLeftOnCard: 'Осталось на карте',
    paidByCard: 'Списано с карты',
    card: 'Карта',
    payment: 'Платёж №',
    proof: 'Сохраните чек: код подтверждает оплату',
    released: 'Отменено: программа ничего не платит',
    releasePending: 'Отмена отправляется в реестр',
    refund: 'ВОЗВРАТ',
    refundWaits: 'Ждёт ответа реестра',
    refunded: 'Возвращено в программу',
    refundedToWallet: 'Возвращено в кошелёк',
    goesBackToWallet: 'Возвращается в кошелёк',
    notPaidByQr: 'Не оплачено: деньги вернулись в кошелёк',
    refundRefused: 'Реестр отказал в возврате',
    refundNumber: 'Возврат №',
  },
  en: {
    nonFiscal: 'NON-FISCAL RECEIPT',
    copy: 'COPY',
    voided: 'PAYMENT CANCELLED',
    terminal: 'Till',
    time: 'Time',
    sale: 'Sale No.',
    total: 'TOTAL',
    scheme: 'scheme',
    paid: 'Paid',
    paidPending: 'of which pending',
    left: 'LEFT TO PAY',
    cash: 'Cash',
    cashReturned: 'Cash returned',
    settledByQr: 'Paid from the customer’s wallet',
    settled: 'Paid by the scheme',
    pending: 'PENDING AT THE LEDGER: the scheme pays',
    period: 'Period',
    usesLeft: 'Uses left',
    amountLeft: 'Left in the scheme',
    usesLeftOnCard: 'Uses left on the card',
    amountLeftOnCard: 'Left on the card',
    paidByCard: 'Taken off the card',
    card: 'Card',
    payment: 'Payment No.',
    proof: 'Keep this: the code proves the payment',
    released: 'Cancelled: the scheme pays nothing',
    releasePending: 'The cancellation is on its way to the ledger',
    refund: 'REFUND',
    refundWaits: 'Waits for the ledger’s answer',
    refunded: 'Back with the scheme',
    refundedToWallet: 'Back in the wallet',
    goesBackToWallet: 'Goes back to the wallet',
    notPaidByQr: 'Not paid: the money went back',
    refundRefused: 'The ledger refused the refund',
    refundNumber: 'Refund No.',
  },
}
