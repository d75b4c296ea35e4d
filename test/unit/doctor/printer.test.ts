/** The doctor at a printer on TCP that serves one client at a time, as most do, and at an address without one. */
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { lookAtPrinter } from '../../../tools/doctor/printer.ts'
import { printerAt } from '../../../tools/till/printer-address.ts'

/** DLE EOT answered with "nothing is wrong" (bits 1 and 4 are always set). */
const well = Buffer.of(0x12)
let server: Server
let port: number
let clients: Socket[]

beforeEach(async () => {
  clients = []
  server = createServer((socket) => {
    const isServed = clients.some(({ closed }) => !closed)
    clients.push(socket)
    socket.on('error', () => undefined)
    if (isServed) socket.resetAndDestroy()
    else socket.on('data', () => socket.write(well))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  port = typeof address === 'object' && address !== null ? address.port : 0
})
afterEach(() => {
  for (const socket of clients) socket.destroy()
  server.close()
})

function look() {
  const named = printerAt(`127.0.0.1:${port}`, 'generic-80mm')
  if ('wrong' in named || named.configuration.printer.kind === 'none') throw new Error('no printer')
  return lookAtPrinter(named.configuration.printer)
}

it('finds it well, by one connection, which it has hung up when it says so', async () => {
  expect(await look()).toMatchObject({ online: true, trouble: null, refusal: undefined })
  expect(clients).toHaveLength(1)
  expect(await look()).toMatchObject({ online: true, trouble: null })
})

it('says the system’s code where nobody takes the connection', async () => {
  await new Promise((done) => server.close(done))
  expect(await look()).toMatchObject({ online: false, trouble: 'unreachable', refusal: 'ECONNREFUSED' })
})
