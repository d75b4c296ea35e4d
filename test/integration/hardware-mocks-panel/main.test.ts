/** Method: `hardware-mocks/main.ts` as the process that the demo starts. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'

const main = fileURLToPath(new URL('../../../hardware-mocks/main.ts', import.meta.url))
interface PanelState {
  readonly cards: readonly { readonly label: string }[]
  readonly printer: { readonly widthDots: number }
}

let folder: string
const children: ChildProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tolem-main-'))
})
afterEach(() => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

function start(...given: string[]): {
  child: ChildProcess
  firstLine: Promise<string>
  ended: Promise<number | null>
  errors: () => string
} {
  const child = spawn(process.execPath, [main, ...given], { stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  let errors = ''
  child.stderr?.on('data', (chunk) => {
    errors += String(chunk)
  })
  const firstLine = new Promise<string>((resolve) => {
    let text = ''
    child.stdout?.on('data', (chunk) => {
      text += String(chunk)
      if (text.includes('\n')) resolve(text)
    })
  })
  return {
    child,
    firstLine,
    ended: new Promise((resolve) => child.on('exit', (code) => resolve(code))),
    errors: () => errors,
  }
}

it('gives a card back that finds no pcscd to be laid into, and says so', async () => {
  const cards = fileURLToPath(new URL('../../../docs/examples/cards.json', import.meta.url))
  // Nobody listens there: it is for root alone.
  const { firstLine } = start(
    '--data',
    join(folder, 'data'),
    '--cards',
    cards,
    '--vpcd-port',
    '1',
    '--reader-latency',
    'slow',
    '--reader-kind',
    'part3',
  )
  const { panelUrl } = JSON.parse(await firstLine)
  const asked = async (path: string) => (await fetch(`${panelUrl}${path}`)).json()
  const body = JSON.stringify({ card: 'Tag' })
  await fetch(`${panelUrl}api/reader/lay`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  await expect.poll(async () => (await asked('api/state')).reader).toMatchObject({ card: null, plugged: false })
  expect((await asked('api/state')).reader).toMatchObject({ latency: 'slow', kind: 'part3' })
  expect((await asked('api/log')).reader).toContainEqual(
    expect.objectContaining({ what: 'not-laid', details: expect.objectContaining({ card: 'Tag' }) }),
  )
})

it.each(['SIGTERM', 'SIGINT'] as const)(
  'says one line when ready and ends cleanly on %s, the paper kept',
  async (signal) => {
    const cards = join(folder, 'cards.json')
    writeFileSync(
      cards,
      JSON.stringify([
        { label: 'Pupil 01', kind: 'ntag424' },
        { label: 'Mute', kind: 'mute' },
      ]),
    )
    const data = join(folder, 'data')
    const { child, firstLine, ended } = start('--data', data, '--cards', cards, '--paper', '58')
    const line = await firstLine
    expect(line.trim().split('\n')).toHaveLength(1)
    const ready = JSON.parse(line)
    expect(ready).toEqual({
      event: 'ready',
      panelUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/),
      panelPort: expect.any(Number),
      readerPort: expect.any(Number),
      printerPort: expect.any(Number),
      proxyPort: expect.any(Number),
      hidPort: expect.any(Number),
    })
    const state = (await (await fetch(`${ready.panelUrl}api/state`)).json()) as PanelState
    expect(state.cards.map((card: { label: string }) => card.label)).toEqual(['Pupil 01', 'Mute'])
    expect(state.printer.widthDots).toBe(384)

    const socket = connect(ready.printerPort, '127.0.0.1')
    await new Promise<void>((resolve) => void socket.write('never cut\n\x10\x04\x01', 'latin1', () => resolve()))
    await new Promise((resolve) => socket.once('data', resolve))
    socket.on('error', () => undefined)
    child.kill(signal)
    expect(await ended).toBe(0)
    expect(readFileSync(join(data, 'slips', '0001.txt'), 'utf8')).toBe('never cut\n')
    expect(readdirSync(join(data, 'slips')).toSorted()).toEqual([
      '0001.bin',
      '0001.json',
      '0001.png',
      '0001.txt',
      'printer.log.jsonl',
    ])
    expect(readdirSync(join(data, 'cards')).toSorted()).toEqual([
      'pupil-01.json',
      'pupil-01.log.jsonl',
      'register.json',
    ])
  },
)

it('takes one argument of JSON', async () => {
  const { firstLine, child, ended } = start(
    JSON.stringify({
      data: folder,
      panelPort: 0,
      seed: 'x',
      cards: [{ label: 'Bus', kind: 'mifare-classic' }],
    }),
  )
  const ready = JSON.parse(await firstLine)
  const state = (await (await fetch(`${ready.panelUrl}api/state`)).json()) as PanelState
  expect(state.cards).toMatchObject([{ label: 'Bus', kind: 'mifare-classic' }])
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
})

it('refuses arguments it does not know, with a reason', async () => {
  const { ended, errors } = start('--data', folder, '--paper', '70')
  expect(await ended).toBe(2)
  expect(JSON.parse(errors())).toMatchObject({ event: 'failed' })
})

it('takes the wallets’ keys only together with the ledger’s', async () => {
  const { ended, errors } = start('--data', folder, '--wallet-keys', join(folder, 'role-keys.json'))
  expect(await ended).toBe(2)
  expect(JSON.parse(errors()).detail).toMatch(/--wallet-keys and --ledger-key are given together/)
})

it.each([
  ['printer', ['printerPort']],
  ['proxy,reader', ['readerPort', 'proxyPort']],
  ['hid', ['hidPort']],
] as const)('with --only %s opens that and the panel, which handles nothing else', async (only, ports) => {
  const { firstLine } = start('--data', join(folder, 'data'), '--only', only)
  const ready = JSON.parse(await firstLine) as Record<string, unknown>
  expect(Object.keys(ready).toSorted()).toEqual(['event', 'panelPort', 'panelUrl', ...ports].toSorted())
  const post = async (path: string) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${String(ready['panelUrl'])}api/${path}`, { method: 'POST', headers, body: '{}' })
    const { code } = (await answer.json()) as { readonly code?: string }
    return code
  }
  const handled = { reader: 'readerPort', printer: 'printerPort', network: 'proxyPort' } as const
  for (const [path, port] of Object.entries(handled)) {
    const isStarted = ports.some((name) => name === port)
    expect([path, await post(path)]).toEqual([path, isStarted ? undefined : 'not-started'])
  }
  expect((await fetch(`${String(ready['panelUrl'])}api/state`)).status).toBe(200)
})

it('refuses a part that there is not, with a code and those that there are', async () => {
  const { ended, errors } = start('--data', join(folder, 'data'), '--only', 'printer,scanner')
  expect(await ended).toBe(2)
  expect(JSON.parse(errors())).toEqual({
    event: 'failed',
    code: 'unknown-part',
    detail: '--only knows no "scanner": reader, printer, hid, proxy, with commas between them',
  })
})
