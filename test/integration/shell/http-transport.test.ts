/** How long a till waits for its ledger: at a real socket that takes a request and never answers. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { httpTransport } from '../../../src/terminal/core/http-transport.ts'

let server: Server
let url: string

beforeEach(async () => {
  server = createServer(() => undefined)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/terminal/authorisations`
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

test.each([
  ['as long as the request says', undefined, 1_500, 1_500],
  ['longer where a test asks for it', 2_000, 1_500, 2_000],
  ['never shorter than the request says', 100, 1_500, 1_500],
])('%s', async (_, answerWithinMs, deadlineMs, waits) => {
  const { transport, close } = httpTransport(answerWithinMs)
  const began = performance.now()
  const result = await transport({ method: 'POST', url, headers: {}, body: '' }, deadlineMs)
  expect(result).toEqual({ kind: 'no_answer', detail: `no answer within ${waits} ms` })
  // A timer of Node may be early by a fraction.
  expect(performance.now() - began).toBeGreaterThan(waits - 5)
  close()
})
