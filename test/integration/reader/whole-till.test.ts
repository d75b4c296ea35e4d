/**
 * Method: the whole till (ledger, core, device host as processes, the cashier's bridge) at Debian's real pcscd with
 * vpcd, in namespaces of their own. `whole-till-scenario.ts` plays everything in one session; this judges the screen,
 * the journal, and what the independent checker says at the end. Issue 3, item 5; docs/design/08-reader.md.
 */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { playInNamespace, whyNoPcscd } from '../../fixtures/pcscd-namespace.ts'

const scenario = new URL('./whole-till-scenario.ts', import.meta.url).pathname
const sessionMaxMs = 240_000
const reason = whyNoPcscd()

const approved = (look: 'settled' | 'pending') => expect.objectContaining({ state: 'approved', look })

describe('the whole till at a real pcscd', () => {
  let steps: ReadonlyMap<string, unknown> = new Map()

  beforeAll(async () => {
    if (reason === null) steps = await playInNamespace(scenario, sessionMaxMs)
  }, sessionMaxMs + 10_000)
  beforeEach(({ skip }) => {
    if (reason !== null) skip(reason)
  })

  it('takes whole taps: with the ledger by lease and by relay, without it, and settles all of them', () => {
    expect(steps.get('online')).toEqual(Array.from({ length: 8 }, () => approved('settled')))
    expect(steps.get('online by relay')).toEqual(approved('settled'))
    expect(steps.get('used twice')).toEqual({ state: 'refused', code: 'ALLOWANCE_USED' })
    expect(steps.get('offline')).toEqual([approved('pending'), approved('pending')])
    expect(steps.get('waiting offline')).toBe(2)
    const journal = steps.get('journal after whole taps') as readonly { state: string }[]
    expect(journal.map(({ state }) => state)).toEqual(Array.from({ length: 11 }, () => 'settled'))
    const latencies = (steps.get('tap latency') as number[]).toSorted((a, b) => a - b)
    console.info(`card seen to result, ms: ${latencies.join(' ')}`)
  })

  it('ends with a day in which nothing was lost, doubled, or paid without its card', () => {
    expect(steps.get('verdict')).toMatchObject({
      passed: true,
      lost: [],
      duplicates: [],
      paidWithoutCard: [],
      balanced: true,
    })
  })
})
