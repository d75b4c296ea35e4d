/**
 * `npm run till -- export | import | reset | new-pin`: what is done with the data folder of a till that does not run
 * (docs/design/13-export.md); `test-page`, which needs none, and `support`, beside a till too (docs/field-tester.md).
 * Exit codes: 0 done; 1 refused, or not everything was accepted; 2 not asked properly, or it could not be done here.
 * What is wrong is one sentence with a code.
 */
import { askedOf, askedWrongly } from './arguments.ts'
import { tillFolderIn } from '../src/terminal/examiner/till-folder.ts'

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

async function asked() {
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
  const looks = named === 'support' ? (await import('./doctor/wanted.ts')).wantedOf(usage, values) : {}
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

/** Each command loads what it needs itself: one that is asked wrongly, or for its usage, nothing. */
async function run(): Promise<number> {
  const { command, looks, to, data, out, file, ledger, key, afterExport, profile, printer } = await asked()
  switch (command) {
    case 'export':
      return (await import('./till/export.ts')).makeExport(data, out)
    case 'import':
      return (await import('./till/import.ts')).importExport({ file, ledgerUrl: ledger, keyFile: key })
    case 'reset':
      return (await import('./till/reset.ts')).resetTill(data, afterExport)
    case 'new-pin':
      return (await import('./till/new-pin.ts')).newPin(data)
    case 'test-page':
      return (await import('./till/test-page.ts')).printTestPage(profile, printer)
    case 'support':
      return (await import('./till/support.ts')).makeSupportBundle(to, looks)
    default:
      return command satisfies never
  }
}

try {
  process.exitCode = await run()
} catch (error) {
  const { explained } = await import('./till/explained.ts')
  const known = explained(error)
  if (known === undefined) throw error
  process.stderr.write(`tolem: ${known.sentence}\n`)
  process.exitCode = known.exitCode
}
