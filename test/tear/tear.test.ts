/** A slice of the tear matrix, and two tills that are wrong on purpose: `npm run tear` plays all of it. */
import { expect, test } from 'vitest'
import { tearRun } from './run.ts'

const quiet = { seed: 'a slice', say: () => undefined }
const fault = 'executed, no answer'

test('a slice of every profile and every way: card, journal, screen and ledger agree', async () => {
  const report = await tearRun({
    ...quiet,
    step: 2,
    series: [
      { profile: 'uid', way: 'same card', fault },
      { profile: 'ntag21x', way: 'another card first', fault },
      { profile: 'ntag424', way: 'core killed', fault },
      { profile: 'tolem-applet', way: 'never back', fault },
      { profile: 'tolem-applet', way: 'another basket', fault },
    ],
  })
  expect(report.failures).toEqual([])
  expect(report.byProfile).toEqual({ uid: 3, ntag21x: 5, ntag424: 6, 'tolem-applet': 10 })
})

test.each([
  ['forgets-torn-debits', 'another basket', 'the till does not hold a debit'],
  ['calls-torn-refused', 'same card', 'the card has paid, and the screen says refused'],
] as const)('a till that is wrong is found: %s', async (bug, way, found) => {
  const { failures } = await tearRun({ ...quiet, bug, series: [{ profile: 'tolem-applet', way, fault }] })
  expect(failures.join('\n')).toContain(found)
})
