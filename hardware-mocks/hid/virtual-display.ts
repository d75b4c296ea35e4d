/**
 * A customer's display of two rows of twenty places, in the commands of Epson's DM displays (POS-X XP8200
 * manual, p. 12). It shows what real ones show of bytes that they do not know: nothing, or rubbish.
 */
import { characterOf } from '../printer/code-pages.ts'

const columns = 20
const rows = 2
const blank = (): string[] => Array.from({ length: columns * rows }, () => ' ')

type Page = 'cp437' | 'cp858' | 'cp866'
/** `ESC t n` of the DM-D110. */
const slots: ReadonlyMap<number, Page> = new Map([
  [0, 'cp437'],
  [17, 'cp866'],
  [19, 'cp858'],
])

export class VirtualDisplay {
  #places = blank()
  #cursor = 0
  #page: Page = 'cp437'
  /** Of a command whose rest has not come yet. */
  #begun: number[] = []

  /** Both rows, twenty characters each. */
  get rows(): readonly [string, string] {
    const text = this.#places.join('')
    return [text.slice(0, columns), text.slice(columns)]
  }

  switchOff(): void {
    this.#places = blank()
    this.#cursor = 0
    this.#page = 'cp437'
    this.#begun = []
  }

  write(bytes: Uint8Array): void {
    for (const byte of bytes) this.#take(byte)
  }

  #take(byte: number): void {
    const command = [...this.#begun, byte]
    this.#begun = []
    const [first, second] = command
    if (first !== 0x1b && first !== 0x1f) return this.#single(byte)
    const name = second === undefined ? '' : `${first === 0x1b ? 'ESC' : 'US'} ${String.fromCharCode(second)}`
    const wanted = name === '' ? 2 : name === 'US $' ? 4 : name === 'ESC t' ? 3 : 2
    if (command.length < wanted) this.#begun = command
    else if (name === 'ESC @') this.switchOff()
    else if (name === 'ESC t') this.#page = slots.get(byte) ?? this.#page
    else if (name === 'US $') this.#moveTo(command[2] ?? 0, command[3] ?? 0)
  }

  #single(byte: number): void {
    if (byte === 0x0c) this.#places = blank()
    if (byte === 0x0c || byte === 0x0b) this.#cursor = 0
    if (byte < 0x20) return
    this.#places[this.#cursor] = characterOf(this.#page, byte) ?? ' '
    this.#cursor = (this.#cursor + 1) % (columns * rows)
  }

  #moveTo(column: number, row: number): void {
    if (column >= 1 && column <= columns && row >= 1 && row <= rows) this.#cursor = (row - 1) * columns + column - 1
  }
}
