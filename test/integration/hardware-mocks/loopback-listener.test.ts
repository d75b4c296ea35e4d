/** A virtual device that goes away while a connection is just ending: seen as a panel that never answered. */
import { connect, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { LoopbackListener } from '../../../hardware-mocks/loopback-listener.ts'

it('is gone at once, also for a connection that it was ending', async () => {
  let accept: (socket: Socket) => void = () => undefined
  const accepted = new Promise<Socket>((resolve) => (accept = resolve))
  const listener = new LoopbackListener(0, accept)
  await listener.open()
  const client = connect(listener.port, '127.0.0.1')
  client.on('error', () => undefined)
  const socket = await accepted
  socket.end()
  let isGone = false
  void listener.close().then(() => (isGone = true))
  await expect.poll(() => isGone, { timeout: 5_000 }).toBe(true)
  client.destroy()
})
