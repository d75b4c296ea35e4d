import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** What a test's card does with one command: its answer, or how it misbehaves. */
export type CardAnswer = Uint8Array | 'mute' | 'leave'

/**
 * The smallest card that vpcd's virtual reader takes (vsmartcard, doc/api.txt: frames of a two-byte length and a body;
 * one-byte bodies are control: 00 off, 01 on, 02 reset, 04 ATR). Connecting inserts, disconnecting removes.
 */
export class VpcdCard {
  readonly commands: string[] = []
  readonly #socket: Socket
  #received = Buffer.alloc(0)

  constructor(port: number, atr: Uint8Array, answer: (command: Buffer) => CardAnswer) {
    this.#socket = connect(port, '127.0.0.1')
    this.#socket.setNoDelay(true)
    this.#socket.on('error', () => undefined)
    this.#socket.on('data', (data) => {
      this.#received = Buffer.concat([this.#received, data])
      for (;;) {
        if (this.#received.length < 2) return
        const length = this.#received.readUInt16BE(0)
        if (this.#received.length < 2 + length) return
        const body = this.#received.subarray(2, 2 + length)
        this.#received = this.#received.subarray(2 + length)
        if (length === 1) {
          if (body[0] === 4) this.#send(atr)
          continue
        }
        this.commands.push(body.toString('hex'))
        const answered = answer(body)
        if (answered === 'leave') this.remove()
        else if (answered !== 'mute') this.#send(answered)
      }
    })
  }

  remove(): void {
    this.#socket.destroy()
  }

  #send(body: Uint8Array): void {
    const length = Buffer.alloc(2)
    length.writeUInt16BE(body.length)
    this.#socket.write(Buffer.concat([length, body]))
  }
}
