/** The texts of the language on the screen, for components. */
import { useIntl } from 'react-intl'
import { languages, type Language, type Texts } from '../../contract/index.ts'
import { texts } from './index.ts'
import type { TextsOfLanguage, WordKey } from './keys.ts'

export interface Translator {
  readonly language: Language
  /** One text, its {places} filled. */
  readonly say: (key: WordKey, values?: Readonly<Record<string, string | number>>) => string
  /** The name that the scheme or the catalogue gives in this language. */
  readonly name: (names: Texts) => string
  readonly codes: TextsOfLanguage
}

export function useTexts(): Translator {
  const intl = useIntl()
  const language = languages.find((candidate) => candidate === intl.locale) ?? 'kk'
  return {
    language,
    say: (key, values) => intl.formatMessage({ id: key }, values),
    name: (names) => names[language],
    codes: texts[language],
  }
}
