/**
 * The printer without its plug: receive buffer, paper supply, cover, cutter, drawer, and what they do to printing.
 * Bytes in, answers and slips out; no sockets, no timers, no disk, so that every test of it is exact.
 *
 * Real-time commands (DLE EOT, DLE ENQ, DLE DC4) act when they are *received*, everything else when its turn comes.
 * Nothing's turn comes while the printer is off line: that is how paper-out looks to a host.
 */
import { EscposInterpreter } from './interpreter.ts'
import type { Interpreter, InterpreterOutput } from './interpreter.ts'
import type { PrinterProfile } from './code-pages.ts'
import { CommandCutter } from './grammar.ts'
import type { Command } from './grammar.ts'
import { heightOf } from './paper.ts'
import type { CutKind, PrintedElement, PrinterFault, Slip } from './paper.ts'
import { createStarCutter } from './star-grammar.ts'
import { StarInterpreter } from './star-interpreter.ts'
import { automaticStatus, concernsSubscriber, isOffline, queuedStatus, realTimeStatus, starStatus } from './status.ts'
import type { PaperState, PrinterCondition } from './status.ts'

export interface PrinterEngineOptions {
  readonly profile: PrinterProfile
  /** `escpos` unless given. */
  readonly language?: PrinterLanguage
  /** Printable dots: 384 (58 mm paper) or 576 (80 mm). */
  readonly widthDots: number
  readonly now: () => number
  /** The number of the next slip. */
  readonly firstSlipNumber?: number
  readonly onReply: (bytes: Uint8Array) => void
  readonly onSlip: (slip: Slip) => void
  readonly onEvent: (what: string, details: Readonly<Record<string, unknown>>) => void
}

export type PrinterLanguage = 'escpos' | 'starprnt'

const realTimeCommands = new Set(['DLE EOT', 'DLE ENQ', 'DLE DC4', 'ESC ACK SOH'])
const clearBufferSequence = '10140801031401060208'

interface SlipInProgress {
  startedAt: number
  elements: PrintedElement[]
  interruptions: { after: number; reason: string }[]
  faults: PrinterFault[]
  bytes: Uint8Array[]
}

export class PrinterEngine {
  readonly #options: PrinterEngineOptions
  readonly #cutter: CommandCutter
  readonly #interpreter: Interpreter
  #queue: Command[] = []
  #queueHead = 0
  #queuedBytes = 0
  #condition: PrinterCondition = {
    paper: 'present',
    cover: 'closed',
    online: true,
    cutterError: false,
    drawer: 'closed',
  }
  #cutterJammed = false
  #linesLeft: number | null = null
  #subscription = 0
  /** An ETB was reached, and no packet has said so yet. */
  #counted = false
  #slip: SlipInProgress
  #nextNumber: number

  constructor(options: PrinterEngineOptions) {
    this.#options = options
    this.#nextNumber = options.firstSlipNumber ?? 1
    this.#slip = this.#freshSlip()
    const output: InterpreterOutput = {
      print: (element) => this.#print(element),
      cut: (kind) => this.#finishSlip(kind),
      fault: (fault) => this.#recordFault(fault),
      reply: (bytes) => options.onReply(bytes),
      askStatus: (n) => this.#answerQueuedStatus(n),
      subscribe: (mask) => this.#subscribe(mask),
      kickDrawer: (pin, onMs) => this.#kickDrawer(pin, onMs),
      counted: () => {
        this.#counted = true
      },
    }
    const { profile, widthDots } = options
    const isStar = options.language === 'starprnt'
    this.#cutter = isStar ? createStarCutter() : new CommandCutter()
    this.#interpreter = isStar
      ? new StarInterpreter(widthDots, output)
      : new EscposInterpreter(profile, widthDots, output)
  }

  get condition(): PrinterCondition {
    return this.#condition
  }

  get isStalled(): boolean {
    return isOffline(this.#condition)
  }

  get cutterJammed(): boolean {
    return this.#cutterJammed
  }

  get linesLeft(): number | null {
    return this.#linesLeft
  }

  /** Bytes that were received and not printed. Those of one unfinished command count only while nothing can move. */
  get bufferedBytes(): number {
    return this.#queuedBytes + (this.isStalled ? this.#cutter.waitingBytes : 0)
  }

  /** The paper that hangs out: printed, not cut. */
  get unfinished(): Pick<Slip, 'elements' | 'faults'> {
    return { elements: [...this.#slip.elements], faults: [...this.#slip.faults] }
  }

  /** Takes bytes in: answers what is real-time at once and queues the rest. Printing is `work`'s. */
  receive(chunk: Uint8Array): void {
    for (const command of this.#cutter.push(chunk)) {
      if (realTimeCommands.has(command.name)) {
        this.#actAtOnce(command)
      } else {
        this.#queue.push(command)
        this.#queuedBytes += command.bytes.length
      }
    }
  }

  /**
   * Executes queued commands until the queue is empty, the printer stalls, or `budgetBytes` are used up.
   * @returns the bytes executed
   */
  work(budgetBytes = Number.POSITIVE_INFINITY): number {
    let done = 0
    while (done < budgetBytes && !this.isStalled) {
      const command = this.#queue[this.#queueHead]
      if (command === undefined) break
      if (this.#jamsAt(command)) break
      this.#queueHead++
      this.#queuedBytes -= command.bytes.length
      done += command.bytes.length
      this.#slip.bytes.push(command.bytes)
      this.#interpreter.execute(command)
    }
    if (this.#queueHead > 0) {
      this.#queue = this.#queue.slice(this.#queueHead)
      this.#queueHead = 0
    }
    return done
  }

  setPaper(paper: PaperState): void {
    if (paper !== 'out') this.#linesLeft = null
    if (paper === 'out' && this.#condition.paper !== 'out') this.#interrupt('paper out')
    this.#change({ paper })
  }

  /** The roll ends after so many more printed lines (or pictures): a paper-out in the middle of a receipt. */
  endPaperAfterLines(lines: number): void {
    this.#linesLeft = lines
  }

  setCover(cover: 'closed' | 'open'): void {
    if (cover === 'open' && this.#condition.cover === 'closed') this.#interrupt('cover open')
    this.#change({ cover })
  }

  setOnline(online: boolean): void {
    this.#change({ online })
  }

  /** The next cut jams: the printer stops with an error until the cutter is freed. */
  setCutter(cutter: 'ok' | 'jammed'): void {
    this.#cutterJammed = cutter === 'jammed'
    if (cutter === 'ok') this.#change({ cutterError: false })
  }

  setDrawer(drawer: 'closed' | 'open'): void {
    this.#change({ drawer })
  }

  /** The host's connection ended: the rest of a command that never came to its end is dropped and said so. */
  connectionEnded(): void {
    this.#subscription = 0
    const rest = this.#cutter.abandon()
    if (rest.length === 0) return
    this.#recordFault({
      code: 'unfinished-command',
      command: 'connection ended',
      bytes: Buffer.from(rest.subarray(0, 16)).toString('hex').toUpperCase(),
      detail: `${rest.length} bytes of an unfinished command dropped`,
    })
  }

  /** Power gone: everything that is not on paper is lost, and so are all settings. */
  losePower(): void {
    const lost = this.#queuedBytes + this.#cutter.waitingBytes
    this.#clearBuffer()
    this.#interpreter.reset()
    this.#subscription = 0
    if (lost > 0) {
      const detail = `${lost} bytes lost in the buffer`
      this.#recordFault({ code: 'bytes-lost', command: 'power off', bytes: '', detail })
    }
    this.#interrupt('power off')
  }

  /** Takes away the paper that hangs out. Without anything on it there is no slip. */
  tearOff(): void {
    this.#finishSlip('torn')
  }

  #freshSlip(): SlipInProgress {
    return { startedAt: this.#options.now(), elements: [], interruptions: [], faults: [], bytes: [] }
  }

  #actAtOnce(command: Command): void {
    const [, , n = 0, pin = 0, time = 0] = command.bytes
    if (!command.known) return this.#interpreter.reportFault('unknown-command', command, 'no such real-time command')
    if (command.name === 'ESC ACK SOH') {
      const status = starStatus(this.#condition, this.#counted)
      this.#counted = false
      this.#options.onEvent('status-asked', { answer: Buffer.from(status).toString('hex').toUpperCase() })
      return this.#options.onReply(status)
    }
    if (command.name === 'DLE EOT') {
      const status = realTimeStatus(n, this.#condition)
      if (status === null) return this.#interpreter.reportFault('bad-parameter', command, 'status is 1 to 4')
      this.#options.onEvent('status-asked', { n, answer: status.toString(16).toUpperCase() })
      return this.#options.onReply(Uint8Array.of(status))
    }
    if (command.name === 'DLE DC4' && n === 1) return this.#kickDrawer(pin === 1 ? 5 : 2, time * 100)
    const isClear = Buffer.from(command.bytes).toString('hex') === clearBufferSequence
    if (isClear || (command.name === 'DLE ENQ' && n === 2)) {
      this.#options.onEvent('buffer-cleared', { bytes: this.#queuedBytes })
      this.#clearBuffer()
      return this.#change({ cutterError: false })
    }
    if (command.name === 'DLE ENQ' && n === 1) return this.#change({ cutterError: false })
    this.#interpreter.reportFault('unsupported-command', command, 'known, but this printer cannot do it')
  }

  #clearBuffer(): void {
    this.#cutter.abandon()
    this.#queue = []
    this.#queueHead = 0
    this.#queuedBytes = 0
  }

  /** The command stays in the queue: once the cutter is free, the cut is made. */
  #jamsAt(command: Command): boolean {
    if (!this.#cutterJammed || !this.#interpreter.isCut(command)) return false
    this.#interrupt('cutter jammed')
    this.#change({ cutterError: true })
    return true
  }

  #print(element: PrintedElement): void {
    if (this.#slip.elements.length === 0) this.#slip.startedAt = this.#options.now()
    this.#slip.elements.push(element)
    if (this.#linesLeft === null || element.kind === 'feed') return
    this.#linesLeft = Math.max(0, this.#linesLeft - 1)
    if (this.#linesLeft === 0) {
      this.#linesLeft = null
      this.setPaper('out')
    }
  }

  #interrupt(reason: string): void {
    if (this.#slip.elements.length === 0) return
    this.#slip.interruptions.push({ after: this.#slip.elements.length, reason })
  }

  #finishSlip(ended: CutKind | 'torn'): void {
    const { startedAt, elements, interruptions, faults, bytes } = this.#slip
    const printed = elements.some((element) => element.kind !== 'feed' && heightOf(element) > 0)
    if (!printed) {
      if (ended !== 'torn') this.#options.onEvent('blank-paper-cut', {})
      return
    }
    const slip: Slip = {
      number: this.#nextNumber++,
      widthDots: this.#options.widthDots,
      startedAt,
      endedAt: this.#options.now(),
      ended,
      elements,
      interruptions,
      faults,
      bytes: Uint8Array.from(Buffer.concat(bytes)),
    }
    this.#slip = this.#freshSlip()
    this.#options.onSlip(slip)
  }

  #recordFault(fault: PrinterFault): void {
    this.#slip.faults.push(fault)
    this.#options.onEvent('fault', { ...fault })
  }

  #answerQueuedStatus(n: number): void {
    const status = queuedStatus(n, this.#condition)
    if (status !== null) return this.#options.onReply(Uint8Array.of(status))
    const bytes = `1D72${n.toString(16).padStart(2, '0').toUpperCase()}`
    this.#recordFault({ code: 'bad-parameter', command: 'GS r', bytes, detail: 'status is 1 or 2' })
  }

  #subscribe(mask: number): void {
    this.#subscription = mask
    if (mask !== 0) this.#options.onReply(automaticStatus(this.#condition))
  }

  #kickDrawer(pin: 2 | 5, onMs: number): void {
    this.#options.onEvent('drawer-kicked', { pin, onMs })
    this.#change({ drawer: 'open' })
  }

  #change(change: Partial<PrinterCondition>): void {
    const before = this.#condition
    const after = { ...before, ...change }
    if (
      Object.keys(change).every((key) => before[key as keyof PrinterCondition] === after[key as keyof PrinterCondition])
    ) {
      return
    }
    this.#condition = after
    this.#options.onEvent('condition', { ...after })
    if (concernsSubscriber(this.#subscription, before, after)) this.#options.onReply(automaticStatus(after))
  }
}
