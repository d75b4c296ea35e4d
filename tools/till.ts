/**
 * `npm run till -- export | import | reset | new-pin`: what is done with the data folder of a till that does not run
 * (docs/design/13-export.md); `test-page`, which needs none, and `support`, beside a till too (docs/field-tester.md).
 * Exit codes: 0 done; 1 refused, or not everything was accepted; 2 not asked properly, or it could not be done here.
 * What is wrong is one sentence with a code.
 */
import { FileExistsError } from '../src/sync/export/new-file.ts'
import { ExportFileError } from '../src/sync/export/read-export.ts'
import { DataFolderError } from '../src/sync/journal/data-folder.ts'
import { EnrolmentError } from '../src/terminal/core/identity.ts'
import { NewPinRefused } from '../src/terminal/core/new-pin.ts'
import { ResetRefused } from '../src/terminal/core/reset.ts'
import { askedOf, askedWrongly } from './arguments.ts'
import { wantedOf } from './doctor/wanted.ts'
import { makeExport } from './till/export.ts'
import { tillFolderIn } from './till/folder.ts'
import { ImportError, importExport } from './till/import.ts'
import { newPin } from './till/new-pin.ts'
import { resetTill } from './till/reset.ts'
import { makeSupportBundle } from './till/support.ts'
import { printTestPage, TestPageRefused } from './till/test-page.ts'

const usage = `Use: npm run till -- export --data DIR --out FILE.tolem-export
     npm run till -- import --file FILE.tolem-export --ledger URL --key FILE
     npm run till -- reset --data DIR [--after-export FILE.tolem-export] | new-pin --data DIR | support --to FILE.zip
     npm run till -- test-page --profile ID --printer HOST[:PORT]|/dev/usb/lp0|/dev/ttyUSB0@9600[,none]
DIR: of a till that does not run (for support it may; it takes what doctor takes). --key: private JWK, or role keys.`

const wanted = {
  export: ['data', 'out'],
  import: ['file', 'ledger', 'key'],
  reset: ['data'],
  'new-pin': ['data'],
  'test-page': ['profile', 'printer'],
  support: ['to'],
} as const
type Command = keyof typeof wanted

/** What may be said besides. */
const also: Readonly<Record<Command, readonly string[]>> = {
  export: [],
  import: [],
  reset: ['after-export'],
  'new-pin': [],
  'test-page': [],
  support: ['data', 'settings', 'ledger', 'printer', 'profile'],
}

function asked() {
  const text = { type: 'string' } as const
  const options = {
    data: text,
    out: text,
    file: text,
    ledger: text,
    key: text,
    'after-export': text,
    profile: text,
    printer: text,
    to: text,
    settings: text,
  }
  const { values, positionals } = askedOf(usage, { options, allowPositionals: true })
  const [command, ...more] = positionals
  if (command === undefined || !Object.hasOwn(wanted, command) || more.length > 0)
    return askedWrongly(usage, 'Say export, import, reset, new-pin, test-page or support.')
  const named = command as Command
  const needed: readonly string[] = wanted[named]
  const allowed = [...needed, ...also[named]]
  for (const name of needed) {
    if ((values[name as keyof typeof values] ?? '') === '') return askedWrongly(usage, `${named} needs --${name}.`)
  }
  for (const name of Object.keys(values))
    if (!allowed.includes(name)) return askedWrongly(usage, `${named} takes no --${name}.`)
  const { data = '', out = '', file = '', ledger = '', key = '', 'after-export': afterExport } = values
  const { profile = '', printer = '' } = values
  if (named === 'import' && !URL.canParse(ledger)) return askedWrongly(usage, `--ledger ${ledger} is no address.`)
  const looks = named === 'support' ? wantedOf(usage, values) : {}
  return {
    command: named,
    looks,
    to: values.to ?? '',
    data: tillFolderIn(data),
    out,
    file,
    ledger,
    key,
    afterExport,
    profile,
    printer,
  }
}

function run(): Promise<number> | number {
  const { command, looks, to, data, out, file, ledger, key, afterExport, profile, printer } = asked()
  switch (command) {
    case 'export':
      return makeExport(data, out)
    case 'import':
      return importExport({ file, ledgerUrl: ledger, keyFile: key })
    case 'reset':
      return resetTill(data, afterExport)
    case 'new-pin':
      return newPin(data)
    case 'test-page':
      return printTestPage(profile, printer)
    case 'support':
      return makeSupportBundle(to, looks)
    default:
      return command satisfies never
  }
}

/** One sentence for what this command expects to go wrong; undefined for a broken invariant. */
function explained(error: unknown): { readonly sentence: string; readonly exitCode: number } | undefined {
  if (!(error instanceof Error)) return undefined
  const code = 'code' in error ? String(error.code) : ''
  const isRefusal = [ResetRefused, ExportFileError, FileExistsError, NewPinRefused, TestPageRefused].some(
    (kind) => error instanceof kind,
  )
  const cannot = [DataFolderError, EnrolmentError, ImportError].some((kind) => error instanceof kind)
  const isOfTheSystem = 'syscall' in error
  if (!isRefusal && !cannot && !isOfTheSystem) return undefined
  const sentence = isOfTheSystem ? error.message : `${error.message} (${code})`
  return { sentence, exitCode: isRefusal ? 1 : 2 }
}

try {
  process.exitCode = await run()
} catch (error) {
  const known = explained(error)
  if (known === undefined) throw error
  process.stderr.write(`tolem: ${known.sentence}\n`)
  process.exitCode = known.exitCode
}
