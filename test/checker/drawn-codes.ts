/** Reads QR codes off the paper itself: a printer that cannot draw them gets them as pictures, in strips. */
import jsQR from 'jsqr'
import { z } from 'zod'
import { CheckerInputError } from './input-error.ts'

/** Rows of packed bits, most significant first, in base64; a set bit is black. */
export const pictureSchema = z.object({ width: z.int().min(1), height: z.int().min(1), bits: z.base64() })
type Picture = z.infer<typeof pictureSchema>

/** What is on the paper, from top to bottom, as far as it matters here. */
export type PaperElement =
  | { readonly kind: 'image'; readonly bitmap: Picture }
  | {
      readonly kind: 'line' | 'feed' | 'qr' | 'barcode'
      readonly height?: number | undefined
      readonly graphics?: readonly unknown[] | undefined
    }

/** jsqr is CommonJS: Node sees the function one `default` deeper than the types say. */
type ReadQr = typeof jsQR.default
const readQr = ((jsQR as unknown as { default?: unknown }).default ?? jsQR) as ReadQr
const quietZone = 16

/** @throws CheckerInputError when a picture has not the size it names */
export function codesInPictures(elements: readonly PaperElement[]): readonly string[] {
  return columnsOf(elements).flatMap(codesInColumn)
}

/** Strips of one width that follow each other are one picture. */
function columnsOf(elements: readonly PaperElement[]): Picture[][] {
  const columns: Picture[][] = []
  let open: Picture[] | undefined
  for (const element of elements) {
    if (element.kind !== 'image') {
      // A line feed without line spacing stands between strips, and moves the paper by nothing.
      const { height = element.kind === 'feed' ? 0 : 1 } = element
      if (height > 0) open = undefined
      continue
    }
    if (open === undefined || open[0]?.width !== element.bitmap.width) columns.push((open = []))
    open.push(element.bitmap)
  }
  return columns
}

function codesInColumn(strips: readonly Picture[]): string[] {
  const across = (strips[0]?.width ?? 0) + 2 * quietZone
  const down = strips.reduce((sum, strip) => sum + strip.height, 0) + 2 * quietZone
  const pixels = new Uint8ClampedArray(across * down * 4).fill(255)
  let top = quietZone
  for (const strip of strips) {
    paint(pixels, across, strip, top)
    top += strip.height
  }
  const codes: string[] = []
  for (;;) {
    const found = readQr(pixels, across, down, { inversionAttempts: 'dontInvert' })
    if (found === null || codes.includes(found.data)) return codes
    codes.push(found.data)
    const { topLeftCorner, topRightCorner, bottomLeftCorner, bottomRightCorner } = found.location
    const rows = [topLeftCorner, topRightCorner, bottomLeftCorner, bottomRightCorner].map((corner) => corner.y)
    const from = Math.max(0, Math.floor(Math.min(...rows)))
    const to = Math.min(down, Math.ceil(Math.max(...rows)))
    pixels.fill(255, from * across * 4, to * across * 4)
  }
}

function paint(pixels: Uint8ClampedArray, across: number, { width, height, bits }: Picture, top: number): void {
  const rows = Buffer.from(bits, 'base64')
  const rowBytes = Math.ceil(width / 8)
  if (rows.length !== rowBytes * height) throw new CheckerInputError('a picture on a slip has not the size it names')
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if ((((rows[y * rowBytes + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1) === 0) continue
      const pixel = ((top + y) * across + x + quietZone) * 4
      pixels.fill(0, pixel, pixel + 3)
    }
  }
}
