/** What each finding of `scheme-lint.ts` says, in three languages; `{name}` stands for a value of the finding. */
import type { CalendarFaultCode } from './calendar-faults.ts'
import { calendarFaultTexts } from './calendar-texts.ts'
import type { Language, Texts } from './identifiers.ts'
import type { FaultCode, Finding, WarningCode } from './scheme-findings.ts'

export const findingTexts: Readonly<Record<FaultCode | WarningCode, Texts>> = {
  RESERVED_ID: {
    kk: '{id} атауы QR арқылы төлемге берілген: бағдарламаға қойылмайды.',
    ru: 'Имя {id} занято оплатой по QR: у программы его быть не может.',
    en: 'The id {id} stands for payments by QR: no scheme may have it.',
  },
  PERIOD_NAMED_TWICE: {
    kk: '{period} кезеңі екі рет аталған.',
    ru: 'Период {period} назван дважды.',
    en: 'Period {period} is named twice.',
  },
  PERIOD_EMPTY: {
    kk: '{period} кезеңі басталмай жатып аяқталады.',
    ru: 'Период {period} кончается раньше, чем начинается.',
    en: 'Period {period} ends before it begins.',
  },
  OPENING_EMPTY: {
    kk: '{period} кезеңінде басталмай жатып аяқталатын жұмыс уақыты бар.',
    ru: 'В периоде {period} есть часы работы, которые кончаются раньше, чем начинаются.',
    en: 'Period {period} has opening hours that end before they begin.',
  },
  OPENING_OUTSIDE_PERIOD: {
    kk: '{period} кезеңінің жұмыс уақыты кезеңнің өзінен шығып кетеді: ол кезде ештеңе төленбейді.',
    ru: 'В периоде {period} есть часы работы за его пределами: тогда ничего не будет оплачено.',
    en: 'Period {period} has opening hours outside of it: nothing would be paid then.',
  },
  PERIODS_OVERLAP: {
    kk: '{period} кезеңі {earlier} аяқталмай тұрып басталады.',
    ru: 'Период {period} начинается раньше, чем кончается {earlier}.',
    en: 'Period {period} begins before {earlier} ends.',
  },
  OFFSETS_OUT_OF_ORDER: {
    kk: 'Жергілікті уақыттың UTC-дан айырмалары ретімен емес немесе бірінші кезеңнен кейін ғана басталады.',
    ru: 'Смещения местного времени от UTC стоят не по порядку или начинаются позже первого периода.',
    en: 'The offsets of local time from UTC are not in the order of time, or begin after the first period.',
  },
  GOODS_NAMED_TWICE: {
    kk: '{goods} тауары екі рет аталған (ережелер: {earlier} және {rule}): екіншісі ештеңе өзгертпейді.',
    ru: 'Товар {goods} назван дважды (правила {earlier} и {rule}): второе упоминание ничего не меняет.',
    en: 'The goods {goods} are named twice (rules {earlier} and {rule}): the second time does nothing.',
  },
  NO_GOODS_PAID: {
    kk: 'Ешбір ереже ешбір тауарға төлемейді.',
    ru: 'Ни одно правило ничего не оплачивает.',
    en: 'No rule pays for any goods.',
  },
  WHERE_IS_EVERYWHERE: {
    kk: 'where өңірді де, сатушы түрін де атамайды: бағдарлама елдегі кез келген сатушыға төлер еді.',
    ru: 'where не называет ни региона, ни вида продавцов: программа платила бы любому продавцу страны.',
    en: 'where names neither a region nor a kind of merchant: the scheme would pay every merchant of the country.',
  },
  MERCHANT_NAMED_AND_EXCEPTED: {
    kk: '{merchant} сатушысы аталған да, алып тасталған да: аталған сатушыға бағдарлама бәрібір төлейді.',
    ru: 'Продавец {merchant} и назван, и исключён: названному программа платит в любом случае.',
    en: 'Merchant {merchant} is named and excepted: a merchant that is named is paid all the same.',
  },
  ACTIVATION_IMPOSSIBLE: {
    kk: 'Іске қосу мерзімі алғашқы төлем мүмкін болғанға дейін бітеді: ешкім үлгермейді.',
    ru: 'Срок активации кончается раньше, чем возможна первая оплата: никто не успеет.',
    en: 'The time for activation ends before a first payment is possible: nobody can be in time.',
  },
  ACTIVATION_WITHOUT_PROOF: {
    kk: 'Іске қосу картаның иесіне жеткенін дәлелдейді, ал uid пен ntag21x карталары ештеңе дәлелдемейді.',
    ru: 'Активация доказывает, что карта дошла до получателя, а карты uid и ntag21x ничего не доказывают.',
    en: 'Activation proves that the card has reached its holder, and cards of uid or ntag21x prove nothing.',
  },
  CARD_NEVER_OFFLINE: {
    kk: 'ntag21x карталарын көшіруге болады, желісіз сатылымда олар қабылданбайды: policy тек deny бола алады.',
    ru: 'Карты ntag21x можно скопировать, без сети с них платить нельзя: policy может быть только deny.',
    en: 'Cards of ntag21x can be copied and never pay without network: the policy can only be deny.',
  },
  UID_RISK_NOT_ACCEPTED: {
    kk: 'uid карталары көшіріледі: желісіз төлеу үшін мекеме бұл тәуекелді жазбаша қабылдайды (cards.uidOffline).',
    ru: 'Карты uid копируются: чтобы платить с них без сети, ведомство письменно принимает риск (cards.uidOffline).',
    en: 'Cards of uid can be copied: to pay without network the agency accepts that in writing (cards.uidOffline).',
  },
  CARD_POLICY_OTHER_KIND: {
    kk: 'policy: card және tolem-applet карталары тек бірге жүреді: лимитті не карта есептейді, не касса.',
    ru: 'policy: card и карты tolem-applet бывают только вместе: лимит считает или сама карта, или касса.',
    en: 'The policy card and cards of tolem-applet go together only: the card counts the allowance, or a till does.',
  },
  CARD_POLICY_WITH_ACTIVATION: {
    kk: 'policy: card бағдарламасында іске қосу талап етілмейді: мұндай карта бойынша төлемге тізілім рұқсат бермейді.',
    ru: 'При policy: card активация невозможна: оплату такой картой реестр не разрешает, её разрешает сама карта.',
    en: 'Under the policy card there is no activation: the card allows a payment, the ledger is not asked first.',
  },
  CARD_POLICY_CARRIES_OVER: {
    kk: 'policy: card бағдарламасында қалдық келесі кезеңге өтпейді: unused тек lapses немесе returns бола алады.',
    ru: 'При policy: card остаток не переносится на следующий период: unused может быть только lapses или returns.',
    en: 'Under the policy card nothing is carried over to the next period: unused can only be lapses or returns.',
  },
  UID_CAP_ABOVE_SCHEME: {
    kk: 'uid карталары үшін {cap} шегі бағдарламаның өз шегінен жоғары.',
    ru: 'Предел {cap} для карт uid выше, чем у самой программы.',
    en: 'The cap {cap} for cards of uid is above the scheme’s own.',
  },
  ALLOWANCE_TOO_LARGE: {
    kk: 'Бір кезеңнің лимиті мүмкін ең үлкен сомадан ({largest}) асады.',
    ru: 'Лимит одного периода больше самой большой возможной суммы ({largest}).',
    en: 'The allowance of one period is above the largest amount there is ({largest}).',
  },
  CARRIED_OF_OTHER_KIND: {
    kk: 'Келесі кезеңге өтетіннің шегі лимиттің өз өлшемімен берілмеген: төлем санымен немесе сомамен.',
    ru: 'Ограничение на перенос задано не тем, чем сам лимит: числом оплат или суммой.',
    en: 'The limit of what is carried over is not of the benefit’s own kind: a number of payments or an amount.',
  },
  BRIDGE_OF_OTHER_KIND: {
    kk: 'Карта ауыстырылғандағы аванс лимиттің өз өлшемімен берілмеген: төлем санымен немесе сомамен.',
    ru: 'Аванс при замене карты задан не тем, чем сам лимит: числом оплат или суммой.',
    en: 'The advance when a card is replaced is not of the benefit’s own kind: a number of payments or an amount.',
  },
  NAMES_EQUAL: {
    kk: 'Атауы {languages} тілдерінде бірдей: «{name}». Аударылған ба?',
    ru: 'Название на языках {languages} одно и то же: «{name}». Переведено ли оно?',
    en: 'The name is the same in {languages}: “{name}”. Is it translated?',
  },
  BENEFIT_IS_NOTHING: {
    kk: 'Лимит нөлге тең: бағдарлама ештеңе төлемейді.',
    ru: 'Лимит нулевой: программа ничего не оплатит.',
    en: 'The allowance is nothing: the scheme can never pay.',
  },
  PERIODS_ALL_PAST: {
    kk: 'Барлық кезең өтіп кеткен; соңғысы — {period}.',
    ru: 'Все периоды уже прошли; последний — {period}.',
    en: 'All periods are over; the last one was {period}.',
  },
  GAPS_BETWEEN_PERIODS: {
    kk:
      'Кезеңдер арасында ештеңе төленбейтін үзіліс бар, саны {count}: біріншісі — {first} кезеңінен, ең ұзағы — ' +
      '{longest} кезеңінен кейін. Демалыс күндері ме, әлде қате ме?',
    ru:
      'Между периодами есть перерывы, когда ничего не оплачивается, всего {count}: первый — после {first}, самый ' +
      'длинный — после {longest}. Это выходные дни или ошибка?',
    en:
      'Between periods there are gaps in which nothing is paid, {count} in all: the first after {first}, the longest ' +
      'after {longest}. Days off, or a slip?',
  },
  NO_MERCHANTS: {
    kk: 'Бірде-бір сатушы аталмаған: бағдарламамен төлейтін жер жоқ.',
    ru: 'Не назван ни один продавец: по программе платить негде.',
    en: 'No merchant is named: nobody can pay with this scheme.',
  },
  MERCHANT_NAMED_TWICE: {
    kk: '{merchant} сатушысы екі рет аталған.',
    ru: 'Продавец {merchant} назван дважды.',
    en: 'Merchant {merchant} is named twice.',
  },
  REGION_IN_ANOTHER: {
    kk: '{region} өңірі {wider} өңіріне кіреді: оны бөлек атау ештеңе өзгертпейді.',
    ru: 'Регион {region} уже входит в {wider}: отдельное упоминание ничего не меняет.',
    en: 'Region {region} is within {wider} already: to name it adds nothing.',
  },
  KIND_NAMED_TWICE: {
    kk: '{kind} сатушы түрі екі рет аталған.',
    ru: 'Вид продавцов {kind} назван дважды.',
    en: 'The kind of merchant {kind} is named twice.',
  },
  ARTICLES_AFTER_CATEGORIES: {
    kk:
      '{rule}-ереже жеке тауарларды {earlier}-ережедегі тауар түрлерінен кейін атайды: ол түрдегі тауарға ' +
      '{earlier}-ереже қолданылады.',
    ru:
      'Правило {rule} называет отдельные товары после видов товаров в правиле {earlier}: товару такого вида ' +
      'достанется правило {earlier}.',
    en:
      'Rule {rule} names single articles after rule {earlier} named kinds of goods: for an article of such a kind ' +
      'rule {earlier} holds.',
  },
  UNITS_WITHOUT_MEANING: {
    kk: '{rule}-ереже бір қаптамада {units} дана санайды, бірақ данасына төлемейді.',
    ru: 'Правило {rule} считает в упаковке {units} шт., но платит не за штуку.',
    en: 'Rule {rule} counts {units} units in a pack, but pays no amount for a unit.',
  },
  PERCENT_OF_COUNT: {
    kk:
      '{rule}-ереже пайыз төлейді, ал бағдарлама төлем санын есептейді: кішкентай жеңілдік те тұтас бір төлемді ' +
      'жұмсайды.',
    ru: 'Правило {rule} платит процент, а программа считает оплаты: даже маленькая скидка расходует целую оплату.',
    en: 'Rule {rule} pays a percentage, and the scheme counts payments: even a small discount uses up a whole payment.',
  },
  DISCOUNT_WITHOUT_BOUND: {
    kk:
      '{rule}-ереже бағаның {price} асқан бөлігін сатушы қанша сұраса да төлейді: лимит таусылғанша оны сатылым ' +
      'шегі тоқтатпайды.',
    ru:
      'Правило {rule} платит всё, что продавец просит сверх {price}: ограничение на продажу не остановит его, пока ' +
      'не кончится лимит.',
    en:
      'Rule {rule} pays whatever the merchant asks above {price}: no limit of a sale stops it until the allowance ' +
      'is used up.',
  },
  ACTIVATION_OVER: {
    kk: 'Іске қосу мерзімі өтіп кеткен: іске қоспағандар енді ештеңе алмайды.',
    ru: 'Срок активации прошёл: кто не активировал, больше ничего не получит.',
    en: 'The time for activation is over: who has not activated gets nothing any more.',
  },
  ACTIVATION_NEVER_LAPSES: {
    kk: 'Іске қосу мерзімі соңғы кезеңнен бұрын бітпейді: ол ешқашан қолданылмайды.',
    ru: 'Срок активации кончается не раньше последнего периода: он никогда не сработает.',
    en: 'The time for activation does not end before the last period: it has no effect.',
  },
  CAP_IS_NOTHING: {
    kk: '{cap} шегі нөлге тең: бағдарлама ештеңе төлемейді.',
    ru: 'Ограничение {cap} нулевое: программа ничего не оплатит.',
    en: 'The limit {cap} is nothing: the scheme can never pay.',
  },
  PER_SALE_BELOW_TAP: {
    kk: 'Бір сатылымға ең көбі {cap} төленеді, ал бағдарлама бір төлемге {tap} уәде етеді.',
    ru: 'За одну продажу платится не больше {cap}, а программа обещает за одну оплату {tap}.',
    en: 'A sale is paid with {cap} at most, though the scheme promises {tap} in one payment.',
  },
  PER_SALE_NEVER_REACHED: {
    kk: 'Бір сатылымның шегі ({cap}) ең үлкен төлемнен ({tap}) артық: ол ешқашан қолданылмайды.',
    ru: 'Ограничение на продажу ({cap}) больше самой большой оплаты ({tap}): оно никогда не сработает.',
    en: 'The limit of a sale ({cap}) is above the largest payment ({tap}): it is never reached.',
  },
  PERIOD_CAP_BELOW_ALLOWANCE: {
    kk: 'Алушы бір кезеңде ең көбі {cap} алады, ал бағдарлама {allowance} уәде етеді.',
    ru: 'Получатель получит за период не больше {cap}, хотя программа обещает {allowance}.',
    en: 'A beneficiary gets {cap} at most in a period, though the scheme promises {allowance}.',
  },
  PERIOD_CAP_NEVER_REACHED: {
    kk: 'Бір алушының кезеңдегі шегі ({cap}) бағдарлама беретіннен ({allowance}) артық: ол ешқашан қолданылмайды.',
    ru:
      'Ограничение на получателя за период ({cap}) больше того, что даёт программа ({allowance}): оно никогда не ' +
      'сработает.',
    en:
      'The limit of a beneficiary in a period ({cap}) is above what the scheme gives ({allowance}): it is never ' +
      'reached.',
  },
  COUNT_CAP_BELOW_BENEFIT: {
    kk: 'Алушының бір кезеңдегі төлем саны ең көбі {cap}, ал бағдарлама уәде ететіні — {promised}.',
    ru: 'Число оплат получателя за период — не больше {cap}, а программа обещает {promised}.',
    en: 'A beneficiary’s payments in a period are {cap} at most, though the scheme promises {promised}.',
  },
  COUNT_CAP_NEVER_REACHED: {
    kk: 'Кезеңдегі төлем санының шегі ({cap}) бағдарлама беретіннен ({promised}) артық: ол ешқашан қолданылмайды.',
    ru:
      'Ограничение числа оплат за период ({cap}) больше того, что даёт программа ({promised}): оно никогда не ' +
      'сработает.',
    en: 'The limit of payments in a period ({cap}) is above what the scheme gives ({promised}): it is never reached.',
  },
  EXPOSURE_BELOW_TAP: {
    kk: 'Касса желісіз барлығы {exposure} сата алады, бұл бір төлемнен ({tap}) аз.',
    ru: 'Без сети касса может продать всего на {exposure}: это меньше одной оплаты ({tap}).',
    en: 'Without network a till may sell for {exposure} in all: less than one payment ({tap}).',
  },
  AGE_CAP_NEVER_REACHED: {
    kk:
      'Касса байланыссыз тұра алатын уақыт ережелердің мерзімінен ұзақ: ережелер бұрын ескіреді, бұл шек ешқашан ' +
      'қолданылмайды.',
    ru:
      'Касса может быть без связи дольше, чем годны её правила: правила устареют раньше, и это ограничение никогда ' +
      'не сработает.',
    en:
      'A till may be without the ledger for longer than its rules are good: they are too old first, and this limit ' +
      'is never reached.',
  },
  NEVER_OFFLINE: {
    kk: 'Бағдарлама желісіз төлейді, бірақ оған берілген уақыт — нөл.',
    ru: 'Программа платит без сети, но времени на это не даёт.',
    en: 'The scheme pays without network, but allows no time for it.',
  },
  LOSS_WITHOUT_OFFLINE: {
    kk: 'Желісіз сатылымның шығынын мекеме көтереді делінген, бірақ бағдарлама желісіз төлемейді.',
    ru: 'Сказано, что убыток от продаж без сети несёт ведомство, но без сети программа не платит.',
    en: 'It says that the agency bears the loss of sales without network, but the scheme pays for none.',
  },
  LOSS_BELOW_EXPOSURE: {
    kk:
      'Мекеме көтеретін шығын — ең көбі {upTo}, ал бір кассаның өзі желісіз {exposure} сата алады: қалғаны — ' +
      'сатушының шығыны.',
    ru:
      'Ведомство несёт убыток до {upTo}, а одна касса может продать без сети на {exposure}: остальное — убыток ' +
      'продавца.',
    en:
      'The agency bears a loss up to {upTo}, but one till alone may sell for {exposure} without network: the rest ' +
      'is the merchant’s.',
  },
  NOTHING_CARRIED: {
    kk: 'Жұмсалмағаны келесі кезеңге өтеді делінген, бірақ шегі — нөл.',
    ru: 'Сказано, что неиспользованное переходит на следующий период, но не больше нуля.',
    en: 'It says that what is not used passes on to the next period, but at most nothing.',
  },
  NO_PERIOD_TO_CARRY_TO: {
    kk: 'Кезең біреу ғана: жұмсалмағаны өтетін келесі кезең жоқ.',
    ru: 'Период всего один: переносить неиспользованное некуда.',
    en: 'There is only one period: what is not used has no next one to pass on to.',
  },
  CARRIED_NEVER_REACHED: {
    kk: 'Келесі кезеңге өтетіннің шегі бір кезеңнің лимитінен артық: ол ешқашан қолданылмайды.',
    ru: 'Ограничение на перенос больше лимита одного периода: оно никогда не сработает.',
    en: 'The limit of what is carried over is above the allowance of a period: it is never reached.',
  },
  CARRIED_WITHOUT_USE: {
    kk: 'Алдыңғы кезеңнен өткенімен бірге {whole} болады, бірақ бір кезеңнің шегі {cap}: өткенін жұмсау мүмкін емес.',
    ru: 'Вместе с перенесённым получится {whole}, но за период можно не больше {cap}: перенесённое не потратить.',
    en: 'With what was carried over it is {whole}, but the limit of a period is {cap}: what was carried has no use.',
  },
  CARRIED_CUT_BY_CAP: {
    kk: 'Алдыңғы кезеңнен өткенімен бірге {whole} болады, бірақ бір кезеңнің шегі {cap}: өткенінің бәрі жұмсалмайды.',
    ru: 'Вместе с перенесённым получится {whole}, но за период можно не больше {cap}: часть перенесённого пропадёт.',
    en: 'With what was carried over it is {whole}, but the limit of a period is {cap}: a part of it has no use.',
  },
  RETURN_BEFORE_LAST_PERIOD: {
    kk: 'Жұмсалмаған ақша {period} кезеңі аяқталмай тұрып мекемеге қайтады: содан кейін төлейтін ақша болмайды.',
    ru: 'Неиспользованные деньги вернутся ведомству раньше, чем кончится период {period}: потом платить будет нечем.',
    en: 'What is not used goes back to the agency before period {period} ends: after that nothing is left to pay with.',
  },
  RETURN_DATE_PAST: {
    kk: 'Жұмсалмаған ақшаның мекемеге қайтатын уақыты өтіп кеткен: ол бірден қайтады.',
    ru: 'Срок возврата неиспользованных денег ведомству уже прошёл: они вернутся сразу.',
    en: 'The time by which unused money goes back to the agency is past: it goes back at once.',
  },
  BRIDGE_IS_NOTHING: {
    kk: 'Карта ауыстырылғанда аванс беріледі делінген, бірақ оның шегі — нөл.',
    ru: 'Сказано, что при замене карты даётся аванс, но не больше нуля.',
    en: 'It says that there is an advance when a card is replaced, but of at most nothing.',
  },
  BRIDGE_NEVER_NEEDED: {
    kk: 'Карта ауыстырылғандағы аванс қолданылмайды: мұндай желісіз ережеде алушының лимиті еш кассада тұрмайды.',
    ru: 'Аванс при замене карты не понадобится: при таком порядке без сети лимиты не лежат ни на какой кассе.',
    en: 'The advance when a card is replaced is not needed: under this offline policy no till holds an allowance.',
  },
  BRIDGE_NEVER_REACHED: {
    kk: 'Карта ауыстырылғандағы аванс бір кезеңнің лимитінен артық: артығы ешқашан берілмейді.',
    ru: 'Аванс при замене карты больше лимита одного периода: целиком его не дадут никогда.',
    en: 'The advance when a card is replaced is above the allowance of a period: it is never reached.',
  },
}

const allTexts = { ...findingTexts, ...calendarFaultTexts }

/** The finding as one sentence or two. */
export function sentenceOf(
  { code, values }: Finding<FaultCode | WarningCode | CalendarFaultCode>,
  language: Language,
): string {
  return allTexts[code][language].replace(/\{(\w+)\}/g, (_place, name: string) => values[name] ?? `{${name}}`)
}
