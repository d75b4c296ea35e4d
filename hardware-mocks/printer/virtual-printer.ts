/**
 * A receipt printer on a loopback port (raw TCP, as on port 9100), on a pseudo-terminal (serial) or a FIFO, with
 * everything that goes wrong with one.
 *
 * One client at a time, like most network printers: a second one waits until the first has gone. Out of paper, the
 * socket stays open, DLE EOT is answered, nothing is printed, and once the receive buffer is full the host's writes
 * stall (facts/virtual-hardware-and-printers.md §3.2).
 */
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { EventLog } from '../event-log.ts'
import type { LogEntry } from '../event-log.ts'
import { cutOff, LoopbackListener } from '../loopback-listener.ts'
import { printerProfiles } from './code-pages.ts'
import type { PrinterProfileName } from './code-pages.ts'
import type { Slip } from './paper.ts'
import { PrinterEngine } from './printer-engine.ts'
import type { PrinterLanguage } from './printer-engine.ts'
import { SlipStore } from './slip-store.ts'
import type { SlipRecord } from './slip-store.ts'
import { isOffline } from './status.ts'
import type { PaperState } from './status.ts'
import { openFifo, openPseudoTerminal } from './wires.ts'
import type { Wire } from './wires.ts'

export type PrinterFront = 'tcp' | 'pty' | 'fifo'

export interface VirtualPrinterOptions {
  /** Where slips and the printer's log (`printer.log.jsonl`) go. */
  readonly folder: string
  /** 0 (default): any free port. */
  readonly port?: number
  readonly profile?: PrinterProfileName
  readonly language?: PrinterLanguage
  /** How the till reaches it; `tcp` unless given. A pty and a FIFO lie in `folder` as `printer.device`. */
  readonly front?: PrinterFront
  /** 58 or 80 (default) millimetres of paper: 384 or 576 printable dots. */
  readonly paperMillimetres?: 58 | 80
  readonly receiveBufferBytes?: number
  readonly now: () => number
}

export interface PrinterState {
  readonly power: 'on' | 'off'
  readonly paper: PaperState
  /** Lines until the roll ends, if somebody arranged that. */
  readonly paperEndsAfterLines: number | null
  readonly cover: 'closed' | 'open'
  readonly online: boolean
  readonly cutter: 'ok' | 'jammed'
  readonly drawer: 'closed' | 'open'
  /** `false`: status questions are heard and not answered, as by cheap printers. */
  readonly answers: boolean
  /** Bytes printed per second, or `null` for as fast as they come. */
  readonly bytesPerSecond: number | null
  /** The connection is reset after so many more received bytes. */
  readonly connectionCutAfterBytes: number | null
  /** `dead`: as if the cable had been pulled: nothing arrives, nothing is answered, and no connection ends. */
  readonly link: 'up' | 'dead'
  /** Nothing prints now, for whatever reason. */
  readonly stalled: boolean
  readonly bufferedBytes: number
  readonly connected: boolean
  readonly profile: PrinterProfileName
  readonly widthDots: number
}

const slowTickMs = 40

export class VirtualPrinter {
  readonly log: EventLog
  readonly #options: Required<Omit<VirtualPrinterOptions, 'now'>> & { readonly now: () => number }
  readonly #store: SlipStore
  readonly #engine: PrinterEngine
  readonly #listener: LoopbackListener
  readonly #waiting: Socket[] = []
  readonly #slipListeners = new Set<(record: SlipRecord) => void>()
  #client: Wire | null = null
  #isOn = false
  #clientNumber = 0
  #answers = true
  #bytesPerSecond: number | null = null
  #cutAfter: number | null = null
  #link: 'up' | 'dead' = 'up'
  #ticker: NodeJS.Timeout | null = null

  constructor(options: VirtualPrinterOptions) {
    this.#options = {
      port: 0,
      profile: 'kazakh',
      language: 'escpos',
      front: 'tcp',
      paperMillimetres: 80,
      receiveBufferBytes: 65_536,
      ...options,
    }
    this.log = new EventLog({ now: options.now, file: `${options.folder}/printer.log.jsonl` })
    this.#store = new SlipStore(options.folder)
    this.#engine = new PrinterEngine({
      profile: printerProfiles[this.#options.profile],
      language: this.#options.language,
      widthDots: this.#options.paperMillimetres === 58 ? 384 : 576,
      now: options.now,
      firstSlipNumber: this.#store.nextNumber(),
      onReply: (bytes) => this.#reply(bytes),
      onSlip: (slip) => this.#keep(slip),
      onEvent: (what, details) => void this.log.write(what, details),
    })
    this.#listener = new LoopbackListener(this.#options.port, (socket) => this.#accept(socket))
  }

  /** 0 where it is not on TCP. */
  get port(): number {
    return this.#options.front === 'tcp' ? this.#listener.port : 0
  }

  /** Where it is not on TCP: the device that the till opens. */
  get device(): string | null {
    return this.#options.front === 'tcp' ? null : join(this.#options.folder, 'printer.device')
  }

  state(): PrinterState {
    const { paper, cover, online, drawer } = this.#engine.condition
    return {
      power: this.#isOn ? 'on' : 'off',
      paper,
      cover,
      online,
      drawer,
      paperEndsAfterLines: this.#engine.linesLeft,
      cutter: this.#engine.cutterJammed ? 'jammed' : 'ok',
      answers: this.#answers,
      bytesPerSecond: this.#bytesPerSecond,
      connectionCutAfterBytes: this.#cutAfter,
      link: this.#link,
      stalled: isOffline(this.#engine.condition),
      bufferedBytes: this.#engine.bufferedBytes,
      connected: this.#client !== null,
      profile: this.#options.profile,
      widthDots: this.#options.paperMillimetres === 58 ? 384 : 576,
    }
  }

  /** Resolves when the port is open, or the device there. */
  async powerOn(): Promise<void> {
    if (this.#isOn) return
    this.#isOn = true
    if (this.#options.front === 'tcp') await this.#listener.open()
    else if (this.#client === null) await this.plugIn()
    this.log.write('power-on', { port: this.port, device: this.device })
  }

  /** Connections are reset, new ones refused; a cable stays and carries nothing. What was not on paper is lost. */
  async powerOff(): Promise<void> {
    if (!this.#isOn) return
    this.#isOn = false
    this.#engine.losePower()
    this.log.write('power-off')
    await this.#listener.close()
  }

  /** Puts the cable in: the device appears under its name. Only where there is one. */
  async plugIn(): Promise<void> {
    const { device } = this
    if (device === null || this.#client !== null) return
    const take = (bytes: Uint8Array): void => this.#take(bytes)
    this.#client = this.#options.front === 'pty' ? await openPseudoTerminal(device, take) : openFifo(device, take)
    this.log.write('plugged-in', { device })
  }

  /** Pulls the cable: the device goes, and whoever had it open hears so. The printer keeps what it has. */
  pullOut(): void {
    if (this.device === null || this.#client === null) return
    this.#client.cut()
    this.#client = null
    this.log.write('pulled-out')
  }

  /** `near-end` still prints. Putting paper in lets the interrupted job go on. */
  setPaper(paper: PaperState): void {
    this.#engine.setPaper(paper)
    this.#work()
  }

  endPaperAfterLines(lines: number): void {
    this.#engine.endPaperAfterLines(lines)
    this.log.write('paper-ends-soon', { lines })
  }

  setCover(cover: 'closed' | 'open'): void {
    this.#engine.setCover(cover)
    this.#work()
  }

  setOnline(online: boolean): void {
    this.#engine.setOnline(online)
    this.#work()
  }

  setCutter(cutter: 'ok' | 'jammed'): void {
    this.#engine.setCutter(cutter)
    this.log.write('cutter', { cutter })
    this.#work()
  }

  setDrawer(drawer: 'closed' | 'open'): void {
    this.#engine.setDrawer(drawer)
  }

  setAnswers(answers: boolean): void {
    this.#answers = answers
    this.log.write('answers', { answers })
  }

  /** @param bytesPerSecond `null`: as fast as they come */
  setSpeed(bytesPerSecond: number | null): void {
    this.#bytesPerSecond = bytesPerSecond
    this.log.write('speed', { bytesPerSecond })
    this.#work()
  }

  /** Resets the host's connection once so many more bytes came in. `null` disarms. */
  cutConnectionAfter(bytes: number | null): void {
    this.#cutAfter = bytes
    this.log.write('connection-cut-armed', { bytes })
  }

  /** A dead link says nothing to either side (no FIN, no RST). What the printer already has, it prints. */
  setLink(link: 'up' | 'dead'): void {
    if (link === this.#link) return
    this.#link = link
    this.log.write('link', { link })
    if (link === 'dead') return void this.#client?.pause()
    this.#work()
    if (this.#client === null) this.#serveNext()
  }

  /** Takes the paper that hangs out: it becomes a slip that no cut ended. */
  tearOff(): void {
    this.#engine.tearOff()
  }

  slipNumbers(): readonly number[] {
    return this.#store.numbers()
  }

  slip(number: number): SlipRecord | null {
    return this.#store.record(number)
  }

  slipPicture(number: number): Buffer | null {
    return this.#store.picture(number)
  }

  /** Hears of each slip when all its files are on disk, the picture included. */
  onDidPrint(listener: (record: SlipRecord) => void): { dispose(): void } {
    this.#slipListeners.add(listener)
    return { dispose: () => void this.#slipListeners.delete(listener) }
  }

  /** Switches off, keeps the paper that hangs out as a slip, and waits for the last picture. */
  async close(): Promise<void> {
    if (this.#ticker !== null) clearInterval(this.#ticker)
    this.#ticker = null
    await this.powerOff()
    this.pullOut()
    this.#engine.tearOff()
    await this.#store.drawn()
  }

  #accept(socket: Socket): void {
    if (this.#client === null && this.#link === 'up') return this.#serve(socket)
    socket.pause()
    this.#waiting.push(socket)
    this.log.write('connection-waits', { waiting: this.#waiting.length })
    socket.on('close', () => {
      const place = this.#waiting.indexOf(socket)
      if (place >= 0) this.#waiting.splice(place, 1)
    })
  }

  #serve(socket: Socket): void {
    const connection = ++this.#clientNumber
    let received = 0
    this.#client = wireOf(socket)
    this.log.write('connected', { connection })
    socket.on('data', (chunk) => {
      const taken = this.#cutAfter === null ? chunk : chunk.subarray(0, this.#cutAfter)
      received += taken.length
      this.#engine.receive(taken)
      this.#work()
      if (this.#cutAfter === null) return
      this.#cutAfter -= taken.length
      if (this.#cutAfter > 0) return
      this.#cutAfter = null
      this.log.write('connection-cut', { connection, received })
      cutOff(socket)
    })
    socket.on('close', () => {
      this.log.write('disconnected', { connection, received })
      this.#engine.connectionEnded()
      this.#client = null
      if (this.#link === 'up') this.#serveNext()
    })
    socket.resume()
  }

  /** From a cable: nothing is heard without power. */
  #take(bytes: Uint8Array): void {
    if (!this.#isOn || this.#link === 'dead') return
    this.#engine.receive(bytes)
    this.#work()
  }

  #serveNext(): void {
    const next = this.#waiting.shift()
    if (next !== undefined) this.#serve(next)
  }

  #reply(bytes: Uint8Array): void {
    if (this.#link === 'dead' || !this.#isOn) return
    if (!this.#answers) return void this.log.write('answer-withheld', { bytes: Buffer.from(bytes).toString('hex') })
    this.#client?.write(bytes)
  }

  #work(): void {
    if (this.#bytesPerSecond === null) this.#engine.work()
    else this.#startTicking()
    const full = this.#engine.bufferedBytes >= this.#options.receiveBufferBytes
    if (full || this.#link === 'dead') this.#client?.pause()
    else this.#client?.resume()
  }

  #startTicking(): void {
    if (this.#ticker !== null) return
    let credit = 0
    this.#ticker = setInterval(() => {
      const speed = this.#bytesPerSecond
      const idle = this.#engine.bufferedBytes === 0
      if (speed === null || idle) {
        if (this.#ticker !== null) clearInterval(this.#ticker)
        this.#ticker = null
        if (speed === null) this.#work()
        return
      }
      credit += (speed * slowTickMs) / 1000
      if (credit >= 1) credit -= this.#engine.work(credit)
      // Standing still earns no speed for later.
      credit = Math.min(credit, speed)
      this.#work()
    }, slowTickMs)
  }

  #keep(slip: Slip): void {
    const saved = this.#store.save(slip)
    this.log.write('slip', {
      number: slip.number,
      ended: slip.ended,
      bytes: slip.bytes.length,
      faults: slip.faults.length,
    })
    saved.then(
      () => {
        const record = this.#store.record(slip.number)
        if (record !== null) for (const listener of this.#slipListeners) listener(record)
      },
      (error: unknown) => void this.log.write('picture-failed', { number: slip.number, detail: String(error) }),
    )
  }
}

const wireOf = (socket: Socket): Wire => ({
  write: (bytes) => void socket.write(bytes),
  pause: () => void socket.pause(),
  resume: () => void socket.resume(),
  cut: () => cutOff(socket),
})

export type { LogEntry, SlipRecord }
