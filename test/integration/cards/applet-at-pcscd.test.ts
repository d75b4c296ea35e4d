/**
 * Method: the virtual applet in Debian's real pcscd and vpcd, in namespaces of their own, and the terminal's profile
 * over nfc-pcsc. `applet-at-pcscd-scenario.ts` plays; this compares what the till saw with the card's own log.
 */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { playInNamespace, whyNoPcscd } from '../../fixtures/pcscd-namespace.ts'

const reason = whyNoPcscd()

describe('an applet card on the real PC/SC stack', () => {
  beforeEach(({ skip }) => {
    if (reason !== null) skip(reason)
  })
  let steps: ReadonlyMap<string, unknown> = new Map()
  beforeAll(async () => {
    if (reason === null)
      steps = await playInNamespace(new URL('./applet-at-pcscd-scenario.ts', import.meta.url).pathname, 150_000)
  }, 160_000)

  it('is recognised, opened and read', () => {
    expect(steps.get('opened 1')).toMatchObject({ atr: '3B80800101' })
    expect(steps.get('left before 1')).toBe('2300000')
    const { ms } = steps.get('opened 1') as { ms: number }
    console.info(
      `opened in ${ms.toFixed(0)} ms, READ SLOTS and SPEND in ${Number(steps.get('paid in ms')).toFixed(0)} ms`,
    )
  })

  it('pays; an answer lost with the card is recovered byte for byte; what never reached it is proved so', () => {
    const debits = steps.get('debits') as readonly string[]
    expect(debits).toHaveLength(3)
    expect(steps.get('paid')).toEqual({ kind: 'debited', record: debits[0] })
    expect(steps.get('answer lost')).toEqual({ kind: 'torn' })
    expect(steps.get('recovered')).toEqual({ kind: 'debited', record: debits[1] })
    expect(steps.get('left before 3')).toBe('2070000')
    expect(steps.get('lost before')).toEqual({ kind: 'torn' })
    expect(steps.get('not debited')).toEqual({ kind: 'not-debited' })
    expect(steps.get('paid at last')).toEqual({ kind: 'debited', record: debits[2] })
  })
})
