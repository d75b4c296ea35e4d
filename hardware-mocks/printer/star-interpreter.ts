/**
 * What each StarPRNT command means, on a printer without Star's own symbols: text of ASCII, pictures, cuts, the drawer.
 * Knows nothing of sockets, paper supply or time. What it does not know, or cannot do, it reports.
 */
import { bitmapFromColumns, cropped } from './bitmap.ts'
import type { Command } from './grammar.ts'
import type { Interpreter, InterpreterOutput } from './interpreter.ts'
import { LineBuffer } from './line-buffer.ts'
import { plainStyle } from './paper.ts'
import type { PrinterFaultCode, TextStyle } from './paper.ts'

/** `ESC z 1`: 4 mm at 8 dots a millimetre; `ESC 0`: 3 mm, the height of a picture's command. */
const wideSpacing = 32
const narrowSpacing = 24
const pictureHeight = 24

export class StarInterpreter implements Interpreter {
  readonly #widthDots: number
  readonly #output: InterpreterOutput
  readonly #line = new LineBuffer()
  #style: TextStyle = plainStyle
  #lineSpacing = wideSpacing
  #pulse = { onMs: 200 }

  constructor(widthDots: number, output: InterpreterOutput) {
    this.#widthDots = widthDots
    this.#output = output
  }

  reset(): void {
    this.#line.clear()
    this.#style = plainStyle
    this.#lineSpacing = wideSpacing
    this.#pulse = { onMs: 200 }
  }

  isCut(command: Command): boolean {
    return command.name === 'ESC d'
  }

  execute(command: Command): void {
    if (!command.known) return this.#fault('unknown-command', command, 'no such command')
    const { bytes } = command
    const n = bytes[2] ?? 0
    switch (command.name) {
      case 'text':
        return this.#printByte(bytes[0] ?? 0x20, command)
      case 'LF':
        return this.#printLine(this.#lineSpacing)
      case 'NUL':
      case 'CR':
        return
      case 'CAN':
        return this.#line.clear()
      case 'ESC @':
        return this.reset()
      case 'ESC 0':
        this.#lineSpacing = narrowSpacing
        return
      case 'ESC z':
        this.#lineSpacing = n === 1 || n === 49 ? wideSpacing : narrowSpacing
        return
      case 'ESC E':
      case 'ESC F':
        this.#style = { ...this.#style, bold: command.name === 'ESC E' }
        return
      case 'ESC J':
        // In quarters of a millimetre.
        return this.#output.print({ kind: 'feed', height: n * 2 })
      case 'ESC X':
        return this.#picture(command)
      case 'ESC d':
        return this.#cut(n, command)
      case 'ESC BEL':
        this.#pulse = { onMs: n * 10 }
        return
      case 'BEL':
        return this.#output.kickDrawer(2, this.#pulse.onMs)
      case 'SUB':
        return this.#output.kickDrawer(5, this.#pulse.onMs)
      case 'ETB':
        return this.#output.counted()
      default:
        return this.#fault('unsupported-command', command, 'known, but this printer cannot do it')
    }
  }

  reportFault(code: PrinterFaultCode, command: Command, detail: string): void {
    this.#fault(code, command, detail)
  }

  #fault(code: PrinterFaultCode, command: Command, detail: string): void {
    const bytes = Buffer.from(command.bytes.subarray(0, 16)).toString('hex').toUpperCase()
    this.#output.fault({ code, command: command.name, bytes, detail })
  }

  /** The upper half of its standard page depends on a switch of the printer: nobody can rely on a letter there. */
  #printByte(byte: number, command: Command): void {
    const isAscii = byte < 0x7f
    if (!isAscii) this.#fault('undefined-character', command, 'what stands there depends on the memory switches')
    this.#line.addCharacter(isAscii ? String.fromCharCode(byte) : '\ufffd', this.#style, 0)
  }

  #printLine(height: number): void {
    this.#output.print(this.#line.take('left', 0, this.#widthDots, height))
  }

  /** The picture stands in the line, as letters do: the line feed behind it prints it. */
  #picture(command: Command): void {
    const columns = (command.bytes[2] ?? 0) + (command.bytes[3] ?? 0) * 256
    const bitmap = bitmapFromColumns(columns, pictureHeight / 8, command.bytes.subarray(4))
    if (bitmap.width > this.#widthDots)
      this.#fault('does-not-fit', command, `${bitmap.width} dots into ${this.#widthDots}: the rest is cut off`)
    this.#line.addGraphic(cropped(bitmap, this.#widthDots), '')
  }

  #cut(mode: number, command: Command): void {
    if (!this.#line.isEmpty) return this.#fault('ignored-command', command, 'works only at the beginning of a line')
    this.#output.cut(mode === 0 || mode === 2 || mode === 48 || mode === 50 ? 'full' : 'partial')
  }
}
