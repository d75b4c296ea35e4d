/** The sheet that asks a manager for the time, rendered on a server, and the keys that lead to it. */
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { IntlProvider } from 'react-intl'
import { describe, expect, test } from 'vitest'
import { languages, type Language, type Snapshot } from '../../../src/terminal/contract/index.ts'
import { madeUpNow, quietTill } from '../../../src/terminal/ui/gallery/made-up.ts'
import { intentOf, sheetKeys, type Situation } from '../../../src/terminal/ui/input/intent.ts'
import { openShifts, sheetStepped, type Sheet } from '../../../src/terminal/ui/input/screen-state.ts'
import { flatTexts, texts } from '../../../src/terminal/ui/texts/index.ts'
import { formatDate, formatDateTime, formatTime } from '../../../src/terminal/ui/texts/time.ts'
import { commandOf, SheetContent } from '../../../src/terminal/ui/till/sheets.tsx'

type ToConfirm = NonNullable<Snapshot['time']['toConfirm']>

const hour = 3_600_000
const wall = madeUpNow - 3 * hour
const asked: ToConfirm = {
  wall,
  journalAt: madeUpNow,
  ledgerAt: madeUpNow - hour,
  goesBack: false,
  obstacle: null,
}
const inDoubt = (toConfirm: ToConfirm | null): Snapshot => ({
  ...quietTill,
  time: { now: madeUpNow, trusted: false, toConfirm },
  actions: toConfirm === null ? quietTill.actions : [...quietTill.actions, 'confirm_time'],
})

function shown(sheet: Sheet, snapshot: Snapshot, language: Language, readOnly = false): string {
  const ignore = (): void => undefined
  const content = createElement(SheetContent, {
    sheet,
    snapshot: { ...snapshot, language },
    readOnly,
    onSheet: ignore,
    onCommand: ignore,
    onAsk: () => Promise.resolve({ ok: true as const }),
  })
  return renderToString(createElement(IntlProvider, { locale: language, messages: flatTexts(language) }, content))
    .replaceAll('&#x27;', "'")
    .replace(/<!-- -->/g, '')
}
const timeSheet = (toConfirm: ToConfirm | null, language: Language): string =>
  shown({ kind: 'time' }, inDoubt(toConfirm), language)

describe.each(languages)('in %s', (language) => {
  const { words, faults } = texts[language]

  test('asks for the machine’s time and date, beside the last that till and ledger said, and takes a PIN', () => {
    const html = timeSheet(asked, language)
    expect(html).toContain(words['time.ask'])
    expect(html).toContain(`<strong>${formatTime(wall)}</strong> <span>${formatDate(wall)}</span>`)
    for (const known of [madeUpNow, madeUpNow - hour]) expect(html).toContain(formatDateTime(known))
    expect(html).toContain('type="password"')
    expect(html).toContain(words['cashier.merchantPin'])
    expect(html).toContain(words['time.yes'])
    expect(html).toContain(words['time.otherClock'])
    expect(html).not.toContain(words['time.back'])
    expect(html).not.toContain(words['time.never'])
  })

  test('says that the time would go back, and that the ledger never spoke', () => {
    const html = timeSheet({ ...asked, goesBack: true, ledgerAt: null }, language)
    expect(html).toContain(words['time.back'])
    expect(html).toContain(words['time.never'])
  })

  test.each(['clock_behind_ledger', 'clock_back_again'] as const)(
    'takes no PIN where it is refused: %s',
    (obstacle) => {
      const html = timeSheet({ ...asked, obstacle }, language)
      expect(html).toContain(formatTime(wall))
      expect(html).toContain(faults[obstacle].what)
      expect(html).toContain(faults[obstacle].todo)
      for (const word of ['time.ask', 'time.yes'] as const) expect(html).not.toContain(words[word])
      expect(html).not.toContain('type="password"')
    },
  )

  test('says so when the ledger has confirmed it meanwhile', () => {
    const html = timeSheet(null, language)
    expect(html).toContain(words['time.confirmed'])
    expect(html).not.toContain('type="password"')
  })

  test('is reached from the till’s light and from the shift, and from nowhere while nothing is in doubt', () => {
    const word = words['action.confirm_time']
    const [light, shift] = [{ kind: 'light', light: 'till' } as const, openShifts(quietTill)]
    for (const sheet of [light, shift]) {
      expect(shown(sheet, inDoubt(asked), language)).toContain(word)
      expect(shown(sheet, inDoubt(null), language)).not.toContain(word)
    }
    expect(shown({ kind: 'light', light: 'queue' }, inDoubt(asked), language)).not.toContain(word)
  })
})

describe('the key of its button', () => {
  const situation = (sheet: Situation['sheet']): Situation => ({
    sheet,
    focus: 'page',
    typing: 'nothing',
    offers: { primary: null, others: [] },
    editable: true,
    lineSelected: false,
    noticeShown: false,
  })
  const key = (name: string) => ({ key: name, code: name, alt: false, control: false, repeat: false })

  test.each(['light', 'shift'] as const)('asks for the time on the sheet “%s”', (sheet) => {
    const intent = intentOf(key(sheetKeys.confirm_time), situation(sheet))
    expect(intent).toEqual({ kind: 'sheet_action', action: 'confirm_time' })
  })

  test('asks the core for the machine’s clock of now, where that is offered', () => {
    const command = { command: 'show_time' }
    expect(commandOf('confirm_time', { kind: 'light', light: 'till' }, inDoubt(asked))).toEqual(command)
    expect(commandOf('confirm_time', openShifts(quietTill), inDoubt(asked))).toEqual(command)
    expect(commandOf('confirm_time', { kind: 'light', light: 'network' }, inDoubt(asked))).toBeNull()
    expect(commandOf('confirm_time', { kind: 'light', light: 'till' }, inDoubt(null))).toBeNull()
    expect(commandOf('confirm_time', openShifts(quietTill), inDoubt(null))).toBeNull()
  })

  test('is not taken on the sheet itself, whose keys are the form’s', () => {
    for (const name of ['F9', 'F8', '1', 'Enter']) expect(intentOf(key(name), situation('form'))).toBeNull()
    expect(sheetStepped({ kind: 'time' }, 1, [])).toEqual({ kind: 'time' })
  })
})
