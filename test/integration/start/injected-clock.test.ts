/** The clock of demonstrations and tests is played by a process that may be busy for seconds when it is asked first. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { injectedClock as clockOfTheLedger } from '../../../ledger-sim/injected-clock.ts'
import { injectedClock as clockOfTheCore } from '../../../src/terminal/core/injected-clock.ts'

const now = Date.UTC(2026, 10, 23, 7)
/** Longer than any later answer is waited for. */
const firstAfterMs = 2_500
let server: Server

afterEach(() => server.close())

async function busyClock(): Promise<string> {
  server = createServer((_request, response) => {
    setTimeout(() => response.end(JSON.stringify({ now, slept: 0 })), firstAfterMs)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

it('is waited for by the core and the ledger alike', async () => {
  const url = await busyClock()
  const [core, ledger] = await Promise.all([clockOfTheCore(url), clockOfTheLedger(url)])
  core.stop()
  expect(core.clock.wall()).toBeGreaterThanOrEqual(now)
  expect(ledger.now()).toBe(now)
})
