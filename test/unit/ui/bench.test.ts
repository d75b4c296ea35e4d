/** What the test bench's screen works out by itself: the console's memory, and figures as they are read. */
import { describe, expect, test } from 'vitest'
import type { BenchView } from '../../../src/terminal/contract/index.ts'
import { chosenCard } from '../../../src/terminal/ui/bench/chosen-card.ts'
import { emptyMemory, recalled, sentText, typedText } from '../../../src/terminal/ui/bench/console-memory.ts'
import { shownMs } from '../../../src/terminal/ui/bench/shown-ms.ts'

const sent = (...texts: readonly string[]) =>
  texts.reduce((memory, text) => sentText(typedText(memory, text)), emptyMemory)

describe('the console’s memory', () => {
  test('goes back command by command and forth again to what was being typed', () => {
    const typing = typedText(sent('00A40400', '9060000000'), '90AF')
    const back = recalled(typing, -1)
    expect([back.text, recalled(back, -1).text]).toEqual(['9060000000', '00A40400'])
    expect(recalled(recalled(recalled(back, -1), -1), 1).text).toBe('9060000000')
    expect(recalled(back, 1).text).toBe('90AF')
  })

  test('keeps what was sent twice in a row once, and no more than a hundred', () => {
    expect(sent('a', 'a', 'b', 'a').history).toEqual(['a', 'b', 'a'])
    const many = sent(...Array.from({ length: 150 }, (_, index) => String(index)))
    expect([many.history.length, many.history[0], many.text]).toEqual([100, '50', ''])
    expect(recalled(emptyMemory, -1)).toEqual(emptyMemory)
  })
})

test('milliseconds have one decimal below a hundred, with the comma of the language', () => {
  expect([shownMs(4.567, 'en'), shownMs(4.567, 'kk'), shownMs(134.4, 'ru'), shownMs(7, 'ru')]).toEqual([
    '4.6',
    '4,6',
    '134',
    '7',
  ])
})

describe('the card that the console speaks to', () => {
  const at = (presenceId: string, readerName: string): BenchView['cards'][number] => ({
    ...{
      presenceId,
      readerName,
      atr: '',
      isBeingIdentified: false,
      isMute: false,
      identity: null,
      profile: null,
      schemes: [],
    },
  })
  test('is the only one, or that of the reader that was chosen', () => {
    const [one, other] = [at('p1', 'A'), at('p2', 'B')]
    expect(chosenCard([one], null)).toBe(one)
    expect(chosenCard([one, other], null)).toBeUndefined()
    expect(chosenCard([one, other], 'B')).toBe(other)
  })

  test('is never another, while the one that was meant is away; laid on again it is the one', () => {
    const [other, again] = [at('p2', 'B'), at('p3', 'A')]
    expect(chosenCard([other], 'A')).toBeUndefined()
    expect(chosenCard([other, again], 'A')).toBe(again)
  })
})
