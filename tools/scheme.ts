/**
 * `npm run scheme -- explain | lint | try | compile`: for the engineer of an agency's officer, before a scheme is
 * published (docs/schemes.md). Exit codes: 0 done, warnings included; 1 a fault in a scheme or in a file; 2 not asked
 * properly.
 */
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { compileProgramme } from '../src/voucher/calendar-compile.ts'
import { languages, type Language } from '../src/voucher/identifiers.ts'
import type { Finding } from '../src/voucher/scheme-findings.ts'
import { faultsOf, warningsOf } from '../src/voucher/scheme-lint.ts'
import { sentenceOf } from '../src/voucher/scheme-lint-texts.ts'
import { offsetText, plainText, schemeText } from '../src/voucher/scheme-texts.ts'
import { schemeSchema, type Scheme } from '../src/voucher/scheme.ts'
import { schemeHashOf, toJson } from '../src/sync/protocol/canonical.ts'
import { askedOf, askedWrongly } from './arguments.ts'
import { basketIn, FileFault, programmeIn, schemesIn } from './scheme/files.ts'
import { clocksOf } from './scheme/time-zone.ts'
import { trialText } from './scheme/trial-text.ts'
import { firstOpening, merchantOfMost, tryOut } from './scheme/trial.ts'

const usage = `Use: npm run scheme -- explain FILE [--language kk|ru|en] [--json]
     npm run scheme -- lint FILE [--language kk|ru|en] [--at INSTANT] [--json]
     npm run scheme -- try FILE BASKET [--language kk|ru|en] [--at INSTANT] [--json]
     npm run scheme -- compile PROGRAMME [--out FILE] [--language kk|ru|en] [--json]
FILE: a scheme or a list. PROGRAMME: one with a calendar. INSTANT: like 2026-11-23T07:00Z. See docs/schemes.md.`

const takes = {
  explain: { files: 1, options: ['language', 'json'] },
  lint: { files: 1, options: ['language', 'at', 'json'] },
  try: { files: 2, options: ['language', 'at', 'json'] },
  compile: { files: 1, options: ['out', 'language', 'json'] },
} as const
type Command = keyof typeof takes

interface Asked {
  readonly command: Command
  readonly file: string
  readonly basket: string
  readonly language: Language | undefined
  readonly at: number | undefined
  readonly out: string | undefined
  readonly json: boolean
}

function asked(): Asked {
  const text = { type: 'string' } as const
  const options = { language: text, at: text, out: text, json: { type: 'boolean' } } as const
  const { values, positionals } = askedOf(usage, { options, allowPositionals: true })
  const [word = '', file = '', basket = ''] = positionals
  if (!isCommand(word)) return askedWrongly(usage, 'Say explain, lint, try or compile.')
  const { files, options: allowed } = takes[word]
  if (positionals.length !== files + 1)
    return askedWrongly(usage, `${word} takes ${files === 1 ? 'one file' : 'two files, a scheme and a basket'}.`)
  for (const name of Object.keys(values))
    if (!allowed.some((option) => option === name)) return askedWrongly(usage, `${word} takes no --${name}.`)
  const at = values.at === undefined ? undefined : instantOf(values.at)
  const { out, json = false } = values
  if (out !== undefined && resolve(out) === resolve(file))
    return askedWrongly(usage, '--out is another file than the programme, which would be lost.')
  return { command: word, file, basket, language: languageOf(values.language), at, out, json }
}

function isCommand(word: string): word is Command {
  return Object.hasOwn(takes, word)
}

function languageOf(given: string | undefined): Language | undefined {
  const language = languages.find((one) => one === given)
  if (given !== undefined && language === undefined)
    return askedWrongly(usage, `--language is one of ${languages.join(', ')}.`)
  return language
}

/** Milliseconds since 1970, or a date and time that says its zone: no host's own zone is ever meant. */
function instantOf(given: string): number {
  if (/^\d{1,15}$/.test(given)) return Number(given)
  const instant = /T.*(Z|[+-]\d\d:\d\d)$/.test(given) ? Date.parse(given) : Number.NaN
  return Number.isNaN(instant) ? askedWrongly(usage, '--at is an instant with its zone.') : instant
}

const print = (text: string): void => void process.stdout.write(`${text}\n`)

/** What stands before anything about one scheme. */
const named = (scheme: Scheme) => ({
  schemeId: scheme.schemeId,
  version: scheme.version,
  hash: schemeHashOf(scheme),
})

function explain({ file, language, json }: Asked): number {
  const wanted = language === undefined ? languages : [language]
  const explained = schemesIn(file).map((scheme) => ({
    ...named(scheme),
    texts: wanted.map((one) => ({ language: one, text: schemeText(scheme, one) })),
  }))
  if (json)
    print(
      toJson(
        explained.map(({ texts, ...scheme }) => ({
          ...scheme,
          texts: Object.fromEntries(texts.map((one) => [one.language, one.text])),
        })),
      ),
    )
  else
    for (const { hash, texts } of explained)
      print([...texts.map(({ text }) => plainText(text)), `SHA-256 ${hash}`].join('\n\n') + '\n')
  return 0
}

function lint({ file, language = 'en', at = Date.now(), json }: Asked): number {
  const linted = schemesIn(file).map((scheme) => ({
    scheme,
    faults: faultsOf(scheme),
    warnings: warningsOf(scheme, at),
  }))
  const isFaulty = linted.some(({ faults }) => faults.length > 0)
  if (json) {
    print(
      toJson(
        linted.map(({ scheme, faults, warnings }) => ({
          ...named(scheme),
          faults: faults.map(told),
          warnings: warnings.map(told),
        })),
      ),
    )
    return isFaulty ? 1 : 0
  }
  const sentence = (kind: string) => (one: AnyFinding) => findingText(kind, one, language)
  for (const { scheme, faults, warnings } of linted) {
    const { schemeId, version, hash } = named(scheme)
    print(`${schemeId} version ${version}, SHA-256 ${hash}`)
    for (const line of [...faults.map(sentence('FAULT')), ...warnings.map(sentence('WARNING'))]) print(line)
    print(`${faults.length} faults, ${warnings.length} warnings`)
  }
  return isFaulty ? 1 : 0
}

type AnyFinding = Parameters<typeof sentenceOf>[0]

/** A finding for programs. */
function told(one: AnyFinding) {
  const texts = Object.fromEntries(languages.map((language) => [language, sentenceOf(one, language)]))
  return { code: one.code, path: pathText(one.path), texts }
}

function findingText(kind: string, one: AnyFinding, language: Language): string {
  return `${kind} ${one.code} ${pathText(one.path)}\n  ${sentenceOf(one, language)}`
}

/** "periods[0].openings[1]" */
function pathText(path: Finding['path']): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${step}`))
    .join('')
}

function tryBasket({ file, basket, language = 'en', at, json }: Asked): number {
  const schemes = schemesIn(file)
  const lines = basketIn(basket)
  const faults = schemes.flatMap((scheme) => faultsOf(scheme).map((fault) => ({ scheme, fault })))
  for (const { scheme, fault } of faults)
    process.stderr.write(
      `tolem: ${file}: ${scheme.schemeId}: ${pathText(fault.path)}: ${sentenceOf(fault, language)}\n`,
    )
  if (faults.length > 0) return 1
  const trial = tryOut(schemes, lines, { at: at ?? firstOpening(schemes), ...merchantOfMost(schemes) })
  const hashes = schemes.map(named)
  if (json) print(toJson({ schemes: hashes, trial }))
  else
    print(
      [
        ...hashes.map(({ schemeId, version, hash }) => `${schemeId} version ${version}, SHA-256 ${hash}`),
        '',
        trialText(trial, language),
      ].join('\n'),
    )
  return 0
}

function compile({ file, out, language = 'en', json }: Asked): number {
  const programme = programmeIn(file)
  const compiled = compileProgramme(programme, clocksOf(programme.calendar.timeZone))
  const scheme = 'scheme' in compiled ? compiled.scheme : undefined
  const faults = 'faults' in compiled ? compiled.faults : faultsOf(compiled.scheme)
  const { schemeId, version } = programme
  if (scheme === undefined || faults.length > 0) {
    if (json) print(toJson({ schemeId, version, faults: faults.map(told) }))
    else for (const fault of faults) process.stderr.write(`${findingText('FAULT', fault, language)}\n`)
    return 1
  }
  const { hash } = named(scheme)
  const written = `${JSON.stringify(z.encode(schemeSchema, scheme), null, 2)}\n`
  if (out !== undefined) writeOut(out, written)
  if (json) print(toJson({ schemeId, version, hash, faults: [], scheme: z.encode(schemeSchema, scheme) }))
  else {
    // Without a file the scheme itself goes where a program may read it.
    if (out === undefined) process.stdout.write(written)
    const report = `${compiledText(scheme)}\n${schemeId} version ${version}, SHA-256 ${hash}\n`
    ;(out === undefined ? process.stderr : process.stdout).write(report)
  }
  return 0
}

function writeOut(file: string, content: string): void {
  try {
    writeFileSync(file, content)
  } catch (error) {
    throw new FileFault(`${file} cannot be written: ${error instanceof Error ? error.message : String(error)}.`)
  }
}

/** What became of the calendar, in a line or two. */
function compiledText({ periods, localTime }: Scheme): string {
  const [first, last] = [periods[0], periods.at(-1)]
  const count = periods.length === 1 ? '1 period' : `${periods.length} periods`
  const offsets = (localTime?.offsets ?? []).map(({ from, utcOffsetMinutes }, index) =>
    index === 0 ? offsetText(utcOffsetMinutes) : `${offsetText(utcOffsetMinutes)} from ${new Date(from).toISOString()}`,
  )
  const days = `${count}, from ${first?.periodId} to ${last?.periodId}`
  return `${days}; ${localTime?.timeZone} is ${offsets.join(', ')}`
}

const commands: Readonly<Record<Command, (asked: Asked) => number>> = {
  explain,
  lint,
  try: tryBasket,
  compile,
}

try {
  const given = asked()
  process.exitCode = commands[given.command](given)
} catch (error) {
  if (!(error instanceof FileFault)) throw error
  process.stderr.write(`${error.message.replace(/^/gm, 'tolem: ')}\n`)
  process.exitCode = 1
}
