/** The virtual reader as the driver port promises it, in virtual time. */
import { describe, expect, it } from 'vitest'
import type { CardPresence, ReaderStatus } from '../../../src/drivers/ports.ts'
import { FaultyCard } from '../../../hardware-mocks/cards/faults.ts'
import { mifareClassicCard, muteCard } from '../../../hardware-mocks/cards/otherCards.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { VirtualReader } from '../../../hardware-mocks/reader/virtual-reader.ts'
import { KEYS, PERSONALISED, UID, laidCard } from './demo-card.ts'
import { bytes, hex, openSun, SELECT } from './reader-side.ts'
import { VirtualTime } from './virtual-time.ts'

function bench(of: { readonly delayMs?: number; readonly random?: () => number } = {}) {
  const time = new VirtualTime()
  const reader = new VirtualReader({ scheduler: time, ...of })
  const inserted: CardPresence[] = []
  const removed: string[] = []
  const statuses: ReaderStatus[] = []
  reader.onDidInsert((presence) => inserted.push(presence))
  reader.onDidRemove(({ presenceId }) => removed.push(presenceId))
  reader.onDidChangeStatus((status) => statuses.push(status))
  const send = (command: string, timeoutMs = 1000) =>
    reader.transmit(inserted.at(-1)?.presenceId ?? 'nobody', bytes(command), timeoutMs)
  return { time, reader, inserted, removed, statuses, send }
}

function spareCard() {
  const { card } = laidCard()
  card.leaveField()
  const faulty = new FaultyCard(card, { random: seededRandom('reader') })
  return { card, faulty }
}

describe('VirtualReader', () => {
  it('carries a whole SUN message and answers FF CA itself', async () => {
    const { reader, inserted, send, time } = bench()
    const { faulty } = spareCard()
    reader.lay(faulty)
    expect(inserted).toMatchObject([{ readerName: 'Virtual Reader 00 00' }])
    expect(hex(inserted[0]!.atr)).toBe('3B8180018080')
    expect(await send('FFCA000000')).toEqual({ kind: 'answered', response: bytesOf(`${hex(UID)}9000`) })
    await send(SELECT)
    await send('00A4020C02E104')
    const answer = await send('00B000008F')
    if (answer.kind !== 'answered') throw new Error(answer.kind)
    const message = Buffer.from(answer.response).subarray(7, 143).toString('latin1')
    expect(openSun(message, { metaRead: KEYS[1], fileRead: KEYS[2] })).toMatchObject({ counter: 1, isGenuine: true })
    expect(time.pending).toBe(0)
  })

  it('a card pulled while the command is on its way has not executed it; while the answer is, it has', async () => {
    for (const [passMs, counter] of [
      [4, 0],
      [6, 1],
    ] as const) {
      const { reader, send, time, removed, inserted } = bench({ delayMs: 10 })
      const { card, faulty } = spareCard()
      reader.lay(faulty)
      const selected = [send(SELECT), send('00A4020C02E104')]
      await time.pass(20)
      await Promise.all(selected)
      const reading = send('00B000008F')
      const waiting = send(SELECT)
      await time.pass(passMs)
      expect(reader.pull()).toBe(faulty)
      expect(await reading).toMatchObject({ kind: 'unknown', reason: 'card-left' })
      expect(await waiting).toMatchObject({ kind: 'notSent', reason: 'no-card' })
      expect(card.state().files[2].readCounter).toBe(counter)
      expect(removed).toEqual([inserted[0]!.presenceId])
      expect(await send(SELECT)).toMatchObject({ kind: 'notSent', reason: 'no-card' })
      expect(time.pending).toBe(0)
    }
  })

  it('a card that returns is a new presence, and the old one reaches nobody', async () => {
    const { reader, inserted } = bench()
    const { faulty } = spareCard()
    reader.lay(faulty)
    reader.pull()
    reader.lay(faulty)
    expect(new Set(inserted.map((presence) => presence.presenceId)).size).toBe(2)
    expect(await reader.transmit(inserted[0]!.presenceId, bytes(SELECT), 100)).toMatchObject({
      kind: 'notSent',
      reason: 'another-presence',
    })
  })

  it('tears: the card is gone, the outcome unknown, and the card knows', async () => {
    const { reader, send, removed } = bench()
    const { card, faulty } = spareCard()
    reader.lay(faulty)
    await send(SELECT)
    await send('00A4020C02E104')
    faulty.arm({ kind: 'answer-lost' }, 1)
    expect(await send('00B000008F')).toMatchObject({ kind: 'unknown', reason: 'card-left' })
    expect(card.state().files[2].readCounter).toBe(1)
    expect(removed).toHaveLength(1)
    expect(reader.card).toBeNull()
  })

  it('fewer than two bytes are no answer', async () => {
    const { reader, send } = bench()
    const { faulty } = spareCard()
    reader.lay(faulty)
    faulty.arm({ kind: 'truncated', bytes: 1 }, 1)
    expect(await send(SELECT)).toMatchObject({ kind: 'unknown', reason: 'short-response' })
  })

  it('a mute card: unknown after the time-out, for those behind it too; the next card works', async () => {
    const { reader, send, time } = bench()
    reader.lay(muteCard({ uid: bytes('01020304') }))
    const first = send(SELECT, 300)
    const second = send(SELECT, 500)
    await time.pass(299)
    let isSettled = false
    void first.then(() => {
      isSettled = true
    })
    await Promise.resolve()
    expect(isSettled).toBe(false)
    await time.pass(1)
    expect(await first).toMatchObject({ kind: 'unknown', reason: 'timed-out' })
    await time.pass(200)
    expect(await second).toMatchObject({ kind: 'unknown', reason: 'timed-out' })
    reader.pull()
    reader.lay(spareCard().faulty)
    expect(await send(SELECT)).toMatchObject({ kind: 'answered' })
    expect(time.pending).toBe(0)
  })

  it('an answer that comes after the time-out is dropped, and the queue goes on', async () => {
    const { reader, send, time } = bench()
    const { faulty } = spareCard()
    faulty.slowDown(400)
    reader.lay(faulty)
    const late = send(SELECT, 300)
    await time.pass(300)
    expect(await late).toMatchObject({ kind: 'unknown', reason: 'timed-out' })
    faulty.slowDown(0)
    const next = send('00A4020C02E104', 500)
    await time.pass(100)
    expect(await next).toEqual({ kind: 'answered', response: bytesOf('9000') })
  })

  it('a command that timed out while waiting is never sent', async () => {
    const { reader, send, time } = bench()
    const { card, faulty } = spareCard()
    reader.lay(faulty)
    await send(SELECT)
    await send('00A4020C02E104')
    faulty.slowDown(400)
    const first = send('00A4020C02E104', 1000)
    const reading = send('00B000008F', 300)
    await time.pass(2000)
    expect(await first).toMatchObject({ kind: 'answered' })
    expect(await reading).toMatchObject({ kind: 'unknown', reason: 'timed-out' })
    expect(card.state().files[2].readCounter).toBe(0)
  })

  it('commands are queued: answers come in order, one command at a time', async () => {
    const { reader, send, time } = bench({ delayMs: 10 })
    reader.lay(spareCard().faulty)
    const order: number[] = []
    const all = [0, 1, 2].map((index) => send(SELECT).then(() => order.push(index)))
    await time.pass(10)
    expect(order).toEqual([0])
    await time.pass(20)
    await Promise.all(all)
    expect(order).toEqual([0, 1, 2])
  })

  it('takes 261 bytes and not one more', async () => {
    const { reader, send } = bench()
    reader.lay(spareCard().faulty)
    expect(await send(`90010000FF${'00'.repeat(255)}00`)).toMatchObject({ kind: 'answered' })
    expect(await send(`90010000FF${'00'.repeat(257)}`)).toMatchObject({ kind: 'notSent', reason: 'too-long' })
  })

  it('unplugged and plugged: trouble, no reader, a new presence and a card without session', async () => {
    const { reader, send, inserted, removed, statuses, time } = bench({ delayMs: 10 })
    const { faulty } = spareCard()
    reader.lay(faulty)
    const selectedBefore = send(SELECT)
    await time.pass(10)
    await selectedBefore
    const underWay = send(SELECT)
    reader.unplug()
    expect(await underWay).toMatchObject({ kind: 'unknown', reason: 'reader-error' })
    expect(await send(SELECT)).toMatchObject({ kind: 'notSent', reason: 'reader-gone' })
    expect(statuses.at(-1)).toMatchObject({ readers: [], trouble: { code: 'no-reader' } })
    expect(removed).toHaveLength(1)
    reader.plug()
    expect(reader.status()).toEqual({ readers: ['Virtual Reader 00 00'], trouble: null })
    expect(inserted).toHaveLength(2)
    const selected = send('00A4020C02E104')
    await time.pass(10)
    expect(await selected).toEqual({ kind: 'answered', response: bytesOf('6A82') })
  })

  it.each([
    ['host-restarting', 'host-died', 'host-down'],
    ['sharing-violation', 'reset-by-other', 'no-card'],
    ['no-service', 'reader-error', 'reader-gone'],
    ['reader-error', 'reader-error', 'reader-gone'],
  ] as const)('trouble %s: unknown %s, then notSent %s', async (code, unknownReason, notSentReason) => {
    const { reader, send, inserted } = bench({ delayMs: 10 })
    reader.lay(spareCard().faulty)
    const underWay = send(SELECT)
    reader.setTrouble({ code, detail: 'test' })
    expect(await underWay).toMatchObject({ kind: 'unknown', reason: unknownReason })
    expect(await send(SELECT)).toMatchObject({ kind: 'notSent', reason: notSentReason })
    reader.setTrouble(null)
    expect(inserted).toHaveLength(2)
  })

  it('a card laid on an unplugged reader is seen when the cable is back', () => {
    const { reader, inserted } = bench()
    reader.unplug()
    reader.lay(mifareClassicCard({ uid: bytes('01020304') }))
    expect(inserted).toHaveLength(0)
    expect(() => reader.lay(mifareClassicCard({ uid: bytes('01020305') }))).toThrow('already lies')
    reader.plug()
    expect(hex(inserted[0]!.atr)).toMatch(/^3B8F8001804F/)
  })

  it('a reset by another program ends the presence and the session', async () => {
    const { reader, send, inserted } = bench()
    reader.lay(spareCard().faulty)
    await send(SELECT)
    reader.resetCard()
    expect(inserted).toHaveLength(2)
    expect(await send('00A4020C02E104')).toEqual({ kind: 'answered', response: bytesOf('6A82') })
  })

  it('is silent after dispose, twice', async () => {
    const { reader, send, inserted } = bench()
    const { card, faulty } = spareCard()
    reader.lay(faulty)
    reader.dispose()
    reader.dispose()
    expect(await send(SELECT)).toMatchObject({ kind: 'notSent', reason: 'host-down' })
    expect(inserted).toHaveLength(1)
    expect(card.state()).toEqual(PERSONALISED)
  })
})

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(bytes(text))
}

describe('VirtualReader with the latency of a kind of reader', () => {
  it('notices a card at its next poll; one that was pulled before was never there', async () => {
    const { time, reader, inserted, removed } = bench({ random: () => 0.5 })
    reader.latency.name = 'acr122u'
    const { card, faulty } = spareCard()
    reader.lay(faulty)
    await time.pass(124)
    reader.pull()
    expect([inserted, removed, time.pending]).toEqual([[], [], 0])
    reader.lay(faulty)
    await time.pass(124)
    expect(inserted).toEqual([])
    await time.pass(2)
    expect(inserted).toHaveLength(1)
    expect(hex(card.atr)).toBe(hex(inserted[0]!.atr))
  })

  it('notices nothing while its cable is out, and polls anew when it is back', async () => {
    const { time, reader, inserted } = bench({ random: () => 0.5 })
    reader.latency.name = 'acr122u'
    reader.lay(spareCard().faulty)
    reader.unplug()
    await time.pass(1_000)
    expect(inserted).toEqual([])
    reader.plug()
    await time.pass(124)
    expect(inserted).toEqual([])
    await time.pass(2)
    expect(inserted).toHaveLength(1)
  })

  it('takes longer for more bytes, half of the rest before the card executes', async () => {
    const { time, reader, send, inserted } = bench({ random: () => 0 })
    reader.latency.name = 'slow'
    reader.lay(spareCard().faulty)
    expect(inserted).toHaveLength(1)
    const answered: string[] = []
    const uid = send('FFCA000000').then(({ kind }) => answered.push(kind))
    // Five bytes there, nine back, each 0.085 ms; 80 ms for the command.
    await time.pass(40 + 5 * 0.085 + 40 + 9 * 0.085 - 0.01)
    expect(answered).toEqual([])
    await time.pass(0.02)
    await uid
    expect(answered).toEqual(['answered'])
  })

  it('a command that was on its way for less than half of it is not executed by a card that leaves', async () => {
    const { time, reader, send } = bench({ random: () => 0 })
    reader.latency.name = 'slow'
    const { card, faulty } = spareCard()
    reader.lay(faulty)
    let commands = 0
    const { exchange } = card
    card.exchange = (command) => ((commands += 1), exchange.call(card, command))
    const lost = send(SELECT)
    await time.pass(40)
    reader.pull()
    expect(await lost).toMatchObject({ kind: 'unknown', reason: 'card-left' })
    expect(commands).toBe(0)
  })
})

describe('a command for the virtual reader itself', () => {
  const ask = bytes('FF00500000')
  const name = 'Virtual Reader 00 00'

  it('is answered, and a card that is laid down meanwhile is seen after it', async () => {
    const { reader, time, inserted } = bench({ delayMs: 20 })
    reader.commands.takesEscapes = true
    const answer = reader.escape(name, ask, 1_000)
    await time.pass(5)
    const { faulty } = spareCard()
    reader.lay(faulty)
    expect(await reader.escape(name, ask, 1_000)).toMatchObject({ kind: 'failed', reason: 'busy' })
    await time.pass(10)
    expect(inserted).toEqual([])
    await time.pass(10)
    expect(await answer).toEqual({ kind: 'answered', response: bytesOf('90FF') })
    expect(inserted).toHaveLength(1)
    expect(await reader.escape(name, ask, 1_000)).toMatchObject({ kind: 'failed', reason: 'card-there' })
  })

  it('fails as PC/SC has it fail', async () => {
    const { reader, time } = bench({ delayMs: 20 })
    const reasonOf = async (asked: string, timeoutMs = 1_000) => {
      const result = reader.escape(asked, ask, timeoutMs)
      await time.pass(50)
      const failed = await result
      return failed.kind === 'failed' ? failed.reason : failed.kind
    }
    expect(await reasonOf(name)).toBe('refused')
    expect(await reasonOf('another')).toBe('no-reader')
    expect(await reasonOf(name, 10)).toBe('timed-out')
    reader.setTrouble({ code: 'sharing-violation', detail: '' })
    expect(await reasonOf(name)).toBe('held')
    reader.unplug()
    expect(await reasonOf(name)).toBe('no-reader')
    reader.dispose()
    expect(await reasonOf(name)).toBe('host-down')
  })

  it('that polls again sees the card that lies there', async () => {
    const { reader, time, inserted } = bench()
    reader.commands.takesEscapes = true
    reader.commands.piccParameter = 0x7f
    reader.lay(spareCard().faulty)
    await time.pass(1_000)
    expect(inserted).toEqual([])
    await reader.escape(name, bytes('FF0051FF00'), 1_000)
    expect(inserted).toHaveLength(1)
  })
})
