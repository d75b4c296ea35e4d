/** Russian: what each code means to the cashier, and what to do. */
import type { TextsOfLanguage } from './keys.ts'

const takeCash = 'Примите наличные.'
const networkOrCash = 'Подключите сеть или примите наличные.'
const supportAndCash = 'Позвоните в поддержку, пока принимайте наличные.'
const otherCardOrCash = 'Попросите другую карту или примите наличные.'

export const refusals: TextsOfLanguage['refusals'] = {
  CARD_UNKNOWN: { what: 'Карта не участвует ни в одной программе.', todo: otherCardOrCash },
  CARD_BLOCKED: { what: 'Карта заблокирована.', todo: 'Примите наличные. Держателю — обратиться в ведомство.' },
  CARD_AUTHENTICATION_FAILED: { what: 'Карта не подтвердила свою подлинность.', todo: otherCardOrCash },
  CARD_PROOF_FORGED: { what: 'Подтверждение карты поддельное.', todo: 'Не принимайте эту карту. Примите наличные.' },
  CARD_PROOF_REPLAYED: {
    what: 'Это подтверждение карты уже было.',
    todo: 'Приложите карту ещё раз или примите наличные.',
  },
  CARD_COUNTER_WENT_BACK: {
    what: 'Счётчик карты пошёл назад: возможна копия.',
    todo: 'Не принимайте её. Примите наличные.',
  },
  CARD_BINDING_MISMATCH: { what: 'Карта ответила по другой продаже.', todo: 'Приложите карту ещё раз.' },
  CARD_ANSWER_MALFORMED: {
    what: 'Ответ карты не читается.',
    todo: 'Положите карту ровно ещё раз или примите наличные.',
  },
  CLOCK_NOT_TRUSTED: {
    what: 'Время кассы не подтверждено.',
    todo: 'Подтвердите время, подключите сеть или примите наличные.',
  },
  ROLLBACK_DETECTED: { what: 'Данные кассы старше, чем должны быть.', todo: supportAndCash },
  TERMINAL_SUSPENDED: { what: 'Реестр приостановил эту кассу.', todo: supportAndCash },
  PACKAGE_MISSING: { what: 'В кассе ещё нет правил программ.', todo: 'Подключите сеть и подождите минуту.' },
  PACKAGE_TOO_OLD: { what: 'Правила программ в кассе устарели.', todo: networkOrCash },
  JOURNAL_NOT_WRITABLE: { what: 'Касса не может писать журнал.', todo: 'Освободите место на диске. Примите наличные.' },
  NO_ENTITLEMENT: { what: 'Сейчас по карте ничего не положено.', todo: takeCash },
  CARD_NOT_IN_LEASE: {
    what: 'Без сети эта карта здесь платить не может.',
    todo: 'Примите наличные или дождитесь сети.',
  },
  SCHEME_SUSPENDED: { what: 'Программа приостановлена.', todo: 'Примите наличные. Подробности — в ведомстве.' },
  SCHEME_ENDED: { what: 'Программа завершена.', todo: takeCash },
  MERCHANT_NOT_ALLOWED: { what: 'В этой точке программа не платит.', todo: takeCash },
  OUTSIDE_PERIOD: { what: 'Сегодня программа не платит.', todo: takeCash },
  OUTSIDE_HOURS: { what: 'В этот час программа не платит.', todo: 'Примите наличные или предложите прийти в её часы.' },
  OFFLINE_NOT_ALLOWED: { what: 'Программа платит только при сети.', todo: 'Примите наличные или дождитесь сети.' },
  LEASED_ELSEWHERE: {
    what: 'Этот лимит сейчас у другой кассы, он запрошен.',
    todo: 'Приложите ещё раз через полминуты, оплатите на той кассе или примите наличные.',
  },
  LEASE_EXPIRED: { what: 'Время продажи без сети истекло.', todo: networkOrCash },
  NOTHING_ELIGIBLE: {
    what: 'В корзине нет того, что оплачивает программа.',
    todo: 'Проверьте корзину или примите наличные.',
  },
  ALLOWANCE_USED: { what: 'Лимит уже израсходован.', todo: takeCash },
  CAP_AGE_SINCE_SYNC: { what: 'Касса слишком долго без сети.', todo: networkOrCash },
  CAP_COUNT_PER_BENEFICIARY: { what: 'Число оплат по этой карте исчерпано.', todo: takeCash },
  CAP_PER_BENEFICIARY_AND_PERIOD: { what: 'Сумма по карте за этот период исчерпана.', todo: takeCash },
  CAP_TERMINAL_EXPOSURE: { what: 'Касса больше не может продавать без сети.', todo: networkOrCash },
  CAP_PER_SALE: {
    what: 'Продажа больше лимита программы на один раз.',
    todo: 'Уменьшите покупку или примите наличные.',
  },
  DECISION_MISMATCH: { what: 'Реестр принял другое решение.', todo: 'Примите наличные и позвоните в поддержку.' },
  INSUFFICIENT_FUNDS: { what: 'У ведомства сейчас нет средств.', todo: takeCash },
  REVERSED_BEFORE_ARRIVAL: { what: 'Эта оплата была отменена раньше.', todo: 'Начните оплату заново.' },
  REVERSED: { what: 'Эта оплата отменена.', todo: 'Начните оплату заново.' },
  EXISTS_WITH_DIFFERENT_TERMS: { what: 'В реестре под этим номером другая оплата.', todo: supportAndCash },
  QR_NOT_PAID: { what: 'QR не оплатили вовремя.', todo: 'Покажите новый QR или примите наличные.' },
  REFUND_ORIGINAL_UNKNOWN: { what: 'Реестр не знает этой продажи.', todo: 'Проверьте чек или позвоните в поддержку.' },
  REFUND_ORIGINAL_NOT_PAID: { what: 'Эта продажа не оплачена или отменена.', todo: 'Возвращать нечего.' },
  REFUND_ABOVE_ORIGINAL: { what: 'Больше, чем было оплачено.', todo: 'Верните то, что осталось.' },
  LEDGER_ANSWER_MALFORMED: { what: 'Ответ реестра не читается.', todo: 'Попробуйте ещё раз или примите наличные.' },
  LEDGER_UNREACHABLE: { what: 'Реестр недоступен.', todo: 'Примите наличные или дождитесь сети.' },
}

const appeal = 'Подайте возражение в ведомство, приложив чек.'

export const losses: TextsOfLanguage['losses'] = {
  PROOF_MISSING_OR_FORGED: { what: 'Подтверждения карты нет или оно поддельное.', todo: appeal },
  CHAIN_BROKEN: { what: 'Записи журнала кассы не сходятся.', todo: 'Позвоните в поддержку, сохраните чек.' },
  BLOCKED_BEFORE_SALE: { what: 'Карта была заблокирована до продажи.', todo: appeal },
  SOLD_AFTER_LEASE: { what: 'Продано после срока продажи без сети.', todo: appeal },
  SLOT_ALREADY_USED: { what: 'Лимит был израсходован раньше.', todo: appeal },
  PRESENTED_TOO_LATE: { what: 'Продажа дошла до реестра слишком поздно.', todo: appeal },
  TERMINAL_LOST: { what: 'Касса утеряна, ведомство не приняло эту продажу.', todo: appeal },
}

export const unknownCode: TextsOfLanguage['unknownCode'] = {
  what: 'Реестр назвал причину, которой касса не знает.',
  todo: 'Запишите код и позвоните в поддержку.',
}

const cashAndBasket = 'Корзина и наличные.'
const everythingButPaper = 'Оплата. Чеки ждут и напечатаются позже.'

export const statuses: TextsOfLanguage['statuses'] = {
  ok: { what: 'Всё работает.', works: 'Всё.', todo: 'Ничего.' },
  reader_none: { what: 'Ридер карт не подключён.', works: cashAndBasket, todo: 'Подключите ридер.' },
  reader_no_service: {
    what: 'Служба карт на компьютере не запущена.',
    works: cashAndBasket,
    todo: 'Перезагрузите компьютер. Не помогло — позвоните в поддержку.',
  },
  reader_sharing_violation: {
    what: 'Ридер занят другим приложением.',
    works: cashAndBasket,
    todo: 'Закройте другое приложение, которое работает с картами.',
  },
  reader_error: { what: 'Ридер не отвечает.', works: cashAndBasket, todo: 'Отключите его и подключите снова.' },
  device_host_restarting: {
    what: 'Ридер и принтер перезапускаются.',
    works: cashAndBasket,
    todo: 'Уберите карту и подождите несколько секунд.',
  },
  printer_none: { what: 'Принтер не настроен.', works: everythingButPaper, todo: 'Подключите принтер.' },
  printer_unreachable: {
    what: 'Принтер не отвечает.',
    works: everythingButPaper,
    todo: 'Проверьте питание и кабель.',
  },
  printer_paper_out: { what: 'В принтере нет бумаги.', works: everythingButPaper, todo: 'Вставьте новый рулон.' },
  printer_cover_open: { what: 'Крышка принтера открыта.', works: everythingButPaper, todo: 'Закройте крышку.' },
  printer_error: {
    what: 'Принтер сообщает о неисправности.',
    works: everythingButPaper,
    todo: 'Выключите его и включите снова.',
  },
  printer_paper_near_end: { what: 'Бумага заканчивается.', works: 'Всё.', todo: 'Приготовьте новый рулон.' },
  network_down: {
    what: 'Нет сети.',
    works: 'Наличные и карты, которым разрешено платить без сети.',
    todo: 'Проверьте кабель или Wi-Fi. Оплаты сохранены и уйдут позже.',
  },
  ledger_refuses_us: {
    what: 'Реестр не принимает эту кассу.',
    works: 'Наличные. Принятые оплаты сохранены.',
    todo: 'Позвоните в поддержку.',
  },
  keys_outdated: {
    what: 'Реестр не принимает эту кассу: файл её ключей — старая копия.',
    works: 'Наличные. Принятые оплаты сохранены.',
    todo: 'Позвоните в поддержку: нужна новая копия или выгрузка и новая регистрация.',
  },
  ledger_not_asked_yet: { what: 'Связи с реестром ещё не было.', works: 'Всё.', todo: 'Подождите немного.' },
  queue_waiting: {
    what: 'Оплаты ждут отправки в реестр.',
    works: 'Всё. Они сохранены и уйдут сами.',
    todo: 'Ничего. Не выключайте кассу надолго.',
  },
  queue_parked: {
    what: 'Одну оплату не удалось отправить, она отложена.',
    works: 'Остальные отправляются как обычно.',
    todo: 'Позвоните в поддержку. Ничего не потеряно.',
  },
  package_missing: {
    what: 'В кассе ещё нет правил программ.',
    works: cashAndBasket,
    todo: 'Подключите сеть и подождите минуту.',
  },
  package_old: {
    what: 'Правила программ в кассе давно не обновлялись.',
    works: 'Оплата, пока программы это разрешают.',
    todo: 'Подключите сеть.',
  },
  clock_not_trusted: {
    what: 'Время кассы не подтверждено.',
    works: cashAndBasket,
    todo: 'Подключите сеть: время подтвердит реестр. Или создайте кассира 1: он сможет.',
  },
  clock_to_confirm: {
    what: 'Время кассы не подтверждено.',
    works: cashAndBasket,
    todo: 'Кассир 1 подтвердит его здесь. Или подключите сеть.',
  },
  time_contradicted: {
    what: 'Реестр назвал другое время, чем было подтверждено.',
    works: 'Всё, теперь по времени реестра.',
    todo: 'Сообщите владельцу. Продажи по подтверждённому времени рассудит реестр.',
  },
  rollback_detected: {
    what: 'Данные кассы старше, чем должны быть: восстановлена копия.',
    works: cashAndBasket,
    todo: 'Позвоните в поддержку, прежде чем принимать карты.',
  },
  keys_in_file: {
    what: 'Ключи кассы лежат в файле, без защитного чипа.',
    works: 'Всё.',
    todo: 'Держите кассу под замком: копия её диска может выдать себя за неё.',
  },
  keys_not_sealed: {
    what: 'Защитный чип не хранит ключи этой кассы.',
    works: 'Всё.',
    todo: 'Позвоните в поддержку. До этого держите кассу под замком.',
  },
  journal_not_writable: {
    what: 'Касса не может писать журнал.',
    works: 'Ничего из того, что надо записывать.',
    todo: 'Освободите место на диске или позвоните в поддержку.',
  },
  disk_not_trusted: {
    what: 'Диск не выполнил запись.',
    works: 'Ничего. Последний шаг мог записаться, а мог и нет.',
    todo: 'Перезапустите кассу и проверьте последние продажи. Позвоните в поддержку.',
  },
}

export const faults: TextsOfLanguage['faults'] = {
  not_now: { what: 'Сейчас это невозможно.', todo: 'Сначала завершите шаг на экране.' },
  malformed: { what: 'Касса не поняла команду.', todo: 'Повторите. Не помогло — позвоните в поддержку.' },
  unknown_item: { what: 'Этого товара больше нет в каталоге.', todo: 'Выберите другой или наберите сумму.' },
  amount_implausible: { what: 'Сумма слишком большая.', todo: 'Проверьте цифры.' },
  no_shift: { what: 'Смена не открыта.', todo: 'Откройте смену своим кодом.' },
  pin_wrong: { what: 'Код неверный.', todo: 'Введите его ещё раз.' },
  pin_wait: { what: 'Слишком много неверных кодов.', todo: 'Подождите до указанного времени и введите снова.' },
  sale_open: { what: 'На экране незавершённая продажа.', todo: 'Завершите или отмените её, затем закройте смену.' },
  other_shift: { what: 'Эта продажа не из открытой смены.', todo: 'Оформите возврат.' },
  was_refunded: { what: 'По этой продаже уже был возврат.', todo: 'Оформите возврат остатка.' },
  receipt_unknown: {
    what: 'На этой кассе нет оплаченной продажи с таким номером.',
    todo: 'Проверьте номер. Чужую продажу возвращает её касса.',
  },
  refund_not_settled: {
    what: 'Реестр ещё не оплатил эту продажу.',
    todo: 'Ждите оплаты или аннулируйте продажу. Оплаченное лишь наличными верните сейчас.',
  },
  refund_not_paid: {
    what: 'Реестр не оплатил ваучер и ничего не списал с лимита.',
    todo: 'Верните только оплаченное наличными. Магазин подаёт возражение в ведомство, приложив чек.',
  },
  refund_too_much: { what: 'Больше, чем осталось по этой строке.', todo: 'Выберите меньше.' },
  no_ledger: {
    what: 'Ваучер возвращает реестр, а связи с ним нет.',
    todo: 'Сохраните чек и оформите возврат, когда появится сеть.',
  },
  clock_moved: { what: 'За это время часы изменились.', todo: 'Посмотрите на время ещё раз и наберите код.' },
  clock_behind_ledger: {
    what: 'Эти часы отстают от последнего ответа реестра.',
    todo: 'Исправьте часы компьютера, затем подтвердите.',
  },
  clock_back_again: {
    what: 'С последнего ответа реестра время уже переводили назад.',
    todo: 'Подключите сеть: теперь его подтвердит только реестр.',
  },
  read_only: { what: 'Это окно только для просмотра.', todo: 'Работайте в другом окне.' },
  core_down: { what: 'Касса перезапускается.', todo: 'Подождите, не списывайте повторно.' },
}
