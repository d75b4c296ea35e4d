/**
 * The contract of the bridge in the browser host: real sockets and processes, and the bridge that the UI itself uses.
 */
import { WebSocket } from 'ws'
import type { BridgeView } from '../../src/terminal/contract/bridge.ts'
import type { CommandAnswer } from '../../src/terminal/contract/commands.ts'
import { createBrowserBridge } from '../../src/terminal/ui/bridge/browser-bridge.ts'
import { start } from '../integration/shell/start-shell.ts'
import { describeBridge, type ShellUnderTest, type WindowUnderTest } from './bridge.suite.ts'

/** What a browser gives the bridge: an address, a fetch that keeps cookies, WebSockets that send cookie and Origin. */
function openWindow(tillUrl: string, onDidClose: (close: () => void) => void): WindowUnderTest {
  const { origin, protocol, host, hash, pathname, search } = new URL(tillUrl)
  let cookie = ''
  let open = true
  let socket: WebSocket | null = null
  const bridge = createBrowserBridge({
    location: { protocol, host, hash, pathname, search },
    replaceAddress: () => undefined,
    fetch: async (path, init) => {
      const headers = { ...(init.headers as Record<string, string>), origin, cookie }
      const answer = await fetch(origin + path, { ...init, headers })
      cookie = answer.headers.get('set-cookie')?.split(';', 1)[0] ?? cookie
      await answer.arrayBuffer()
      return answer
    },
    openSocket: (address, ears) => {
      const opened = new WebSocket(address, { origin, headers: { cookie } })
      opened.on('open', ears.opened)
      opened.on('message', (data: Buffer) => ears.received(data.toString()))
      opened.on('close', ears.closed)
      // It closes, too.
      opened.on('error', () => undefined)
      socket = opened
      return { send: (text) => opened.send(text), close: () => opened.close() }
    },
    after: (milliseconds, act) => void setTimeout(() => (open ? act() : undefined), milliseconds),
  })
  let view: BridgeView | null = null
  bridge.subscribe((next) => (view = next))
  const close = (): void => {
    open = false
    socket?.close()
  }
  onDidClose(close)
  let unchecked = 0
  return {
    view: () => Promise.resolve(view),
    send: (command) => bridge.send(command),
    // Past the bridge, which knows its own types, on the same socket.
    sendAnything: (command) =>
      new Promise<CommandAnswer>((resolve) => {
        unchecked += 1
        const id = `unchecked-${unchecked}`
        const receive = (data: Buffer): void => {
          const frame = JSON.parse(data.toString()) as { id?: string; answer: CommandAnswer }
          if (frame.id !== id) return
          socket?.off('message', receive)
          resolve(frame.answer)
        }
        socket?.on('message', receive)
        socket?.send(JSON.stringify({ type: 'command', id, command }))
      }),
    close: () => Promise.resolve(close()),
  }
}

describeBridge('the browser host', async (): Promise<ShellUnderTest> => {
  const shell = await start()
  const closes: (() => void)[] = []
  return {
    openWindow: () => Promise.resolve(openWindow(shell.tillUrl(), (close) => void closes.push(close))),
    stop: () => {
      for (const close of closes) close()
      return shell.stop()
    },
  }
})
