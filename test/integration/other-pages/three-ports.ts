/**
 * The three ports that a browser of this machine can reach while Tölem runs, each with what a page may want of it: the
 * till (browser host with the fake core), the panel of the virtual hardware, the ledger simulator.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startHttp } from '../../../ledger-sim/http/fastify.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { startVirtualHardware } from '../../../hardware-mocks/virtual-hardware.ts'
import { demoLedger, p256, TestTill } from '../ledger/demo-ledger.ts'
import { openSession, start, tokenOf } from '../shell/start-shell.ts'

export interface AttackedPort {
  readonly name: 'the till' | 'the panel' | 'the ledger'
  /** `http://127.0.0.1:PORT` */
  readonly origin: string
  /** What would be worth reading. */
  readonly paths: readonly string[]
  /** A request that would change something if it came from the right place. */
  readonly change: { readonly path: string; readonly body: string }
  /** Nothing was changed; spends what it asks with, so it is asked once. */
  isUntouched(): Promise<boolean>
}

/** One request as one of our servers answered it. */
export interface Answered {
  readonly port: number
  readonly method: string
  readonly path: string
  readonly status: number
}

export interface ThreePorts {
  /** What arrived at our servers and how it was answered: a browser tells a page less than it sends. */
  readonly answered: readonly Answered[]
  readonly ports: readonly AttackedPort[]
  port(name: AttackedPort['name']): AttackedPort
  /** The till's address with a token, for its own page. */
  tillUrl(): string
  close(): Promise<void>
}

export async function openThreePorts(): Promise<ThreePorts> {
  const answered: Answered[] = []
  const onAnswered = (message: unknown): void => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
    const { method = '', url: path = '', socket } = request
    answered.push({ port: socket.localPort ?? 0, method, path, status: response.statusCode })
  }
  subscribe('http.server.response.finish', onAnswered)
  const folder = mkdtempSync(join(tmpdir(), 'tolem-three-ports-'))
  const shell = await start()
  const hardware = await startVirtualHardware({ folder, now: () => Date.now(), random: seededRandom('three ports') })
  const demo = await demoLedger()
  const ledger = await startHttp({ ledger: demo.ledger, port: 0 })
  const code = demo.world.enrolmentCodes.find(({ terminalId }) => terminalId === 'till-1')?.code ?? ''
  const stranger = new TestTill(demo.ledger, demo.clock, demo.random, 'till-1', p256('a page'))
  const token = tokenOf(shell.tillUrl())
  const ports: readonly AttackedPort[] = [
    {
      name: 'the till',
      origin: shell.origin,
      paths: ['/', '/page.js', '/page.css', '/session', '/bridge'],
      // A token that is good: a page that had stolen it must still not get a session with it.
      change: { path: '/session', body: JSON.stringify({ token }) },
      isUntouched: async () => (await openSession(shell, token)).status === 204,
    },
    {
      name: 'the panel',
      origin: new URL(hardware.panelUrl).origin,
      paths: ['/', '/page.js', '/page.css', '/api/state', '/api/events', '/api/log'],
      change: { path: '/api/printer', body: '{"cover":"open"}' },
      isUntouched: () => Promise.resolve(hardware.printer.state().cover === 'closed'),
    },
    {
      name: 'the ledger',
      origin: ledger.url,
      paths: ['/openapi.json', '/health', '/v1/terminal/packages', '/'],
      // The one thing that needs no signature. Five wrong codes would use up everybody's tries.
      change: {
        path: '/v1/terminal-enrolments',
        body: JSON.stringify({
          code: `00000000${code.slice(8)}`,
          terminalKey: stranger.key.jwk,
          encryptionKey: stranger.encryption.jwk,
        }),
      },
      isUntouched: async () => {
        const till = new TestTill(demo.ledger, demo.clock, demo.random, 'till-1', p256('the till itself'))
        return till.enrol(code).then(
          () => true,
          () => false,
        )
      },
    },
  ]
  return {
    answered,
    ports,
    port: (name) => ports.find((port) => port.name === name) as AttackedPort,
    tillUrl: () => shell.tillUrl(),
    close: async () => {
      unsubscribe('http.server.response.finish', onAnswered)
      await shell.stop()
      await hardware.close()
      await ledger.close()
      await demo.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
