/** Kazakh: what each code means to the cashier, and what to do. */
import type { TextsOfLanguage } from './keys.ts'

const takeCash = 'Қолма-қол ақша алыңыз.'
const networkOrCash = 'Желіні қосыңыз немесе қолма-қол ақша алыңыз.'
const waitOrCash = 'Қолма-қол ақша алыңыз немесе желіні күтіңіз.'
const supportAndCash = 'Қолдау қызметіне хабарласыңыз, әзірше қолма-қол ақша алыңыз.'
const otherCardOrCash = 'Басқа карта сұраңыз немесе қолма-қол ақша алыңыз.'
const againOrCash = 'Картаны қайта жақындатыңыз немесе қолма-қол ақша алыңыз.'
const rejectCard = 'Бұл картаны қабылдамаңыз. Қолма-қол ақша алыңыз.'

export const refusals: TextsOfLanguage['refusals'] = {
  CARD_UNKNOWN: { what: 'Карта ешбір бағдарламаға тіркелмеген.', todo: otherCardOrCash },
  CARD_BLOCKED: { what: 'Карта бұғатталған.', todo: 'Қолма-қол ақша алыңыз. Карта иесі мекемеге барсын.' },
  CARD_AUTHENTICATION_FAILED: { what: 'Карта түпнұсқа екенін растамады.', todo: otherCardOrCash },
  CARD_PROOF_FORGED: { what: 'Картаның растауы жалған.', todo: rejectCard },
  CARD_PROOF_REPLAYED: { what: 'Картаның бұл растауы бұрын қолданылған.', todo: againOrCash },
  CARD_COUNTER_WENT_BACK: { what: 'Картаның санауышы кері кетті: көшірме болуы мүмкін.', todo: rejectCard },
  CARD_BINDING_MISMATCH: { what: 'Карта басқа сатылым бойынша жауап берді.', todo: 'Картаны қайта жақындатыңыз.' },
  CARD_ANSWER_MALFORMED: { what: 'Картаның жауабы оқылмады.', todo: againOrCash },
  CARD_RANDOM_UID: { what: 'Бұл картаның нөмірі әр жолы өзгереді.', todo: otherCardOrCash },
  CARD_NOT_ORIGINAL: { what: 'Карта түпнұсқа емес.', todo: rejectCard },
  CARD_KIND_NOT_ACCEPTED: { what: 'Бағдарлама мұндай картамен төлемейді.', todo: otherCardOrCash },
  CARD_ONLINE_ONLY: { what: 'Мұндай карта тек желі барда төлейді.', todo: waitOrCash },
  CLOCK_NOT_TRUSTED: {
    what: 'Кассаның уақыты расталмаған.',
    todo: 'Уақытты растаңыз, желіні қосыңыз немесе қолма-қол ақша алыңыз.',
  },
  ROLLBACK_DETECTED: { what: 'Кассаның деректері ескіріп қалған.', todo: supportAndCash },
  TERMINAL_SUSPENDED: { what: 'Тізілім бұл кассаны тоқтата тұрды.', todo: supportAndCash },
  PACKAGE_MISSING: { what: 'Кассада бағдарлама ережелері әлі жоқ.', todo: 'Желіні қосып, бір минут күтіңіз.' },
  PACKAGE_TOO_OLD: { what: 'Кассадағы бағдарлама ережелері ескірген.', todo: networkOrCash },
  JOURNAL_NOT_WRITABLE: {
    what: 'Касса журналға жаза алмай тұр.',
    todo: 'Дискіде орын босатыңыз. Қолма-қол ақша алыңыз.',
  },
  NO_ENTITLEMENT: { what: 'Қазір бұл карта бойынша төлем жоқ.', todo: takeCash },
  ACTIVATION_LAPSED: {
    what: 'Карта уақытында іске қосылмаған.',
    todo: 'Қолма-қол ақша алыңыз. Карта иесі мекемеге жүгінсін.',
  },
  NOT_ACTIVATED: {
    what: 'Карта іске қосылмаған: бірінші төлем желімен өтеді.',
    todo: 'Желі барда қайталаңыз немесе қолма-қол ақша алыңыз.',
  },
  CARD_NOT_IN_LEASE: { what: 'Желісіз бұл карта осында төлей алмайды.', todo: waitOrCash },
  SCHEME_SUSPENDED: {
    what: 'Бағдарлама тоқтатыла тұрды.',
    todo: 'Қолма-қол ақша алыңыз. Толығырақ мекемеден білуге болады.',
  },
  SCHEME_ENDED: { what: 'Бағдарлама аяқталды.', todo: takeCash },
  MERCHANT_NOT_ALLOWED: { what: 'Бағдарлама бұл жерде төлемейді.', todo: takeCash },
  OUTSIDE_PERIOD: { what: 'Бағдарлама бүгін төлемейді.', todo: takeCash },
  OUTSIDE_HOURS: { what: 'Бағдарлама бұл сағатта төлемейді.', todo: 'Қолма-қол ақша алыңыз немесе уақытында келсін.' },
  OFFLINE_NOT_ALLOWED: { what: 'Бағдарлама тек желі болғанда төлейді.', todo: waitOrCash },
  LEASED_ELSEWHERE: {
    what: 'Бұл лимит қазір басқа кассада, одан сұралды.',
    todo: 'Жарты минуттан соң картаны қайта жақындатсын, сол кассада төлесін не қолма-қол берсін.',
  },
  LEASE_EXPIRED: { what: 'Желісіз сату мерзімі бітті.', todo: networkOrCash },
  NOTHING_ELIGIBLE: {
    what: 'Себетте бағдарлама төлейтін тауар жоқ.',
    todo: 'Себетті тексеріңіз немесе қолма-қол ақша алыңыз.',
  },
  ALLOWANCE_USED: { what: 'Лимит таусылды.', todo: takeCash },
  CAP_AGE_SINCE_SYNC: { what: 'Касса тым ұзақ желісіз тұрды.', todo: networkOrCash },
  CAP_COUNT_PER_BENEFICIARY: { what: 'Бұл картаның төлем саны таусылды.', todo: takeCash },
  CAP_PER_BENEFICIARY_AND_PERIOD: { what: 'Картаның осы кезеңдегі сомасы таусылды.', todo: takeCash },
  POOL_USED_UP: { what: 'Кассаның желісіз сатуға берілген сомасы таусылды.', todo: networkOrCash },
  CAP_TERMINAL_EXPOSURE: { what: 'Касса желісіз бұдан артық сата алмайды.', todo: networkOrCash },
  CAP_PER_SALE: {
    what: 'Сатылым бағдарламаның бір реттік лимитінен асады.',
    todo: 'Себетті азайтыңыз немесе қолма-қол ақша алыңыз.',
  },
  DECISION_MISMATCH: { what: 'Тізілім басқа шешім шығарды.', todo: supportAndCash },
  INSUFFICIENT_FUNDS: { what: 'Мекемеде қазір қаражат жоқ.', todo: takeCash },
  REVERSED_BEFORE_ARRIVAL: { what: 'Бұл төлемнің күші бұрын жойылған.', todo: 'Төлемді қайтадан бастаңыз.' },
  REVERSED: { what: 'Бұл төлемнің күші жойылды.', todo: 'Төлемді қайтадан бастаңыз.' },
  EXISTS_WITH_DIFFERENT_TERMS: { what: 'Тізілімде бұл нөмірмен басқа төлем бар.', todo: supportAndCash },
  QR_NOT_OPENED: {
    what: 'Тізілім бұл кассаға QR төлемін ашпайды.',
    todo: 'Карта не қолма-қол ақша алыңыз. Қайталанса, қолдауға хабарласыңыз.',
  },
  QR_NOT_PAID: { what: 'QR уақытында төленбеді.', todo: 'Жаңа QR көрсетіңіз немесе қолма-қол ақша алыңыз.' },
  REFUND_ORIGINAL_UNKNOWN: {
    what: 'Тізілімде мұндай сатылым жоқ.',
    todo: 'Чекті тексеріңіз немесе қолдауға хабарласыңыз.',
  },
  REFUND_ORIGINAL_NOT_PAID: { what: 'Бұл сатылым төленбеген немесе болдырылмаған.', todo: 'Қайтаратын ештеңе жоқ.' },
  REFUND_ABOVE_ORIGINAL: {
    what: 'Қайтаруға қалғаннан көп.',
    todo: 'Бұрынғы чектерді қарап, қалғанын ғана қайтарыңыз.',
  },
  LEDGER_ANSWER_MALFORMED: {
    what: 'Тізілімнің жауабы оқылмады.',
    todo: 'Қайталап көріңіз немесе қолма-қол ақша алыңыз.',
  },
  LEDGER_UNREACHABLE: { what: 'Тізіліммен байланыс жоқ.', todo: waitOrCash },
}

const appeal = 'Чекті қоса беріп, мекемеге қарсылық білдіріңіз.'

export const losses: TextsOfLanguage['losses'] = {
  PROOF_MISSING_OR_FORGED: { what: 'Картаның растауы жоқ немесе жалған.', todo: appeal },
  CHAIN_BROKEN: {
    what: 'Касса журналының жазбалары сәйкес емес.',
    todo: 'Қолдау қызметіне хабарласыңыз, чекті сақтаңыз.',
  },
  BLOCKED_BEFORE_SALE: { what: 'Карта сатылымға дейін бұғатталған.', todo: appeal },
  SOLD_AFTER_LEASE: { what: 'Желісіз сату мерзімі біткен соң сатылған.', todo: appeal },
  SLOT_ALREADY_USED: { what: 'Лимит бұрын пайдаланылған.', todo: appeal },
  PRESENTED_TOO_LATE: { what: 'Сатылым тізілімге тым кеш жетті.', todo: appeal },
  POOL_USED_UP: { what: 'Кассаның желісіз сатуға берілген сомасы таусылған.', todo: appeal },
  HOLD_ENDED: {
    what: 'Сатып алушының әмиянындағы ақша уақытында алынбай, кері қайтты.',
    todo: 'Қолдауға хабарласыңыз; чекті сақтаңыз.',
  },
  TERMINAL_LOST: { what: 'Касса жоғалған, мекеме бұл сатылымды қабылдамады.', todo: appeal },
}

export const unknownCode: TextsOfLanguage['unknownCode'] = {
  what: 'Тізілім касса білмейтін себепті айтты.',
  todo: 'Кодты жазып алып, қолдау қызметіне хабарласыңыз.',
}

const cashAndBasket = 'Себет және қолма-қол ақша.'
const everythingButPaper = 'Төлем жүреді. Чектер күтіп тұрады, кейін басылады.'
const callSupport = 'Қолдау қызметіне хабарласыңыз.'

export const statuses: TextsOfLanguage['statuses'] = {
  ok: { what: 'Бәрі жұмыс істейді.', works: 'Бәрі.', todo: 'Ештеңе істеудің керегі жоқ.' },
  reader_none: { what: 'Карта оқығыш қосылмаған.', works: cashAndBasket, todo: 'Оқығышты қосыңыз.' },
  reader_no_service: {
    what: 'Компьютердегі карта қызметі іске қосылмаған.',
    works: cashAndBasket,
    todo: 'Компьютерді қайта қосыңыз. Көмектеспесе, қолдау қызметіне хабарласыңыз.',
  },
  reader_sharing_violation: {
    what: 'Оқығышты басқа қосымша пайдаланып тұр.',
    works: cashAndBasket,
    todo: 'Картамен жұмыс істейтін басқа қосымшаны жабыңыз.',
  },
  reader_error: { what: 'Оқығыш жауап бермейді.', works: cashAndBasket, todo: 'Оны ажыратып, қайта қосыңыз.' },
  device_host_restarting: {
    what: 'Оқығыш пен принтер қайта іске қосылып жатыр.',
    works: cashAndBasket,
    todo: 'Картаны алып, бірнеше секунд күтіңіз.',
  },
  printer_none: { what: 'Принтер бапталмаған.', works: everythingButPaper, todo: 'Принтерді қосыңыз.' },
  printer_unreachable: {
    what: 'Принтер жауап бермейді.',
    works: everythingButPaper,
    todo: 'Қуаты мен кабелін тексеріңіз.',
  },
  printer_paper_out: { what: 'Принтерде қағаз жоқ.', works: everythingButPaper, todo: 'Жаңа орам салыңыз.' },
  printer_cover_open: { what: 'Принтердің қақпағы ашық.', works: everythingButPaper, todo: 'Қақпағын жабыңыз.' },
  printer_error: {
    what: 'Принтер ақау туралы хабарлап тұр.',
    works: everythingButPaper,
    todo: 'Оны өшіріп, қайта қосыңыз.',
  },
  printer_cutter: {
    what: 'Принтердің пышағы тұрып қалды.',
    works: everythingButPaper,
    todo: 'Принтерді өшіріп, қақпағын ашыңыз, қағазды алып, қайта қосыңыз.',
  },
  printer_offline: {
    what: 'Принтер тоқтап тұр.',
    works: everythingButPaper,
    todo: 'Қағаз беру түймесін басыңыз немесе оны өшіріп, қайта қосыңыз.',
  },
  printer_no_status: {
    what: 'Бұл принтер өз күйін хабарламайды.',
    works: 'Бәрі.',
    todo: 'Әр чектің шыққанын қараңыз. Тізімдегі «Көшірмесін басу» тағы біреуін басады.',
  },
  printer_no_access: {
    what: 'Кассаға принтер портына рұқсат жоқ.',
    works: everythingButPaper,
    todo: 'Кассаны орнатқан адамды шақырыңыз.',
  },
  printer_in_use: {
    what: 'Принтерді басқа қосымша пайдаланып тұр.',
    works: everythingButPaper,
    todo: 'Басып шығаратын басқа қосымшаны жабыңыз.',
  },
  printer_wrong_device: {
    what: 'Баптауда принтердің орнына басқа нәрсе көрсетілген.',
    works: everythingButPaper,
    todo: 'Кассаны орнатқан адамды шақырыңыз.',
  },
  printer_paper_near_end: { what: 'Қағаз таусылуға жақын.', works: 'Бәрі.', todo: 'Жаңа орам дайындап қойыңыз.' },
  network_down: {
    what: 'Желі жоқ.',
    works: 'Қолма-қол ақша және желісіз төлеуге рұқсаты бар карталар.',
    todo: 'Кабельді немесе Wi-Fi тексеріңіз. Төлемдер сақталды, кейін жіберіледі.',
  },
  ledger_refuses_us: {
    what: 'Тізілім бұл кассаны қабылдамайды.',
    works: 'Қолма-қол ақша. Қабылданған төлемдер сақталды.',
    todo: callSupport,
  },
  keys_outdated: {
    what: 'Тізілім бұл кассаны қабылдамайды: кілт файлы — ескі көшірме.',
    works: 'Қолма-қол ақша. Қабылданған төлемдер сақталды.',
    todo: 'Қолдау қызметіне қоңырау шалыңыз: жаңа көшірме не жаңадан тіркеу керек.',
  },
  ledger_not_asked_yet: { what: 'Тізіліммен әлі байланыс болған жоқ.', works: 'Бәрі.', todo: 'Сәл күтіңіз.' },
  queue_waiting: {
    what: 'Төлемдер тізілімге жіберілуін күтіп тұр.',
    works: 'Бәрі. Олар сақталды, өздері жіберіледі.',
    todo: 'Ештеңе. Кассаны ұзаққа өшірмеңіз.',
  },
  queue_parked: {
    what: 'Бір төлем жіберілмей, кейінге қалдырылды.',
    works: 'Қалғандары әдеттегідей жіберіледі.',
    todo: 'Қолдау қызметіне хабарласыңыз. Ештеңе жоғалған жоқ.',
  },
  package_missing: {
    what: 'Кассада бағдарлама ережелері әлі жоқ.',
    works: cashAndBasket,
    todo: 'Желіні қосып, бір минут күтіңіз.',
  },
  package_old: {
    what: 'Кассадағы бағдарлама ережелері көптен жаңармаған.',
    works: 'Бағдарламалар рұқсат бергенше төлем жүреді.',
    todo: 'Желіні қосыңыз.',
  },
  clock_not_trusted: {
    what: 'Кассаның уақыты расталмаған.',
    works: cashAndBasket,
    todo: 'Желіні қосыңыз: уақытты тізілім растайды. Немесе 1-кассирді құрыңыз.',
  },
  clock_to_confirm: {
    what: 'Кассаның уақыты расталмаған.',
    works: cashAndBasket,
    todo: 'Уақытты 1-кассир осында растайды. Немесе желіні қосыңыз.',
  },
  time_contradicted: {
    what: 'Тізілімнің уақыты расталған уақыттан өзгеше.',
    works: 'Бәрі, енді тізілім уақытымен.',
    todo: 'Иесіне айтыңыз. Расталған уақыттағы сатылымды тізілім қарайды.',
  },
  rollback_detected: {
    what: 'Кассаның деректері ескі: көшірмеден қалпына келтірілген.',
    works: cashAndBasket,
    todo: 'Карта қабылдамас бұрын қолдау қызметіне хабарласыңыз.',
  },
  keys_in_file: {
    what: 'Кассаның кілттері файлда жатыр, қорғаныс чипі жоқ.',
    works: 'Бәрі.',
    todo: 'Кассаны құлыптап ұстаңыз: дискісінің көшірмесі осы касса болып көріне алады.',
  },
  keys_not_sealed: {
    what: 'Қорғаныс чипі бұл кассаның кілттерін сақтамайды.',
    works: 'Бәрі.',
    todo: 'Қолдау қызметіне хабарласыңыз. Оған дейін кассаны құлыптап ұстаңыз.',
  },
  journal_not_writable: {
    what: 'Касса журналға жаза алмай тұр.',
    works: 'Жазылуы тиіс ешбір әрекет жүрмейді.',
    todo: 'Дискіде орын босатыңыз немесе қолдау қызметіне хабарласыңыз.',
  },
  disk_not_trusted: {
    what: 'Диск жазуды орындамады.',
    works: 'Ештеңе. Соңғы қадам жазылған да, жазылмаған да болуы мүмкін.',
    todo: 'Кассаны қайта іске қосып, соңғы сатылымдарды тексеріңіз. Қолдауға хабарласыңыз.',
  },
}

export const faults: TextsOfLanguage['faults'] = {
  not_now: { what: 'Қазір бұл мүмкін емес.', todo: 'Алдымен экрандағы қадамды аяқтаңыз.' },
  malformed: {
    what: 'Касса бұл әрекетті түсінбеді.',
    todo: 'Қайталаңыз. Көмектеспесе, қолдау қызметіне хабарласыңыз.',
  },
  unknown_item: { what: 'Бұл тауар каталогта жоқ.', todo: 'Басқасын таңдаңыз немесе соманы теріңіз.' },
  amount_implausible: { what: 'Сома тым үлкен.', todo: 'Цифрларды тексеріңіз.' },
  no_shift: { what: 'Ауысым ашылмаған.', todo: 'Кодыңызбен ауысымды ашыңыз.' },
  pin_wrong: { what: 'Код дұрыс емес.', todo: 'Қайтадан теріңіз.' },
  pin_wait: { what: 'Қате код тым көп терілді.', todo: 'Көрсетілген уақытқа дейін күтіп, қайтадан теріңіз.' },
  sale_open: {
    what: 'Экранда аяқталмаған сатылым бар.',
    todo: 'Оны аяқтаңыз немесе болдырмаңыз, содан кейін ауысымды жабыңыз.',
  },
  other_shift: { what: 'Бұл сатылым ашық ауысымға жатпайды.', todo: 'Қайтаруды рәсімдеңіз.' },
  was_refunded: { what: 'Бұл сатылым бойынша қайтару болған.', todo: 'Қалғанын қайтарыңыз.' },
  receipt_unknown: {
    what: 'Бұл кассада мұндай нөмірлі төленген сатылым жоқ.',
    todo: 'Нөмірді тексеріңіз. Басқа кассаның сатылымын сол касса қайтарады.',
  },
  refund_not_settled: {
    what: 'Тізілім бұл сатылымды әлі төлеген жоқ.',
    todo: 'Төлегенін күтіңіз не күшін жойыңыз. Тек қолма-қол төленгені қазір қайтарылады.',
  },
  refund_not_paid: {
    what: 'Тізілім ваучерді төлемеді және лимиттен ештеңе алған жоқ.',
    todo: 'Тек қолма-қол төленгені қайтарылады. Дүкен чекпен мекемеге қарсылық білдіреді.',
  },
  refund_too_much: { what: 'Бұл жолда қалғаннан көп.', todo: 'Азырақ таңдаңыз.' },
  no_ledger: {
    what: 'Ваучерді тізілім қайтарады, ал онымен байланыс жоқ.',
    todo: 'Чекті сақтап, желі пайда болғанда қайтарыңыз.',
  },
  clock_moved: { what: 'Осы арада сағат өзгерді.', todo: 'Уақытқа қайта қарап, кодты теріңіз.' },
  clock_behind_ledger: {
    what: 'Бұл сағат тізілімнің соңғы жауабынан кейін қалған.',
    todo: 'Компьютер сағатын түзетіп, содан кейін растаңыз.',
  },
  clock_back_again: {
    what: 'Тізілімнің соңғы жауабынан бері уақыт бір рет артқа қайтарылған.',
    todo: 'Желіні қосыңыз: енді уақытты тек тізілім растайды.',
  },
  read_only: { what: 'Бұл терезе тек көру үшін.', todo: 'Басқа терезеде жұмыс істеңіз.' },
  core_down: { what: 'Касса қайта іске қосылып жатыр.', todo: 'Күтіңіз, ақшаны қайта алмаңыз.' },
}
