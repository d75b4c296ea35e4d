/** The payment machine with cards that count themselves: the PIN, the debit, and what a card says when it is back. */
import { describe, expect, it } from 'vitest'
import { insert, intent, started, tenderId, toProving, type Bench } from './machine-bench.ts'

describe('a card that counts itself', () => {
  const asked = { amount: '115000', schemeId: 'school-lunch', pinTriesLeft: 5 }

  async function toPin(bench: Bench): Promise<void> {
    bench.send({ type: 'PAY' })
    bench.send(insert('p1'))
    await bench.answer('identify', { kind: 'recognised' })
    await bench.answer('prepare', { kind: 'pin', asked })
    expect(bench.state()).toBe('askingPin')
    expect(bench.context()).toMatchObject({ ...asked, tenderId: null })
  }

  it('pays, and the ledger is told at once', async () => {
    const bench = started()
    await toProving(bench)
    await bench.answer('prove', { kind: 'debited', mode: 'online' })
    expect(bench.state()).toBe('presenting')
    await bench.answer('present', { kind: 'settled' })
    expect(bench.context()).toMatchObject({ look: 'settled', tenderId })
  })

  it.each([['offline'], ['online']] as const)('pays %s, whatever the ledger says of it', async (mode) => {
    const bench = started()
    await toProving(bench)
    await bench.answer('prove', { kind: 'debited', mode })
    if (mode === 'online') await bench.answer('present', { kind: 'pending' })
    expect(bench.state()).toBe('approved')
    expect(bench.context().look).toBe('pending')
    expect(bench.asked.some((one) => one.startsWith('present'))).toBe(mode === 'online')
  })

  it('asks for its PIN, again after a wrong one, and pays', async () => {
    const bench = started()
    await toPin(bench)
    bench.send({ type: 'PIN_GIVEN', pin: '1111' })
    await bench.answer('verify', { kind: 'pin_wrong', pinTriesLeft: 4 })
    expect(bench.state()).toBe('askingPin')
    expect(bench.context()).toMatchObject({ hint: 'pin_wrong', pinTriesLeft: 4 })
    bench.send({ type: 'PIN_GIVEN', pin: '4071' })
    await bench.answer('verify', { kind: 'intent', intent })
    expect(bench.state()).toBe('proving')
    expect(bench.asked.filter((one) => one.startsWith('verify'))).toEqual(['verify p1 1111', 'verify p1 4071'])
    expect(JSON.stringify(bench.context())).not.toMatch(/1111|4071/)
  })

  it('is recognised anew when it was lifted while its PIN was asked for', async () => {
    const bench = started()
    await toPin(bench)
    bench.send(insert('p2'))
    expect(bench.state()).toBe('identifying')
    expect(bench.context()).toMatchObject({ amount: '0', schemeId: null, pinTriesLeft: null, presenceId: 'p2' })
  })

  it('whose PIN is not given pays nothing: no tender was begun', async () => {
    const bench = started()
    await toPin(bench)
    bench.send({ type: 'CANCEL' })
    expect(bench.state()).toBe('idle')
    expect(bench.asked).toEqual(['identify p1', 'prepare p1'])
  })

  it('that comes back and has not paid is asked anew, for another tender', async () => {
    const bench = started({ state: 'torn', intent, since: 7 })
    bench.send(insert('p1'))
    await bench.answer('prove', { kind: 'not_debited' })
    expect(bench.state()).toBe('preparing')
    expect(bench.context()).toMatchObject({ tenderId: null, amount: '0' })
    await bench.answer('prepare', { kind: 'intent', intent: { ...intent, tenderId: 'another' } })
    expect(bench.context().tenderId).toBe('another')
  })

  it('that cannot tell leaves the tender torn, until it is given up', async () => {
    const bench = started({ state: 'torn', intent, since: 7 })
    bench.send(insert('p1'))
    await bench.answer('prove', { kind: 'cannot_tell' })
    expect(bench.state()).toBe('torn')
    expect(bench.context()).toMatchObject({ hint: 'cannot_tell', tenderId })
    bench.send({ type: 'CANCEL' })
    expect(bench.asked.at(-1)).toBe(`void ${tenderId}`)
  })
})

describe('what a card that counts itself leaves to pay', () => {
  const asked = { amount: '115000', schemeId: 'school-lunch', rest: '70000', restOf: 'a-card' }

  async function toRest(bench: Bench): Promise<void> {
    bench.send({ type: 'PAY' })
    bench.send(insert('p1'))
    await bench.answer('identify', { kind: 'recognised' })
    await bench.answer('prepare', { kind: 'rest', asked })
    expect(bench.state()).toBe('collectingRest')
    expect(bench.context()).toMatchObject({ ...asked, restBy: null, tenderId: null })
  }

  it('is collected first: then the card that still lies there is debited', async () => {
    const bench = started()
    await toRest(bench)
    bench.send({ type: 'REST_SETTLED', by: 'cash', cardLies: true })
    await bench.answer('prepare', { kind: 'intent', intent })
    await bench.answer('prove', { kind: 'debited', mode: 'offline' })
    expect(bench.context()).toMatchObject({ rest: '70000', restBy: 'cash', tenderId })
    expect(bench.asked).toEqual(['identify p1', 'prepare p1', 'prepare p1 a-card 70000', `prove p1 ${tenderId}`])
  })

  it('is asked for once: a card that was taken away meanwhile is held again and debited', async () => {
    const bench = started()
    await toRest(bench)
    bench.send({ type: 'REST_SETTLED', by: 'later', cardLies: false })
    expect([bench.state(), bench.context().hint]).toEqual(['awaitingCard', 'card_again'])
    bench.send(insert('p2'))
    await bench.answer('identify', { kind: 'recognised' })
    await bench.answer('prepare', { kind: 'intent', intent })
    expect(bench.asked.filter((one) => one.startsWith('prepare'))).toEqual(['prepare p1', 'prepare p2 a-card 70000'])
  })

  it('is asked for once, also where the card has more to pay at its next tap', async () => {
    const bench = started()
    await toRest(bench)
    bench.send({ type: 'REST_SETTLED', by: 'cash', cardLies: true })
    await bench.answer('prepare', { kind: 'intent', intent })
    await bench.answer('prove', { kind: 'debited', mode: 'offline' })
    bench.send({ type: 'PAY', keepsRest: true })
    bench.send(insert('p2'))
    await bench.answer('identify', { kind: 'recognised' })
    expect(bench.asked.at(-1)).toBe('prepare p2 a-card 70000')
  })

  it.each([
    ['has paid all it can', async (bench: Bench) => bench.answer('prove', { kind: 'debited', mode: 'offline' })],
    ['is torn', async (bench: Bench) => bench.answer('prove', { kind: 'torn' })],
  ])('is nobody’s word any more once the card %s and another payment begins', async (_, end) => {
    const bench = started()
    await toRest(bench)
    bench.send({ type: 'REST_SETTLED', by: 'cash', cardLies: true })
    await bench.answer('prepare', { kind: 'intent', intent })
    await end(bench)
    if (bench.state() === 'approved') bench.send({ type: 'PAY' })
    expect(bench.context()).toMatchObject({ rest: null, restBy: null })
  })

  it('comes by QR: the QR asks for it alone, and the card is wanted when it is held', async () => {
    const bench = started()
    await toRest(bench)
    bench.send({ type: 'PAY_BY_QR' })
    await bench.answer('request', { kind: 'open', intent: { ...intent, amount: '70000' } })
    expect(bench.asked.at(-1)).toBe('request 70000')
    bench.send({ type: 'RESOLVED', tenderId, as: 'settled', code: null })
    expect(bench.state()).toBe('awaitingCard')
    // What is left is the card's alone: nothing was said of another rest.
    expect(bench.context()).toMatchObject({ tenderId: null, rest: null, restBy: null, hint: 'card_again' })
  })

  it('that nobody pays ends where any QR ends that nobody pays', async () => {
    const bench = started()
    await toRest(bench)
    bench.send({ type: 'PAY_BY_QR' })
    await bench.answer('request', { kind: 'open', intent })
    bench.send({ type: 'RESOLVED', tenderId, as: 'refused', code: 'QR_NOT_PAID' })
    expect(bench.state()).toBe('refused')
    bench.send({ type: 'PAY' })
    expect(bench.context()).toMatchObject({ rest: null, restBy: null })
  })

  it('that is not collected leaves the card as it is', async () => {
    const bench = started()
    await toRest(bench)
    bench.send({ type: 'CANCEL' })
    expect([bench.state(), bench.asked]).toEqual(['idle', ['identify p1', 'prepare p1']])
  })
})
