/**
 * `npm run mocks -- --data DIR …`: the virtual hardware of one till as a process: reader and cards, printer, network,
 * scanner, keypad and display, panel (docs/virtual-hardware.md). Options as `usage` has them, or one argument of JSON
 * with the same names (`{"data":"…","panelPort":0}`; `cards` may be the list itself). Port 0, the default, means any
 * free port; `vpcdPort` is where a pcscd's vpcd listens already. A printer behind a pty (a serial port, or a USB
 * printer) or a FIFO is the file `printerDevice`, and has no port. When everything listens, one line goes to standard
 * output:
 * `{"event":"ready","panelUrl":…,"panelPort":…,"readerPort":…,"printerPort":…,"printerDevice":…,"proxyPort":…,
 * "hidPort":…}`.
 * SIGINT or SIGTERM ends it cleanly, exit code 0; a second one at once.
 */
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { parts } from './parts.ts'
import { readerLatencyNames } from './reader/latency.ts'
import { readerKinds } from './reader/reader-commands.ts'

const usage = `Use: npm run mocks -- --data DIR [--cards FILE] [--card-folder DIR] [--panel-port N] [--proxy-port N]
  [--ledger-port N] [--reader-port N | --vpcd-port N] [--reader-latency ${readerLatencyNames.join('|')}]
  [--reader-kind ${readerKinds.join('|')}] [--hid-port N] [--printer-port N] [--printer-front tcp|pty|fifo]
  [--printer-profile kazakh|budget] [--printer-language escpos|starprnt] [--paper 58|80] [--seed TEXT]
  [--wallet-keys FILE --ledger-key FILE] [--only ${parts.join('|')}[,…]]`

/** The options by their names, or the one argument of JSON as it is. */
function givenArguments(): string | Record<string, string | undefined> {
  const given = process.argv.slice(2)
  if (given[0] === '--help' || given[0] === '-h') {
    process.stdout.write(`${usage}\n`)
    process.exit(0)
  }
  if (given.length === 1 && given[0]?.startsWith('{')) return given[0]
  const text = { type: 'string' } as const
  const { values } = optionsOf(given, {
    data: text,
    cards: text,
    'card-folder': text,
    'panel-port': text,
    'reader-port': text,
    'vpcd-port': text,
    'reader-latency': text,
    'reader-kind': text,
    'printer-port': text,
    'proxy-port': text,
    'hid-port': text,
    'ledger-port': text,
    paper: text,
    'printer-profile': text,
    'printer-language': text,
    'printer-front': text,
    seed: text,
    'wallet-keys': text,
    'ledger-key': text,
    only: text,
  })
  const camelCase = (name: string): string => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [camelCase(name), value]))
}

function optionsOf<Options extends NonNullable<ParseArgsConfig['options']>>(args: string[], options: Options) {
  try {
    return parseArgs({ args, options })
  } catch (error) {
    if (!(error instanceof TypeError && 'code' in error)) throw error
    process.stderr.write(`tolem: ${error.message.split('. ')[0]?.replace(/\.$/, '')}. ${usage}\n`)
    process.exit(2)
  }
}

const given = givenArguments()
// Loaded only now: who asked wrongly, or for the usage, is answered at once.
const { run } = await import('./process.ts')
await run(given)
