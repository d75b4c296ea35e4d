/** What a finding says to a person, in the three languages. `{name}` stands for what was seen under that name. */
import type { Language } from '../../voucher/identifiers.ts'
import type { CheckName, Finding, FindingCode, Level } from './finding.ts'
import { english } from './texts-en.ts'
import { kazakh } from './texts-kk.ts'
import { russian } from './texts-ru.ts'

export interface DoctorTexts {
  readonly checks: Readonly<Record<CheckName, string>>
  readonly levels: Readonly<Record<Level, string>>
  /** What was found and, where something is to be done about it, what. */
  readonly findings: Readonly<Record<FindingCode, readonly [says: string, remedy?: string]>>
  /** The last line; `{warnings}` and `{faults}` are numbers. */
  readonly end: Readonly<Record<Level, string>>
}

export const doctorTexts: Readonly<Record<Language, DoctorTexts>> = { kk: kazakh, ru: russian, en: english }

export const filled = (text: string, seen: Readonly<Record<string, string>>): string =>
  text.replace(/\{(\w+)\}/g, (_whole, name: string) => seen[name] ?? '?')

/** `remedy` is null where nothing is to be done. */
export function wordsOf(
  { code, seen }: Finding,
  language: Language,
): { readonly says: string; readonly remedy: string | null } {
  const [says, remedy] = doctorTexts[language].findings[code]
  return { says: filled(says, seen), remedy: remedy === undefined ? null : filled(remedy, seen) }
}
