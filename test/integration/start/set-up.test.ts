/** A slice of the set-up matrix (`npm run setup-check` plays all of it): the cases that take seconds. */
import { beforeEach, describe, expect, test } from 'vitest'
import { cases } from '../../set-up/cases.ts'
import { judge, lastLines } from '../../set-up/judge.ts'
import { play, whyNoCases } from '../../set-up/machine.ts'

const whyNot = whyNoCases()
const slice = cases.filter(({ inNpmTest }) => inNpmTest)

beforeEach(({ skip }) => {
  if (whyNot !== null) skip(whyNot)
})

describe('on a machine of its own', () => {
  test('the slice is what it was meant to be', () => {
    expect(slice.length).toBeGreaterThanOrEqual(3)
  })

  test.each(slice)(
    '$name',
    async (one) => {
      const ending = await play(one, { part: 'least', limitSeconds: 100 })
      expect(judge(one, ending), lastLines(ending.output).join('\n')).toEqual([])
    },
    120_000,
  )
})
