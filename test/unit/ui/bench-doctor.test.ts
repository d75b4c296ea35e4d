/** What the bench's panel "Doctor" says of each of its outcomes, in each language; rendered on a server. */
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { IntlProvider } from 'react-intl'
import { describe, expect, test } from 'vitest'
import { bundleFaults, languages, type DoctorView, type Language } from '../../../src/terminal/contract/index.ts'
import { emptyMemory } from '../../../src/terminal/ui/bench/console-memory.ts'
import { DoctorPanel } from '../../../src/terminal/ui/bench/doctor-panel.tsx'
import { benchFile, quietBench } from '../../../src/terminal/ui/gallery/made-up-bench.ts'
import { madeUpExamination } from '../../../src/terminal/ui/gallery/made-up-machine.ts'
import { quietTill } from '../../../src/terminal/ui/gallery/made-up.ts'
import { flatTexts, texts } from '../../../src/terminal/ui/texts/index.ts'

function panel(language: Language, doctor: DoctorView): string {
  const content = createElement(DoctorPanel, {
    bench: { ...quietBench, doctor },
    snapshot: { ...quietTill, language },
    working: true,
    send: () => Promise.resolve({ ok: true as const }),
    memory: emptyMemory,
    onMemory: () => undefined,
  })
  return renderToString(createElement(IntlProvider, { locale: language, messages: flatTexts(language) }, content))
}

const file = benchFile('support-2026-11-23T07-14-05-250Z.zip')
const seen: DoctorView = { doing: null, examination: madeUpExamination, trouble: null, bundle: null }
const late = { of: 'bundling', kind: 'late', seconds: 90 } as const

const outcomes: readonly (readonly [string, DoctorView])[] = [
  ['examining', { ...seen, examination: null, doing: 'examining' }],
  ['a file written', { ...seen, bundle: { kind: 'written', file, bytes: 4_096 } }],
  ['an examination that was late', { ...seen, examination: null, trouble: { ...late, of: 'examining', seconds: 30 } }],
  ['a file that was late', { ...seen, trouble: late }],
  ['an examiner that ended', { ...seen, trouble: { ...late, kind: 'ended' } }],
  ...bundleFaults.map((fault): readonly [string, DoctorView] => [
    fault,
    { ...seen, bundle: { kind: 'refused', fault, detail: 'ENOSPC' } },
  ]),
]

describe.each(languages)('in %s', (language) => {
  const { words } = texts[language]

  test.each(outcomes)('of %s it says that, and nothing else', (_, doctor) => {
    const { bundle, trouble, doing, examination } = doctor
    const shown = panel(language, doctor)
    for (const fault of bundleFaults)
      expect(shown.includes(words[`bench.doctor.not.${fault}`]), fault).toBe(
        bundle?.kind === 'refused' && bundle.fault === fault,
      )
    for (const kind of ['late', 'ended'] as const) {
      const [before = '', after = before] = words[`bench.doctor.${kind}`].split('{seconds}')
      expect(shown.includes(after), kind).toBe(trouble?.kind === kind)
      if (trouble?.kind === kind && before !== after) expect(shown).toContain(`${before}${trouble.seconds}${after}`)
    }
    expect(shown.includes(file)).toBe(bundle?.kind === 'written')
    expect(shown.includes(words['bench.doctor.look'])).toBe(bundle?.kind === 'written')
    expect(shown.includes(words['bench.doctor.examining'])).toBe(doing === 'examining')
    expect(shown.includes(words['bench.doctor.none'])).toBe(trouble?.of === 'bundling')
    expect(shown.includes(words['bench.doctor.earlier'])).toBe(trouble !== null && examination !== null)
  })
})

test('what was found stands worst first, and only what has a remedy can be copied', () => {
  const html = panel('en', seen)
  expect([...html.matchAll(/data-code="([\w-]+)"/g)].map(([, code]) => code)).toEqual([
    ...['ledger-unreachable', 'modules-grab', 'reader-no-rights', 'folder-open', 'hid-no-rights', 'clock-ok'],
  ])
  expect(html.match(/copy-button/g)).toHaveLength(5)
})
