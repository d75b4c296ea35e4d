/** What the bench says of what a reader has told of itself, in each language; rendered on a server. */
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { IntlProvider } from 'react-intl'
import { describe, expect, test } from 'vitest'
import { languages, type BenchView } from '../../../src/terminal/contract/index.ts'
import { ReaderFacts } from '../../../src/terminal/ui/bench/reader-facts.tsx'
import { flatTexts, texts } from '../../../src/terminal/ui/texts/index.ts'

type Setting = Exclude<BenchView['readerSettings'], undefined>[number]

const readerName = 'ACS ACR122U PICC Interface 00 00'
const known: Setting = { readerName, firmware: 'ACR122U215', pollingMs: 250, trouble: null }
const unknown: Setting = { ...known, firmware: null, pollingMs: null }
const told = ['bench.reader.firmware', 'bench.reader.polling'] as const

describe.each(languages)('in %s', (language) => {
  const { words } = texts[language]
  const filled = (key: keyof typeof words): string =>
    words[key]
      .replace('{reader}', readerName)
      .replace('{firmware}', 'ACR122U215')
      .replace('{ms}', '250')
      .replace('{panel}', words['bench.tab.doctor'])

  test.each<[what: string, setting: Setting, says: readonly (keyof typeof words)[]]>([
    ['all is known', known, told],
    ['the driver lets nothing through', { ...unknown, trouble: 'refused' }, ['bench.reader.refused']],
    ['a card lay there', { ...unknown, trouble: 'later' }, ['bench.reader.later']],
    ['it did not answer', { ...unknown, trouble: 'silent' }, ['bench.reader.silent']],
    ['it said no', { ...known, trouble: 'declined' }, [...told, 'bench.reader.declined']],
  ])('says so where %s, and nothing else', (_, setting, says) => {
    const content = createElement(ReaderFacts, setting)
    const shown = renderToString(
      createElement(IntlProvider, { locale: language, messages: flatTexts(language) }, content),
    )
    const text = shown
      .replaceAll(/<[^>]*>/g, '')
      .replaceAll('&#x27;', "'")
      .replaceAll('&quot;', '"')
    expect(text).toBe(says.map(filled).join(' '))
  })
})
