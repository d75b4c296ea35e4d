import { beforeEach, describe, expect, it } from 'vitest'
import type { Bridge, BridgeView } from '../../../src/terminal/contract/bridge.ts'
import type { Command } from '../../../src/terminal/contract/commands.ts'
import { createPreloadBridge } from '../../../src/terminal/shell-electron/preload-bridge.ts'
import { isOurs } from '../../../src/terminal/shell-electron/channels.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { snapshotOnTheWire } from '../../fixtures/shell/snapshot.ts'

let up: unknown[]
let down: (frame: unknown) => void
let bridge: Bridge
let views: BridgeView[]

beforeEach(() => {
  up = []
  views = []
  bridge = createPreloadBridge({ post: (frame) => void up.push(frame), onFrame: (listener) => (down = listener) })
})

const snapshot = (revision: number) => ({
  type: 'snapshot',
  snapshot: snapshotOnTheWire({ revision, terminalId: 'till-1', merchant: 'Асхана' }),
})

describe('the bridge in the preload', () => {
  it('shows at once, and with every frame, what is so', () => {
    const stop = bridge.subscribe((view) => void views.push(view))
    down(snapshot(1))
    down({ type: 'shell', core: 'running', readOnly: true })
    stop()
    down({ type: 'shell', core: 'restarting', readOnly: true })
    expect(views.map(({ connection, readOnly }) => [connection, readOnly])).toEqual([
      ['connecting', false],
      ['running', false],
      ['running', true],
    ])
    expect(views.at(-1)?.snapshot?.catalogue[0]?.unitPrice).toBe(115_000n)
  })

  it('sends amounts as text and gives each answer to its own command', async () => {
    const first = bridge.send({ command: 'add_amount', category: 'meals', amount: tiyn(5n) })
    const second = bridge.send({ command: 'pay_cash' })
    expect(up).toEqual([
      { type: 'command', id: 'c1', command: { command: 'add_amount', category: 'meals', amount: '5' } },
      { type: 'command', id: 'c2', command: { command: 'pay_cash' } },
    ])
    down({ type: 'answer', id: 'c2', answer: { ok: false, fault: 'not_now' } })
    down({ type: 'answer', id: 'c1', answer: { ok: true } })
    expect(await second).toEqual({ ok: false, fault: 'not_now' })
    expect(await first).toEqual({ ok: true })
  })

  it('passes on what scanner and keypad say, and nothing else in their name', () => {
    const heard: unknown[] = []
    const stop = bridge.onInput((input) => heard.push(input))
    down({ type: 'input', input: { kind: 'code', code: '4870000000067', at: 1 } })
    down({ type: 'input', input: { kind: 'key', key: 'F8', at: 1 } })
    stop()
    down({ type: 'input', input: { kind: 'key', key: '5', at: 1 } })
    expect(heard).toEqual([{ kind: 'code', code: '4870000000067', at: 1 }])
  })

  it('answers what is no command itself', async () => {
    expect(await bridge.send({ command: 'open_the_drawer' } as unknown as Command)).toEqual({
      ok: false,
      fault: 'malformed',
    })
    expect(up).toEqual([])
  })

  it('keeps what it has when a frame cannot be read', () => {
    bridge.subscribe((view) => void views.push(view))
    for (const frame of [null, 'text', { type: 'snapshot', snapshot: { revision: 1 } }, { type: 'other' }]) down(frame)
    expect(views).toHaveLength(1)
  })
})

describe('isOurs', () => {
  it('knows the address of the till and no other', () => {
    expect(['app://till/', 'app://till/index.html?a#b'].filter(isOurs)).toHaveLength(2)
    const foreign = [
      'app://till.evil/',
      'app://evil/till',
      'https://till/',
      'file:///till',
      'data:,app://till/',
      '',
      'till',
    ]
    expect(foreign.filter(isOurs)).toEqual([])
    expect(isOurs('app://till:1/')).toBe(false)
  })
})
