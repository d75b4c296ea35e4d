/**
 * The accepted digests, one file for each size, theme and language. A picture is kept as what is other than on the
 * first one of its kind in its file (`+`) and what is not there (`-`), so that a change shows up in a review as
 * the few lines it is.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { allPictures } from '../../../src/terminal/ui/gallery/all-pictures.ts'
import type { Language } from '../../../src/terminal/contract/index.ts'
import { byWhat, whatOf, type Digest } from './digest.ts'
import type { Size, Theme } from './gallery-window.ts'

const folder = join(import.meta.dirname, 'baseline')

/** What a cashier sees most, and what must not be misread. */
const important: readonly string[] = [
  ...['idle-basket', 'tap', 'hold', 'settled', 'settled-rest', 'pending', 'refused', 'torn', 'unknown'],
  ...['unresolved', 'sheet-recent', 'question-unknown', 'bench-cards', 'bench-console-risk'],
]

export interface Kept {
  readonly size: Size
  readonly theme: Theme
  readonly language: Language
}

/** The pictures that have a baseline: all where room is shortest, the important ones elsewhere. */
export function keptPictures({ size, theme, language }: Kept): readonly string[] {
  const everything = theme === 'light' && language === 'kk' && size === '1024x600'
  if (theme === 'dark' && (language !== 'kk' || size !== '1024x600')) return []
  const names = allPictures.map(({ name }) => name)
  const first = 'idle-basket'
  return [first, ...names.filter((name) => name !== first && (everything || important.includes(name)))]
}

const fileOf = ({ size, theme, language }: Kept): string => join(folder, `${size}-${theme}-${language}.txt`)

/** The till, or one panel of the test bench: pictures of a kind have most in common. */
const kindOf = (name: string): string => /^bench-\w+/.exec(name)?.[0] ?? 'till'

export function readBaseline(kept: Kept): ReadonlyMap<string, Digest> {
  const file = fileOf(kept)
  const digests = new Map<string, Digest>()
  if (!existsSync(file)) return digests
  const firsts = new Map<string, ReadonlyMap<string, string>>()
  for (const part of readFileSync(file, 'utf8').split('\n= ').slice(1)) {
    const [name = '', ...lines] = part.split('\n').filter((line) => line !== '')
    const added = lines.flatMap((line): readonly [string, string][] => {
      const [, again = '', own] = /^\+(\d*) (.*)$/.exec(line) ?? []
      if (own === undefined) return []
      return [[again === '' ? whatOf(own) : `${whatOf(own)} (${again})`, own]]
    })
    const gone = new Set(lines.filter((line) => line.startsWith('- ')).map((line) => line.slice(2)))
    const digest = new Map([...(firsts.get(kindOf(name)) ?? []), ...added])
    for (const what of gone) digest.delete(what)
    if (!firsts.has(kindOf(name))) firsts.set(kindOf(name), digest)
    digests.set(name, sorted([...digest.values()]))
  }
  return digests
}

export function writeBaseline(kept: Kept, digests: ReadonlyMap<string, Digest>): void {
  let text = `Accepted by \`npm run pictures -- --accept\`: ${kept.size}, ${kept.theme}, ${kept.language}\n`
  const firsts = new Map<string, ReadonlyMap<string, string>>()
  for (const [name, digest] of digests) {
    const lines = byWhat(digest)
    const first = firsts.get(kindOf(name)) ?? new Map<string, string>()
    const gone = [...first.keys()].filter((what) => !lines.has(what))
    const added = [...lines].filter(([what, line]) => first.get(what) !== line)
    // Of things that are called the same, the second is `+2`.
    const again = (what: string, line: string): string => / \((\d+)\)$/.exec(what.slice(whatOf(line).length))?.[1] ?? ''
    const differing = added.map(([what, line]) => `+${again(what, line)} ${line}`)
    text += [`\n= ${name}`, ...gone.map((what) => `- ${what}`), ...differing, ''].join('\n')
    if (!firsts.has(kindOf(name))) firsts.set(kindOf(name), lines)
  }
  mkdirSync(folder, { recursive: true })
  writeFileSync(fileOf(kept), text)
}

/** By what is seen, then by place from top to bottom: the same things are compared with each other. */
export function sorted(digest: readonly string[]): Digest {
  const field = (line: string): number => (line.startsWith('field ') ? Number(line.split(' ')[1]) : -1)
  const what = (line: string): string => line.slice(line.indexOf(' | '))
  const place = (line: string): readonly number[] => line.split(' ').map(Number)
  return digest.toSorted((one, other) => {
    if (field(one) !== field(other)) return field(one) - field(other)
    if (what(one) !== what(other)) return what(one) < what(other) ? -1 : 1
    return (place(one)[1] ?? 0) - (place(other)[1] ?? 0) || (place(one)[0] ?? 0) - (place(other)[0] ?? 0)
  })
}
