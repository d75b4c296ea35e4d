/**
 * `npm start`: the whole system with the demonstration's schemes and virtual hardware, and the till in a window.
 *
 *     npm start -- [--data DIR] [--headless] [--browser] [--port N] [--anchors DIR] [--reader pcsc] [--hid usb]
 *
 * `--headless` opens nothing and prints one JSON line when everything is ready; `--browser` does not try Electron;
 * `--reader pcsc` takes cards on the readers of this machine's PC/SC service instead of the panel's; `--hid usb` the
 * bar code scanners on its USB instead of the panel's scanner, keypad and display.
 * SIGINT, SIGTERM or SIGHUP stops all processes. Exit codes: 0 stopped as asked, 1 a part ended by itself, 2 it could
 * not start.
 */
import { join } from 'node:path'
import { askedOf } from './arguments.ts'
import { readerOutlook } from './card-readers.ts'
import { officialElectron } from './official-electron.ts'
import type { HidChoice, ReaderChoice, TillShell, World } from './world.ts'

const usage =
  'Use: npm start -- [--data DIR] [--headless] [--browser] [--port N] [--anchors DIR] [--reader pcsc] [--hid usb]'
const fetchElectronWithinMs = 60_000

const say = (text: string): void => void process.stderr.write(`tolem: ${text}\n`)

function fail(sentence: string): never {
  say(sentence)
  process.exit(2)
}

interface Settings {
  readonly data: string
  readonly headless: boolean
  readonly browser: boolean
  readonly tillPort: number
  readonly anchors: string | undefined
  readonly reader: ReaderChoice
  readonly hid: HidChoice
}

function readSettings(): Settings {
  const { values } = askedOf(usage, {
    options: {
      data: { type: 'string', default: 'data' },
      headless: { type: 'boolean', default: false },
      browser: { type: 'boolean', default: false },
      port: { type: 'string', default: '0' },
      anchors: { type: 'string' },
      reader: { type: 'string', default: 'virtual' },
      hid: { type: 'string', default: 'virtual' },
    },
  })
  const { data, headless, browser, port, anchors, reader, hid } = values
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    return fail(`--port ${port} is no port. Give a number from 0 (any free one) to 65535.`)
  }
  if (reader !== 'virtual' && reader !== 'pcsc') {
    return fail(`--reader ${reader} is no choice. Give virtual (the panel's) or pcsc (this machine's).`)
  }
  if (hid !== 'virtual' && hid !== 'usb') {
    return fail(`--hid ${hid} is no choice. Give virtual (the panel's) or usb (this machine's).`)
  }
  if (data === '') return fail('--data needs the name of a folder.')
  return { data, headless, browser, tillPort: Number(port), anchors, reader, hid }
}

/** Electron where its official binary is or can be had and there is a display, else a browser. */
async function chooseShell({ headless, browser }: Settings): Promise<TillShell> {
  if (headless) return { kind: 'browser', open: false }
  const { DISPLAY, WAYLAND_DISPLAY } = process.env
  const hasDisplay = process.platform !== 'linux' || Boolean(DISPLAY) || Boolean(WAYLAND_DISPLAY)
  if (browser || !hasDisplay) return { kind: 'browser', open: true }
  const electron = await officialElectron(fetchElectronWithinMs, say)
  if (electron.kind === 'ready') return { kind: 'electron', executable: electron.executable }
  say(`Electron is not used: ${electron.reason}; opening the till in a browser`)
  return { kind: 'browser', open: true }
}

/** The till starts without a reader too: it takes the one that comes. */
async function lookForReaders(): Promise<void> {
  const outlook = await readerOutlook()
  if (outlook.kind === 'unusable') fail(outlook.sentence)
  say(outlook.sentence)
}

const settings = readSettings()
// Loaded only now: who asked wrongly, or for the usage, is answered at once.
const { startWorld } = await import('./world.ts')
const { StartError } = await import('./processes.ts')
const { DataFolderError } = await import('../src/sync/journal/data-folder.ts')
const { realRandomness } = await import('../src/terminal/core/real-ports.ts')
const { BuildError } = await import('../src/terminal/shell/build-when-outdated.ts')
const { CardBox } = await import('../hardware-mocks/panel/card-box.ts')
const { AgencyOffice } = await import('./demo/agency-office.ts')
const { bringInCountingCard, countingCard, countingCardPin } = await import('./demo/counting-cards.ts')
const asked = new AbortController()
let world: World | undefined
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // A terminal's Ctrl-C may come twice (bootstrap.mjs forwards it); the second changes nothing.
  process.on(signal, () => {
    asked.abort()
    if (world !== undefined) void world.stop().then(() => process.exit(0))
  })
}

try {
  say(`starting ledger, virtual hardware and till; data folder ${settings.data}`)
  if (settings.reader === 'pcsc') await lookForReaders()
  const shell = await chooseShell(settings)
  world = await startWorld({
    data: settings.data,
    tillPort: settings.tillPort,
    shell,
    reader: settings.reader,
    hid: settings.hid,
    abort: asked.signal,
    say,
    ...(settings.anchors === undefined ? {} : { anchorFolder: settings.anchors }),
  })
} catch (error) {
  if (asked.signal.aborted) process.exit(0)
  const isExplained = [StartError, DataFolderError, BuildError].some((kind) => error instanceof kind)
  if (!(error instanceof Error) || !isExplained) throw error
  fail(error.message)
}
if (asked.signal.aborted) {
  await world.stop()
  process.exit(0)
}
// In the box of the panel, beside the cards that the ledger's world begins with.
const box = new CardBox({
  folder: join(world.folders.hardware, 'cards'),
  now: () => Date.now(),
  random: (length) => realRandomness.bytes(length),
})
await bringInCountingCard(new AgencyOffice(world, { now: () => Date.now() }), box, Date.now())
const { tillUrl, ledgerUrl, panelUrl } = world
if (settings.headless) process.stdout.write(`${JSON.stringify({ event: 'ready', tillUrl, ledgerUrl, panelUrl })}\n`)
else {
  if (world.shell === 'browser') say(`the till:              ${tillUrl}  (works once, within a minute)`)
  else say('the till is open in its window; closing it stops everything.')
  say(`cards, network, paper: ${panelUrl}`)
  say(`the card "${countingCard}" there holds its own allowance; above 2 000 ₸ it asks for its PIN, ${countingCardPin}`)
  say(`the ledger:            ${ledgerUrl}/openapi.json`)
  say('Ctrl+C stops everything; the next start goes on from here.')
}
const broken = await world.broken
const wasClosed = world.shell === 'electron' && broken.name === 'till' && (await broken.ended) === 0
if (wasClosed) say("the till's window was closed; everything is being stopped.")
else say(`${broken.name} ended unexpectedly. Everything is being stopped; start again to go on from the journal.`)
await world.stop()
process.exit(wasClosed ? 0 : 1)
