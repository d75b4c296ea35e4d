import type { PrintBlock, TextAlign, TextSize } from './document.ts'

/** One line as wide as the paper or narrower, ready to be written or drawn. */
export interface LaidOutLine {
  readonly text: string
  readonly bold: boolean
  readonly size: TextSize
}

/** Characters of one width each; all that is printed here is (no combining marks survive NFC in our languages). */
const widthOf = (text: string): number => [...text].length

/** The lines of a block that consists of text; the others have none. */
export function layOut(block: PrintBlock, columns: number): LaidOutLine[] {
  switch (block.kind) {
    case 'text':
      return layOutText(block.text, block.align ?? 'left', block.bold ?? false, block.size ?? 'normal', columns)
    case 'row':
      return layOutRow(block.left, block.right, columns).map((text) => ({
        text,
        bold: block.bold ?? false,
        size: 'normal',
      }))
    case 'rule':
      return [{ text: '-'.repeat(columns), bold: false, size: 'normal' }]
    case 'copyMark':
      return layOutText(block.text, 'center', true, 'double', columns)
    case 'feed':
      return Array.from({ length: block.lines }, () => ({ text: '', bold: false, size: 'normal' as const }))
    case 'qr':
    case 'cut':
      return []
  }
}

function layOutText(text: string, align: TextAlign, bold: boolean, size: TextSize, columns: number): LaidOutLine[] {
  const width = size === 'double' ? Math.floor(columns / 2) : columns
  return text
    .split('\n')
    .flatMap((line) => wrap(line, width))
    .map((line) => ({ text: alignLine(line, align, width), bold, size }))
}

function alignLine(line: string, align: TextAlign, width: number): string {
  const free = width - widthOf(line)
  if (align === 'right') return ' '.repeat(free) + line
  if (align === 'center') return ' '.repeat(Math.floor(free / 2)) + line
  return line
}

/** The amount stands at the right edge of the last line of its name, or below it where they do not fit together. */
function layOutRow(left: string, right: string, columns: number): string[] {
  const amounts = wrap(right.replaceAll('\n', ' '), columns)
  const amountWidth = widthOf(amounts[0] ?? '')
  const nameWidth = columns - amountWidth - 1
  // Under a third of the paper a name would be broken into syllables: it then gets the whole width.
  if (amounts.length > 1 || nameWidth < columns / 3) {
    return [
      ...left.split('\n').flatMap((line) => wrap(line, columns)),
      ...amounts.map((amount) => alignLine(amount, 'right', columns)),
    ]
  }
  const names = left.split('\n').flatMap((line) => wrap(line, nameWidth))
  const last = names.pop() ?? ''
  return [...names, last + ' '.repeat(columns - widthOf(last) - amountWidth) + (amounts[0] ?? '')]
}

/** Breaks at spaces, and inside a word only when the word alone is too long. Leading spaces stay (indented lines). */
function wrap(line: string, width: number): string[] {
  const lines: string[] = []
  let rest = [...line.trimEnd()]
  while (rest.length > width) {
    const indent = rest.findIndex((character) => character !== ' ')
    const space = rest.lastIndexOf(' ', width)
    const end = space > indent ? space : width
    lines.push(rest.slice(0, end).join('').trimEnd())
    rest = rest.slice(end)
    while (rest[0] === ' ') rest.shift()
  }
  return [...lines, rest.join('')]
}
