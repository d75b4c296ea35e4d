import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Resvg } from '@resvg/resvg-js'
import { readCoverage } from './font-coverage.ts'
import type { LaidOutLine } from './layout.ts'

/** A picture in the form the encoder takes: RGBA, black on white; both sides multiples of 8. */
export interface Picture {
  readonly data: Uint8ClampedArray
  readonly width: number
  readonly height: number
}

/** A typeface of fixed width that draws lines of text. */
export interface Typeface {
  draws(character: string): boolean
  /** `columns` characters of normal size fill `dots`. */
  draw(lines: readonly LaidOutLine[], columns: number, dots: number): Picture
}

/** Noto Sans Mono: each character is 0.6 em wide (units per em 1000, advance 600). */
const advancePerEm = 0.6
const lineHeight = 32
/** Baseline below the top of a line, as a part of its height: room for Ң and Қ below, Й above. */
const baseline = 0.76

const fontFolder = '@expo-google-fonts/noto-sans-mono'
const fontFiles = ['400Regular/NotoSansMono_400Regular.ttf', '700Bold/NotoSansMono_700Bold.ttf']

/** Dots that a drawn line is high. */
export const lineRows = ({ size }: Pick<LaidOutLine, 'size'>): number => (size === 'double' ? 2 : 1) * lineHeight

/** Loads the typeface (TTF only: resvg draws nothing, silently, from a woff2). */
export function loadTypeface(): Typeface {
  const { resolve } = createRequire(import.meta.url)
  const paths = fontFiles.map((file) => onDisk(resolve(`${fontFolder}/${file}`)))
  const coverages = paths.map((path) => readCoverage(readFileSync(path)))
  return {
    draws: (character) => coverages.every((coverage) => coverage.has(character.codePointAt(0) ?? 0)),
    draw: (lines, columns, dots) => drawLines(lines, columns, dots, paths),
  }
}

/** resvg lets the system open them, which cannot look into Electron's archive: in a package they lie beside it. */
const onDisk = (path: string): string => path.replace(/(?<=[/\\]app\.asar)(?=[/\\])/, '.unpacked')

function drawLines(lines: readonly LaidOutLine[], columns: number, dots: number, paths: string[]): Picture {
  const cell = dots / columns
  let top = 0
  const texts = lines.map((line) => {
    const scale = line.size === 'double' ? 2 : 1
    const height = lineRows(line)
    const y = top + height * baseline
    top += height
    return drawLine(line, cell * scale, y)
  })
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${dots}" height="${top}">
<rect width="100%" height="100%" fill="#fff"/>${texts.join('')}</svg>`
  const font = { loadSystemFonts: false, fontFiles: paths, defaultFontFamily: 'Noto Sans Mono' }
  const image = new Resvg(svg, { font, logLevel: 'off' }).render()
  return { data: new Uint8ClampedArray(image.pixels), width: image.width, height: image.height }
}

/** Each character gets its own place, so that columns stay under each other whatever the shaper thinks. */
function drawLine(line: LaidOutLine, cell: number, y: number): string {
  const size = cell / advancePerEm
  const weight = line.bold ? 700 : 400
  const placed = [...line.text].flatMap((character, index) =>
    character === ' ' ? [] : [{ character, x: index * cell }],
  )
  if (placed.length === 0) return ''
  const places = placed.map(({ x }) => x).join(' ')
  const text = placed.map(({ character }) => `&#${character.codePointAt(0)};`).join('')
  const font = `font-family="Noto Sans Mono" font-size="${size}" font-weight="${weight}"`
  return `<text x="${places}" y="${y}" ${font}>${text}</text>`
}
