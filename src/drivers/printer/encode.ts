import Encoder from '@point-of-sale/receipt-printer-encoder'
import type { PrintBlock, PrintDocument } from './document.ts'
import { missingFromKz1048 } from './kz1048.ts'
import { layOut } from './layout.ts'
import type { LaidOutLine } from './layout.ts'
import type { PrinterProfile } from './profile.ts'
import { drawQr, qrModuleDots } from './qr-picture.ts'
import { lineRows } from './raster.ts'
import type { Picture, Typeface } from './raster.ts'
import { prepareText, replacementCharacter, spellTenge } from './text-preparation.ts'

export interface EncodedDocument {
  /** One whole job for `PrinterPort.print`, in the profile's language. */
  readonly bytes: Uint8Array
  /** Lines that were drawn because the printer's code page lacks some of their characters. */
  readonly drawnLines: number
  /** Characters that could be neither written nor drawn; U+FFFD stands in their place. */
  readonly replaced: readonly string[]
}

/** Rows drawn at once: bounds memory. A multiple of 24, the height of a StarPRNT picture's commands. */
const rowsAtOnce = 960
/** Tell of changes of on line, error and paper (`GS a`); `ESC @` switches that off, so that each job says it again. */
export const automaticStatusOn = Uint8Array.of(0x1d, 0x61, 0x0e)

/**
 * Writes a document for a printer. Every character is looked up before it is written: a line with one that the code
 * page lacks is drawn as a whole, a printer without KZ-1048 gets everything drawn, and what not even the typeface has
 * becomes U+FFFD and is reported. A `?` is printed only where the document says `?`.
 */
export function encodeDocument(document: PrintDocument, profile: PrinterProfile, typeface: Typeface): EncodedDocument {
  return new DocumentEncoder(profile, typeface).encode(document)
}

function createEncoder(profile: PrinterProfile): Encoder {
  const { columns, feedBeforeCut } = profile
  const common = { columns, feedBeforeCut, newline: '\n', errors: 'strict' } as const
  // A StarPRNT picture feeds the paper itself; only our own commands follow it, so that nothing has to be flushed.
  if (profile.language === 'starprnt')
    return new Encoder({ ...common, language: 'star-prnt', feedAfterBlock: false, autoFlush: false })
  const codepageMapping = profile.kz1048Slot === null ? 'epson' : { rk1048: profile.kz1048Slot }
  return new Encoder({ ...common, language: 'esc-pos', codepageMapping, imageMode: 'raster' })
}

class DocumentEncoder {
  readonly #profile: PrinterProfile
  readonly #typeface: Typeface
  readonly #encoder: Encoder
  readonly #waitingToBeDrawn: LaidOutLine[] = []
  readonly #replaced = new Set<string>()
  #drawnLines = 0

  constructor(profile: PrinterProfile, typeface: Typeface) {
    this.#profile = profile
    this.#typeface = typeface
    this.#encoder = createEncoder(profile).initialize()
    if (profile.automaticStatus) this.#encoder.raw([...automaticStatusOn])
    if (profile.kz1048Slot !== null) this.#encoder.codepage('rk1048')
  }

  encode(document: PrintDocument): EncodedDocument {
    for (const block of document.blocks) this.#encodeBlock(block)
    this.#drawWaiting()
    return { bytes: this.#encoder.encode(), drawnLines: this.#drawnLines, replaced: [...this.#replaced] }
  }

  #encodeBlock(block: PrintBlock): void {
    switch (block.kind) {
      case 'text':
      case 'row':
      case 'rule':
      case 'copyMark':
      case 'feed':
        this.#encodeLines(block)
        return
      case 'qr':
        this.#drawWaiting()
        this.#encodeQr(block.payload)
        return
      case 'cut':
        this.#drawWaiting()
        if (this.#profile.cutter === 'none') this.#encoder.newline(this.#profile.feedBeforeCut)
        else this.#encoder.cut(this.#profile.cutter)
        return
    }
  }

  #encodeLines(block: PrintBlock): void {
    const prepared = mapText(block, prepareText)
    const spelled = mapText(prepared, spellTenge)
    const canWrite = (line: LaidOutLine) => missingFromKz1048(line.text).length === 0
    const writable = layOut(spelled, this.#profile.columns)
    if (this.#profile.kz1048Slot !== null && writable.every(canWrite)) {
      this.#drawWaiting()
      for (const line of writable) this.#write(line)
      return
    }
    // The whole block is drawn: its lines belong together, and two typefaces in one sentence read badly.
    const drawable = mapText(prepared, (text) => this.#replaceUndrawable(text))
    const lines = layOut(drawable, this.#profile.columns)
    if (this.#profile.kz1048Slot !== null) this.#drawnLines += lines.length
    this.#waitingToBeDrawn.push(...lines)
  }

  #write(line: LaidOutLine): void {
    const scale = line.size === 'double' ? 2 : 1
    this.#encoder.bold(line.bold).size(scale, scale).line(line.text).size(1, 1).bold(false)
  }

  #replaceUndrawable(text: string): string {
    return [...text]
      .map((character) => {
        if (character === '\n' || this.#typeface.draws(character)) return character
        this.#replaced.add(character)
        return replacementCharacter
      })
      .join('')
  }

  #drawWaiting(): void {
    while (this.#waitingToBeDrawn.length > 0) {
      let rows = 0
      const tooMany = this.#waitingToBeDrawn.findIndex((line) => (rows += lineRows(line)) > rowsAtOnce)
      const lines = this.#waitingToBeDrawn.splice(0, tooMany < 0 ? this.#waitingToBeDrawn.length : tooMany)
      this.#encodePicture(this.#typeface.draw(lines, this.#profile.columns, this.#profile.dots))
    }
  }

  #encodeQr(payload: string): void {
    // The encoder hands over what is not Latin as `?`, which makes another code.
    if (this.#profile.qr === 'raster' || !isAscii(payload)) {
      this.#encodePicture(drawQr(payload, this.#profile.dots))
      return
    }
    const size = qrModuleDots(payload, this.#profile.dots)
    this.#encoder.align('center').qrcode(payload, { model: 2, size, errorlevel: 'm' }).align('left')
  }

  /**
   * In pieces that the printer takes. The encoder ends a picture with a line feed: without line spacing, they join
   * without a gap.
   */
  #encodePicture({ data, width, height }: Picture): void {
    this.#encoder.lineSpacing('none')
    for (let top = 0; top < height; top += this.#profile.rasterRowsMax) {
      const rows = Math.min(this.#profile.rasterRowsMax, height - top)
      const piece = { data: data.slice(top * width * 4, (top + rows) * width * 4), width, height: rows }
      this.#encoder.image(piece, width, rows, 'threshold', 128)
    }
    this.#encoder.lineSpacing('default')
  }
}

const isAscii = (text: string): boolean => /^[\x20-\x7e]*$/u.test(text)

function mapText(block: PrintBlock, map: (text: string) => string): PrintBlock {
  switch (block.kind) {
    case 'text':
    case 'copyMark':
      return { ...block, text: map(block.text) }
    case 'row':
      return { ...block, left: map(block.left), right: map(block.right) }
    default:
      return block
  }
}
