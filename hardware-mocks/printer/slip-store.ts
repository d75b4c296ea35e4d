/**
 * Slips on disk: `NNNN.bin` (the bytes the printer consumed), `NNNN.txt`, `NNNN.json`, `NNNN.png`. The independent
 * checker reads these and nothing of the terminal.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packedRows } from './bitmap.ts'
import type { Bitmap } from './bitmap.ts'
import { slipText } from './paper.ts'
import type { PrintedElement, Slip } from './paper.ts'
import { drawSlip } from './slip-picture.ts'

/** What `NNNN.json` holds. Bitmaps are rows of packed bits, most significant first, in base64. */
export interface SlipRecord {
  readonly number: number
  readonly widthDots: number
  readonly startedAt: number
  readonly endedAt: number
  readonly ended: Slip['ended']
  readonly text: string
  readonly qrPayloads: readonly string[]
  readonly interruptions: Slip['interruptions']
  readonly faults: Slip['faults']
  readonly byteCount: number
  readonly elements: readonly unknown[]
}

const slipName = (number: number): string => String(number).padStart(4, '0')

function recordedBitmap(bitmap: Bitmap): unknown {
  return {
    width: bitmap.width,
    height: bitmap.height,
    bits: Buffer.from(packedRows(bitmap)).toString('base64'),
  }
}

function recordedElement(element: PrintedElement): unknown {
  if (element.kind === 'line') {
    return { ...element, graphics: element.graphics.map(({ x, bitmap }) => ({ x, bitmap: recordedBitmap(bitmap) })) }
  }
  return 'bitmap' in element ? { ...element, bitmap: recordedBitmap(element.bitmap) } : element
}

export function slipRecord(slip: Slip): SlipRecord {
  const { number, widthDots, startedAt, endedAt, ended, interruptions, faults } = slip
  return {
    number,
    widthDots,
    startedAt,
    endedAt,
    ended,
    text: slipText(slip),
    qrPayloads: slip.elements.flatMap((element) => (element.kind === 'qr' ? [element.payload] : [])),
    interruptions,
    faults,
    byteCount: slip.bytes.length,
    elements: slip.elements.map(recordedElement),
  }
}

/** Who looks into the folder meanwhile sees the whole file or none. */
function writeWhole(file: string, content: string | Uint8Array): void {
  writeFileSync(`${file}.part`, content)
  renameSync(`${file}.part`, file)
}

export class SlipStore {
  readonly #folder: string
  readonly #drawing = new Set<Promise<void>>()
  readonly #numbers: number[]

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(folder, { recursive: true })
    this.#numbers = readdirSync(folder)
      .flatMap((file) => /^(\d{4,})\.bin$/.exec(file)?.[1] ?? [])
      .map(Number)
      .toSorted((one, other) => one - other)
  }

  /** One more than the highest number in the folder: a restart never writes over a slip. */
  nextNumber(): number {
    return (this.#numbers.at(-1) ?? 0) + 1
  }

  /** The numbers of all slips, in order. */
  numbers(): readonly number[] {
    return this.#numbers
  }

  /**
   * Bytes, text and record are on disk when this returns; the picture follows.
   * @returns resolves when the picture is there too
   */
  save(slip: Slip): Promise<void> {
    const base = join(this.#folder, slipName(slip.number))
    writeWhole(`${base}.bin`, slip.bytes)
    writeWhole(`${base}.txt`, slipText(slip))
    writeWhole(`${base}.json`, `${JSON.stringify(slipRecord(slip), null, 2)}\n`)
    this.#numbers.push(slip.number)
    const drawing = drawSlip(slip).then((picture) => writeWhole(`${base}.png`, picture))
    const settled = drawing.catch(() => undefined)
    this.#drawing.add(settled)
    void settled.then(() => this.#drawing.delete(settled))
    return drawing
  }

  record(number: number): SlipRecord | null {
    const file = join(this.#folder, `${slipName(number)}.json`)
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as SlipRecord) : null
  }

  /** `null` while it is still being drawn. */
  picture(number: number): Buffer | null {
    const file = join(this.#folder, `${slipName(number)}.png`)
    return existsSync(file) ? readFileSync(file) : null
  }

  /** Resolves when every picture asked for so far is on disk. */
  async drawn(): Promise<void> {
    await Promise.all(this.#drawing)
  }
}
