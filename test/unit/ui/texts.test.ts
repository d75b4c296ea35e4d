/** The texts: complete in three languages, used, in the words of the glossary, and formed as react-intl needs them. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createIntl } from 'react-intl'
import { describe, expect, test } from 'vitest'
import {
  commandFaults,
  languages,
  lossCodes,
  refusalCodes,
  statusCodeSchema,
  tenderStateSchema,
} from '../../../src/terminal/contract/index.ts'
import { glossary, type Term } from '../../../src/terminal/ui/texts/glossary.ts'
import { flatTexts, nextLanguage, sentencesOf, texts } from '../../../src/terminal/ui/texts/index.ts'
import { wordKeys } from '../../../src/terminal/ui/texts/keys.ts'

const folder = fileURLToPath(new URL('../../../src/terminal/ui/', import.meta.url))
const source = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path) && !path.startsWith('texts'))
  .map((path) => readFileSync(join(folder, path), 'utf8'))
  .join('\n')

/** What a field tester knows by these letters alone, on the test bench: names, abbreviations, bytes. */
const ofDataSheets = new RegExp(
  [
    /APDU|ATR|ATS|UID|NXP|TLS|NDEF|NTAG|DNA|DESFire|PN532|ACR122U|GET VERSION|GET RESPONSE|Tölem|ISO 7816-3/,
    /HID( POS)?|\bhid\b|settings\.json|udev|reportBytes|length/,
    // The type of ISO/IEC 14443-3, by its own name.
    /B(?= тип)|(?<=тип[а-я]* )B/,
    /PC\/SC|Linux|pcscd|pn533|nfc|npm start|https|T=|Shift|\(\w{2,4}\)|\bP[12]\b|[0-9A-F]{8,}/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
)

describe.each(languages)('%s', (language) => {
  const flat = flatTexts(language)

  test('has a text for every code of the contract', () => {
    const { refusals, losses, statuses, faults, tenderStates, words } = texts[language]
    expect(Object.keys(refusals).toSorted()).toEqual([...refusalCodes].toSorted())
    expect(Object.keys(losses).toSorted()).toEqual([...lossCodes].toSorted())
    expect(Object.keys(statuses).toSorted()).toEqual([...statusCodeSchema.options].toSorted())
    expect(Object.keys(faults).toSorted()).toEqual([...commandFaults].toSorted())
    expect(Object.keys(tenderStates).toSorted()).toEqual([...tenderStateSchema.options].toSorted())
    expect(Object.keys(words).toSorted()).toEqual([...wordKeys].toSorted())
  })

  /** The texts, with their keys, that `wrong` finds something wrong with. */
  const found = (wrong: (text: string, key: string) => boolean): readonly string[] =>
    Object.entries(flat).flatMap(([key, text]) => (wrong(text, key) ? [`${key}: ${text}`] : []))

  test('says what happened and what to do in whole, short sentences', () => {
    const sentence = (key: string): boolean => /^(refusal|loss|status|fault|code)\./.test(key)
    expect(found((text) => text === '' || text.trim() !== text)).toEqual([])
    expect(found((text, key) => sentence(key) && !/^\p{Lu}.*\.$/su.test(text))).toEqual([])
    expect(found((text, key) => sentence(key) && text.length > 90)).toEqual([])
    expect(found((text) => /oops|ой!|stack|exception|undefined|null/i.test(text))).toEqual([])
  })

  test('is written in its own alphabet', () => {
    const foreign = /Wi-Fi|QR|USB( HID POS)?|\b[XZ]-(?=\p{Script=Cyrillic})|Enter|Esc|Del|Alt [LMT]|\{\w+\}/gu
    const other = { en: /\p{Script=Cyrillic}/u, ru: /[a-zәғқңөұүһі]/i, kk: /[a-z]/i }[language]
    const ownOf = (text: string, key: string): string =>
      (key.startsWith('bench.') ? text.replace(ofDataSheets, '') : text).replace(foreign, '')
    expect(found((text, key) => other.test(ownOf(text, key)))).toEqual([])
  })

  test('fills the same places as the other languages', () => {
    const places = (text: string): string =>
      [...text.matchAll(/\{(\w+)\}/g)]
        .map((match) => match[1] ?? '')
        .toSorted()
        .join(' ')
    const english = flatTexts('en')
    expect(found((text, key) => places(text) !== places(english[key] ?? ''))).toEqual([])
  })

  test('is understood by react-intl', () => {
    const faults: unknown[] = []
    const intl = createIntl({ locale: language, messages: { ...flat }, onError: (error) => faults.push(error) })
    const values = Object.fromEntries(
      [
        ...Object.values(flat)
          .join(' ')
          .matchAll(/\{(\w+)\}/g),
      ].map((match) => [match[1] ?? '', '7']),
    )
    for (const key of wordKeys)
      expect(intl.formatMessage({ id: key }, values)).toBe(flat[key]?.replace(/\{\w+\}/g, '7'))
    expect(faults).toEqual([])
  })

  test('uses the words of the glossary and none that it avoids', () => {
    const terms: readonly Term[] = Object.values(glossary)
    const unsaid = terms.flatMap((term) =>
      term.usedIn
        .filter((key) => !term.stems[language].some((stem) => flat[key]?.toLowerCase().includes(stem) === true))
        .map((key) => `${key} does not say ${term[language]}: ${flat[key] ?? 'no such text'}`),
    )
    expect(unsaid).toEqual([])
    const avoided = terms.flatMap((term) =>
      (term.avoid[language] ?? []).flatMap((word) =>
        found((text) => new RegExp(`(?<!\\p{L})${word}`, 'iu').test(text)).map((one) => `not "${word}": ${one}`),
      ),
    )
    expect(avoided).toEqual([])
  })
})

describe('the source', () => {
  /** Words that stand in a file instead of in the texts: between tags, or in an attribute that people read or hear. */
  const wordsIn = (tsx: string): readonly string[] =>
    [
      ...tsx.matchAll(/(?<=[^=\s]>|^\s*<[\w.]+>|">)([^<>{}()=;`'"]*\p{L}{2,}[^<>{}()=;`'"]*)(?=<\/|\{)/gmu),
      ...tsx.matchAll(/(?:aria-label|title|placeholder|alt)="([^"]*\p{L}{2,}[^"]*)"/gu),
    ]
      .map((match) => (match[1] ?? '').trim())
      // It stands on the keyboard in these letters.
      .filter((word) => word !== 'Enter')
  const tsxFiles = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.tsx') && !path.startsWith('gallery'),
  )

  test.each(tsxFiles)('%s has no words of its own', (path) => {
    expect(wordsIn(readFileSync(join(folder, path), 'utf8'))).toEqual([])
  })

  test('with such words would be found', () => {
    expect(wordsIn('<p>Paid</p>')).toEqual(['Paid'])
    expect(wordsIn('<Button className="a">Төлеу {amount}</Button>')).toEqual(['Төлеу'])
    expect(wordsIn('<Button\n  aria-label="Close it"\n/>')).toEqual(['Close it'])
    expect(wordsIn('<p>{say("a.b")}</p>')).toEqual([])
  })
})

describe('keys', () => {
  /** Keys made of a code, such as `tap.${face}.word`: the source has them with their variable part cut out. */
  const families = [...source.matchAll(/`([\w.]+\.)\$\{[^}]+\}((?:\.\w+)?)`/g)].map(
    ([, before = '', after = '']) =>
      new RegExp(`^${before.replaceAll('.', '\\.')}\\w+${after.replaceAll('.', '\\.')}$`),
  )

  test('are all used', () => {
    const literal = (key: string): boolean => source.includes(`'${key}'`)
    const timeUnits = readFileSync(join(folder, 'texts', 'time.ts'), 'utf8')
    const unused = wordKeys.filter(
      (key) => !literal(key) && !families.some((family) => family.test(key)) && !timeUnits.includes(`'${key}'`),
    )
    expect(unused).toEqual([])
  })

  test('that nobody asks for would be found', () => {
    expect(families.length).toBeGreaterThan(5)
    expect(families.some((family) => family.test('tap.nothing.at.all'))).toBe(false)
  })
})

test('a code that is newer than the screen still says what to do', () => {
  for (const language of languages) {
    expect(sentencesOf(language, 'SOMETHING_NEW')).toBe(texts[language].unknownCode)
    expect(sentencesOf(language, 'constructor')).toBe(texts[language].unknownCode)
    expect(sentencesOf(language, 'REVERSED')).toBe(texts[language].refusals.REVERSED)
  }
})

test('the key for the next language goes round', () => {
  expect(languages.map(nextLanguage)).toEqual(['ru', 'en', 'kk'])
})
