/**
 * What each command means: turns commands into elements on the paper, answers and faults. It knows nothing of sockets,
 * buffers, paper supply or time. Meanings follow Epson's ESC/POS command reference. What it does not know, or knows and
 * cannot do, it reports; nothing is swallowed.
 */
import { bitmapFromColumns, bitmapFromRows, cropped, scaled } from './bitmap.ts'
import type { Bitmap } from './bitmap.ts'
import { characterOf } from './code-pages.ts'
import type { CodePageName, PrinterProfile } from './code-pages.ts'
import type { Command } from './grammar.ts'
import { LineBuffer } from './line-buffer.ts'
import { fontSizes, plainStyle } from './paper.ts'
import type { Alignment, CutKind, PrintedElement, PrinterFault, PrinterFaultCode, TextStyle } from './paper.ts'
import { QrSymbol } from './qr-symbol.ts'

/** What the engine asks of a language. */
export interface Interpreter {
  execute(command: Command): void
  /** What power-on does: settings go back, the unprinted line is lost. */
  reset(): void
  isCut(command: Command): boolean
  /** A real-time or other byte sequence that the printer itself could not place. */
  reportFault(code: PrinterFaultCode, command: Command, detail: string): void
}

export interface InterpreterOutput {
  print(element: PrintedElement): void
  cut(kind: CutKind): void
  fault(fault: PrinterFault): void
  reply(bytes: Uint8Array): void
  /** `GS r n`, answered from the printer's condition. */
  askStatus(n: number): void
  /** `GS a n`: which changes the host wants to hear of. */
  subscribe(mask: number): void
  kickDrawer(pin: 2 | 5, onMs: number): void
  /** Star's ETB: all before it is on paper. */
  counted(): void
}

/** 1/6 inch on a printer of 180 dots per inch, which is what Epson's receipt printers call `ESC 2`. */
const defaultLineSpacing = 30
const alignments: readonly Alignment[] = ['left', 'centre', 'right']

/** Settings of things this printer does not have (feed button, bar code height, Kanji off): taken, without effect. */
const settingsWithoutEffect = new Set([
  'NUL',
  'CR',
  'ESC =',
  'ESC c',
  'ESC r',
  'ESC S',
  'ESC T',
  'ESC U',
  'ESC <',
  'GS H',
  'GS f',
  'GS h',
  'GS w',
  'GS b',
  'FS .',
])
/** Features that are off with 0 and that this printer cannot switch on. */
const mustStayOff = new Set(['ESC V', 'ESC {', 'ESC R', 'GS P'])

export class EscposInterpreter implements Interpreter {
  readonly #profile: PrinterProfile
  readonly #widthDots: number
  readonly #output: InterpreterOutput
  readonly #line = new LineBuffer()
  #style: TextStyle = plainStyle
  #align: Alignment = 'left'
  #codePage: CodePageName = 'cp437'
  #lineSpacing = defaultLineSpacing
  #characterSpacing = 0
  #leftMargin = 0
  #areaWidth: number
  #tabStops: number[] = []
  #qr = new QrSymbol()
  #graphics: Bitmap | null = null
  #glyphs = new Map<number, Bitmap>()
  #glyphsOn = false

  constructor(profile: PrinterProfile, widthDots: number, output: InterpreterOutput) {
    this.#profile = profile
    this.#widthDots = widthDots
    this.#output = output
    this.#areaWidth = widthDots
    this.reset()
  }

  /** `ESC @`, and what power-on does: settings go back, the unprinted line is lost, the paper stays. */
  reset(): void {
    this.#line.clear()
    this.#style = plainStyle
    this.#align = 'left'
    this.#codePage = this.#profile.slots.get(0) ?? 'cp437'
    this.#lineSpacing = defaultLineSpacing
    this.#characterSpacing = 0
    this.#leftMargin = 0
    this.#areaWidth = this.#widthDots
    this.#tabStops = Array.from({ length: 32 }, (_, index) => (index + 1) * 8 * fontSizes.A.width)
    this.#qr = new QrSymbol()
    this.#graphics = null
    this.#glyphs = new Map()
    this.#glyphsOn = false
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
      case 'HT':
        return this.#tab(command)
      case 'ESC @':
        // Ends the automatic status too (Epson's reference, `GS a`).
        this.#output.subscribe(0)
        return this.reset()
      case 'ESC !':
        return this.#selectModes(n)
      case 'GS !':
        return this.#restyle({ across: ((n >> 4) & 7) + 1, down: (n & 7) + 1 })
      case 'ESC E':
        return this.#restyle({ bold: (n & 1) === 1 })
      case 'ESC G':
        return this.#restyle({ bold: (n & 1) === 1 })
      case 'ESC -':
        return this.#underline(n, command)
      case 'ESC M':
        return this.#selectFont(n, command)
      case 'GS B':
        return this.#restyle({ reverse: (n & 1) === 1 })
      case 'ESC a':
        return this.#selectAlignment(n, command)
      case 'ESC t':
        return this.#selectCodePage(n, command)
      case 'ESC SP':
        this.#characterSpacing = n
        return
      case 'ESC 2':
        this.#lineSpacing = defaultLineSpacing
        return
      case 'ESC 3':
        this.#lineSpacing = n
        return
      case 'ESC d':
        return this.#feed(n * this.#lineSpacing)
      case 'ESC J':
        return this.#feed(n)
      case 'ESC D':
        this.#tabStops = [...bytes.subarray(2, -1)].map((column) => column * fontSizes.A.width)
        return
      case 'ESC $':
        return this.#moveTo(n + (bytes[3] ?? 0) * 256, command)
      case 'ESC \\':
        return this.#moveTo(this.#line.position + signed(n + (bytes[3] ?? 0) * 256), command)
      case 'GS L':
        return this.#setArea(command, () => {
          this.#leftMargin = n + (bytes[3] ?? 0) * 256
        })
      case 'GS W':
        return this.#setArea(command, () => {
          this.#areaWidth = n + (bytes[3] ?? 0) * 256
        })
      case 'GS V':
        return this.#cut(n, bytes[3] ?? 0, command)
      case 'ESC i':
        return this.#cut(0, 0, command)
      case 'ESC m':
        return this.#cut(1, 0, command)
      case 'ESC p':
        return this.#kickDrawer(n, bytes[3] ?? 0, command)
      case 'ESC *':
        return this.#columnImage(command)
      case 'GS v 0':
        return this.#rasterImage(command)
      case 'GS ( L':
        return this.#graphicsFunction(command, bytes.subarray(5))
      case 'GS 8 L':
        return this.#graphicsFunction(command, bytes.subarray(7))
      case 'GS ( k':
        return this.#symbolFunction(command, bytes.subarray(5))
      case 'GS ( H':
        return this.#answerProcess(command, bytes.subarray(5))
      case 'GS k':
        return this.#barcode(command)
      case 'GS r':
        return this.#output.askStatus(n)
      case 'GS a':
        return this.#output.subscribe(n)
      case 'GS I':
        return this.#identify(n, command)
      case 'ESC &':
        return this.#defineGlyphs(command)
      case 'ESC %':
        this.#glyphsOn = (n & 1) === 1
        return
      case 'ESC ?':
        this.#glyphs.delete(n)
        return
      default:
        return this.#remaining(command, n)
    }
  }

  isCut(command: Command): boolean {
    return ['GS V', 'ESC i', 'ESC m'].includes(command.name)
  }

  /** A real-time or other byte sequence that the printer itself could not place. */
  reportFault(code: PrinterFaultCode, command: Command, detail: string): void {
    this.#fault(code, command, detail)
  }

  #remaining(command: Command, n: number): void {
    if (settingsWithoutEffect.has(command.name)) return
    if (mustStayOff.has(command.name) && (n === 0 || n === 48)) return
    this.#fault('unsupported-command', command, 'known, but this printer cannot do it')
  }

  #fault(code: PrinterFaultCode, command: Command, detail: string): void {
    const bytes = Buffer.from(command.bytes.subarray(0, 16)).toString('hex').toUpperCase()
    this.#output.fault({ code, command: command.name, bytes, detail })
  }

  #restyle(change: Partial<TextStyle>): void {
    this.#style = { ...this.#style, ...change }
  }

  #selectModes(n: number): void {
    this.#restyle({
      font: (n & 0x01) === 0 ? 'A' : 'B',
      bold: (n & 0x08) !== 0,
      down: (n & 0x10) === 0 ? 1 : 2,
      across: (n & 0x20) === 0 ? 1 : 2,
      underline: (n & 0x80) === 0 ? 0 : 1,
    })
  }

  #underline(n: number, command: Command): void {
    const thickness = n >= 48 ? n - 48 : n
    if (thickness === 0 || thickness === 1 || thickness === 2) this.#restyle({ underline: thickness })
    else this.#fault('bad-parameter', command, 'underline is 0, 1 or 2')
  }

  #selectFont(n: number, command: Command): void {
    if (n === 0 || n === 48) this.#restyle({ font: 'A' })
    else if (n === 1 || n === 49) this.#restyle({ font: 'B' })
    else this.#fault('bad-parameter', command, 'this printer has fonts A and B')
  }

  #selectAlignment(n: number, command: Command): void {
    const align = alignments[n >= 48 ? n - 48 : n]
    if (align === undefined) this.#fault('bad-parameter', command, 'alignment is 0, 1 or 2')
    else if (!this.#line.isEmpty) this.#fault('ignored-command', command, 'works only at the beginning of a line')
    else this.#align = align
  }

  #selectCodePage(n: number, command: Command): void {
    const page = this.#profile.slots.get(n)
    if (page === undefined) this.#fault('unknown-code-page', command, `slot ${n} is empty on ${this.#profile.model}`)
    else this.#codePage = page
  }

  #printByte(byte: number, command: Command): void {
    const glyph = this.#glyphsOn ? this.#glyphs.get(byte) : undefined
    if (glyph !== undefined) {
      const drawn = scaled(glyph, this.#style.across, this.#style.down)
      this.#makeRoom(drawn.width)
      // U+FFFC: the printer knows the dots of the character, not its meaning.
      return this.#line.addGraphic(drawn, '\ufffc')
    }
    const character = characterOf(this.#codePage, byte)
    if (character === null) {
      this.#fault('undefined-character', command, `${this.#codePage} has no character there`)
    }
    this.#makeRoom((fontSizes[this.#style.font].width + this.#characterSpacing) * this.#style.across)
    this.#line.addCharacter(character ?? '\ufffd', this.#style, this.#characterSpacing)
  }

  /** A character that finds no room starts a new line by itself. */
  #makeRoom(width: number): void {
    if (this.#line.position > 0 && this.#line.position + width > this.#room()) this.#printLine(this.#lineSpacing)
  }

  #room(): number {
    return Math.min(this.#areaWidth, this.#widthDots - this.#leftMargin)
  }

  #printLine(minimumHeight: number): void {
    this.#output.print(this.#line.take(this.#align, this.#leftMargin, this.#room(), minimumHeight))
  }

  /** Prints what is in the line, then moves the paper by `dots` in all. */
  #feed(dots: number): void {
    if (this.#line.isEmpty) {
      if (dots > 0) this.#output.print({ kind: 'feed', height: dots })
      return
    }
    const line = this.#line.take(this.#align, this.#leftMargin, this.#room(), Math.min(dots, this.#lineSpacing))
    this.#output.print(line)
    if (line.kind === 'line' && dots > line.height) this.#output.print({ kind: 'feed', height: dots - line.height })
  }

  #tab(command: Command): void {
    const stop = this.#tabStops.find((position) => position > this.#line.position)
    if (stop === undefined || stop >= this.#room()) this.#fault('ignored-command', command, 'no tab stop to the right')
    else this.#line.position = stop
  }

  #moveTo(position: number, command: Command): void {
    if (position < 0 || position > this.#room()) this.#fault('ignored-command', command, 'outside the print area')
    else this.#line.position = position
  }

  #setArea(command: Command, change: () => void): void {
    if (this.#line.isEmpty) change()
    else this.#fault('ignored-command', command, 'works only at the beginning of a line')
  }

  #cut(mode: number, feed: number, command: Command): void {
    if (!this.#line.isEmpty) return this.#fault('ignored-command', command, 'works only at the beginning of a line')
    if (feed > 0) this.#output.print({ kind: 'feed', height: feed })
    this.#output.cut([0, 48, 65, 97, 103].includes(mode) ? 'full' : 'partial')
  }

  #kickDrawer(m: number, onTime: number, command: Command): void {
    if (m === 0 || m === 48) this.#output.kickDrawer(2, onTime * 2)
    else if (m === 1 || m === 49) this.#output.kickDrawer(5, onTime * 2)
    else this.#fault('bad-parameter', command, 'pin is 0 or 1')
  }

  #columnImage(command: Command): void {
    const { bytes } = command
    const mode = bytes[2] ?? 0
    const shape = { 0: [1, 2, 3], 1: [1, 1, 3], 32: [3, 2, 1], 33: [3, 1, 1] }[mode]
    if (shape === undefined) return this.#fault('bad-parameter', command, 'bit image mode is 0, 1, 32 or 33')
    const [bytesPerColumn = 1, across = 1, down = 1] = shape
    const columns = (bytes[3] ?? 0) + (bytes[4] ?? 0) * 256
    const image = scaled(bitmapFromColumns(columns, bytesPerColumn, bytes.subarray(5)), across, down)
    const room = this.#room() - this.#line.position
    if (image.width > room)
      this.#fault('does-not-fit', command, `${image.width} dots into ${room}: the rest is cut off`)
    if (room > 0) this.#line.addGraphic(cropped(image, room), '')
  }

  #rasterImage(command: Command): void {
    const { bytes } = command
    const mode = (bytes[3] ?? 0) % 48
    if (mode > 3) return this.#fault('bad-parameter', command, 'raster mode is 0 to 3')
    const bytesPerRow = (bytes[4] ?? 0) + (bytes[5] ?? 0) * 256
    const rows = (bytes[6] ?? 0) + (bytes[7] ?? 0) * 256
    const image = bitmapFromRows(bytesPerRow, rows, bytes.subarray(8))
    this.#printImage(scaled(image, (mode & 1) + 1, (mode >> 1) + 1), command)
  }

  #printImage(image: Bitmap, command: Command): void {
    if (image.width === 0 || image.height === 0) return this.#fault('bad-parameter', command, 'an image of no size')
    if (!this.#line.isEmpty) return this.#fault('ignored-command', command, 'works only at the beginning of a line')
    if (image.width > this.#room()) {
      this.#fault('does-not-fit', command, `${image.width} dots into ${this.#room()}: the rest is cut off`)
    }
    const bitmap = cropped(image, this.#room())
    this.#output.print({ kind: 'image', align: this.#align, x: this.#startOf(bitmap.width), bitmap })
  }

  #startOf(width: number): number {
    const room = Math.max(0, this.#room() - width)
    return this.#leftMargin + (this.#align === 'left' ? 0 : this.#align === 'centre' ? Math.floor(room / 2) : room)
  }

  /** `GS ( L` and `GS 8 L`: function 112 stores a raster, 50 (or 2) prints it. */
  #graphicsFunction(command: Command, parameters: Uint8Array): void {
    const [m, fn] = parameters
    if (m === 48 && fn === 112) {
      const [tone, across = 1, down = 1, , widthLow = 0, widthHigh = 0, heightLow = 0, heightHigh = 0] =
        parameters.subarray(2)
      if (tone !== 48) return this.#fault('unsupported-command', command, 'only monochrome graphics')
      if (![1, 2].includes(across) || ![1, 2].includes(down)) {
        return this.#fault('bad-parameter', command, 'graphics scale is 1 or 2')
      }
      const width = widthLow + widthHigh * 256
      const height = heightLow + heightHigh * 256
      const bytesPerRow = (width + 7) >> 3
      // Ten parameter bytes stand before the dots; an announced size beyond the data would be a size out of thin air.
      if (bytesPerRow * height > parameters.length - 10) {
        return this.#fault('bad-parameter', command, 'fewer dots than announced')
      }
      this.#graphics = scaled(bitmapFromRows(bytesPerRow, height, parameters.subarray(10), width), across, down)
    } else if (m === 48 && (fn === 50 || fn === 2)) {
      const image = this.#graphics
      this.#graphics = null
      if (image === null) this.#fault('ignored-command', command, 'no graphics in the print buffer')
      else this.#printImage(image, command)
    } else {
      this.#fault('unsupported-command', command, `graphics function ${fn}`)
    }
  }

  /** `GS ( k` with cn = 49: QR code. */
  #symbolFunction(command: Command, parameters: Uint8Array): void {
    const [cn, fn, first = 0] = parameters
    if (cn !== 49) return this.#fault('unsupported-command', command, `two-dimensional code ${cn}: only QR (49)`)
    const accept = (fits: boolean, range: string): void => {
      if (!fits) this.#fault('bad-parameter', command, range)
    }
    switch (fn) {
      case 65:
        return accept(this.#qr.setModel(first), 'QR model is 49 or 50')
      case 67:
        return accept(this.#qr.setModuleDots(first), 'QR module is 1 to 16 dots')
      case 69:
        return accept(this.#qr.setErrorCorrection(first), 'QR error correction is 48 to 51')
      case 80:
        return this.#qr.store(parameters.slice(3))
      case 81:
        return this.#printQr(command)
      default:
        return this.#fault('unsupported-command', command, `QR function ${fn}`)
    }
  }

  #printQr(command: Command): void {
    const payload = this.#qr.payload()
    const bitmap = this.#qr.draw()
    if (payload === null) return this.#fault('ignored-command', command, 'no QR data stored')
    if (bitmap === null) return this.#fault('does-not-fit', command, 'more data than a QR code holds')
    if (!this.#line.isEmpty) return this.#fault('ignored-command', command, 'works only at the beginning of a line')
    if (bitmap.width > this.#room()) {
      return this.#fault('does-not-fit', command, `QR of ${bitmap.width} dots into ${this.#room()}: nothing printed`)
    }
    const { model, moduleDots, errorCorrection } = this.#qr
    const x = this.#startOf(bitmap.width)
    this.#output.print({ kind: 'qr', payload, model, moduleDots, errorCorrection, align: this.#align, x, bitmap })
  }

  /** `GS ( H` function 48: the answer says that everything before it has been printed. */
  #answerProcess(command: Command, parameters: Uint8Array): void {
    const [fn, m, ...id] = parameters
    if (fn === 48 && m === 48 && id.length === 4) this.#output.reply(Uint8Array.of(0x37, 0x22, ...id, 0))
    else this.#fault('bad-parameter', command, 'process id is four bytes under function 48')
  }

  #barcode(command: Command): void {
    const symbology = command.bytes[2] ?? 0
    const data = symbology <= 6 ? command.bytes.subarray(3, -1) : command.bytes.subarray(4)
    const payload = Buffer.from(data).toString('latin1')
    const width = Math.min(this.#room(), 40 + data.length * 22)
    this.#output.print({
      kind: 'barcode',
      payload,
      symbology,
      align: this.#align,
      x: this.#startOf(width),
      width,
      height: 80,
    })
    this.#fault('unsupported-command', command, 'the bars are not drawn, only a frame with the data')
  }

  #identify(n: number, command: Command): void {
    const text = { 65: '1.0', 66: 'TOLEM', 67: this.#profile.model, 68: '0000000000' }[n]
    if (text !== undefined) this.#output.reply(Buffer.from(`_${text}\0`, 'latin1'))
    else if (n >= 1 && n <= 3) this.#output.reply(Uint8Array.of(n === 2 ? 0x02 : 0x20))
    else if (n >= 49 && n <= 51) this.#output.reply(Uint8Array.of(n === 50 ? 0x02 : 0x20))
    else this.#fault('bad-parameter', command, 'no such identification')
  }

  #defineGlyphs(command: Command): void {
    const [height = 0, first = 0, last = 0] = command.bytes.subarray(2)
    if (height !== 3 || first < 0x20 || last < first) {
      return this.#fault('bad-parameter', command, 'font A characters are three bytes high, from 32 up')
    }
    let at = 5
    for (let code = first; code <= last; code++) {
      const width = command.bytes[at] ?? 0
      const dots = command.bytes.subarray(at + 1, at + 1 + width * height)
      // A cell is as wide as the font's, whatever part of it the definition fills.
      const cell = new Uint8Array(fontSizes.A.width * height)
      cell.set(dots.subarray(0, cell.length))
      this.#glyphs.set(code, bitmapFromColumns(fontSizes.A.width, height, cell))
      at += 1 + width * height
    }
  }
}

const signed = (value: number): number => (value >= 0x8000 ? value - 0x10000 : value)
