/** The line that is being composed: characters and graphics, side by side, until something prints it. */
import type { Bitmap } from './bitmap.ts'
import { fontSizes } from './paper.ts'
import type { Alignment, PrintedElement, PrintedRun, TextStyle } from './paper.ts'

type Cell =
  | { readonly x: number; readonly advance: number; readonly style: TextStyle; readonly character: string }
  | { readonly x: number; readonly advance: number; readonly bitmap: Bitmap; readonly character: string }

const sameStyle = (one: TextStyle, other: TextStyle): boolean =>
  one.bold === other.bold &&
  one.underline === other.underline &&
  one.font === other.font &&
  one.across === other.across &&
  one.down === other.down &&
  one.reverse === other.reverse

export class LineBuffer {
  #cells: Cell[] = []
  /** Dots from the start of the print area to where the next character goes. */
  position = 0

  get isEmpty(): boolean {
    return this.#cells.length === 0 && this.position === 0
  }

  addCharacter(character: string, style: TextStyle, spacing: number): void {
    const advance = (fontSizes[style.font].width + spacing) * style.across
    this.#cells.push({ x: this.position, advance, style, character })
    this.position += advance
  }

  /** `character` is what stands for the graphic in the text of the line. */
  addGraphic(bitmap: Bitmap, character: string): void {
    this.#cells.push({ x: this.position, advance: bitmap.width, bitmap, character })
    this.position += bitmap.width
  }

  /**
   * Takes the line out of the buffer.
   * @param minimumHeight dots that the paper moves even if the characters are lower
   */
  take(align: Alignment, leftMargin: number, areaWidth: number, minimumHeight: number): PrintedElement {
    const width = Math.max(0, ...this.#cells.map((cell) => cell.x + cell.advance))
    const room = Math.max(0, areaWidth - width)
    const start = leftMargin + (align === 'left' ? 0 : align === 'centre' ? Math.floor(room / 2) : room)
    const heights = this.#cells.map((cell) =>
      'bitmap' in cell ? cell.bitmap.height : fontSizes[cell.style.font].height * cell.style.down,
    )
    const element: PrintedElement = {
      kind: 'line',
      text: this.#text(),
      align,
      height: Math.max(minimumHeight, ...heights),
      runs: this.#runs(start),
      graphics: this.#cells.flatMap((cell) => ('bitmap' in cell ? [{ x: start + cell.x, bitmap: cell.bitmap }] : [])),
    }
    this.clear()
    return element
  }

  clear(): void {
    this.#cells = []
    this.position = 0
  }

  /** A gap made by a tab or a position command reads as spaces. */
  #text(): string {
    let text = ''
    let end = 0
    for (const cell of this.#cells) {
      if (cell.x > end) text += ' '.repeat(Math.max(1, Math.round((cell.x - end) / fontSizes.A.width)))
      text += cell.character
      end = cell.x + cell.advance
    }
    return text
  }

  #runs(start: number): PrintedRun[] {
    const runs: { x: number; text: string; style: TextStyle; advance: number; end: number }[] = []
    for (const cell of this.#cells) {
      if ('bitmap' in cell) continue
      const last = runs.at(-1)
      if (last && last.end === cell.x && last.advance === cell.advance && sameStyle(last.style, cell.style)) {
        last.text += cell.character
        last.end += cell.advance
      } else {
        runs.push({
          x: cell.x,
          text: cell.character,
          style: cell.style,
          advance: cell.advance,
          end: cell.x + cell.advance,
        })
      }
    }
    return runs.map(({ x, text, style, advance }) => ({ x: start + x, text, style, advance }))
  }
}
