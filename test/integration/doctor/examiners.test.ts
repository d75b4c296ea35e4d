/**
 * Examinations as the app makes them: real processes, started and ended by a real supervisor, on a folder of this disk.
 * Method: a FIFO in place of a file keeps hold of whoever opens it, as a dead network disk does.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createChannelPair } from '../../../src/drivers/host/channel.ts'
import { lockDataFolder } from '../../../src/sync/journal/data-folder.ts'
import { examinerMessageSchema } from '../../../src/terminal/contract/examiner.ts'
import { found } from '../../../src/terminal/doctor/finding.ts'
import { examineInApp, writeBundle } from '../../../src/terminal/examiner/in-app.ts'
import { realExaminers, type RealExaminers } from '../../fixtures/real-examiners.ts'
import { temporaryFolder } from '../ledger/demo-ledger.ts'

let folder: ReturnType<typeof temporaryFolder>
let data: string
let examiners: RealExaminers | undefined
const patienceMs = 90_000

const till = () => ({
  core: { data, anchor: join(folder.path, 'anchor.json'), ledgerUrl: 'http://127.0.0.1:1' },
  // Nobody may ask this one: a till has it.
  devices: { reader: { kind: 'pcsc' }, printer: { kind: 'tcp', host: '192.0.2.7', profile: 'generic-80mm' } },
})
/** Not the readers of whoever runs the test. */
const environment = () => ({ PCSCLITE_CSOCK_NAME: join(folder.path, 'none') })

beforeEach(() => {
  folder = temporaryFolder()
  data = join(folder.path, 'till')
  mkdirSync(data, { mode: 0o700 })
})
afterEach(async () => {
  await examiners?.stop()
  examiners = undefined
  folder.remove()
})

const examine = async (...words: string[]) => {
  await examiners?.stop()
  examiners = realExaminers(till(), environment())
  return examiners.examine(['examine', ...words], patienceMs)
}
/** Folder, journal, terminal, and the printer, which that till may have. */
const lateOfAFolder = 4
const codesOf = (outcome: Awaited<ReturnType<typeof examine>>) =>
  'trouble' in outcome ? outcome : outcome.findings.map(({ code }) => code)

describe('an examination in the app', () => {
  it(
    'finds what the command finds, with the till’s own settings, and leaves a running till its printer',
    async () => {
      const lock = lockDataFolder(data, { name: 'a till', pid: 4711, startedAt: '' })
      const before = readdirSync(data)
      // On a machine that is busy with other tests a check may be late.
      await vi.waitFor(
        async () => {
          const codes = codesOf(await examine())
          expect(codes).toEqual(
            expect.arrayContaining(['settings-none', 'folder-in-use', 'journal-none', 'ledger-unreachable']),
          )
          expect(codes).toEqual(expect.arrayContaining(['pcsc-not-running', 'printer-with-till']))
          // Itself, the readers, the folder, the journal.
          expect(examiners?.started).toBe(4)
        },
        { timeout: patienceMs },
      )
      expect(readdirSync(data)).toEqual(before)
      lock.release()
    },
    patienceMs,
  )

  it(
    'writes its bundle into a folder of this user alone, whole, and over nothing',
    async () => {
      const file = join(data, 'bench', 'support.zip')
      expect(await examine(file)).toMatchObject({ bundle: { kind: 'written', file, bytes: statSync(file).size } })
      const { mode } = statSync(join(data, 'bench'))
      expect([mode & 0o777, statSync(file).mode & 0o777]).toEqual([0o700, 0o600])
      const before = readFileSync(file)
      expect(await examine(file)).toMatchObject({ bundle: { fault: 'exists', detail: 'FILE_EXISTS' } })
      expect(readFileSync(file).equals(before)).toBe(true)
      expect(readdirSync(join(data, 'bench'))).toEqual(['support.zip'])
    },
    patienceMs,
  )
})

it(
  'a till whose journal nothing here can read costs the bundle, with what was said, and no finding',
  async () => {
    const { near, far } = createChannelPair()
    const seen = { data, holder: { held: true, pid: 1 }, identity: { kind: 'none' }, terminalId: null }
    const why = 'better_sqlite3.node: cannot open shared object file'
    far.onMessage((message) => {
      const { question, look } = message as { question: number; look: readonly string[] }
      if (look[0] === 'journal') far.post({ question, answer: { kind: 'unusable', why } })
      else far.post({ question, answer: look[0] === 'till' ? { kind: 'said', value: seen } : { kind: 'silent' } })
    })
    const { core, devices } = till()
    const given = { core: JSON.stringify(core), devices: JSON.stringify(devices), settings: undefined }
    const message = await examineInApp(given, join(data, 'bench', 'support.zip'), near)
    expect(message).toMatchObject({ bundle: { kind: 'refused', fault: 'not_written', detail: why } })
    expect(message).toHaveProperty('findings', expect.arrayContaining([found('journal', 'check-broken', { why })]))
    expect(examinerMessageSchema.safeParse(message).success).toBe(true)
    expect(readdirSync(data)).toEqual([])
  },
  patienceMs,
)

describe.skipIf(process.platform === 'win32')('a folder that hangs', () => {
  it(
    'is told with all the rest, and no bundle is tried in it',
    async () => {
      execFileSync('mkfifo', [join(data, 'owner.lock')])
      // Again while one that is not to be late is, on a busy machine.
      let outcome
      do outcome = await examine(join(data, 'bench', 'support.zip'))
      while (JSON.stringify(codesOf(outcome)).split('check-late').length > lateOfAFolder + 1)
      expect(outcome).toMatchObject({ bundle: { kind: 'refused', fault: 'folder_silent' } })
      expect(codesOf(outcome)).toEqual(expect.arrayContaining(['check-late', 'pcsc-not-running', 'ledger-unreachable']))
      expect(readdirSync(data)).toEqual(['owner.lock'])
    },
    patienceMs,
  )

  it(
    'and keeps hold of the examiner itself costs that one: it is ended in its time',
    async () => {
      const settings = join(folder.path, 'settings.json')
      execFileSync('mkfifo', [settings])
      examiners = realExaminers({ ...till(), settings }, environment())
      expect(await examiners.examine(['examine'], 3_000)).toEqual({ trouble: 'late' })
    },
    patienceMs,
  )
})

describe('a bundle that cannot be written', () => {
  const bytes = Uint8Array.of(1, 2, 3)
  const failing = (code: string) => (): never => {
    throw Object.assign(new Error(code), { code })
  }

  it.each([
    ['ENOSPC', 'disk_full'],
    ['EDQUOT', 'disk_full'],
    ['EACCES', 'no_rights'],
    ['EPERM', 'no_rights'],
    ['EROFS', 'no_rights'],
    ['EIO', 'not_written'],
  ])('says for %s %s, with the code', (code, fault) => {
    const file = join(data, 'bench', 'support.zip')
    expect(writeBundle(file, bytes, failing(code))).toEqual({ kind: 'refused', fault, detail: code })
  })

  it('says so of the system’s own refusals', () => {
    writeFileSync(join(data, 'bench'), 'a file of that name')
    const refused = writeBundle(join(data, 'bench', 'support.zip'), bytes)
    expect(refused).toMatchObject({ fault: 'not_written', detail: expect.stringMatching(/^(ENOTDIR|EEXIST)$/) })
    rmSync(join(data, 'bench'))
    if (process.platform !== 'linux') return
    // Nobody makes a folder there, root neither.
    expect(writeBundle('/sys/tolem/support.zip', bytes)).toMatchObject({ fault: 'no_rights' })
  })
})
