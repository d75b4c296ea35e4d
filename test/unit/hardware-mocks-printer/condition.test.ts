import { describe, expect, it } from 'vitest'
import { slipText } from '../../../hardware-mocks/printer/paper.ts'
import { bench, cut, initialise } from './bench.ts'

const ask = (n: number): number[] => [0x10, 0x04, n]

describe('paper', () => {
  it('runs out in the middle, stalls, answers, and goes on when paper is back', () => {
    const table = bench()
    table.engine.endPaperAfterLines(2)
    table.send(initialise, 'one\ntwo\nthree\nfour\n', cut)
    expect(table.text()).toBe('one\ntwo\n')
    expect(table.slips).toEqual([])
    table.send(ask(1), ask(2), ask(4))
    // The worked example of facts §3.3.
    expect(table.replies).toEqual([[0x1a], [0x32], [0x7e]])
    expect(table.engine.bufferedBytes).toBe('three\nfour\n'.length + cut.length)

    table.engine.setPaper('present')
    table.engine.work()
    expect(table.slips.map(slipText)).toEqual(['one\ntwo\nthree\nfour\n'])
    expect(table.slips[0]?.interruptions).toEqual([{ after: 2, reason: 'paper out' }])
    table.send(ask(1), ask(4))
    expect(table.replies.slice(3)).toEqual([[0x12], [0x12]])
  })

  it('near its end still prints', () => {
    const table = bench()
    table.engine.setPaper('near-end')
    table.send('a\n', cut, ask(4), ask(1))
    expect(table.slips).toHaveLength(1)
    expect(table.replies).toEqual([[0x1e], [0x12]])
  })
})

describe('cover, line, cutter, drawer', () => {
  it('an open cover stops printing and shows in DLE EOT 1 and 2', () => {
    const table = bench()
    table.engine.setCover('open')
    table.send('a\n', cut, ask(1), ask(2))
    expect(table.slips).toEqual([])
    expect(table.replies).toEqual([[0x1a], [0x16]])
    table.engine.setCover('closed')
    table.engine.work()
    expect(table.slips).toHaveLength(1)
  })

  it('off line stops printing without a cause in DLE EOT 2', () => {
    const table = bench()
    table.engine.setOnline(false)
    table.send('a\n', cut, ask(1), ask(2))
    expect(table.replies).toEqual([[0x1a], [0x12]])
    expect(table.slips).toEqual([])
  })

  it('a jammed cutter stops at the cut; once freed, the cut is made', () => {
    const table = bench()
    table.engine.setCutter('jammed')
    table.send('a\n', cut, 'b\n')
    table.send(ask(2), ask(3))
    expect(table.slips).toEqual([])
    expect(table.replies).toEqual([[0x52], [0x1a]])
    table.engine.setCutter('ok')
    table.engine.work()
    expect(table.slips.map(slipText)).toEqual(['a\n'])
    expect(table.text()).toBe('b\n')
  })

  it('kicks the drawer from the queue and in real time, even out of paper', () => {
    const table = bench()
    table.send([0x1b, 0x70, 1, 25, 250])
    table.engine.setDrawer('closed')
    table.engine.setPaper('out')
    table.send([0x1b, 0x70, 0, 25, 250])
    expect(table.engine.condition.drawer).toBe('closed')
    table.send([0x10, 0x14, 1, 0, 2], ask(1))
    expect(table.engine.condition.drawer).toBe('open')
    expect(table.replies).toEqual([[0x1e]])
    expect(table.events.filter((event) => event.what === 'drawer-kicked').map((event) => event.details)).toEqual([
      { pin: 5, onMs: 50 },
      { pin: 2, onMs: 200 },
    ])
  })
})

describe('status questions and answers', () => {
  it('GS r waits in the queue: nothing comes back while paper is out', () => {
    const table = bench()
    table.send([0x1d, 0x72, 1])
    table.engine.setPaper('out')
    table.send([0x1d, 0x72, 1])
    expect(table.replies).toEqual([[0x00]])
  })

  it('GS a tells of every change it was asked about, and of no other', () => {
    const table = bench()
    table.send([0x1d, 0x61, 0x08])
    table.engine.setDrawer('open')
    table.engine.setPaper('near-end')
    table.engine.setPaper('out')
    expect(table.replies).toEqual([
      [0x10, 0x00, 0x00, 0x0f],
      [0x14, 0x00, 0x03, 0x0f],
      [0x1c, 0x00, 0x0f, 0x0f],
    ])
  })

  it('each kind of answer keeps its own pattern of fixed bits', () => {
    const states = (['present', 'near-end', 'out'] as const).flatMap((paper) =>
      (['closed', 'open'] as const).flatMap((cover) => [true, false].map((online) => ({ paper, cover, online }))),
    )
    for (const { paper, cover, online } of states) {
      const table = bench()
      table.send([0x1d, 0x61, 0xff])
      table.engine.setPaper(paper)
      table.engine.setCover(cover)
      table.engine.setOnline(online)
      const automatic = table.replies.splice(0)
      for (const [first = 0, ...rest] of automatic) {
        expect(first & 0x93).toBe(0x10)
        for (const byte of rest) expect(byte & 0x90).toBe(0)
      }
      table.send(ask(1), ask(2), ask(3), ask(4))
      expect(table.replies).toHaveLength(4)
      for (const [byte = 0] of table.replies) expect(byte & 0x93).toBe(0x12)
    }
  })

  it('answers the process id of GS ( H only after what stands before it', () => {
    const table = bench()
    table.engine.endPaperAfterLines(1)
    table.send('a\nb\n', [0x1d, 0x28, 0x48, 6, 0, 48, 48, 1, 2, 3, 4])
    expect(table.replies).toEqual([])
    table.engine.setPaper('present')
    table.engine.work()
    expect(table.replies).toEqual([[0x37, 0x22, 1, 2, 3, 4, 0]])
  })

  it('clears its buffer on DLE DC4 8 and loses it with the power', () => {
    const table = bench()
    table.engine.setPaper('out')
    table.send('never\n', [0x10, 0x14, 8, 1, 3, 0x14, 1, 6, 2, 8])
    expect(table.engine.bufferedBytes).toBe(0)
    table.send('never\n')
    table.engine.losePower()
    table.engine.setPaper('present')
    table.send('after\n', cut)
    expect(table.slips.map(slipText)).toEqual(['after\n'])
    expect(table.slips[0]?.faults.map((fault) => fault.code)).toEqual(['bytes-lost'])
  })
})
