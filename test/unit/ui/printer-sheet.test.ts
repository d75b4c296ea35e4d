/** The printer's sheet says how many receipts are waiting, in each language, and nothing of it when none is. */
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { IntlProvider } from 'react-intl'
import { expect, test } from 'vitest'
import { quietTill, troubledLights } from '../../../src/terminal/ui/gallery/made-up.ts'
import { flatTexts } from '../../../src/terminal/ui/texts/index.ts'
import { SheetContent } from '../../../src/terminal/ui/till/sheets.tsx'

function sheetOf(language: 'kk' | 'ru' | 'en', receiptsWaiting: number, light: 'printer' | 'network'): string {
  const ignore = (): void => undefined
  const content = createElement(SheetContent, {
    sheet: { kind: 'light', light },
    snapshot: { ...quietTill, ...troubledLights, language, receiptsWaiting },
    readOnly: false,
    onSheet: ignore,
    onCommand: ignore,
    onAsk: () => Promise.resolve({ ok: true as const }),
  })
  return renderToString(createElement(IntlProvider, { locale: language, messages: flatTexts(language) }, content))
}

const sentences = {
  kk: 'Басылуын күтіп тұрған чектер: 12',
  ru: 'Чеки ждут печати: 12',
  en: 'Receipts waiting to be printed: 12',
} as const

test.each(['kk', 'ru', 'en'] as const)('in %s', (language) => {
  expect(sheetOf(language, 12, 'printer')).toContain(sentences[language])
  const head = sentences[language].split(':')[0]!
  expect(sheetOf(language, 0, 'printer')).not.toContain(head)
  expect(sheetOf(language, 12, 'network')).not.toContain(head)
})
