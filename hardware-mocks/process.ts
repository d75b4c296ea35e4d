/** What `npm run mocks` does with what it was given: the virtual hardware of one till, until a signal ends it. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { seededRandom } from './cards/random.ts'
import { cardDefinitions } from './panel/card-box.ts'
import { parts, partsIn } from './parts.ts'
import { readerLatencyNames } from './reader/latency.ts'
import { readerKinds } from './reader/reader-commands.ts'
import { startVirtualHardware } from './virtual-hardware.ts'

type Given = string | Readonly<Record<string, string | undefined>>

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
  readerKind: z.enum(readerKinds).default('acr122u'),
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
  /** Parts, with commas between them (`parts.ts`): only these are started, and the panel. */
  only: z.string().optional(),
})

function fail(detail: string, code?: 'unknown-part'): never {
  process.stderr.write(`${JSON.stringify({ event: 'failed', code, detail })}\n`)
  process.exit(2)
}

/**
 * Ends the process with a sentence for arguments that are none, and for what keeps the hardware from starting.
 *
 * @param given options by their names, or JSON of them
 */
export async function run(given: Given): Promise<void> {
  try {
    await start(given)
  } catch (error) {
    const isFull = error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
    const remedy = isFull ? ' Make room on that disk and start again, or start with another --data folder.' : ''
    fail(`${error instanceof Error ? error.message : String(error)}${remedy && `.${remedy}`}`)
  }
}

async function start(given: Given): Promise<void> {
  const parsed = arguments_.safeParse(typeof given === 'string' ? JSON.parse(given) : given)
  if (!parsed.success) fail(z.prettifyError(parsed.error))
  const { data, cards, cardFolder, paper, seed, walletKeys, ledgerKey, only, ...others } = parsed.data
  if ((walletKeys === undefined) !== (ledgerKey === undefined))
    fail('--wallet-keys and --ledger-key are given together: a wallet believes only the ledger that it knows')
  const named = only === undefined ? null : partsIn(only)
  if (named?.kind === 'unknown')
    fail(`--only knows no ${JSON.stringify(named.word)}: ${parts.join(', ')}, with commas between them`, 'unknown-part')
  const hardware = await startVirtualHardware({
    folder: data,
    ...(cardFolder === undefined ? {} : { cardFolder }),
    ...others,
    cards: typeof cards === 'string' ? cardDefinitions.parse(JSON.parse(readFileSync(cards, 'utf8'))) : (cards ?? []),
    paperMillimetres: paper,
    ...(named === null ? {} : { only: named.parts }),
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
  const { vpcdPort } = others
  const addressesOf = {
    reader: vpcdPort === 0 ? { readerPort } : { vpcdPort },
    printer: device === null ? { printerPort } : { printerPort, printerDevice: device },
    proxy: { proxyPort },
    hid: { hidPort },
  } as const
  const started = (['reader', 'printer', 'proxy', 'hid'] as const).filter((part) => hardware.started.has(part))
  const addresses = Object.assign({ panelUrl, panelPort }, ...started.map((part) => addressesOf[part])) as object
  process.stdout.write(`${JSON.stringify({ event: 'ready', ...addresses })}\n`)
}
