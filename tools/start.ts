/**
 * `npm start`: the whole system with the demonstration's schemes and virtual hardware, and the till in a window.
 *
 *     npm start -- [--data DIR] [--headless] [--port N]
 *
 * `--headless` opens nothing and prints one JSON line when everything is ready. SIGINT or SIGTERM stops all processes.
 */
import { parseArgs } from 'node:util'
import { DataFolderError } from '../src/sync/journal/data-folder.ts'
import { StartError } from './processes.ts'
import { startWorld, type World } from './world.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: 'data' },
    headless: { type: 'boolean', default: false },
    port: { type: 'string', default: '0' },
    anchors: { type: 'string' },
  },
})

const say = (text: string): void => void process.stderr.write(`tolem: ${text}\n`)

let world: World | undefined
let stopRequested = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    stopRequested = true
    if (world !== undefined) void world.stop().then(() => process.exit(0))
  })
}

try {
  say(`starting ledger, virtual hardware and till; data folder ${values.data}`)
  world = await startWorld({
    data: values.data,
    tillPort: Number(values.port),
    open: !values.headless,
    ...(values.anchors === undefined ? {} : { anchorFolder: values.anchors }),
  })
} catch (error) {
  if (!(error instanceof StartError || error instanceof DataFolderError)) throw error
  say(error.message)
  process.exit(2)
}
if (stopRequested) {
  await world.stop()
  process.exit(0)
}
const { tillUrl, ledgerUrl, panelUrl } = world
if (values.headless) process.stdout.write(`${JSON.stringify({ event: 'ready', tillUrl, ledgerUrl, panelUrl })}\n`)
else {
  say(`the till:              ${tillUrl}  (works once, within a minute)`)
  say(`cards, network, paper: ${panelUrl}`)
  say(`the ledger:            ${ledgerUrl}/openapi.json`)
  say('Ctrl+C stops everything; the next start goes on from here.')
}
const broken = await world.broken
say(`${broken.name} ended unexpectedly. Everything is being stopped; start again to go on from the journal.`)
await world.stop()
process.exit(1)
