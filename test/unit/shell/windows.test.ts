import { beforeEach, describe, expect, it } from 'vitest'
import { downFrameSchema } from '../../../src/terminal/contract/bridge.ts'
import { Windows, type DownFrameOnTheWire } from '../../../src/terminal/shell/windows.ts'
import { snapshotOnTheWire } from '../../fixtures/shell/snapshot.ts'

let toCore: { id: string; command: unknown }[]
let windows: Windows

const snapshot = (revision: number) => ({
  type: 'snapshot' as const,
  snapshot: snapshotOnTheWire({ revision, terminalId: 'till-1', merchant: 'Асхана' }),
})

beforeEach(() => {
  toCore = []
  windows = new Windows((frame) => void toCore.push(frame as (typeof toCore)[number]))
})

function open() {
  const frames: DownFrameOnTheWire[] = []
  return { frames, ...windows.attach({ post: (frame) => void frames.push(frame) }) }
}

/** A core that is ready and has shown something. */
const run = () => {
  windows.coreIsReady()
  windows.coreSaid(snapshot(0))
}

const command = (id: string) => ({ type: 'command', id, command: { command: 'pay_by_card' } })
const refused = (id: string, fault: string) => ({ type: 'answer', id, answer: { ok: false, fault } })
const state = (core: 'running' | 'restarting', readOnly: boolean) => ({ type: 'shell', core, readOnly })

describe('snapshots', () => {
  it('go to every window; a later window gets the last one at once', () => {
    const first = open()
    windows.coreIsReady()
    windows.coreSaid(snapshot(1))
    windows.coreSaid(snapshot(2))
    const second = open()
    expect(first.frames).toEqual([snapshot(1), state('running', false), snapshot(2)])
    expect(second.frames).toEqual([snapshot(2), state('running', true)])
    for (const frame of [...first.frames, ...second.frames]) downFrameSchema.parse(frame)
  })

  it('stay while the core is restarting, and the windows know that they are old', () => {
    windows.coreIsReady()
    windows.coreSaid(snapshot(5))
    windows.coreIsAway()
    expect(open().frames).toEqual([snapshot(5), state('restarting', false)])
  })

  it('of the new core come before the word that it is running, in whatever order the core speaks', () => {
    const window = open()
    windows.coreIsReady()
    expect(window.frames).toEqual([])
    windows.coreSaid(snapshot(5))
    windows.coreIsAway()
    windows.coreSaid(snapshot(1))
    windows.coreIsReady()
    expect(window.frames).toEqual([
      snapshot(5),
      state('running', false),
      state('restarting', false),
      snapshot(1),
      state('running', false),
    ])
  })

  it('of no known form are not passed on', () => {
    const { frames } = open()
    expect(windows.coreSaid({ type: 'shell', core: 'running', readOnly: false })).toBe(false)
    expect(windows.coreSaid(undefined)).toBe(false)
    expect(frames).toEqual([])
  })
})

describe('commands', () => {
  it('reach the core under an id of the shell, and the answer comes back under the id of the window', () => {
    run()
    const window = open()
    window.receive(command('a'))
    expect(toCore).toEqual([{ ...command('a'), id: 'shell-1' }])
    windows.coreSaid({ type: 'answer', id: 'shell-1', answer: { ok: true } })
    expect(window.frames.at(-1)).toEqual({ type: 'answer', id: 'a', answer: { ok: true } })
  })

  it('carry amounts as the strings that they came as', () => {
    run()
    const frame = { type: 'command', id: 'a', command: { command: 'add_amount', category: 'meals', amount: '115000' } }
    open().receive(frame)
    expect(toCore[0]?.command).toEqual(frame.command)
  })

  it('of no known form are answered, never passed on', () => {
    run()
    const window = open()
    const nonsense: unknown[] = [null, undefined, 7, [], {}, { type: 'command' }, { ...command('x'), more: 1 }]
    nonsense.push({ type: 'command', id: 'b', command: { command: 'add_amount', category: 'meals', amount: '-1' } })
    nonsense.push({ type: 'command', id: 'c'.repeat(65), command: { command: 'pay_by_card' } })
    for (const frame of nonsense) window.receive(frame)
    expect(toCore).toEqual([])
    const answers = window.frames.slice(2)
    expect(answers).toHaveLength(nonsense.length)
    expect(answers.map((answer) => (answer as { id: string }).id)).toEqual(['', '', '', '', '', '', 'x', 'b', ''])
    for (const answer of answers) expect(answer).toMatchObject({ answer: { ok: false, fault: 'malformed' } })
  })

  it('are refused while the core is away', () => {
    const window = open()
    window.receive(command('a'))
    run()
    window.receive(command('b'))
    windows.coreIsAway()
    window.receive(command('c'))
    expect(window.frames).toEqual([
      refused('a', 'core_down'),
      snapshot(0),
      state('running', false),
      refused('b', 'core_down'),
      state('restarting', false),
      refused('c', 'core_down'),
    ])
  })

  it('are not answered by a late word of the core that died', () => {
    run()
    const window = open()
    window.receive(command('a'))
    windows.coreIsAway()
    run()
    const before = window.frames.length
    windows.coreSaid({ type: 'answer', id: 'shell-1', answer: { ok: true } })
    expect(window.frames).toHaveLength(before)
  })

  it('in a flood do not reach the core', () => {
    run()
    const window = open()
    for (let count = 0; count < 65; count += 1) window.receive(command(`${count}`))
    expect(toCore).toHaveLength(64)
    expect(window.frames.at(-1)).toEqual(refused('64', 'not_now'))
  })
})

describe('a second window', () => {
  it('only watches', () => {
    run()
    open()
    const second = open()
    second.receive(command('a'))
    expect(second.frames).toEqual([snapshot(0), state('running', true), refused('a', 'read_only')])
    expect(toCore).toEqual([])
  })

  it('takes over when the first one leaves, and gets no answer of the first one', () => {
    run()
    const first = open()
    const second = open()
    const third = open()
    first.receive(command('a'))
    first.detach()
    first.detach()
    windows.coreSaid({ type: 'answer', id: 'shell-1', answer: { ok: true } })
    expect(second.frames).toEqual([snapshot(0), state('running', true), state('running', false)])
    expect(third.frames).toEqual([snapshot(0), state('running', true)])
    second.receive(command('a'))
    expect(toCore.map(({ id }) => id)).toEqual(['shell-1', 'shell-2'])
  })

  it('that leaves changes nothing for the first', () => {
    run()
    const first = open()
    const second = open()
    second.detach()
    second.receive(command('a'))
    expect(first.frames).toEqual([snapshot(0), state('running', false)])
    expect(toCore).toEqual([])
    expect(windows.count).toBe(1)
  })
})

describe('what a scanner or a keypad says', () => {
  const scanned = { type: 'input' as const, input: { kind: 'code', code: '4870000000067', at: 1 } }

  it('goes once, to the window that commands; a window that comes later hears nothing of it', () => {
    const first = open()
    const second = open()
    run()
    const before = [first.frames.length, second.frames.length]
    expect(windows.coreSaid(scanned)).toBe(true)
    first.detach()
    windows.coreSaid({ ...scanned, input: { kind: 'key', key: '5', at: 1 } })
    expect(first.frames.slice(before[0])).toEqual([scanned])
    expect(second.frames.slice(before[1])).toEqual([
      state('running', false),
      { type: 'input', input: { kind: 'key', key: '5', at: 1 } },
    ])
    for (const frame of second.frames) downFrameSchema.parse(frame)
    second.detach()
    expect(windows.coreSaid(scanned)).toBe(true)
    expect(open().frames).toEqual([snapshot(0), state('running', false)])
  })
})
