/** What the look promises in numbers: contrast of every colour pair, letters in every weight, one file of tokens. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { readCoverage } from '../../../src/drivers/printer/font-coverage.ts'
import { languages } from '../../../src/terminal/contract/index.ts'
import { flatTexts } from '../../../src/terminal/ui/texts/index.ts'
import { tapSounds } from '../../../src/terminal/ui/sound/tap-sounds.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const look = join(root, 'src/terminal/ui/look')
const read = (file: string): string => readFileSync(join(look, file), 'utf8')

/** The tokens of one theme: the dark one only changes what it names. */
function tokensOf(theme: 'light' | 'dark'): ReadonlyMap<string, string> {
  const [light = '', dark = ''] = read('tokens.css').split("[data-theme='dark']")
  const declared = (css: string): [string, string][] =>
    [...css.matchAll(/--([\w-]+):\s*([^;]+);/g)].map((match) => [match[1] ?? '', match[2] ?? ''])
  return new Map([...declared(light), ...(theme === 'dark' ? declared(dark.split('@media')[0] ?? '') : [])])
}

/** WCAG 2.2, "contrast ratio", of two colours written as #rrggbb. */
function contrast(one: string, other: string): number {
  const luminance = (colour: string): number => {
    const parts = /^#(..)(..)(..)$/.exec(colour)
    if (parts === null) throw new Error(`not a colour: ${colour}`)
    const [red = 0, green = 0, blue = 0] = parts.slice(1).map((hex) => {
      const part = Number.parseInt(hex, 16) / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (lighter + 0.05) / (darker + 0.05)
}

describe.each(['light', 'dark'] as const)('the %s theme', (theme) => {
  const tokens = tokensOf(theme)
  const between = (one: string, other: string): number => contrast(tokens.get(one) ?? '', tokens.get(other) ?? '')

  test.each(Object.keys(tapSounds))('gives the result "%s" a contrast of 7:1', (face) => {
    expect(between(`tap-${face}-ink`, `tap-${face}-ground`)).toBeGreaterThanOrEqual(7)
  })

  test.each([
    ['ink', 'surface'],
    ['ink', 'ground'],
    ['ink', 'accent-ground'],
    ['accent-ink', 'accent'],
    ['band-ink', 'band-ground'],
  ])('gives amounts in %s on %s a contrast of 7:1', (ink, ground) => {
    expect(between(ink, ground)).toBeGreaterThanOrEqual(7)
  })

  test.each([
    ['ink-quiet', 'surface'],
    ['ink-quiet', 'ground'],
    ['ink-quiet', 'surface-raised'],
    ['ok', 'surface'],
    ['limited', 'surface'],
    ['off', 'surface'],
  ])('gives words in %s on %s a contrast of 4.5:1', (ink, ground) => {
    expect(between(ink, ground)).toBeGreaterThanOrEqual(4.5)
  })

  test('gives each face of the tap area a ground of its own', () => {
    const grounds = Object.keys(tapSounds).map((face) => tokens.get(`tap-${face}-ground`))
    expect(new Set(grounds).size).toBe(grounds.length)
  })
})

test('colours are named in one file only', () => {
  const colour = /#[0-9a-f]{3,8}\b|rgba?\(|hsl\(/i
  expect(readdirSync(look).filter((file) => colour.test(read(file)))).toEqual(['tokens.css'])
})

test('every weight has every letter that the till shows', () => {
  const shown = new Set([
    ...languages.flatMap((language) => Object.values(flatTexts(language)).flatMap((text) => [...text])),
    ...'ӘәҒғҚқҢңӨөҰұҮүҺһІі₸×−·№0123456789,+\u202F\u00A0',
  ])
  const files = [...read('fonts.css').matchAll(/url\('([^']+)'\)/g)].map((match) => match[1] ?? '')
  expect(files).toHaveLength(3)
  for (const file of files) {
    const coverage = readCoverage(readFileSync(join(root, 'node_modules', file)))
    expect([...shown].filter((character) => !coverage.has(character.codePointAt(0) ?? 0))).toEqual([])
  }
})

test('every face sounds different', () => {
  const sounds = Object.values(tapSounds).map((notes) => JSON.stringify(notes))
  expect(new Set(sounds).size).toBe(sounds.length)
  const results = ['settled', 'pending', 'refused', 'torn', 'unknown'] as const
  expect(results.filter((face) => tapSounds[face].length < 2)).toEqual([])
})
