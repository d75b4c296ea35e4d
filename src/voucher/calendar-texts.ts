/** What each fault of a calendar says, in three languages; `{name}` stands for a value of the fault. */
import type { CalendarFaultCode } from './calendar-faults.ts'
import type { Texts } from './identifiers.ts'

export const calendarFaultTexts: Readonly<Record<CalendarFaultCode, Texts>> = {
  TIME_ZONE_UNKNOWN: {
    kk: '{timeZone} уақыт белдеуі бұл компьютерге белгісіз. Дұрыс жазылған атау мысалы: Asia/Almaty.',
    ru: 'Часовой пояс {timeZone} этому компьютеру неизвестен. Пример верного имени: Asia/Almaty.',
    en: 'This computer knows no time zone {timeZone}. A name that is right: Asia/Almaty.',
  },
  LAST_DAY_BEFORE_FIRST: {
    kk: 'Соңғы күн ({last}) бірінші күннен ({first}) бұрын тұр.',
    ru: 'Последний день ({last}) раньше первого ({first}).',
    en: 'The last day ({last}) comes before the first ({first}).',
  },
  DAY_OUTSIDE_CALENDAR: {
    kk: '{day} күні күнтізбеден тыс: ол {first} күнінен {last} күніне дейін.',
    ru: '{day} вне календаря: он идёт с {first} по {last}.',
    en: '{day} is outside of the calendar, which goes from {first} to {last}.',
  },
  TERM_NAMED_TWICE: {
    kk: '{term} мерзімі екі рет аталған.',
    ru: 'Срок {term} назван дважды.',
    en: 'Term {term} is named twice.',
  },
  TERMS_OVERLAP: {
    kk: '{term} мен {earlier} мерзімдерінің ортақ күндері бар.',
    ru: 'У сроков {term} и {earlier} есть общие дни.',
    en: 'The terms {term} and {earlier} have days in common.',
  },
  TERM_NEVER_OPEN: {
    kk: '{term} мерзімінде бірде-бір ашық күн жоқ.',
    ru: 'В сроке {term} нет ни одного открытого дня.',
    en: 'No day of term {term} is open.',
  },
  TAP_NEEDS_COUNT: {
    kk:
      'Кезең түрі tap әр төлемді жеке есептейді, сондықтан benefit түрі {benefit} емес, count болуы керек: сома ' +
      'болса, бір төлемнен қалғаны келесісіне өтеді.',
    ru:
      'Период вида tap считает каждую оплату отдельно, поэтому вид benefit должен быть count, а не {benefit}: от ' +
      'суммы неиспользованное одной оплатой остаётся следующей.',
    en:
      'A period of the kind tap counts each payment by itself, so the benefit must be of the kind count, not ' +
      '{benefit}: of an amount, what one payment does not use is left for the next.',
  },
  HOURS_EMPTY: {
    kk: '{from}–{to} уақыты басталған сәтте аяқталады.',
    ru: 'Часы {from}–{to} кончаются, едва начавшись.',
    en: 'The hours {from}–{to} end as they begin.',
  },
  HOURS_OVER_MIDNIGHT: {
    kk: '{from}–{to} уақыты түн ортасынан асады. Екіге бөліп жазыңыз: {from}–24:00, келесі күні 00:00–{to}.',
    ru: 'Часы {from}–{to} переходят через полночь. Запишите их отдельно: {from}–24:00 и на следующий день 00:00–{to}.',
    en: 'The hours {from}–{to} go over midnight. Write them as two: {from}–24:00, and 00:00–{to} on the next day.',
  },
  HOURS_OVERLAP: {
    kk: '{hours} уақыты {earlier} уақытымен қабаттасады.',
    ru: 'Часы {hours} пересекаются с часами {earlier}.',
    en: 'The hours {hours} overlap the hours {earlier}.',
  },
  HOURS_DO_NOT_EXIST: {
    kk: '{day} күні {time} деген уақыт жоқ: сағат тілі алға жылжытылады.',
    ru: '{day} времени {time} не бывает: часы переводят вперёд.',
    en: 'On {day} there is no {time}: the clocks are put forward.',
  },
  HOURS_COME_TWICE: {
    kk: '{day} күні {time} екі рет болады: сағат тілі артқа жылжытылады. Қайсысы екені белгісіз.',
    ru: '{day} время {time} наступает дважды: часы переводят назад. Какое из двух, непонятно.',
    en: 'On {day} it is {time} twice: the clocks are put back. Which of the two is not clear.',
  },
  DAY_NAMED_TWICE: {
    kk: '{day} күні {place} жазбасында да бар: қайсысы дұрыс екені белгісіз.',
    ru: '{day} есть и в записи {place}: какая из них верна, непонятно.',
    en: '{day} stands in {place} too: which of the two holds is not clear.',
  },
  DAY_IN_NO_TERM: {
    kk: '{day} күні ашық делінген, бірақ ешбір мерзімге кірмейді.',
    ru: '{day} назван открытым днём, но не входит ни в один срок.',
    en: '{day} is said to be open, but is in no term.',
  },
  MOVED_DAY_NOT_OPEN: {
    kk: '{day} жұмыс күні емес: оны көшіруге болмайды.',
    ru: '{day} не рабочий день: переносить нечего.',
    en: '{day} is no working day: there is nothing to move.',
  },
  MOVED_ONTO_OPEN_DAY: {
    kk: '{day} онсыз да жұмыс күні: оған басқа күнді көшіруге болмайды.',
    ru: '{day} и так рабочий день: переносить на него нечего.',
    en: '{day} is a working day anyway: no other can be moved onto it.',
  },
  NO_DAY_OPEN: {
    kk: 'Күнтізбеде бірде-бір ашық күн жоқ: ештеңе төленбейді.',
    ru: 'В календаре нет ни одного открытого дня: ничего не будет оплачено.',
    en: 'No day of the calendar is open: nothing would be paid.',
  },
  TOO_MANY_PERIODS: {
    kk: 'Күнтізбеден {count} кезең шығады, ал бағдарламада ең көбі {most} болады. Оны бірнеше нұсқаға бөліңіз.',
    ru: 'Из календаря выходит периодов: {count}, а в программе их не больше {most}. Разделите его на версии.',
    en: 'The calendar makes {count} periods, and a scheme has at most {most}. Divide it between versions.',
  },
}
