/** One clock for all processes of a demonstration: runs with real time from a given moment, and can be put forward. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ClockService {
  readonly url: string
  now(): number
  /** Lets time pass at once. */
  advance(ms: number): void
  /** Lets time pass as on a machine that sleeps: monotonic clocks stand still meanwhile. */
  sleep(ms: number): void
  close(): void
}

export async function startClockService(startAt: number): Promise<ClockService> {
  let offset = startAt - performance.now()
  let slept = 0
  const now = (): number => Math.floor(offset + performance.now())
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ now: now(), slept }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    now,
    advance: (ms) => (offset += ms),
    sleep: (ms) => {
      offset += ms
      slept += ms
    },
    close: () => server.close(),
  }
}
