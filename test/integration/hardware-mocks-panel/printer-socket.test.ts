/** Method: a real socket to the virtual printer, as the terminal's driver would open one. */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { VirtualPrinter } from '../../../hardware-mocks/printer/virtual-printer.ts'

const CUT = '\x1dV\0'
let folder: string
let printer: VirtualPrinter
const open: Socket[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tolem-printer-'))
  printer = new VirtualPrinter({ folder, now: () => Date.now(), receiveBufferBytes: 1024 })
  await printer.powerOn()
})

afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy()
  await printer.close()
  rmSync(folder, { recursive: true, force: true })
})

function till(): { socket: Socket; answers: number[]; send(text: string): void; ended: Promise<string> } {
  const socket = connect({ host: '127.0.0.1', port: printer.port, noDelay: true })
  open.push(socket)
  const answers: number[] = []
  socket.on('data', (chunk) => answers.push(...chunk))
  const ended = new Promise<string>((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    socket.on('close', () => resolve('closed'))
  })
  return { socket, answers, ended, send: (text) => void socket.write(text, 'latin1') }
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 5) {
    if (waited > 3000) throw new Error('waited in vain')
    await delay(5)
  }
}

describe('the printer on its socket', () => {
  it('prints a job and answers the status question behind it', async () => {
    const one = till()
    one.send(`\x1b@Hello\n${CUT}\x10\x04\x01`)
    await until(() => one.answers.length === 1)
    expect(one.answers).toEqual([0x12])
    expect(printer.slip(1)).toMatchObject({ text: 'Hello\n', ended: 'full' })
  })

  it('out of paper: keeps the socket, answers, takes what its buffer holds, then lets writes stall', async () => {
    printer.setPaper('out')
    const one = till()
    one.send('kept\n\x10\x04\x04')
    await until(() => one.answers.length === 1)
    expect(one.answers).toEqual([0x7e])
    expect(printer.slipNumbers()).toEqual([])

    let isDrained = false
    one.socket.write(Buffer.alloc(16 * 1024 * 1024, 'x\n'), () => {
      isDrained = true
    })
    await delay(150)
    expect(isDrained).toBe(false)
    expect(printer.state()).toMatchObject({ stalled: true, connected: true, power: 'on' })
  })

  it('paper back: the waiting job comes out', async () => {
    printer.endPaperAfterLines(1)
    const one = till()
    one.send(`one\ntwo\n${CUT}`)
    await until(() => printer.state().paper === 'out')
    printer.setPaper('present')
    expect(printer.slip(1)).toMatchObject({
      text: 'one\ntwo\n',
      interruptions: [{ after: 1, reason: 'paper out' }],
    })
  })

  it('cuts the connection in the middle of a job; what was printed stays on the paper', async () => {
    printer.cutConnectionAfter(6)
    const one = till()
    one.send(`one\ntwo\n${CUT}`)
    expect(await one.ended).toMatch(/ECONNRESET|closed/)
    const two = till()
    two.send(`again\n${CUT}`)
    await until(() => printer.slipNumbers().length === 1)
    expect(printer.slip(1)?.text).toBe('one\ntwagain\n')
  })

  it('serves one client at a time; the second waits for the first to go', async () => {
    const one = till()
    one.send('first\n')
    await until(() => printer.state().connected)
    const two = till()
    two.send(`second\n${CUT}`)
    await delay(50)
    expect(printer.slipNumbers()).toEqual([])
    one.socket.end()
    await until(() => printer.slipNumbers().length === 1)
    expect(printer.slip(1)?.text).toBe('first\nsecond\n')
  })

  it('off: connections break, new ones are refused, the port stays its own', async () => {
    const one = till()
    one.send('half')
    await until(() => printer.state().connected)
    await printer.powerOff()
    expect(await one.ended).toMatch(/ECONNRESET|closed/)
    expect(await till().ended).toBe('ECONNREFUSED')
    const { port } = printer
    await printer.powerOn()
    expect(printer.port).toBe(port)
  })

  it('slow: takes its time for the same slip', async () => {
    printer.setSpeed(500)
    const one = till()
    const started = performance.now()
    one.send(`${'line\n'.repeat(20)}${CUT}`)
    await until(() => printer.slipNumbers().length === 1)
    expect(performance.now() - started).toBeGreaterThan(120)
    expect(printer.slip(1)?.text).toBe('line\n'.repeat(20))
  })

  it('without answers it still prints and hears the question', async () => {
    printer.setAnswers(false)
    const one = till()
    one.send(`x\n${CUT}\x10\x04\x01`)
    await until(() => printer.log.entries().some((entry) => entry.what === 'answer-withheld'))
    expect(one.answers).toEqual([])
    expect(printer.slip(1)?.text).toBe('x\n')
  })

  it('paper that hangs out when it closes becomes a slip that no cut ended', async () => {
    const one = till()
    one.send('no cut\n\x10\x04\x01')
    await until(() => one.answers.length > 0)
    await printer.close()
    expect(printer.slip(1)).toMatchObject({ ended: 'torn', text: 'no cut\n' })
    expect(printer.slipPicture(1)?.subarray(1, 4).toString()).toBe('PNG')
  })
})
