/**
 * The doctor against a ledger that signs and a till's folder on the disk: who answers, how it stands with the till,
 * who holds the folder, what the journal is like; and once as a process, beside a till that runs.
 */
import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { startHttp } from '../../../ledger-sim/http/fastify.ts'
import { suspendTerminal } from '../../../ledger-sim/terminals/terminals.ts'
import type { LedgerTransport } from '../../../src/sync/engine/ports.ts'
import { holderOf, lockDataFolder } from '../../../src/sync/journal/data-folder.ts'
import { journalFigures } from '../../../src/sync/journal/journal-figures.ts'
import { signingKey, verifyingKey } from '../../../src/sync/protocol/keys.ts'
import { checkNames } from '../../../src/terminal/doctor/finding.ts'
import { lookAtLedger, type LedgerLookParts } from '../../../src/terminal/doctor/ledger-look.ts'
import { journalFileIn } from '../../../src/terminal/core/stopped-till.ts'
import { p256PrivateJwk } from '../../../ledger-sim/scenarios/demo.ts'
import { seededRandom } from '../../../ledger-sim/scenarios/seeded-random.ts'
import { demoLedger, hourMs, temporaryFolder, type DemoLedger } from '../ledger/demo-ledger.ts'
import { JournalingTill } from '../ledger/journaling-till.ts'

const root = resolve(import.meta.dirname, '..', '..', '..')
let folder: ReturnType<typeof temporaryFolder>
let demo: DemoLedger
let till: JournalingTill

beforeEach(async () => {
  folder = temporaryFolder()
  demo = await demoLedger()
  const enrolled = await demo.till('till-1')
  await enrolled.fetch()
  till = new JournalingTill(demo, enrolled, folder.path)
  till.keepsIdentity()
})
afterEach(async () => {
  till.stops()
  await demo.close()
  folder.remove()
})

const straight: LedgerTransport = async (request) => ({
  kind: 'response',
  response: await demo.ledger.handle(request),
})
const ledgerKey = () => verifyingKey(demo.ports.keys.signing.jwk)

function look(of: Partial<LedgerLookParts> = {}) {
  return lookAtLedger({
    url: 'http://127.0.0.1:8080',
    ledgerKey: ledgerKey(),
    signer: till.till.key,
    transport: straight,
    randomness: { bytes: (length) => demo.random(length) },
    now: demo.clock.now,
    ...of,
  })
}

describe('the ledger', () => {
  it('is the one that the till is enrolled with, and lets it sell', async () => {
    const at = Math.floor(demo.clock.now / 1_000) * 1_000
    expect(await look()).toEqual({ kind: 'heard', signature: 'ours', at, terminal: 'active' })
    // A clock that is wrong on the machine changes nothing of it.
    expect(await look({ now: demo.clock.now + 50 * hourMs })).toMatchObject({ at, terminal: 'active' })
  })

  it('tells a till that it has suspended, and a key that it does not know', async () => {
    await inTransaction(demo.ports, (work) => suspendTerminal(work, 'till-1'))
    expect(await look()).toMatchObject({ signature: 'ours', terminal: 'suspended' })
    const stranger = signingKey(p256PrivateJwk(seededRandom('a stranger')))
    expect(await look({ signer: stranger })).toMatchObject({ signature: 'ours', terminal: 'unknown' })
  })

  it('that leaves the question about this till without a word is told apart from one that was not asked', async () => {
    const once: LedgerTransport = async (request) =>
      request.url.endsWith('/v1/ledger-key')
        ? straight(request, 1)
        : { kind: 'no_answer', detail: 'no answer within 3000 ms' }
    expect(await look({ transport: once })).toMatchObject({ signature: 'ours', terminal: 'no-answer' })
  })

  it('is heard without a till, and not asked for it', async () => {
    expect(await look({ ledgerKey: undefined, signer: undefined })).toMatchObject({
      signature: 'unknown',
      terminal: null,
    })
    expect(await look({ signer: undefined })).toMatchObject({ signature: 'ours', terminal: null })
  })

  it('is another where another key signs, or somebody answers who is none', async () => {
    const other = verifyingKey(signingKey(p256PrivateJwk(seededRandom('another'))).jwk)
    expect(await look({ ledgerKey: other })).toMatchObject({ signature: 'another', at: null, terminal: null })
    const page = { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Sign in</h1>' }
    const portal: LedgerTransport = async () => ({ kind: 'response', response: page })
    expect(await look({ transport: portal })).toMatchObject({ signature: 'another' })
    expect(await look({ transport: portal, ledgerKey: undefined })).toMatchObject({ signature: 'another' })
  })

  it('is not reached, or silent', async () => {
    const refused = { kind: 'not_sent', detail: 'ECONNREFUSED' } as const
    expect(await look({ transport: async () => refused })).toEqual({ kind: 'not_reached', code: 'ECONNREFUSED' })
    const silent = { kind: 'no_answer', detail: 'no answer within 3000 ms' } as const
    expect(await look({ transport: async () => silent })).toMatchObject({ kind: 'silent' })
  })
})

describe('the folder', () => {
  it('is held or not, and looking holds nothing', () => {
    expect(holderOf(folder.path)).toEqual({ held: false, pid: null })
    const lock = lockDataFolder(folder.path, { name: 'a till', pid: 4711, startedAt: '' })
    expect(holderOf(folder.path)).toEqual({ held: true, pid: 4711 })
    lock.release()
    expect(holderOf(folder.path)).toEqual({ held: false, pid: null })
    lockDataFolder(folder.path, { name: 'the next', pid: 1, startedAt: '' }).release()
  })

  it('has a journal whose figures are those of its rows', () => {
    till.sells(demo.card(demo.world.cards[0]?.label ?? ''))
    const second = till.sells(demo.card(demo.world.cards[1]?.label ?? ''))
    till.journal.commit({ kind: 'tender_unknown', tenderId: second.tenderId, evidence: null })
    const { head } = till.journal
    expect(journalFigures(journalFileIn(folder.path))).toMatchObject({
      rows: head.sequence,
      head,
      sales: { open: 2 },
      undecided: 1,
      tenders: [
        { kind: 'voucher', state: 'pending', count: 1 },
        { kind: 'voucher', state: 'unknown', count: 1 },
      ],
      troubles: [{ kind: 'tender_unknown', at: demo.clock.now, code: null }],
    })
    expect(journalFigures(join(folder.path, 'none'))).toBeNull()
  })
})

const patienceMs = 120_000

/** Again while something is late on a busy machine; `late` are those that are to be. */
async function examined(late: readonly string[], ...words: readonly string[]) {
  for (;;) {
    const told = await doctor(...words)
    if (checkNames.every((check) => told(check)?.['code'] !== 'check-late' || late.includes(check))) return told
  }
}

/** As a process of its own, which finds nothing of the person’s and no reader at whose machine it runs. */
async function doctor(...words: readonly string[]) {
  const file = join(root, 'tools', 'doctor.ts')
  const all = [file, '--json', '--data', folder.path, '--printer', '127.0.0.1:9', '--language', 'kk', ...words]
  const nobodys = temporaryFolder()
  const env = { ...process.env, XDG_CONFIG_HOME: nobodys.path, PCSCLITE_CSOCK_NAME: join(nobodys.path, 'none') }
  try {
    const { code, said, complained } = await new Promise<{ code: unknown; said: string; complained: string }>((done) =>
      execFile(process.execPath, all, { env }, (error, stdout, stderr) =>
        done({ code: error?.code ?? 0, said: stdout, complained: stderr }),
      ),
    )
    expect(complained).toBe('')
    const lines = said
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines.at(-1)).toMatchObject({ checks: lines.length - 1 })
    expect(code).toBe(lines.at(-1)?.['faults'] === 0 ? 0 : 1)
    return (check: string) => lines.find((line) => line['check'] === check)
  } finally {
    nobodys.remove()
  }
}

/**
 * All that is in the till’s folder, with rights and content. What this process holds open is not read: SQLite’s locks
 * on a file end when the process closes that file anywhere.
 */
function files(isHeld: (name: string) => boolean = () => false) {
  return readdirSync(folder.path).map((name) => {
    const file = join(folder.path, name)
    const { mode, size } = statSync(file)
    return [name, mode, size, isHeld(name) ? 'held' : readFileSync(file, 'hex')] as const
  })
}

it(
  'as a command beside a till that holds the folder, whose printer is left alone',
  async () => {
    const http = await startHttp({ ledger: demo.ledger, port: 0 })
    const lock = lockDataFolder(folder.path, { name: 'a till', pid: process.pid, startedAt: '' })
    const isHeld = (name: string): boolean => name === 'owner.lock' || name.startsWith('journal.sqlite')
    const before = files(isHeld)
    try {
      const told = await examined([], '--ledger', http.url)
      expect(told('folder')?.['code']).toBe('folder-in-use')
      expect(told('settings')?.['code']).toBe('settings-none')
      expect(told('journal')?.['code']).toBe('journal-ok')
      expect(told('ledger')?.['code']).toBe('ledger-ok')
      expect(told('terminal')?.['code']).toBe('terminal-active')
      expect(told('clock')?.['code']).toBe('clock-differs')
      expect(told('printer')?.['code']).toBe('printer-with-till')
      expect(files(isHeld)).toEqual(before)
    } finally {
      lock.release()
      await http.close()
    }
  },
  patienceMs,
)

it(
  'as a command at the folder of a till that was stopped: rights stay too, SQLite lays two files',
  async () => {
    till.stops()
    lockDataFolder(folder.path, { name: 'a till', pid: process.pid, startedAt: '' }).release()
    chmodSync(join(folder.path, 'terminal-keys.json'), 0o640)
    const before = files()
    const told = await examined([], '--settings', join(folder.path, 'settings.json'))
    expect(told('settings')?.['code']).toBe('settings-missing')
    expect(told('folder')?.['code']).toBe('folder-free')
    expect(told('journal')?.['code']).toBe('journal-ok')
    // Port 9 is nobody's on any machine of ours: refused at once.
    expect(told('printer')?.['code']).toBe('printer-refuses')
    expect(told('printer')?.['remedy']).toContain('Өзін тексеру')
    const companions = ['-shm', '-wal'].map((end) => `journal.sqlite${end}`)
    expect(files().filter(([name]) => !companions.includes(name))).toEqual(before)
    expect(readFileSync(join(folder.path, 'journal.sqlite-wal'), 'utf8')).toBe('')
  },
  patienceMs,
)

it.skipIf(process.platform === 'win32')(
  'as a command at a folder that keeps hold of whoever reads it, as a dead network disk does',
  async () => {
    execFileSync('mkfifo', [join(folder.path, 'owner.lock')])
    const told = await examined(['folder', 'journal', 'terminal', 'printer'])
    for (const check of ['folder', 'journal', 'terminal']) expect(told(check)?.['code']).toBe('check-late')
    expect(told('disk')?.['code']).not.toBe('check-late')
    expect(told('reader')?.['code']).not.toBe('check-late')
  },
  patienceMs,
)
