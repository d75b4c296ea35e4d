/**
 * `npm run scheme -- explain | lint | try`: for the engineer of an agency's officer, before a scheme is published
 * (docs/schemes.md). Exit codes: 0 done, warnings included; 1 a fault in a scheme or in a file; 2 not asked properly.
 */
import { languages, type Language } from '../src/voucher/identifiers.ts'
import { faultsOf, warningsOf, type Finding } from '../src/voucher/scheme-lint.ts'
import { sentenceOf } from '../src/voucher/scheme-lint-texts.ts'
import { plainText, schemeText } from '../src/voucher/scheme-texts.ts'
import type { Scheme } from '../src/voucher/scheme.ts'
import { schemeHashOf, toJson } from '../src/sync/protocol/canonical.ts'
import { askedOf, askedWrongly } from './arguments.ts'
import { basketIn, FileFault, schemesIn } from './scheme/files.ts'
import { trialText } from './scheme/trial-text.ts'
import { firstOpening, merchantOfMost, tryOut } from './scheme/trial.ts'

const usage = `Use: npm run scheme -- explain FILE [--language kk|ru|en] [--json]
     npm run scheme -- lint FILE [--language kk|ru|en] [--at INSTANT] [--json]
     npm run scheme -- try FILE BASKET [--at INSTANT] [--json]
FILE holds a scheme or a list of them, BASKET what is bought; INSTANT is like 2026-11-23T07:00Z. See docs/schemes.md.`

const takes = {
  explain: { files: 1, options: ['language', 'json'] },
  lint: { files: 1, options: ['language', 'at', 'json'] },
  try: { files: 2, options: ['at', 'json'] },
} as const
type Command = keyof typeof takes

interface Asked {
  readonly command: Command
  readonly file: string
  readonly basket: string
  readonly language: Language | undefined
  readonly at: number | undefined
  readonly json: boolean
}

function asked(): Asked {
  const options = { language: { type: 'string' }, at: { type: 'string' }, json: { type: 'boolean' } } as const
  const { values, positionals } = askedOf(usage, { options, allowPositionals: true })
  const [word = '', file = '', basket = ''] = positionals
  if (!isCommand(word)) return askedWrongly(usage, 'Say explain, lint or try.')
  const { files, options: allowed } = takes[word]
  if (positionals.length !== files + 1)
    return askedWrongly(usage, `${word} takes ${files === 1 ? 'one file' : 'two files, a scheme and a basket'}.`)
  for (const name of Object.keys(values))
    if (!allowed.some((option) => option === name)) return askedWrongly(usage, `${word} takes no --${name}.`)
  const at = values.at === undefined ? undefined : instantOf(values.at)
  return { command: word, file, basket, language: languageOf(values.language), at, json: values.json ?? false }
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
    const told = ({ code, path, values }: Finding) => ({
      code,
      path: pathText(path),
      texts: Object.fromEntries(languages.map((one) => [one, sentenceOf({ code, path, values }, one)])),
    })
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
  const sentence = (kind: string) => (one: Finding) =>
    `${kind} ${one.code} ${pathText(one.path)}\n  ${sentenceOf(one, language)}`
  for (const { scheme, faults, warnings } of linted) {
    const { schemeId, version, hash } = named(scheme)
    print(`${schemeId} version ${version}, SHA-256 ${hash}`)
    for (const line of [...faults.map(sentence('FAULT')), ...warnings.map(sentence('WARNING'))]) print(line)
    print(`${faults.length} faults, ${warnings.length} warnings`)
  }
  return isFaulty ? 1 : 0
}

/** "periods[0].openings[1]" */
function pathText(path: Finding['path']): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${step}`))
    .join('')
}

function tryBasket({ file, basket, at, json }: Asked): number {
  const schemes = schemesIn(file)
  const lines = basketIn(basket)
  const faults = schemes.flatMap((scheme) => faultsOf(scheme).map((fault) => ({ scheme, fault })))
  for (const { scheme, fault } of faults)
    process.stderr.write(`tolem: ${file}: ${scheme.schemeId}: ${pathText(fault.path)}: ${sentenceOf(fault, 'en')}\n`)
  if (faults.length > 0) return 1
  const trial = tryOut(schemes, lines, { at: at ?? firstOpening(schemes), ...merchantOfMost(schemes) })
  const hashes = schemes.map(named)
  if (json) print(toJson({ schemes: hashes, trial }))
  else
    print(
      [
        ...hashes.map(({ schemeId, version, hash }) => `${schemeId} version ${version}, SHA-256 ${hash}`),
        '',
        trialText(trial),
      ].join('\n'),
    )
  return 0
}

const commands: Readonly<Record<Command, (asked: Asked) => number>> = { explain, lint, try: tryBasket }

try {
  const given = asked()
  process.exitCode = commands[given.command](given)
} catch (error) {
  if (!(error instanceof FileFault)) throw error
  process.stderr.write(`${error.message.replace(/^/gm, 'tolem: ')}\n`)
  process.exitCode = 1
}
