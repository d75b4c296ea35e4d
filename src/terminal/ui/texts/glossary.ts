/**
 * The words of the field in three languages (the brief's "Words"), one meaning each. `stems` are what any form of the
 * word begins with; a test checks that the texts named in `usedIn` speak this way, and that no text says `avoid`.
 */
import type { Language } from '../../contract/index.ts'

export interface Term {
  readonly kk: string
  readonly ru: string
  readonly en: string
  /** What each language's word begins with in all its forms, lower case. */
  readonly stems: Readonly<Record<Language, readonly string[]>>
  /** Texts that must use the word, as paths of `flatTexts`. */
  readonly usedIn: readonly string[]
  /** Words that people also use for it and the till does not. */
  readonly avoid: Readonly<Partial<Record<Language, readonly string[]>>>
}

const term = (
  [kk, ru, en]: readonly [string, string, string],
  stems: readonly [readonly string[], readonly string[], readonly string[]],
  usedIn: readonly string[],
  avoid: Term['avoid'] = {},
): Term => ({ kk, ru, en, stems: { kk: stems[0], ru: stems[1], en: stems[2] }, usedIn, avoid })

export const glossary = {
  scheme: term(
    ['бағдарлама', 'программа', 'scheme'],
    [['бағдарлама'], ['программ'], ['scheme']],
    ['refusal.SCHEME_ENDED.what', 'refusal.SCHEME_SUSPENDED.what', 'refusal.CARD_UNKNOWN.what', 'basket.covered'],
    { ru: ['схем'], en: ['program'] },
  ),
  agency: term(
    ['мекеме', 'ведомство', 'agency'],
    [['мекеме'], ['ведомств'], ['agency']],
    ['refusal.INSUFFICIENT_FUNDS.what', 'loss.BLOCKED_BEFORE_SALE.todo', 'tenderState.awaiting_funds'],
    { ru: ['агентств'], kk: ['агенттік'] },
  ),
  allowance: term(
    ['лимит', 'лимит', 'allowance'],
    [['лимит'], ['лимит'], ['allowance']],
    ['refusal.ALLOWANCE_USED.what', 'refusal.LEASED_ELSEWHERE.what', 'loss.SLOT_ALREADY_USED.what'],
  ),
  card: term(
    ['карта', 'карта', 'card'],
    [['карта'], ['карт'], ['card']],
    ['tap.tap.word', 'tap.hold.word', 'tap.torn.word', 'action.pay_by_card', 'cardPays.title'],
    { kk: ['карточ'], ru: ['карточк'] },
  ),
  tap: term(
    ['жақындату', 'приложить', 'tap'],
    [['жақындат'], ['прилож'], ['tap', 'hold']],
    ['tap.tap.word', 'tap.torn.word', 'refusal.CARD_BINDING_MISMATCH.todo'],
    { ru: ['поднес'], kk: ['тигіз'] },
  ),
  sale: term(
    ['сатылым', 'продажа', 'sale'],
    [['саты', 'сату'], ['продаж'], ['sale']],
    ['action.recent', 'action.cancel_sale', 'question.void_sale.ask', 'recent.title'],
    { ru: ['сделк', 'транзакц'], kk: ['мәміле', 'транзакц'], en: ['transaction'] },
  ),
  payment: term(
    ['төлем', 'оплата', 'payment'],
    [['төлем'], ['оплат'], ['payment']],
    ['action.cancel_payment', 'tenderState.in_progress', 'tap.step.recording', 'refusal.REVERSED.what'],
    { ru: ['платёж', 'платеж'] },
  ),
  ledger: term(
    ['тізілім', 'реестр', 'ledger'],
    [['тізілім'], ['реестр'], ['ledger']],
    ['tap.step.asking_ledger', 'refusal.LEDGER_UNREACHABLE.what', 'status.queue_waiting.what'],
    { ru: ['леджер'], kk: ['леджер', 'реестр'] },
  ),
  pendingAtTheLedger: term(
    ['тізілімде өткізілуін күтуде', 'ожидает проведения в реестре', 'pending at the ledger'],
    [['тізілімде өткізілуін күтуде'], ['ожидает проведения в реестре'], ['pending at the ledger']],
    ['tap.pending.detail', 'tenderState.pending'],
  ),
  doNotChargeAgain: term(
    ['ақшаны қайта алмаңыз', 'не списывайте повторно', 'do not charge again'],
    [['ақшаны қайта алмаңыз'], ['не списывайте повторно'], ['do not charge again']],
    ['tap.unknown.word', 'unresolved.unknown.title', 'tenderState.unknown', 'window.restarting.todo'],
  ),
  /** Of a torn card: nothing was sent, so nothing can have been charged (docs/design/01). */
  notPaidYet: term(
    ['әлі төленген жоқ', 'ещё не оплачено', 'not paid yet'],
    [['әлі төленген жоқ'], ['ещё не оплачено'], ['not paid yet']],
    ['tap.torn.detail', 'tenderState.torn', 'unresolved.torn.title'],
  ),
  paid: term(
    ['төленді', 'оплачено', 'paid'],
    [['төленді'], ['оплачено'], ['paid']],
    ['tap.settled.word', 'tenderState.settled'],
  ),
  accepted: term(
    ['қабылданды', 'принято', 'accepted'],
    [['қабылданды'], ['принято'], ['accepted']],
    ['tap.pending.word', 'tenderState.pending', 'tenderState.awaiting_funds'],
  ),
  leftToPay: term(
    ['төлеуге қалды', 'осталось оплатить', 'left to pay'],
    [['төлеуге қалды'], ['осталось оплатить'], ['left to pay']],
    ['sale.leftToPay'],
  ),
  journal: term(
    ['журнал', 'журнал', 'journal'],
    [['журнал'], ['журнал'], ['journal']],
    ['status.journal_not_writable.what', 'loss.CHAIN_BROKEN.what'],
    { en: ['logbook'], ru: ['лог'] },
  ),
  void: term(
    ['күшін жою', 'аннулировать', 'void'],
    [['күшін жо'], ['аннулир'], ['void']],
    ['action.void_sale', 'question.void_sale.yes'],
  ),
  receipt: term(
    ['чек', 'чек', 'receipt'],
    [['чек'], ['чек'], ['receipt']],
    ['receipt.printed', 'receipt.none', 'receipt.waiting'],
    { ru: ['квитанц'], kk: ['түбіртек'] },
  ),
  till: term(
    ['касса', 'касса', 'till'],
    [['касса'], ['касс'], ['till']],
    ['light.till', 'window.restarting.what', 'refusal.TERMINAL_SUSPENDED.what'],
    { ru: ['терминал'], kk: ['терминал'], en: ['terminal'] },
  ),
} as const satisfies Readonly<Record<string, Term>>
