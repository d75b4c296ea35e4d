/** A till that cannot be enrolled at its first start: a sentence with the remedy, and nothing is left running. */
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { withEnrolmentCode } from '../../../src/terminal/core/enrolment-code.ts'
import { signAnswer } from '../../../src/sync/protocol/http-signature.ts'
import { signingKey, type SigningKey } from '../../../src/sync/protocol/keys.ts'
import { startProcess, StartError, type RunningProcess } from '../../../tools/processes.ts'
import { processesWith } from '../../fixtures/processes-of.ts'

const root = join(import.meta.dirname, '..', '..', '..')
let folder: string
let ledger: RunningProcess
let code: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tolem-enrolment-'))
  const data = join(folder, 'ledger')
  ledger = await startProcess('ledger', join(root, 'ledger-sim/main.ts'), ['--data', data, '--seed', 'demo'])
  code = (JSON.parse(readFileSync(join(data, 'issuing', 'enrolment.json'), 'utf8')) as { code: string }).code
})
afterAll(async () => {
  await ledger.stop()
  rmSync(folder, { recursive: true, force: true })
})

let tills = 0

/** How a new till with this code and ledger ends its start. */
async function refusal(ledgerUrl: string, enrolmentCode?: string): Promise<StartError> {
  tills += 1
  const data = join(folder, `till-${tills}`)
  const core = { data, anchor: join(folder, 'anchor.json'), ledgerUrl }
  const program = join(root, 'src/terminal/shell-browser/main.ts')
  const started = startProcess('till', program, ['--core', JSON.stringify(core)], {
    environment: withEnrolmentCode(enrolmentCode),
  })
  const error = await started.then(
    async (running) => (await running.stop(), null),
    (reason: unknown) => reason,
  )
  expect(processesWith(data)).toEqual([])
  if (!(error instanceof StartError)) throw new Error(`it started, or failed otherwise: ${String(error)}`)
  expect(error.message).not.toMatch(/\n\s+at /)
  return error
}

const ledgerUrl = (): string => String(ledger.ready['ledgerUrl'])

test('without a ledger', async () => {
  const nobody = createServer()
  await new Promise<void>((done) => nobody.listen(0, '127.0.0.1', done))
  const { port } = nobody.address() as AddressInfo
  await new Promise((done) => nobody.close(done))
  const { code: fault, message } = await refusal(`http://127.0.0.1:${port}`, code)
  expect([fault, message]).toEqual([
    'LEDGER_UNREACHABLE',
    `The ledger at http://127.0.0.1:${port} does not answer (ECONNREFUSED). Enrolment needs it once.`,
  ])
})

test('without a code', async () => {
  const { code: fault, message } = await refusal(ledgerUrl())
  expect([fault, message]).toEqual([
    'ENROLMENT_CODE_MISSING',
    expect.stringMatching(/Get a one-time code from the agency/),
  ])
})

test('with a wrong code', async () => {
  const wrong = `${code.startsWith('0') ? '1' : '0'}${code.slice(1)}`
  const { code: fault, message } = await refusal(ledgerUrl(), wrong)
  expect([fault, message]).toEqual([
    'ENROLMENT_REFUSED',
    expect.stringMatching(/refused the enrolment code .*Get a new one/),
  ])
})

/** Answers everything with 200 and this key, signed where it holds one, and keeps what it was sent. */
async function falseLedger(
  ledgerKey: object,
  signer: SigningKey | null,
): Promise<{ fault: [string | null, string]; heard: string }> {
  const text = JSON.stringify({ ledgerKey })
  const heard: string[] = []
  const server = createHttpServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      heard.push(JSON.stringify([request.url, request.headers]), body)
      const contentType = 'application/json'
      const created = Math.floor(Date.now() / 1000)
      const moment = { created, expires: created + 60, nonce: 'AAAAAAAAAAAAAAAAAAAAAA' }
      const url = `http://${request.headers.host}${request.url}`
      const headers = request.headers as Record<string, string>
      const asked = { method: request.method as 'GET' | 'POST', url, headers, body }
      const answer = { status: 200, contentType, body: text }
      const signed =
        signer === null ? { 'content-type': contentType } : signAnswer(answer, asked, signer, moment).headers
      response.writeHead(200, { ...signed }).end(text)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  const { code: fault, message } = await refusal(`http://127.0.0.1:${port}`, code)
  await new Promise((done) => server.close(done))
  return { fault: [fault, message], heard: heard.join('\n') }
}

const strangersKey = signingKey(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }))

test.each<[string, () => object | Promise<object>, SigningKey | null]>([
  ['has a key of its own, and signs with it', () => strangersKey.jwk, strangersKey],
  ['shows the true one’s key, which it does not hold', () => trueKey(), null],
])('with a false ledger that %s: it never hears the code', async (_what, keyOf, signer) => {
  const { fault, heard } = await falseLedger(await keyOf(), signer)
  expect(fault).toEqual([
    'LEDGER_KEY_MISMATCH',
    'The ledger that answered is not the one that the enrolment code names. Check the address.',
  ])
  expect(heard).toContain('/v1/ledger-key')
  expect(heard).not.toContain(code.slice(0, 12))
})

async function trueKey(): Promise<object> {
  const answered = await fetch(`${ledgerUrl()}/v1/ledger-key`)
  return ((await answered.json()) as { ledgerKey: object }).ledgerKey
}

test('the code stands in no command line, and the device host does not get it', async () => {
  const data = join(folder, 'till-enrolled')
  const core = { data, anchor: join(folder, 'enrolled-anchor.json'), ledgerUrl: ledgerUrl() }
  const program = join(root, 'src/terminal/shell-browser/main.ts')
  const environment = withEnrolmentCode(code)
  const devices = JSON.stringify({ reader: { kind: 'none' }, printer: { kind: 'none' } })
  const till = await startProcess('till', program, ['--core', JSON.stringify(core), '--devices', devices], {
    environment,
  })
  try {
    expect(existsSync(join(data, 'enrolment.json'))).toBe(true)
    const shell = processesWith(data, 'shell-browser').map(({ pid }) => pid)
    expect(shell).toHaveLength(1)
    expect(processesWith(code)).toEqual([])
    const ofShell = () => processesWith('drivers/host/main.ts').filter(({ parent }) => parent === shell[0])
    const hosts = await vi.waitFor(() => {
      expect(ofShell()).toHaveLength(1)
      return ofShell()
    }, 30_000)
    if (process.platform === 'linux') expect(readFileSync(`/proc/${hosts[0]?.pid}/environ`, 'utf8')).not.toContain(code)
  } finally {
    await till.stop()
  }
})
