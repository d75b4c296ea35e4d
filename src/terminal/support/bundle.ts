/**
 * The support bundle: what an engineer far away needs of a till, in one ZIP that may be sent by post or chat. It names
 * what goes in, one by one, and takes nothing over whole: nobody's pseudonym, card, name, key, receipt, PIN, token,
 * code or basket is among it, which test/integration/support proves by searching its bytes.
 */
import { zipSync } from 'fflate'
import type { JournalFigures } from '../../sync/journal/journal-figures.ts'
import type { Language } from '../../voucher/identifiers.ts'
import type { Finding } from '../doctor/finding.ts'
import { jsonLines, readable } from '../doctor/report.ts'

export interface BundleParts {
  readonly madeAt: number
  /** What the doctor found: machine, ledger, readers, printer. */
  readonly findings: readonly Finding[]
  readonly language: Language
  readonly terminalId: string | null
  readonly versions: Readonly<Record<string, string | number | null>>
  readonly settings: BundledSettings
  /** Null where there is no journal; `fault` where it cannot be read: the code says why. */
  readonly journal: JournalFigures | { readonly fault: string } | null
  /** Texts that name the person at this machine (folders, the user), each with what is said instead. */
  readonly instead: readonly (readonly [text: string, instead: string])[]
}

/** Of a till's settings, the ones that name nobody. */
export interface BundledSettings {
  readonly file: string
  readonly ledgerUrl: string | null
  readonly reader: string
  /** How it is connected and what it is told to be, as the settings have it. */
  readonly printer: Readonly<Record<string, string | number>> | null
}

/** ZIP keeps no earlier one (PKWARE's APPNOTE, 4.4.6). */
const earliestZipTime = Date.UTC(1980, 0, 2)
const latestZipTime = Date.UTC(2099, 11, 30)

const readme = `Tolem support bundle

doctor.txt     what was found on the machine, for a person
doctor.jsonl   the same, one line of JSON for each check
versions.json  of the till, its tables, its package, its runtime
settings.json  how it is set up, without secrets
journal.json   counts, states, ages and the heads of the journal's chain; no row of it

No card, holder, cashier, sale, key or code is in it: src/terminal/support/bundle.ts names what goes in.
`

/** The bytes of the ZIP. */
export function supportBundle(parts: BundleParts): Uint8Array {
  const { madeAt, language, terminalId, versions, journal } = parts
  const instead = [...parts.instead, ...peopleIn([parts.settings, ...parts.findings.map(({ seen }) => seen)])]
  const findings = parts.findings.map((finding) => withoutPeople(finding, instead))
  const settings = withoutNames(
    { ...parts.settings, ledgerUrl: parts.settings.ledgerUrl === null ? null : bareAddress(parts.settings.ledgerUrl) },
    instead,
  )
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
  const files = {
    'README.txt': readme,
    'doctor.txt': readable(findings, language),
    'doctor.jsonl': jsonLines(findings, 'en'),
    'versions.json': json({ madeAt, terminalId, ...versions, package: packageIn(journal) }),
    'settings.json': json(settings),
    'journal.json': json(journal),
  }
  const encoded = Object.entries(files).map(([name, text]) => [name, new TextEncoder().encode(text)] as const)
  const mtime = Math.min(Math.max(madeAt, earliestZipTime), latestZipTime)
  return zipSync(Object.fromEntries(encoded), { mtime })
}

const packageIn = (journal: BundleParts['journal']): JournalFigures['package'] =>
  journal !== null && 'package' in journal ? journal.package : null

/** Of an address what says where: credentials, queries and pieces of a path may be somebody's secret. */
export const bareAddress = (url: string): string => (URL.canParse(url) ? new URL(url).origin : '(no address)')

/** Of these accounts, the ones that may be somebody's name, each with what is said instead. Root is nobody's. */
export const namesOfPeople = (accounts: Iterable<string | undefined>): BundleParts['instead'] =>
  [...new Set(accounts)].flatMap((name) => (name === undefined || name === 'root' ? [] : [[name, 'USER'] as const]))

/** Whoever runs this, as root too, looks at folders of others: whose home it is, and whose the data folder. */
function peopleIn(value: unknown): BundleParts['instead'] {
  const owners: string[] = []
  const look = (each: unknown, key = ''): void => {
    if (typeof each === 'string') {
      owners.push(...[...each.matchAll(homes)].map((match) => match[1] ?? ''))
      // Of a folder; of a device it is `owner:group`, and no person’s.
      if (key === 'owner' && !each.includes(':')) owners.push(each)
    } else if (typeof each === 'object' && each !== null) {
      for (const [name, inner] of Object.entries(each)) look(inner, name)
    }
  }
  look(value)
  return namesOfPeople(owners)
}

/** The folders of people on Linux, macOS and Windows. */
const homes = /(?:\/home\/|\/Users\/|[A-Z]:\\Users\\)([^/\\,:"]+)/gi

/** udev and PC/SC put a device's serial number into its name: `/dev/serial/by-id/…`, `Reader (SERIAL) 00 00`. */
const withoutSerials = (text: string): string =>
  text.replace(/(\/by-id\/)[^/\s,]+/g, '$1(left out)').replace(/\([^()]+\)(?= \d\d \d\d\b)/g, '(left out)')

/** What a broken check said may be anything, a piece of a file too. */
function withoutPeople(finding: Finding, instead: BundleParts['instead']): Finding {
  const seen = finding.code === 'check-broken' ? { why: '(left out)' } : finding.seen
  return {
    ...finding,
    seen: withoutNames('url' in seen ? { ...seen, url: bareAddress(seen['url'] ?? '') } : seen, instead),
  }
}

function withoutNames<Value>(value: Value, instead: BundleParts['instead']): Value {
  if (typeof value === 'string')
    return withoutSerials(instead.reduce<string>((text, [name, other]) => replaced(text, name, other), value)) as Value
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutNames(each, instead)])) as Value
}

/** Whole words only: a user called `till` takes no letters out of others. */
function replaced(text: string, name: string, other: string): string {
  if (name === '') return text
  const pattern = name.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  return text.replace(new RegExp(String.raw`(?<![\p{L}\p{N}_])${pattern}(?![\p{L}\p{N}_])`, 'gu'), other)
}
