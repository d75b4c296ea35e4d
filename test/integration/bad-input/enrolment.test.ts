/** A till that cannot be enrolled at its first start: a sentence with the remedy, and nothing is left running. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
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
  const core = { data, anchor: join(folder, 'anchor.json'), ledgerUrl, ...(enrolmentCode && { enrolmentCode }) }
  const program = join(root, 'src/terminal/shell-browser/main.ts')
  const started = startProcess('till', program, ['--core', JSON.stringify(core)])
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

test('with a false ledger in the true one’s place, which knows everything but its key', async () => {
  const { publicKey } = generateKeyPairSync('ed25519')
  const { kty, crv, x } = publicKey.export({ format: 'jwk' })
  const answer = { terminalId: 'till-1', merchantId: 'school-7-canteen', ledgerKey: { kty, crv, x } }
  const falseLedger = createHttpServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
  await new Promise<void>((done) => falseLedger.listen(0, '127.0.0.1', done))
  const { port } = falseLedger.address() as AddressInfo
  const { code: fault, message } = await refusal(`http://127.0.0.1:${port}`, code)
  falseLedger.close()
  expect([fault, message]).toEqual([
    'LEDGER_KEY_MISMATCH',
    'The ledger that answered is not the one that the enrolment code names. Check the address.',
  ])
})
