/** The texts of all languages, and how react-intl gets them: flat, one id per text. */
import { languages, type Language } from '../../contract/index.ts'
import { en } from './en.ts'
import { kk } from './kk.ts'
import type { Sentences, StatusSentences, TextsOfLanguage } from './keys.ts'
import { ru } from './ru.ts'

export const texts: Readonly<Record<Language, TextsOfLanguage>> = { kk, ru, en }

/** What a language calls itself, short: a choice of language is never translated. */
export const languageNames: Readonly<Record<Language, string>> = { kk: 'Қаз', ru: 'Рус', en: 'Eng' }

export const nextLanguage = (language: Language): Language =>
  languages[(languages.indexOf(language) + 1) % languages.length] ?? 'kk'

/** The sentences of a tender's code: a refusal, a loss, or a code newer than this screen. */
export function sentencesOf(language: Language, code: string): Sentences {
  const { refusals, losses, unknownCode } = texts[language]
  const known: Readonly<Record<string, Sentences>> = { ...losses, ...refusals }
  return Object.hasOwn(known, code) ? (known[code] ?? unknownCode) : unknownCode
}

/** Every text of a language with its path, for react-intl and for the tests. */
export function flatTexts(language: Language): Readonly<Record<string, string>> {
  const { words, refusals, losses, unknownCode, statuses, faults, tenderStates } = texts[language]
  const flat: Record<string, string> = { ...words }
  const add = (family: string, sentences: Readonly<Record<string, Sentences | StatusSentences>>): void => {
    for (const [code, parts] of Object.entries(sentences))
      for (const [part, text] of Object.entries(parts)) flat[`${family}.${code}.${part}`] = text
  }
  add('refusal', refusals)
  add('loss', losses)
  add('code', { unknown: unknownCode })
  add('status', statuses)
  add('fault', faults)
  for (const [state, text] of Object.entries(tenderStates)) flat[`tenderState.${state}`] = text
  return flat
}
