/**
 * Takes the pictures of the till's gallery in Debian's Chromium into out/pictures/, and says what an eye would stumble
 * over. Run: `npm run pictures -- [--only WORD] [--language kk] [--size 1024x600] [--theme dark]`, or
 * `npm run pictures -- --accept`, which keeps what they look like now as the baseline of
 * gallery.test.ts.
 */
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { languages } from '../../../src/terminal/contract/index.ts'
import { allPictures } from '../../../src/terminal/ui/gallery/all-pictures.ts'
import { askedOf, askedWrongly } from '../../../tools/arguments.ts'
import { keptPictures, sorted, writeBaseline } from './baseline.ts'
import { digestOf, type Digest } from './digest.ts'
import { faultsOf, weakTextsOf } from './faults.ts'
import { openGallery, sizes, type Theme } from './gallery-window.ts'

const usage = `Use: npm run pictures -- [--only WORD] [--language kk] [--size 1024x600] [--theme dark]
     npm run pictures -- --accept`
const { values: asked } = askedOf(usage, {
  options: {
    accept: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    language: { type: 'string' },
    size: { type: 'string' },
    theme: { type: 'string' },
  },
})
const root = resolve(import.meta.dirname, '..', '..', '..')
const out = join(root, 'out', 'pictures')
/** The band in the middle in the states that the cashier's guides explain (docs/cashier.md). */
const bands = ['tap', 'hold', 'settled', 'pending', 'refused', 'torn', 'unknown']
const themes: readonly Theme[] = ['light', 'dark']
function wanted<One extends string>(all: readonly One[], one: string | undefined): readonly One[] {
  if (one === undefined) return all
  const found = all.filter((candidate) => candidate === one)
  return found.length > 0 ? found : askedWrongly(usage, `There is no ${one}; there are ${all.join(', ')}.`)
}
const [sizesAsked, themesAsked, languagesAsked] = [
  wanted(sizes, asked.size),
  wanted(themes, asked.theme),
  wanted(languages, asked.language),
]
if (!allPictures.some(({ name }) => name.includes(asked.only)))
  askedWrongly(
    usage,
    `No picture has ${asked.only} in its name; there are ${allPictures.map(({ name }) => name).join(', ')}.`,
  )

const gallery = await openGallery()
const found: string[] = []
let taken = 0

async function take(size: (typeof sizes)[number]): Promise<void> {
  const window = await gallery.open(size)
  for (const theme of themesAsked) {
    for (const language of languagesAsked) {
      const kept = { size, theme, language }
      const names = asked.accept
        ? keptPictures(kept)
        : allPictures.map(({ name }) => name).filter((name) => name.includes(asked.only))
      if (names.length === 0) continue
      const target = join(out, `${size}-${theme}-${language}`)
      mkdirSync(target, { recursive: true })
      const digests = new Map<string, Digest>()
      for (const name of names) {
        await window.show({ name, language, theme })
        const picture = await window.page.screenshot({ path: join(target, `${name}.png`) })
        if (asked.accept) digests.set(name, sorted(await digestOf(window.page, picture)))
        taken += 1
        if (size === '1024x600' && theme === 'light' && bands.includes(name))
          await window.page
            .locator('.tap')
            .screenshot({ path: join(root, 'docs', 'pictures', `band-${name}-${language}.png`) })
        const faults = [...(await faultsOf(window.page)), ...(await weakTextsOf(window.page)), ...window.complaints()]
        for (const fault of faults) found.push(`${size} ${theme} ${language} ${name}: ${fault}`)
      }
      if (asked.accept) writeBaseline(kept, digests)
    }
  }
}

try {
  await Promise.all(sizesAsked.map(take))
} finally {
  await gallery.close()
}
process.stdout.write([...found, `${taken} pictures in out/pictures, ${found.length} faults`, ''].join('\n'))
process.exitCode = found.length === 0 ? 0 : 1
