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
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { z } from 'zod'
import { seededRandom } from './cards/random.ts'
import { cardDefinitions } from './panel/card-box.ts'
import { readerLatencyNames } from './reader/latency.ts'
import { startVirtualHardware } from './virtual-hardware.ts'

const usage = `Use: npm run mocks -- --data DIR [--cards FILE] [--card-folder DIR] [--panel-port N] [--proxy-port N]
  [--ledger-port N] [--reader-port N | --vpcd-port N] [--reader-latency ${readerLatencyNames.join('|')}]
  [--hid-port N] [--printer-port N] [--printer-front tcp|pty|fifo]
  [--printer-profile kazakh|budget] [--printer-language escpos|starprnt] [--paper 58|80] [--seed TEXT]
  [--wallet-keys FILE --ledger-key FILE]`

const port = z.coerce.number().int().min(0).max(65_535).default(0)
const arguments_ = z.strictObject({
  data: z.string({ error: 'a folder for cards, slips and logs: --data DIR' }).min(1),
  cards: z.union([z.string(), cardDefinitions]).optional(),
  /** The box of cards of another till's hardware: cards are carried from one to the other. */
  cardFolder: z.string().optional(),
  panelPort: port,
  readerPort: port,
  vpcdPort: port,
  readerLatency: z.enum(readerLatencyNames).default('none'),
  printerPort: port,
  proxyPort: port,
  hidPort: port,
  ledgerPort: port,
  paper: z.coerce
    .number()
    .pipe(z.union([z.literal(58), z.literal(80)]))
    .default(80),
  printerProfile: z.enum(['kazakh', 'budget']).default('kazakh'),
  printerLanguage: z.enum(['escpos', 'starprnt']).default('escpos'),
  printerFront: z.enum(['tcp', 'pty', 'fifo']).default('tcp'),
  seed: z.string().optional(),
  /** Role keys of the demonstration; the individuals' are the customers' wallets. */
  walletKeys: z.string().optional(),
  /** The ledger's public key, by which the wallets know its answers. */
  ledgerKey: z.string().optional(),
})

function givenArguments(): unknown {
  const given = process.argv.slice(2)
  if (given[0] === '--help' || given[0] === '-h') {
    process.stdout.write(`${usage}\n`)
    process.exit(0)
  }
  if (given.length === 1 && given[0]?.startsWith('{')) return JSON.parse(given[0])
  const text = { type: 'string' } as const
  const { values } = optionsOf(given, {
    data: text,
    cards: text,
    'card-folder': text,
    'panel-port': text,
    'reader-port': text,
    'vpcd-port': text,
    'reader-latency': text,
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

function fail(detail: string): never {
  process.stderr.write(`${JSON.stringify({ event: 'failed', detail })}\n`)
  process.exit(2)
}

async function run(): Promise<void> {
  const parsed = arguments_.safeParse(givenArguments())
  if (!parsed.success) fail(z.prettifyError(parsed.error))
  const { data, cards, cardFolder, paper, seed, walletKeys, ledgerKey, ...others } = parsed.data
  if ((walletKeys === undefined) !== (ledgerKey === undefined))
    fail('--wallet-keys and --ledger-key are given together: a wallet believes only the ledger that it knows')
  const hardware = await startVirtualHardware({
    folder: data,
    ...(cardFolder === undefined ? {} : { cardFolder }),
    ...others,
    cards: typeof cards === 'string' ? cardDefinitions.parse(JSON.parse(readFileSync(cards, 'utf8'))) : (cards ?? []),
    paperMillimetres: paper,
    ...(walletKeys !== undefined && ledgerKey !== undefined
      ? { wallets: { keysFile: walletKeys, ledgerKeyFile: ledgerKey } }
      : {}),
    now: () => Date.now(),
    random: seed === undefined ? (bytes) => randomBytes(bytes) : seededRandom(seed),
  })
  let isStopping = false
  const stop = (): void => {
    if (isStopping) process.exit(1)
    isStopping = true
    void hardware.close().then(() => process.exit(0))
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  const { panelUrl, panelPort, readerPort, printerPort, printer, proxyPort, hidPort } = hardware
  const { device } = printer
  const printerAddress = device === null ? { printerPort } : { printerPort, printerDevice: device }
  const { vpcdPort } = others
  const readerAddress = vpcdPort === 0 ? { readerPort } : { vpcdPort }
  const addresses = { panelUrl, panelPort, ...readerAddress, ...printerAddress, proxyPort, hidPort }
  process.stdout.write(`${JSON.stringify({ event: 'ready', ...addresses })}\n`)
}

run().catch((error: unknown) => {
  const isFull = error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
  const remedy = isFull ? ' Make room on that disk and start again, or start with another --data folder.' : ''
  fail(`${error instanceof Error ? error.message : String(error)}${remedy && `.${remedy}`}`)
})
