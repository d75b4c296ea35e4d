/**
 * Puts a virtual card into a real pcscd, through the driver vpcd of the vsmartcard project. vpcd listens; a connection
 * is a card in the reader, its end the card's removal. Frames: length (2 bytes, big-endian), body; a body of one byte
 * is a control code, anything else a command APDU (vsmartcard, doc/api.txt; src/vpcd/ifd-vpcd.c).
 */
import { connect, type Socket } from 'node:net'
import type { Event, ReaderStatus } from '../../src/drivers/ports.ts'
import type { VirtualCard } from '../cards/virtual-card.ts'
import type { CardPlace } from './card-place.ts'
import { Emitter } from './emitter.ts'
import { DrawnLatency } from './latency.ts'
import { ReaderCommands } from './reader-commands.ts'
import type { Scheduler } from './scheduler.ts'

/** vpcd's own default: readers "Virtual PCD 00 00" and, one port higher, "Virtual PCD 00 01". */
export const VPCD_PORT = 0x8c7b

const Control = { powerOff: 0x00, powerOn: 0x01, reset: 0x02, answerToReset: 0x04 } as const

export interface VpcdSlotOptions {
  readonly scheduler: Scheduler
  /** {@link VPCD_PORT} unless given. */
  readonly port?: number
  /** From 0, 1 excluded; always 0 unless given. */
  readonly random?: () => number
}

/** One reader of vpcd. */
export class VpcdSlot implements CardPlace {
  readonly #scheduler: Scheduler
  readonly #port: number
  readonly #didRemove = new Emitter<VirtualCard>()
  delayMs = 0
  /** But for its polls: pcscd polls itself, each 0.4 s. */
  readonly latency: DrawnLatency
  readonly commands = new ReaderCommands()
  #trouble: ReaderStatus['trouble'] = null
  #laid: { readonly card: VirtualCard; readonly socket: Socket; travel: unknown } | null = null

  constructor(options: VpcdSlotOptions) {
    this.#scheduler = options.scheduler
    this.#port = options.port ?? VPCD_PORT
    this.latency = new DrawnLatency(options.random ?? (() => 0))
  }

  /** The card has gone: pulled, torn by a fault, or pcscd died. */
  get onDidRemove(): Event<VirtualCard> {
    return this.#didRemove.event
  }

  get name(): string {
    return `vpcd on port ${this.#port}`
  }

  get card(): VirtualCard | null {
    return this.#laid?.card ?? null
  }

  /** In trouble while the last card that was laid here found no vpcd. */
  status(): ReaderStatus {
    return { readers: [this.name], trouble: this.#trouble }
  }

  /**
   * Lays the card down; resolves when connected (pcscd sees it at its next poll, within 0.5 s), rejects without vpcd.
   */
  lay(card: VirtualCard): Promise<void> {
    if (this.#laid !== null) throw new Error('a card already lies on this reader')
    const socket = connect({ host: '127.0.0.1', port: this.#port })
    socket.setNoDelay(true)
    const laid = { card, socket, travel: null }
    this.#laid = laid
    let received = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE()) {
        const end = 2 + received.readUInt16BE()
        const body = Buffer.from(received.subarray(2, end))
        received = Buffer.from(received.subarray(end))
        if (this.#laid === laid) this.#answer(body)
      }
    })
    return new Promise((resolve, reject) => {
      socket.on('connect', () => {
        this.#trouble = null
        card.enterField()
        resolve()
      })
      socket.on('error', (error) => {
        this.#trouble = { code: 'no-service', detail: `no vpcd: ${error.message}` }
        reject(error)
      })
      socket.on('close', () => {
        reject(new Error('the connection to vpcd ended before it stood'))
        if (this.#laid === laid) this.pull()
      })
    })
  }

  /** Takes the card away, also in the middle of a command. Returns it; null when none lay here. */
  pull(): VirtualCard | null {
    const laid = this.#laid
    if (laid === null) return null
    this.#laid = null
    this.#scheduler.clearTimeout(laid.travel)
    laid.socket.destroy()
    this.commands.forget()
    laid.card.leaveField()
    this.#didRemove.fire(laid.card)
    return laid.card
  }

  dispose(): void {
    this.pull()
    this.#didRemove.dispose()
  }

  #answer(body: Buffer): void {
    const laid = this.#laid!
    if (body.length === 0) return
    if (body.length > 1) {
      this.#exchange(body)
      return
    }
    switch (body[0]) {
      case Control.powerOff:
      case Control.powerOn:
      case Control.reset:
        this.commands.forget()
        laid.card.reset()
        return
      case Control.answerToReset:
        this.#send(laid.card.atr)
    }
  }

  #exchange(command: Buffer): void {
    const laid = this.#laid!
    const { latency } = this
    const halfway = (laid.card.delayMs + this.delayMs + latency.ofCommandMs()) / 2
    const after = (bytes: number, run: () => void, busyMs = 0): void => {
      const travelMs = halfway + latency.ofBytesMs(bytes) + busyMs
      if (travelMs === 0) run()
      else laid.travel = this.#scheduler.setTimeout(run, travelMs)
    }
    const tooLong = this.commands.tooLong(command)
    if (tooLong !== null) return after(0, () => this.#send(tooLong))
    const reach = (): void => {
      const answer = this.commands.answer(command, laid.card) ?? laid.card.exchange(command)
      if (answer.kind === 'mute') return
      // vpcd hangs on an answer of no bytes, so an answer of which nothing is left is a card that left.
      if (answer.kind === 'torn' || answer.response.length === 0) {
        this.pull()
        return
      }
      after(answer.response.length, () => this.#send(answer.response))
    }
    after(command.length, reach, this.commands.busyMs(command))
  }

  /** Length and body in one piece: two would cost 40 ms of delayed acknowledgement. */
  #send(body: Uint8Array): void {
    const frame = Buffer.alloc(2 + body.length)
    frame.writeUInt16BE(body.length)
    frame.set(body, 2)
    this.#laid?.socket.write(frame)
  }
}
