/** Method: the queue with time moved by hand; failures as pcsc-mini names them, wrapped as nfc-pcsc wraps them. */
import { describe, expect, it } from 'vitest'
import { CommandQueue } from '../../../src/drivers/card-reader/command-queue.ts'
import { describeFailure, failureCode, resultOfFailure } from '../../../src/drivers/card-reader/pcsc-failures.ts'
import type { TransmitResult } from '../../../src/drivers/ports.ts'
import { FakeScheduler } from './fake-scheduler.ts'

const answer = (byte: number): TransmitResult => ({ kind: 'answered', response: Uint8Array.of(byte, 0x90, 0) })

describe('the command queue of a reader', () => {
  it('sends one command at a time, in order', async () => {
    const queue = new CommandQueue(new FakeScheduler())
    let under = 0
    const sent: number[] = []
    const send = (byte: number) =>
      queue.send(async () => {
        under += 1
        expect(under).toBe(1)
        await Promise.resolve()
        sent.push(byte)
        under -= 1
        return answer(byte)
      }, 1000)
    expect(await Promise.all([1, 2, 3].map(send))).toEqual([1, 2, 3].map(answer))
    expect(sent).toEqual([1, 2, 3])
  })

  it('answers within the time-out though the card is mute, and never sends what waited too long', async () => {
    const scheduler = new FakeScheduler()
    const queue = new CommandQueue(scheduler)
    let unblock: (result: TransmitResult) => void = () => undefined
    const mute = queue.send(() => new Promise((resolve) => (unblock = resolve)), 1000)
    let secondWasSent = false
    const second = queue.send(() => {
      secondWasSent = true
      return Promise.resolve(answer(2))
    }, 500)
    await scheduler.advance(500)
    expect(await second).toMatchObject({
      kind: 'unknown',
      reason: 'timed-out',
      detail: expect.stringContaining('never sent'),
    })
    await scheduler.advance(500)
    expect(await mute).toMatchObject({ kind: 'unknown', reason: 'timed-out' })
    unblock(answer(1))
    expect(await queue.send(() => Promise.resolve(answer(3)), 100)).toEqual(answer(3))
    expect(secondWasSent).toBe(false)
    expect(scheduler.pendingCount).toBe(0)
  })
})

describe('a failed transmit', () => {
  const wrapped = (code: string) =>
    Object.assign(new Error('An error occurred while transmitting.'), {
      code: 'failure',
      previous: Object.assign(new Error('native'), { code }),
    })

  it.each([
    ['ShortResponse', 'unknown', 'short-response'],
    ['NotTransacted', 'unknown', 'card-left'],
    ['RemovedCard', 'unknown', 'card-left'],
    ['NoSmartCard', 'unknown', 'card-left'],
    ['ResetCard', 'unknown', 'reset-by-other'],
    ['CommError', 'unknown', 'reader-error'],
    ['A failure of tomorrow', 'unknown', 'reader-error'],
    ['CardWasReleased', 'notSent', 'no-card'],
  ])('%s is %s, %s', (code, kind, reason) => {
    expect(resultOfFailure(wrapped(code))).toMatchObject({ kind, reason })
    expect(failureCode(wrapped(code))).toBe(code)
  })

  it('names the usual culprits of a sharing violation', () => {
    expect(describeFailure(wrapped('SharingViolation'))).toMatch(/scdaemon.*NCALayer/u)
  })
})
