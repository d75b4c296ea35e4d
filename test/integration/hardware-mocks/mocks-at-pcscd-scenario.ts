/**
 * `npm run mocks` beside a pcscd of its own (with-pcscd.sh), as somebody uses it who builds another terminal: cards are
 * laid by the panel's commands and read through PC/SC. Prints one JSON line of what it saw.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pcsc from 'pcsc-mini'
import { VPCD_PORT } from '../../../hardware-mocks/reader/vpcd.ts'
import { bytes, hex } from '../../unit/hardware-mocks/reader-side.ts'

const fileOf = (path: string): string => new URL(path, import.meta.url).pathname
const data = mkdtempSync(join(tmpdir(), 'tolem-mocks-'))
const cards = fileOf('../../../docs/examples/cards.json')
const mocks = spawn(process.execPath, [
  fileOf('../../../hardware-mocks/main.ts'),
  ...['--data', data, '--cards', cards, '--vpcd-port', String(VPCD_PORT)],
])
const ended = new Promise((resolve) => mocks.on('exit', resolve))
const ready = await new Promise<{ readonly panelUrl: string }>((resolve) =>
  mocks.stdout.once('data', (line: Buffer) => resolve(JSON.parse(line.toString()) as { panelUrl: string })),
)

interface Answer {
  readonly code?: string
  readonly state?: { readonly reader: { readonly card: string | null; readonly plugged: boolean } }
}
async function tells(path: string, body: unknown): Promise<Answer> {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(new URL(path, ready.panelUrl), { method: 'POST', headers, body: JSON.stringify(body) })
  return (await answer.json()) as Answer
}
const readerNow = async () => {
  const answer = await fetch(new URL('/api/state', ready.panelUrl))
  return ((await answer.json()) as NonNullable<Answer['state']> & { reader: object }).reader
}

const client = new pcsc.Client()
let isPresent = false
const reader = await new Promise<InstanceType<typeof pcsc.Reader>>((resolve, reject) => {
  client.on('error', reject)
  client.on('reader', (found: InstanceType<typeof pcsc.Reader>) => {
    if (!found.name().endsWith('00 00')) return
    found.on('change', (status) => (isPresent = status.has(pcsc.ReaderStatus.PRESENT)))
    resolve(found)
  })
  client.start()
})
async function until(wanted: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await wanted())) await new Promise((resolve) => setTimeout(resolve, 10))
}

async function uidOf(card: string): Promise<string> {
  await tells('/api/reader/lay', { card })
  await until(() => isPresent)
  const connection = await reader.connect(pcsc.CardMode.SHARED)
  const uid = hex(await connection.transmit(bytes('FFCA000000')))
  await connection.disconnect(pcsc.CardDisposition.LEAVE)
  await tells('/api/reader/pull', {})
  await until(() => !isPresent)
  return uid
}

const uids = { carried: await uidOf('Bus card'), tag: await uidOf('Tag') }
await tells('/api/reader/lay', { card: 'Tag', fault: { kind: 'lost-before', atCommand: 1 } })
await until(() => isPresent)
const connection = await reader.connect(pcsc.CardMode.SHARED)
await connection.transmit(bytes('3000')).catch(() => undefined)
await until(() => !isPresent)
const afterTear = await readerNow()
const cable = (await tells('/api/reader', { plugged: false })).code
process.stdout.write(`${JSON.stringify({ ready, uids, afterTear, cable })}\n`)
client.stop()
mocks.kill('SIGTERM')
await ended
rmSync(data, { recursive: true, force: true })
