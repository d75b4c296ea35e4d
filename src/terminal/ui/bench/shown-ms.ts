import type { Language } from '../../contract/index.ts'

/** Milliseconds as they are read in this language: one decimal below a hundred, none above. */
export function shownMs(ms: number, language: Language): string {
  const rounded = String(ms < 100 ? Math.round(ms * 10) / 10 : Math.round(ms))
  return language === 'en' ? rounded : rounded.replace('.', ',')
}
