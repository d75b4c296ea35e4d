/** The browser's bridge against a played host: token, cookie, frames, a dropped and a refused connection. */
import { describe, expect, test } from 'vitest'
import { snapshotSchema, tiyn, type BridgeView, type Snapshot } from '../../../src/terminal/contract/index.ts'
import {
  createBrowserBridge,
  type BrowserWorld,
  type SocketEars,
} from '../../../src/terminal/ui/bridge/browser-bridge.ts'
import { nothingYet, viewAfter } from '../../../src/terminal/ui/bridge/frames.ts'
import { quietTill } from '../../../src/terminal/ui/gallery/made-up.ts'

/** A host whose answers and time the test decides. */
function playedWorld(hash: string) {
  const world = {
    asked: [] as { path: string; init: RequestInit }[],
    addresses: [] as string[],
    sockets: [] as { address: string; ears: SocketEars; sent: string[]; closed: boolean }[],
    delays: [] as number[],
    hostIsThere: true,
    waiting: [] as (() => void)[],
  }
  const location = { protocol: 'http:', host: '127.0.0.1:4711', hash, pathname: '/', search: '' }
  const given: BrowserWorld = {
    location,
    replaceAddress: (address) => {
      world.addresses.push(address)
      location.hash = ''
    },
    fetch: (path, init) => {
      world.asked.push({ path, init })
      return world.hostIsThere ? Promise.resolve({}) : Promise.reject(new TypeError('fetch failed'))
    },
    openSocket: (address, ears) => {
      const socket = { address, ears, sent: [] as string[], closed: false }
      world.sockets.push(socket)
      return {
        send: (text) => void socket.sent.push(text),
        close: () => {
          socket.closed = true
          ears.closed()
        },
      }
    },
    after: (milliseconds, act) => {
      world.delays.push(milliseconds)
      world.waiting.push(act)
    },
  }
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
  }
  return {
    world,
    given,
    settle,
    /** Somebody opens another address of the same host in this window: the page stays. */
    openAddress: (newHash: string): void => void (location.hash = newHash),
    /** Lets the oldest waiting act happen. */
    wait: async () => {
      world.waiting.shift()?.()
      await settle()
    },
    socket: () => {
      const last = world.sockets.at(-1)
      if (last === undefined) throw new Error('no socket was opened')
      return last
    },
  }
}

const wire = (snapshot: Snapshot): string =>
  JSON.stringify({ type: 'snapshot', snapshot: snapshotSchema.encode(snapshot) })

async function connected(hash = '') {
  const played = playedWorld(hash)
  const bridge = createBrowserBridge(played.given)
  const views: BridgeView[] = []
  bridge.subscribe((view) => views.push(view))
  await played.settle()
  return { ...played, bridge, views, view: () => views.at(-1) ?? nothingYet }
}

describe('the session', () => {
  test('trades the token for a cookie and takes it out of the address', async () => {
    const { world, socket } = await connected('#t=secret')
    expect(world.asked).toHaveLength(1)
    expect(world.asked[0]).toMatchObject({ path: '/session', init: { method: 'POST', body: '{"token":"secret"}' } })
    expect(world.addresses).toEqual(['/'])
    expect(socket().address).toBe('ws://127.0.0.1:4711/bridge')
  })

  test('needs no token after a reload', async () => {
    const { world, socket } = await connected()
    expect(world.asked).toEqual([])
    expect(socket().address).toBe('ws://127.0.0.1:4711/bridge')
  })

  test('keeps the token while the host is away', async () => {
    const played = playedWorld('#t=secret')
    played.world.hostIsThere = false
    createBrowserBridge(played.given)
    await played.settle()
    expect(played.world.addresses).toEqual([])
    played.world.hostIsThere = true
    await played.wait()
    expect(played.world.asked).toHaveLength(2)
    expect(played.world.sockets).toHaveLength(1)
  })
})

describe('frames', () => {
  test('bring amounts as whole numbers and carry commands as text', async () => {
    const { bridge, socket, view } = await connected()
    const { ears, sent } = socket()
    ears.opened()
    ears.received(wire(quietTill))
    expect(view()).toEqual({ snapshot: quietTill, connection: 'running', readOnly: false })
    const answered = bridge.send({ command: 'add_amount', category: 'food', amount: tiyn(115_000) })
    const frame = JSON.parse(sent[0] ?? '{}') as { id: string; command: unknown }
    expect(frame.command).toEqual({ command: 'add_amount', category: 'food', amount: '115000' })
    ears.received(JSON.stringify({ type: 'answer', id: frame.id, answer: { ok: false, fault: 'not_now' } }))
    expect(await answered).toEqual({ ok: false, fault: 'not_now' })
  })

  test('bring what scanner and keypad say to whoever listens', async () => {
    const { bridge, socket } = await connected()
    const { ears } = socket()
    const heard: unknown[] = []
    const stop = bridge.onInput((input) => heard.push(input))
    ears.opened()
    ears.received(JSON.stringify({ type: 'input', input: { kind: 'code', code: '4870000000067', at: 1 } }))
    stop()
    ears.received(JSON.stringify({ type: 'input', input: { kind: 'key', key: '5', at: 1 } }))
    expect(heard).toEqual([{ kind: 'code', code: '4870000000067', at: 1 }])
  })

  test('that cannot be read end the connection, not the screen', async () => {
    const { socket, view } = await connected()
    const first = socket()
    first.ears.opened()
    first.ears.received(wire(quietTill))
    first.ears.received('{"type":"snapshot","snapshot":{}}')
    expect(first.closed).toBe(true)
    expect(view()).toMatchObject({ snapshot: quietTill, connection: 'connecting' })
  })

  test('never bring an older snapshot back, but a restarted core counts anew', () => {
    const running: BridgeView = { snapshot: { ...quietTill, revision: 9 }, connection: 'running', readOnly: false }
    const older = { type: 'snapshot', snapshot: { ...quietTill, revision: 3 } } as const
    expect(viewAfter(running, older)).toBe(running)
    const restarting = viewAfter(running, { type: 'shell', core: 'restarting', readOnly: false })
    expect(restarting).toMatchObject({ connection: 'core_restarting', snapshot: { revision: 9 } })
    expect(viewAfter(restarting, older)).toMatchObject({ connection: 'running', snapshot: { revision: 3 } })
    expect(viewAfter(running, { type: 'shell', core: 'running', readOnly: true }).readOnly).toBe(true)
  })
})

describe('a connection', () => {
  test('that drops answers what waits, keeps the picture, and is tried again', async () => {
    const { bridge, socket, view, wait, world, settle } = await connected()
    socket().ears.opened()
    socket().ears.received(wire(quietTill))
    const answered = bridge.send({ command: 'pay_by_card' })
    socket().ears.closed()
    expect(await answered).toEqual({ ok: false, fault: 'core_down' })
    expect(await bridge.send({ command: 'pay_by_card' })).toEqual({ ok: false, fault: 'core_down' })
    expect(view()).toMatchObject({ snapshot: quietTill, connection: 'connecting' })
    await settle()
    await wait()
    expect(world.sockets).toHaveLength(2)
  })

  test('to a host that is away is tried ever more slowly, never given up, and not called lost', async () => {
    const { socket, view, wait, world, settle } = await connected()
    world.hostIsThere = false
    for (let attempt = 0; attempt < 8; attempt += 1) {
      socket().ears.closed()
      await settle()
      await wait()
    }
    expect(world.delays).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000])
    expect(view().connection).toBe('connecting')
  })

  test('that the host refuses is lost, and comes back when a new address was opened beside it', async () => {
    const { socket, view, wait, settle } = await connected()
    socket().ears.closed()
    await settle()
    expect(view().connection).toBe('connecting')
    await wait()
    socket().ears.closed()
    await settle()
    expect(view().connection).toBe('lost')
    await wait()
    socket().ears.opened()
    socket().ears.received(wire(quietTill))
    expect(view().connection).toBe('running')
  })

  test('that is lost takes a new address in its own window: its token is exchanged and is gone', async () => {
    const { socket, view, wait, settle, world, openAddress } = await connected('#t=old')
    for (let refused = 0; refused < 2; refused += 1) {
      socket().ears.closed()
      await settle()
      if (refused === 0) await wait()
    }
    expect(view().connection).toBe('lost')
    openAddress('#t=new')
    await wait()
    const posted = world.asked.filter(({ init }) => init.method === 'POST').map(({ init }) => init.body)
    expect(posted).toEqual(['{"token":"old"}', '{"token":"new"}'])
    expect(world.addresses).toEqual(['/', '/'])
    socket().ears.opened()
    socket().ears.received(wire(quietTill))
    expect(view().connection).toBe('running')
  })

  test('tells a late listener what it knows, and a gone one nothing', async () => {
    const { bridge, socket } = await connected()
    socket().ears.opened()
    socket().ears.received(wire(quietTill))
    const heard: BridgeView[] = []
    const stop = bridge.subscribe((view) => heard.push(view))
    stop()
    socket().ears.closed()
    expect(heard).toEqual([{ snapshot: quietTill, connection: 'running', readOnly: false }])
  })
})
