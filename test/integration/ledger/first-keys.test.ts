/**
 * Method: the operator's command and the ledger as processes, on a folder of their own, from an empty folder to signed
 * requests that are heard and money that moves. Each refusal by the command's own functions on that same folder, after
 * which the table of keys is what it was; the kinds of refusal as processes too.
 */
import { spawn, spawnSync } from 'node:child_process'
import type { JsonWebKey } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBank } from '../../../ledger-sim/accounts/conversions.ts'
import { openAccount } from '../../../ledger-sim/accounts/accounts.ts'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { inTransaction, type LedgerPorts } from '../../../ledger-sim/context.ts'
import { databasePath, openDataFolder, type DataFolder } from '../../../ledger-sim/data-folder.ts'
import { readFirstKey, registerInstitution } from '../../../ledger-sim/first-key-command.ts'
import { ledgerKeysOf, ledgerSecretsSchema } from '../../../ledger-sim/keys.ts'
import { p256PrivateJwk } from '../../../ledger-sim/scenarios/demo.ts'
import { seededRandom } from '../../../ledger-sim/scenarios/seeded-random.ts'
import { StartFailure } from '../../../ledger-sim/start-failure.ts'
import { readSnapshot } from '../../../ledger-sim/store/open-read-only.ts'
import { signRequest } from '../../../src/sync/protocol/http-signature.ts'
import { signingKey, type SigningKey } from '../../../src/sync/protocol/keys.ts'
import { startProcess, type RunningProcess } from '../../../tools/processes.ts'
import { p256, temporaryFolder } from './demo-ledger.ts'

const root = resolve(import.meta.dirname, '../../..')
const program = join(root, 'ledger-sim/main.ts')
const folder = temporaryFolder()
const data = join(folder.path, 'data')
afterAll(() => folder.remove())

interface Ended {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** @param input what comes in, where the file is `-` */
async function run(parameters: readonly string[], input = ''): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...parameters], { stdio: 'pipe', timeout: 60_000 })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (text) => (stdout += String(text)))
  child.stderr.on('data', (text) => (stderr += String(text)))
  // Who is refused before it has read closes its end.
  child.stdin.on('error', () => undefined).end(input)
  const status = await new Promise<number>((done) => child.once('close', (code) => done(code ?? -1)))
  expect(stderr).not.toMatch(/\n\s+at /)
  return { status, stdout, stderr }
}

const key = (role: string, owner: string, jwk: unknown, ...more: readonly string[]) =>
  run(
    ['key', '--data', data, '--role', role, '--owner', owner, '--jwk', '-', ...more],
    typeof jwk === 'string' ? jwk : JSON.stringify(jwk),
  )

const keysOf = (path: string) =>
  readSnapshot(databasePath(path), (database) =>
    database.rows<{ role: string; owner: string; key_id: string }>(
      `select role, owner, key_id from principal order by registered_at, owner`,
    ),
  )

async function post(ledger: RunningProcess, signer: SigningKey, path: string, body: object) {
  const created = Math.floor(Date.now() / 1000)
  const request = signRequest(
    { method: 'POST', url: `${String(ledger.ready['ledgerUrl'])}${path}`, body: JSON.stringify(body) },
    signer,
    { created, expires: created + 60, nonce: v7() },
  )
  const answer = await fetch(request.url, { method: 'POST', headers: request.headers, body: request.body })
  return { status: answer.status, said: (await answer.json()) as Record<string, unknown> }
}

/** Of what the ledger in the folder answers with. */
const ledgerKeyId = (path = data) =>
  ledgerKeysOf(ledgerSecretsSchema.parse(JSON.parse(readFileSync(join(path, 'issuer-keys.json'), 'utf8')))).signing
    .keyId

const centralBank = p256('the central bank')
const bank = p256('the bank')
const agency = p256('the agency')
const shop = p256('the shop')

async function begin(): Promise<void> {
  const file = join(folder.path, 'central-bank.json')
  writeFileSync(file, JSON.stringify({ ...centralBank.jwk, kid: 'first', use: 'sig', alg: 'ES256' }))
  const named = ['--role', 'central-bank', '--owner', 'national-bank', '--jwk', file]
  const begun = await run(['key', '--data', data, ...named])
  expect(begun).toEqual({
    status: 0,
    stderr: '',
    stdout:
      `central-bank national-bank is heard by the key ${centralBank.keyId}. ` +
      `A new ledger was made in ${data}. It signs its answers by the key ${ledgerKeyId()}.\n`,
  })
  expect(await key('bank', 'saiga-bank', bank.jwk)).toMatchObject({
    status: 0,
    stdout: `bank saiga-bank is heard by the key ${bank.keyId}.\n`,
  })
  const registered = {
    role: 'agency',
    owner: 'tulip-fund',
    keyId: agency.keyId,
    isNewLedger: false,
    ledgerKeyId: ledgerKeyId(),
  }
  const { stdout } = await key('agency', 'tulip-fund', agency.jwk, '--json')
  expect(JSON.parse(stdout)).toEqual({ outcome: 'registered', ...registered })
}

beforeAll(begin, 120_000)

describe('in a ledger of their own', () => {
  let ledger: RunningProcess
  beforeAll(async () => {
    ledger = await startProcess('ledger', program, ['--data', data])
  }, 120_000)
  afterAll(async () => {
    await ledger.stop()
    expect(auditFile(databasePath(data))).toMatchObject({ balanced: true, faults: [] })
  })

  test('those who were registered are heard, money is made, and a client speaks by its bank’s word', async () => {
    const done = async (signer: SigningKey, path: string, body: object) =>
      expect(await post(ledger, signer, path, body)).toMatchObject({ status: 200 })
    const open = '/v1/accounts/legal-entities'
    await done(bank, open, { accountId: 'tulip-fund', owner: 'tulip-fund', name: 'Tulip fund', kind: 'agency' })
    await done(bank, open, { accountId: 'shop', owner: 'shop', name: 'Shop', kind: 'merchant' })
    const reserve = { transferId: v7(), accountId: 'saiga-bank.reserve', amount: '500' }
    await done(centralBank, '/v1/non-cash-deposits', reserve)
    const issue = { transferId: v7(), bank: 'saiga-bank', amount: '500' }
    await done(bank, '/v1/conversions/non-cash-to-dt/bank-central-bank', issue)
    const cash = { transferId: v7(), bank: 'saiga-bank', accountId: 'tulip-fund', amount: '300' }
    await done(bank, '/v1/cash-deposits', cash)
    // A client's non-cash account is opened by the first money that comes to it, and sold for DT from there.
    const nonCash = { transferId: v7(), accountId: 'saiga-bank.client.shop', amount: '150' }
    await done(centralBank, '/v1/non-cash-deposits', nonCash)
    const sale = { transferId: v7(), bank: 'saiga-bank', accountId: 'shop', amount: '150' }
    await done(bank, '/v1/conversions/non-cash-to-dt/legal-entity-bank', sale)
    const pay = { transferId: v7(), payer: 'tulip-fund', payee: 'shop', amount: '200', purpose: 'Bulbs' }
    await done(agency, '/v1/payments/legal-entity-legal-entity', pay)

    const back = { ...pay, transferId: v7(), payer: 'shop', payee: 'tulip-fund', amount: '50' }
    expect(await post(ledger, shop, '/v1/payments/legal-entity-legal-entity', back)).toMatchObject({ status: 401 })
    await done(bank, '/v1/client-keys', { registrationId: v7(), accountId: 'shop', role: 'merchant', jwk: shop.jwk })
    await done(shop, '/v1/payments/legal-entity-legal-entity', back)
  }, 120_000)

  test('the command waits until that ledger is stopped', async () => {
    const { status, stderr } = await key('auditor', 'audit-office', p256('the auditor').jwk)
    expect(status).toBe(2)
    expect(stderr).toMatch(
      /^The data folder .* in use by another ledger \(process \d+\)\. Stop that one.* \(folder_in_use\)\n$/,
    )
  }, 60_000)
})

test('the commands of docs/integrator.md do it as they stand, to a till that pays', async () => {
  const text = readFileSync(join(root, 'docs/integrator.md'), 'utf8')
  const shown = (mark: string) =>
    new RegExp(`<!-- ${mark} -->\n\`\`\`bash\n(.*?)\`\`\``, 's').exec(text)?.[1] ?? 'exit 9'
  const [own, keys] = [join(folder.path, 'own'), join(folder.path, 'keys')]
  const environment = { ...process.env, OWN: own, KEYS: keys, TILL: join(folder.path, 'till') }
  const play = (mark: string, env: NodeJS.ProcessEnv) =>
    spawnSync('bash', ['-euo', 'pipefail', '-c', shown(mark)], { cwd: root, env, encoding: 'utf8' })
  const child = play('played in a ledger of its own', environment)
  expect({ status: child.status, stderr: child.stderr }).toEqual({ status: 0, stderr: '' })
  expect(keysOf(own).map(({ role, owner }) => `${role} ${owner}`)).toEqual([
    'central-bank national-bank',
    'bank saiga-bank',
    'agency tulip-fund',
  ])
  expect(statSync(join(keys, 'bank.json')).mode & 0o077).toBe(0)
  const made = signingKey(JSON.parse(readFileSync(join(keys, 'bank.json'), 'utf8')) as JsonWebKey)
  expect(keysOf(own).map(({ key_id: keyId }) => keyId)).toContain(made.keyId)
  if (!existsSync('/usr/bin/curl')) return console.log('the rest of the guide is not played: there is no curl')

  const ledger = await startProcess('ledger', program, ['--data', own])
  try {
    const paying = play('played at a ledger of its own', { ...environment, L: String(ledger.ready['ledgerUrl']) })
    expect(paying.status, paying.stderr + paying.stdout).toBe(0)
    const answers = paying.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(answers.at(-3)).toMatchObject({ terminalId: 'bulb-till-1', merchantId: 'bulb-shop' })
    expect(answers.at(-2)).toEqual({ thumbprint: ledgerKeyId(own) })
    expect(answers.at(-1)).toMatchObject({ result: { state: 'settled', paidBy: 'agency', amount: '50000' } })
  } finally {
    await ledger.stop()
  }
  expect(auditFile(databasePath(own))).toMatchObject({ balanced: true, faults: [] })
}, 240_000)

describe('the command refuses, and nothing changes:', () => {
  let opened: DataFolder
  let ports: LedgerPorts
  beforeAll(async () => {
    const random = seededRandom('first keys')
    opened = await openDataFolder(data, random)
    ports = { store: opened.store, clock: () => Date.now(), random, keys: ledgerKeysOf(opened.secrets) }
  })
  afterAll(() => opened.close())

  /** What the command does, without a process of its own for each case. */
  async function refused(role: string, owner: string, jwk: unknown): Promise<string> {
    const file = join(folder.path, 'key.json')
    writeFileSync(file, typeof jwk === 'string' ? jwk : JSON.stringify(jwk))
    const before = keysOf(data)
    try {
      await registerInstitution(ports, readFirstKey({ role, owner, file }))
    } catch (error) {
      expect(error).toBeInstanceOf(StartFailure)
      expect(keysOf(data)).toEqual(before)
      const { message, code } = error as StartFailure
      return `${message} (${code})`
    }
    throw new Error('it was registered')
  }

  const stranger = p256('a stranger').jwk
  const { d } = p256PrivateJwk(seededRandom('p256/a stranger'))
  const pem = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'
  test.each<[string, string, string, unknown, RegExp]>([
    ['a private key', 'auditor', 'office', { ...stranger, d }, /must not leave its owner.*\(key_private\)/],
    ['a private key in PEM', 'auditor', 'office', pem, /must not leave its owner.*\(key_private\)/],
    ['what is not JSON', 'auditor', 'office', 'key', /not JSON\. \(key_malformed\)/],
    ['a key of another curve', 'auditor', 'office', { ...stranger, crv: 'P-384' }, /"crv":"P-256".*\(key_malformed\)/],
    ['half a key', 'auditor', 'office', { ...stranger, y: undefined }, /"crv":"P-256".*\(key_malformed\)/],
    ['no point', 'auditor', 'office', { ...stranger, x: 'A'.repeat(43) }, /no point of the curve\. \(key_malformed\)/],
    ['somebody else’s key', 'auditor', 'office', bank.jwk, /somebody else’s.*\(key_used\)/],
    ['its key in another role', 'auditor', 'saiga-bank', bank.jwk, /somebody else’s.*\(key_used\)/],
    ['an owner who is heard', 'bank', 'saiga-bank', stranger, /itself, by POST \/v1\/role-keys\. \(owner_is_heard\)/],
    ['a name that has a role', 'auditor', 'saiga-bank', stranger, /is heard as bank already.*\(owner_is_heard\)/],
    [
      'a second central bank',
      'central-bank',
      'other',
      stranger,
      /central bank is national-bank.*\(other_central_bank\)/,
    ],
    ['a bank named as a beginning', 'bank', 'scheme', stranger, /scheme is the name of an account.*\(owner_is_taken\)/],
    [
      'a name of the platform',
      'agency',
      'saiga-bank.reserve',
      stranger,
      /cannot be an owner’s name.*\(owner_malformed\)/,
    ],
    [
      'a bank named longer than its messages',
      'bank',
      'b'.repeat(27),
      stranger,
      /too long for a bank: .* room for 26.*\(owner_malformed\)/,
    ],
    ['a name that is none', 'agency', 'Tulip', stranger, /"Tulip" cannot be an owner’s name.*\(owner_malformed\)/],
    ['a role that is none', 'king', 'office', stranger, /no role "king".*auditor\. \(role_unknown\)/],
    ['a terminal', 'terminal', 'till-1', stranger, /enrolled by a code.*\(role_not_here\)/],
    ['a bank’s client', 'merchant', 'shop-2', stranger, /from its bank: POST \/v1\/client-keys\. \(role_not_here\)/],
  ])('%s', async (_what, role, owner, jwk, sentence) => {
    const said = await refused(role, owner, jwk)
    expect(said).toMatch(sentence)
    expect(said).not.toContain(String(d))
  })

  test('a bank under the name of a client’s account, to whom its DT would go', async () => {
    const account = { accountId: 'farm', owner: 'farmers', kind: 'legal-entity', name: 'Farm', currency: 'DT' } as const
    await inTransaction(ports, (work) => openAccount(work, { ...account, bank: 'saiga-bank' }))
    expect(await refused('bank', 'farm', stranger)).toMatch(/farm is the name of an account.*\(owner_is_taken\)/)
  })
})

describe('the command as a process ends with 2 and one sentence, and nothing changes:', () => {
  const stranger = p256('a stranger').jwk
  test('a private key', async () => {
    const before = keysOf(data)
    const ended = await key('auditor', 'office', { ...stranger, d: 'AAAA' })
    expect(ended).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(/^This is a .*\(key_private\)\n$/) })
    expect(keysOf(data)).toEqual(before)
  }, 60_000)

  test('a file that is not there, and a command without its parts', async () => {
    const missing = await run(['key', '--data', data, '--role', 'auditor', '--owner', 'office', '--jwk', '/nowhere'])
    expect(missing).toMatchObject({ status: 2, stderr: expect.stringMatching(/ENOENT.*\(key_unreadable\)/) })
    const half = await run(['key', '--data', data, '--role', 'auditor'])
    expect(half).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/--owner NAME and --jwk FILE\. \(command_malformed\)\n/),
    })
  }, 60_000)

  test('a folder without a ledger, unless it is empty and the central bank’s key begins it', async () => {
    const elsewhere = join(folder.path, 'elsewhere')
    const other = (role: string) =>
      run(['key', '--data', elsewhere, '--role', role, '--owner', 'one', '--jwk', '-'], JSON.stringify(stranger))
    const refused = { status: 2, stdout: '', stderr: expect.stringMatching(/no ledger in .*\(no_ledger\)/) }
    expect(await other('bank')).toEqual(refused)
    expect(existsSync(elsewhere)).toBe(false)
    mkdirSync(elsewhere)
    writeFileSync(join(elsewhere, 'photos.txt'), '')
    expect(await other('central-bank')).toEqual(refused)
    expect(existsSync(databasePath(elsewhere))).toBe(false)
  }, 60_000)

  test('a bank before its central bank, in a ledger that was started without one', async () => {
    const bare = join(folder.path, 'bare')
    await (await startProcess('ledger', program, ['--data', bare])).stop()
    const first = (role: string) =>
      run(['key', '--data', bare, '--role', role, '--owner', 'one', '--jwk', '-'], JSON.stringify(stranger))
    expect(await first('bank')).toMatchObject({ status: 2, stderr: expect.stringMatching(/\(no_central_bank\)/) })
    expect(keysOf(bare)).toEqual([])
    expect(await first('central-bank')).toMatchObject({ status: 0 })
  }, 120_000)
})

test('the same key again says so, and ends well', async () => {
  const before = keysOf(data)
  expect(await key('bank', 'saiga-bank', bank.jwk)).toEqual({
    status: 0,
    stderr: '',
    stdout: `bank saiga-bank is heard by the key ${bank.keyId} already: nothing has changed.\n`,
  })
  expect(keysOf(data)).toEqual(before)
}, 60_000)

test('a bank whose keys are heard no more gets another first one, and keeps its accounts', async () => {
  const random = seededRandom('lost keys')
  const opened = await openDataFolder(data, random)
  try {
    const { store } = opened
    const ports = { store, clock: () => Date.now(), random, keys: ledgerKeysOf(opened.secrets) }
    const accounts = () => store.read((connection) => connection.selectFrom('account').selectAll().execute())
    const before = await accounts()
    const file = join(folder.path, 'key.json')
    const register = (jwk: object) => {
      writeFileSync(file, JSON.stringify(jwk))
      return registerInstitution(ports, readFirstKey({ role: 'bank', owner: 'saiga-bank', file }))
    }
    const next = p256('the bank’s next key')
    await expect(register(next.jwk)).rejects.toMatchObject({ code: 'owner_is_heard' })
    await store.transaction((connection) =>
      connection
        .updateTable('principal')
        .set({ heard_until: Date.now() - 1 })
        .where('owner', '=', 'saiga-bank')
        .execute(),
    )
    await expect(register(bank.jwk)).rejects.toThrow('heard no more')
    expect((await register(next.jwk)).outcome).toEqual({ kind: 'registered', keyId: next.keyId })
    expect(await accounts()).toEqual(before)
  } finally {
    await opened.close()
  }
})

test('a bank of a name longer than one is given today gets another first key as well', async () => {
  const owner = `bank-${'a'.repeat(30)}`
  const opened = await openDataFolder(data, seededRandom('a long name'))
  try {
    const ports = {
      store: opened.store,
      clock: () => Date.now(),
      random: seededRandom(owner),
      keys: ledgerKeysOf(opened.secrets),
    }
    await inTransaction(ports, (work) => openBank(work, owner, owner))
    const file = join(folder.path, 'key.json')
    writeFileSync(file, JSON.stringify(p256(owner).jwk))
    const { outcome } = await registerInstitution(ports, readFirstKey({ role: 'bank', owner, file }))
    expect(outcome.kind).toBe('registered')
  } finally {
    await opened.close()
  }
})
