/**
 * What a till that cannot start says in its window. In all three languages at once: which of them the person reads is a
 * choice of the page, and there is no page.
 */
import { languages, type Texts } from '../contract/index.ts'

const known = {
  settings_missing: {
    kk: 'Касса әлі бапталмаған: баптау файлы жоқ. Кассаны орнатқан адамды шақырыңыз.',
    ru: 'Касса ещё не настроена: нет файла настроек. Позовите того, кто её устанавливал.',
    en: 'This till is not set up yet: there is no settings file. Call the person who installed it.',
  },
  settings_unreadable: {
    kk: 'Баптау файлы ашылмайды. Кассаны орнатқан адамды шақырыңыз.',
    ru: 'Файл настроек не открывается. Позовите того, кто устанавливал кассу.',
    en: 'The settings file can not be opened. Call the person who installed the till.',
  },
  settings_malformed: {
    kk: 'Баптау файлында қате бар; қай жері екені төменде жазылған. Кассаны орнатқан адамды шақырыңыз.',
    ru: 'В файле настроек ошибка; место указано ниже. Позовите того, кто устанавливал кассу.',
    en: 'The settings file has a mistake; the place is named below. Call the person who installed the till.',
  },
  settings_printer: {
    kk: 'Принтер баптауында қате бар; қай жері екені және не жазуға болатыны төменде көрсетілген.',
    ru: 'Принтер настроен неверно; место и то, что там может стоять, указано ниже.',
    en: 'The printer is set up wrongly; the place is named below, with what may stand there.',
  },
  settings_hid: {
    kk: 'Сканер, пернетақта не дисплей баптауында қате бар; қай жері екені және не жазуға болатыны төменде.',
    ru: 'Сканер, клавиатура или дисплей настроены неверно; место и то, что там может стоять, указано ниже.',
    en: 'The scanner, keypad or display is set up wrongly; the place is named below, with what may stand there.',
  },
  switch_refused: {
    kk: 'Касса сынаққа арналған кілтпен іске қосылды, сондықтан ашылмайды. Оны белгішесі арқылы ашыңыз.',
    ru: 'Касса запущена с ключом для испытаний и поэтому не откроется. Запустите её значком.',
    en: 'The till was started with a switch for tests and will not open. Start it by its icon.',
  },
} as const satisfies Readonly<Record<string, Texts>>

const anyOther: Texts = {
  kk: 'Касса ашылмады. Ештеңе жоғалған жоқ. Төмендегі жазуды кассаға қарайтын адамға көрсетіңіз.',
  ru: 'Касса не открылась. Ничего не потеряно. Покажите запись ниже тому, кто обслуживает кассу.',
  en: 'The till did not open. Nothing is lost. Show the lines below to the person who looks after it.',
}

/** One paragraph a language, for any code. */
export function failureText(code: string): string {
  const texts: Texts = Object.hasOwn(known, code) ? known[code as keyof typeof known] : anyOther
  return languages.map((language) => texts[language]).join('\n\n')
}
