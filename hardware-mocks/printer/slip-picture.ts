/** A slip as a PNG, as wide as the printable area: text drawn by resvg, dots (QR, images) set one by one. */
import { createRequire } from 'node:module'
import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { renderAsync } from '@resvg/resvg-js'
import { PNG } from 'pngjs'
import type { Bitmap } from './bitmap.ts'
import { fontSizes, heightOf } from './paper.ts'
import type { PrintedElement, PrintedRun, Slip } from './paper.ts'

const require = createRequire(import.meta.url)
const fontFiles = [
  require.resolve('@expo-google-fonts/noto-sans-mono/400Regular/NotoSansMono_400Regular.ttf'),
  require.resolve('@expo-google-fonts/noto-sans-mono/700Bold/NotoSansMono_700Bold.ttf'),
]
const fontFamily = 'Noto Sans Mono'
/** Noto Sans Mono is 600/1000 wide: these sizes give cells of 12 and 9 dots. */
const fontPixels = { A: 20, B: 15 } as const
/** From the bottom of the cell up to the baseline. */
const descents = { A: 6, B: 4 } as const
const marginDots = 16
/** A longer picture is a fault of the job, not of the paper: the rest is left out of the picture only. */
const tallestPicture = 16_000

const escaped = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')

function runMarkup(run: PrintedRun, bottom: number): string {
  const { style } = run
  const size = fontSizes[style.font]
  const characters = [...run.text]
  const width = run.advance * characters.length
  const height = size.height * style.down
  const parts: string[] = []
  if (style.reverse) parts.push(`<rect x="${run.x}" y="${bottom - height}" width="${width}" height="${height}"/>`)
  const ink = style.reverse ? '#fff' : '#000'
  // Inside the scaled group one unit is one unscaled dot; each character stands at its own place on the grid.
  const places = characters.map((_, index) => (index * run.advance) / style.across).join(' ')
  parts.push(
    `<g transform="translate(${run.x} ${bottom}) scale(${style.across} ${style.down})">` +
      `<text xml:space="preserve" x="${places}" y="${-descents[style.font]}" font-size="${fontPixels[style.font]}"` +
      ` font-weight="${style.bold ? 700 : 400}" fill="${ink}">${escaped(run.text)}</text></g>`,
  )
  if (style.underline > 0) {
    parts.push(
      `<rect x="${run.x}" y="${bottom - style.underline}" width="${width}" height="${style.underline}" fill="${ink}"/>`,
    )
  }
  return parts.join('')
}

function barcodeMarkup(element: Extract<PrintedElement, { kind: 'barcode' }>, top: number): string {
  const { x, width, height } = element
  const words = escaped(element.payload.replace(/[^\x20-\x7e]/g, '?'))
  return (
    `<rect x="${x + 1}" y="${top + 1}" width="${width - 2}" height="${height - 2}" fill="none" stroke="#000"/>` +
    `<text x="${x + 10}" y="${top + height / 2 + 6}" font-size="18">${words}</text>`
  )
}

function setDots(picture: PNG, bitmap: Bitmap, left: number, top: number): void {
  for (let y = 0; y < bitmap.height && top + y < picture.height; y++) {
    for (let x = 0; x < bitmap.width && left + x < picture.width; x++) {
      if (bitmap.dots[y * bitmap.width + x] !== 1) continue
      const at = ((top + y) * picture.width + left + x) * 4
      picture.data[at] = picture.data[at + 1] = picture.data[at + 2] = 0
      picture.data[at + 3] = 255
    }
  }
}

/** Draws off the main thread where it can: the reader next door must not feel a receipt being drawn. */
export async function drawSlip(slip: Pick<Slip, 'elements' | 'widthDots'>): Promise<Buffer> {
  const markup: string[] = []
  const dots: { bitmap: Bitmap; x: number; y: number }[] = []
  let top = marginDots
  for (const element of slip.elements) {
    const height = heightOf(element)
    if (top + height > tallestPicture) break
    if (element.kind === 'line') {
      for (const run of element.runs) markup.push(runMarkup(run, top + height))
      for (const graphic of element.graphics) {
        dots.push({ bitmap: graphic.bitmap, x: graphic.x, y: top + height - graphic.bitmap.height })
      }
    } else if (element.kind === 'barcode') {
      markup.push(barcodeMarkup(element, top))
    } else if (element.kind !== 'feed') {
      dots.push({ bitmap: element.bitmap, x: element.x, y: top })
    }
    top += height
  }
  const height = top + marginDots
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${slip.widthDots}" height="${height}"` +
    ` font-family="${fontFamily}"><rect width="100%" height="100%" fill="#fff"/>${markup.join('')}</svg>`
  const image = await renderAsync(svg, { font: { loadSystemFonts: false, fontFiles, defaultFontFamily: fontFamily } })
  const picture = new PNG({ width: image.width, height: image.height })
  picture.data = Buffer.from(image.pixels)
  for (const { bitmap, x, y } of dots) setDots(picture, bitmap, x, y)
  return buffer(picture.pack().pipe(new PassThrough()))
}
