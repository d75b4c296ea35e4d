/**
 * Method: the driver (nfc-pcsc on our binding) against Debian's real pcscd and vpcd, in namespaces of their own, with
 * a card of a few lines that shares nothing with the product's virtual cards. `pcscd-scenario.ts` plays; this judges.
 */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { playInNamespace, whyNoPcscd } from '../../fixtures/pcscd-namespace.ts'

const scenario = new URL('./pcscd-scenario.ts', import.meta.url).pathname
const reason = whyNoPcscd()
/** Three seconds on a quiet machine, half a minute beside three other tests. */
const scenarioMaxMs = 150_000

const transmitted = (kind: string, reason: string) => expect.objectContaining({ kind, reason })

describe('nfc-pcsc on our binding, with real pcscd', () => {
  beforeEach(({ skip }) => {
    if (reason !== null) skip(reason)
  })
  let steps: ReadonlyMap<string, unknown> = new Map()

  beforeAll(async () => {
    if (reason === null) steps = await playInNamespace(scenario, scenarioMaxMs)
  }, scenarioMaxMs + 10_000)

  it('says that the service is missing, and finds it when it starts', () => {
    expect(steps.get('without pcscd')).toBe('no-service')
    expect(steps.get('pcscd started later')).toEqual({
      readers: ['Virtual PCD 00 00', 'Virtual PCD 00 01'],
      trouble: null,
    })
  })

  it('reports a card with the bytes of its own ATR, and how long it took to be connected', () => {
    expect(steps.get('inserted')).toEqual({
      presenceId: 'presence-1',
      readerName: 'Virtual PCD 00 00',
      atr: '3b8180018080',
      activationMs: expect.any(Number),
    })
    const { activationMs } = steps.get('inserted') as { activationMs: number }
    // Here a card is asked for its ATR and powered by way of two processes: never nothing, never seconds.
    expect(activationMs).toBeGreaterThan(0.1)
    expect(activationMs).toBeLessThan(10_000)
  })

  it('queues concurrent commands in their order', () => {
    expect(steps.get('concurrent')).toEqual({
      answers: [1, 2, 3, 4],
      asked: ['80010000', '80020000', '80030000', '80040000'],
    })
  })

  it('brings the longest short response back whole, and sends no command that readers cannot take', () => {
    expect(steps.get('long response')).toBe(258)
    expect(steps.get('too long')).toEqual(transmitted('notSent', 'too-long'))
  })

  it('takes success without a status word for unknown, and the card that returns for a new presence', () => {
    expect(steps.get('torn')).toEqual(transmitted('unknown', 'short-response'))
    // Said by the binding itself, as the library's own methods need it; the driver would catch it too.
    expect(steps.get('torn')).toMatchObject({ detail: expect.stringContaining('fewer than a status word') })
    expect(steps.get('after the tear')).toEqual(transmitted('notSent', 'no-card'))
    expect(steps.get('returned')).toEqual({ isNew: true, old: transmitted('notSent', 'another-presence') })
  })

  it('reports a reset by another program as unknown, and goes on', () => {
    expect(steps.get('reset by another')).toEqual(transmitted('unknown', 'reset-by-other'))
    expect(steps.get('after the reset')).toBe('answered')
  })

  it('names another program that holds the card, and takes the card when it lets go', () => {
    expect(steps.get('held by another')).toMatchObject({
      code: 'sharing-violation',
      detail: expect.stringContaining('scdaemon'),
    })
    expect(steps.get('released')).toBe('answered')
    expect(steps.get('trouble after the release')).toBeNull()
  })

  it('answers in time though the card is mute', () => {
    const { mute, tookMs } = steps.get('mute') as { mute: unknown; tookMs: number }
    expect(mute).toEqual(transmitted('unknown', 'timed-out'))
    // Its limit is 0.3 s; a machine that does other things lets nobody wait for ever either.
    expect(tookMs).toBeLessThan(10_000)
  })

  it('survives the death of pcscd: presences end, and the next service is used', () => {
    expect(steps.get('pcscd killed')).toBe('no-service')
    expect(steps.get('pcscd back')).toBe('answered')
  })
})
