import { beforeEach, describe, expect, test } from 'vitest'
import { KeptPage } from '../../../src/terminal/shell-electron/kept-page.ts'
import { HandTimers } from './fake-processes.ts'

let timers: HandTimers
let log: string[]
let page: KeptPage
/** What was done to the page, in order. */
let done: string[]

beforeEach(() => {
  timers = new HandTimers()
  log = []
  done = []
  page = new KeptPage({
    timers,
    log: (line) => void log.push(line),
    load: () => void done.push('load'),
    end: () => void done.push('end'),
  })
  page.load()
  done = []
})

describe('a page that was lost', () => {
  test.each(['ended (crashed)', 'ended (clean-exit)', 'did not load (ERR_FAILED)'])(
    '%s: is loaded again',
    async (what) => {
      page.lost(what)
      expect(log).toEqual([`the page of a window ${what} and is loaded again in 100 ms`])
      await timers.pass(99)
      expect(done).toEqual([])
      await timers.pass(1)
      expect(done).toEqual(['load'])
    },
  )

  test('again and again is waited for longer and longer, and never given up', async () => {
    for (const waitMs of [100, 250, 500, 1_000, 2_000, ...Array.from({ length: 20 }, () => 5_000)]) {
      page.lost('did not load (ERR_FAILED)')
      await timers.pass(waitMs - 1)
      expect(done.splice(0), `before ${waitMs} ms`).toEqual([])
      await timers.pass(1)
      expect(done.splice(0), `after ${waitMs} ms`).toEqual(['load'])
    }
  })

  test('after half a minute of life is waited for as if it were the first time', async () => {
    page.lost('ended (crashed)')
    await timers.pass(100)
    await timers.pass(30_000)
    page.lost('ended (crashed)')
    expect(log.at(-1)).toContain('in 100 ms')
  })

  test('twice before it is loaded again is loaded once', async () => {
    page.lost('did not load (ERR_FAILED)')
    page.lost('ended (killed)')
    await timers.pass(60_000)
    expect([done, timers.pending]).toEqual([['load'], 0])
  })

  test('stays away when its window is closed', async () => {
    page.lost('ended (clean-exit)')
    page.close()
    await timers.pass(60_000)
    expect([done, timers.pending]).toEqual([[], 0])
  })
})

describe('a page that hangs', () => {
  test('is ended when it has not answered for five seconds, and then comes back as any other', async () => {
    page.hangs()
    await timers.pass(4_999)
    expect(done).toEqual([])
    await timers.pass(1)
    expect(done).toEqual(['end'])
    page.lost('ended (crashed)')
    await timers.pass(100)
    expect(done).toEqual(['end', 'load'])
  })

  test('and answers within that time is left alone, and has the whole time again when it hangs once more', async () => {
    page.hangs()
    await timers.pass(4_999)
    page.answers()
    await timers.pass(60_000)
    expect([done, timers.pending]).toEqual([[], 0])
    page.hangs()
    await timers.pass(4_999)
    expect(done).toEqual([])
    await timers.pass(1)
    expect(done).toEqual(['end'])
  })

  test('is not given more time by Chromium saying so again', async () => {
    page.hangs()
    await timers.pass(3_000)
    page.hangs()
    await timers.pass(2_000)
    expect(done).toEqual(['end'])
  })

  test('and ends by itself is not ended once more when it is back', async () => {
    page.hangs()
    page.lost('ended (oom)')
    await timers.pass(60_000)
    expect(done).toEqual(['load'])
  })

  test('in a window that is closed is left alone', async () => {
    page.hangs()
    page.close()
    await timers.pass(60_000)
    expect([done, timers.pending]).toEqual([[], 0])
  })
})
