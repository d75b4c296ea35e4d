/**
 * Method: `npm start -- --reader pcsc` as a program, in namespaces where pcscd is missing, then runs without readers,
 * then with vpcd's two; and where PC/SC's library is not installed. docs/field-tester.md, "With a PC/SC reader".
 */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { playInNamespace, whyNoPcscd } from '../../fixtures/pcscd-namespace.ts'

const scenario = new URL('./start-scenario.ts', import.meta.url).pathname
const sessionMaxMs = 120_000
const reason = whyNoPcscd()

describe('npm start -- --reader pcsc', () => {
  let steps: ReadonlyMap<string, unknown> = new Map()

  beforeAll(async () => {
    if (reason === null) steps = await playInNamespace(scenario, sessionMaxMs)
  }, sessionMaxMs + 10_000)
  beforeEach(({ skip }) => {
    if (reason !== null) skip(reason)
  })

  it('starts without pcscd, says how to get it, and reads cards as soon as there is a reader', () => {
    expect(steps.get('started')).toMatchObject({
      light: 'reader_no_service',
      tap: { state: 'refused', code: 'CARD_UNKNOWN' },
      code: 0,
    })
    const { said } = steps.get('started') as { said: readonly string[] }
    expect(said.filter((line) => line.includes('reader'))).toEqual([
      expect.stringMatching(/^tolem: no card reader yet: PC\/SC does not answer .* sudo apt-get install pcscd /),
    ])
  })

  it('says that PC/SC knows no reader, and which ones it knows', () => {
    expect(steps.get('outlook without readers')).toMatchObject({
      kind: 'usable',
      sentence: expect.stringMatching(/^no card reader yet: PC\/SC runs but knows none\. Plug one in/),
    })
    const sentence = 'card reader: Virtual PCD 00 00, Virtual PCD 00 01'
    expect(steps.get('outlook with readers')).toEqual({ kind: 'usable', sentence })
  })

  it('does not start where PC/SC’s library is missing: one sentence with the remedy, code 2', () => {
    const sentence = /^tolem: PC\/SC cannot be used here \(.*libpcsclite.*\)\. (.*)$/
    expect(steps.get('without the library')).toMatchObject({
      code: 2,
      stdout: '',
      said: expect.stringMatching(sentence),
    })
    const { said } = steps.get('without the library') as { said: string }
    expect(sentence.exec(said)?.[1]).toMatch(/apt-get install pcscd\. Or start without --reader pcsc\.$/)
  })
})
