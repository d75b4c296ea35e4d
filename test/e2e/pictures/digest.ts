/**
 * What a picture of the till looks like, in lines of text that can be kept, read and compared
 * (docs/adr/0017-pictures-are-compared-as-text.md): every text, button and shape with its place, size and colours, and
 * the average colour of every field of 32 × 32 px, for what no element explains.
 */
import { PNG } from 'pngjs'
import type { Page } from 'playwright'

/** Lines `x y width height | what | look`, and `field ROW COLUMNS`, three hexadecimal digits for each field. */
export type Digest = readonly string[]

/** Other versions of Chromium round letters differently by a pixel or two; a cashier's eye sees neither. */
const movedPx = 2
const fieldPx = 32
/** Steps of a colour channel, of 16: edges of letters change a field's average by less than one. */
const fieldSteps = 1

export async function digestOf(page: Page, picture: Buffer): Promise<Digest> {
  return [...(await elementsOf(page)), ...fieldsOf(PNG.sync.read(picture))]
}

function elementsOf(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const hex = (colour: string): string => {
      const [red = 0, green = 0, blue = 0, alpha = 1] = (colour.match(/[\d.]+/g) ?? []).map(Number)
      if (alpha === 0) return 'clear'
      const solid = `#${[red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')}`
      return alpha === 1 ? solid : `${solid}/${alpha}`
    }
    /** What makes an element that stands in its place weaker or unseen; its parents' opacity counts too. */
    const seenAs = (element: Element): string => {
      let opacity = 1
      for (let one: Element | null = element; one !== null; one = one.parentElement)
        opacity *= Number(getComputedStyle(one).opacity)
      const { visibility } = getComputedStyle(element)
      const seeThrough = opacity === 1 ? '' : ` opacity ${opacity.toFixed(2)}`
      return `${visibility === 'visible' ? '' : ` ${visibility}`}${seeThrough}`
    }
    /** Of a whole drawing, FNV-1a: short, and another one when any point of it moves. */
    const hashOf = (text: string): string => {
      let hash = 0x811c9dc5
      for (const letter of text) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0
      return hash.toString(16).padStart(8, '0')
    }
    const lines: string[] = []
    for (const element of document.querySelectorAll('#root *, .veil, .veil *')) {
      const box = element.getBoundingClientRect()
      if (box.width === 0 || box.height === 0) continue
      const style = getComputedStyle(element)
      const place = [box.x, box.y, box.width, box.height].map(Math.round).join(' ')
      const kind = element.getAttribute('class')?.split(' ')[0] ?? element.tagName.toLowerCase()
      const texts = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent ?? '')
      // A line of the digest is one line, whatever was typed.
      const own = texts.join(' ').trim().replaceAll('\n', ' ')
      if (own !== '') {
        const letters = `${Math.round(Number.parseFloat(style.fontSize))}px ${style.fontWeight} ${hex(style.color)}`
        lines.push(`${place} | ${kind} "${own}" | ${letters}${seenAs(element)}`)
      }
      if (element.tagName.toLowerCase() === 'svg') {
        const drawn = [...element.querySelectorAll('path, rect, circle')]
          .map((part) => part.getAttribute('d') ?? [...part.attributes].map((one) => one.value).join(','))
          .join(' ')
        const colours = `${hex(style.stroke)} ${hex(style.fill)}`
        lines.push(`${place} | ${kind} drawn ${hashOf(drawn)} | ${colours}${seenAs(element)}`)
        continue
      }
      const ground = hex(style.backgroundColor)
      const edges = ['Top', 'Right', 'Bottom', 'Left'].map((side) => {
        const width = style.getPropertyValue(`border-${side.toLowerCase()}-width`)
        return width === '0px' ? '0' : `${width} ${hex(style.getPropertyValue(`border-${side.toLowerCase()}-color`))}`
      })
      const edge = new Set(edges).size === 1 ? (edges[0] ?? '0') : edges.join(', ')
      if (ground === 'clear' && edge === '0') continue
      // What a box is called by: its words, so that two buttons are never taken for each other.
      const called = /^(BUTTON|INPUT)$/.test(element.tagName) ? ` "${element.textContent ?? ''}"` : ''
      lines.push(`${place} | ${kind}${called} box | ${ground} ${edge}${seenAs(element)}`)
    }
    return lines
  })
}

function fieldsOf({ width, height, data }: PNG): readonly string[] {
  const columns = Math.ceil(width / fieldPx)
  const rows: string[] = []
  for (let top = 0; top < height; top += fieldPx) {
    const bottom = Math.min(top + fieldPx, height)
    // Red, green and blue of each field of this row, from left to right.
    const sums = new Uint32Array(columns * 3)
    for (let at = top * width * 4, y = top; y < bottom; y += 1) {
      for (let x = 0; x < width; x += 1, at += 4) {
        const field = Math.floor(x / fieldPx) * 3
        for (let channel = 0; channel < 3; channel += 1) sums[field + channel]! += data[at + channel]!
      }
    }
    const averages = Array.from(sums, (sum, index) => {
      const across = Math.min(fieldPx, width - Math.floor(index / 3) * fieldPx)
      return Math.round(sum / (across * (bottom - top)) / 17).toString(16)
    })
    rows.push(`field ${top / fieldPx} ${averages.join('')}`)
  }
  return rows
}

export interface Place {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface Difference {
  readonly what: string
  readonly where: Place
}

interface Seen {
  readonly what: string
  readonly look: string
  readonly place: Place
}

/** What a line speaks of. */
export function whatOf(line: string): string {
  if (line.startsWith('field ')) return line.split(' ', 2).join(' ')
  return line.slice(line.indexOf(' | ') + 3, line.lastIndexOf(' | '))
}

/** The lines by what they speak of; of things that are called the same, the second is `... (2)`. */
export function byWhat(digest: Digest): ReadonlyMap<string, string> {
  const lines = new Map<string, string>()
  for (const line of digest) {
    const what = whatOf(line)
    let key = what
    for (let again = 2; lines.has(key); again += 1) key = `${what} (${again})`
    lines.set(key, line)
  }
  return lines
}

function seenIn(digest: Digest): ReadonlyMap<string, Seen> {
  const seen = new Map<string, Seen>()
  for (const [what, line] of byWhat(digest)) {
    if (line.startsWith('field ')) continue
    const [x = 0, y = 0, width = 0, height = 0] = line.split(' ', 4).map(Number)
    seen.set(what, { what, look: line.slice(line.lastIndexOf(' | ') + 3), place: { x, y, width, height } })
  }
  return seen
}

/** What has changed from one digest to another, in words; nothing when a cashier would see the same. */
export function differencesBetween(before: Digest, after: Digest): readonly Difference[] {
  const [was, is] = [seenIn(before), seenIn(after)]
  const found: Difference[] = []
  for (const [key, old] of was) {
    const now = is.get(key)
    if (now === undefined) {
      found.push({ what: `${old.what} is missing`, where: old.place })
      continue
    }
    const [across, down] = [now.place.x - old.place.x, now.place.y - old.place.y]
    const [wider, taller] = [now.place.width - old.place.width, now.place.height - old.place.height]
    if (Math.abs(across) > movedPx || Math.abs(down) > movedPx)
      found.push({ what: `${now.what} moved by ${across} px across and ${down} px down`, where: now.place })
    if (Math.abs(wider) > movedPx || Math.abs(taller) > movedPx)
      found.push({ what: `${now.what} is ${wider} px wider and ${taller} px taller`, where: now.place })
    if (now.look !== old.look) found.push({ what: `${now.what} was ${old.look}, is ${now.look}`, where: now.place })
  }
  for (const [key, now] of is) if (!was.has(key)) found.push({ what: `${now.what} is new`, where: now.place })
  return [...found, ...fieldsBetween(before, after)]
}

function fieldsBetween(before: Digest, after: Digest): readonly Difference[] {
  const rowsIn = (digest: Digest): readonly string[] =>
    digest.filter((line) => line.startsWith('field ')).map((line) => line.split(' ')[2] ?? '')
  const now = rowsIn(after)
  return rowsIn(before).flatMap((row, rowNumber) =>
    Array.from({ length: row.length / 3 }, (_, column): readonly Difference[] => {
      const part = (text: string, channel: number): number => Number.parseInt(text[column * 3 + channel] ?? '0', 16)
      const apart = [0, 1, 2].map((channel) => Math.abs(part(row, channel) - part(now[rowNumber] ?? '', channel)))
      if (Math.max(...apart) <= fieldSteps) return []
      const where = { x: column * fieldPx, y: rowNumber * fieldPx, width: fieldPx, height: fieldPx }
      return [{ what: `the picture around ${where.x},${where.y} has other colours`, where }]
    }).flat(),
  )
}

/** The picture with a red frame round everything that has changed. */
export function marked(picture: Buffer, differences: readonly Difference[]): Buffer {
  const png = PNG.sync.read(picture)
  const paint = (x: number, y: number): void => {
    if (x < 0 || y < 0 || x >= png.width || y >= png.height) return
    png.data.set([255, 0, 0, 255], (y * png.width + x) * 4)
  }
  for (const { where } of differences) {
    for (const inset of [0, 1, 2]) {
      const [left, top] = [where.x + inset, where.y + inset]
      const [right, bottom] = [where.x + where.width - 1 - inset, where.y + where.height - 1 - inset]
      for (let x = left; x <= right; x += 1) for (const y of [top, bottom]) paint(x, y)
      for (let y = top; y <= bottom; y += 1) for (const x of [left, right]) paint(x, y)
    }
  }
  return PNG.sync.write(png)
}
