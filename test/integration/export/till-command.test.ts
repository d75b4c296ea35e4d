/**
 * `npm run till`, as processes of their own, on a folder with a real journal and the ledger behind a real socket. The
 * ledger's clock stands on a school morning, the command's is this machine's: the clock skew is part of the test.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startHttp, type RunningHttp } from '../../../ledger-sim/http/fastify.ts'
import { problemOf } from '../../../ledger-sim/http/problems.ts'
import { lockDataFolder } from '../../../src/sync/journal/data-folder.ts'
import { withEnrolmentCode } from '../../../src/terminal/core/enrolment-code.ts'
import { loadTerminalKeys } from '../../../src/terminal/core/key-file.ts'
import { signTagged } from '../../../src/sync/protocol/keys.ts'
import { startProcess, StartError } from '../../../tools/processes.ts'
import { balanceOf, demoLedger, temporaryFolder, type DemoLedger } from '../ledger/demo-ledger.ts'
import { saleFrozen, saleOf, Seeded } from '../../unit/sync/world.ts'
import { JournalingTill, type SoldOffline } from '../ledger/journaling-till.ts'

const root = resolve(import.meta.dirname, '..', '..', '..')
const merchantAccount = 'merchant.school-7-canteen'
const lunch = 115_000n
let folder: ReturnType<typeof temporaryFolder>
let demo: DemoLedger
let http: RunningHttp
let till: JournalingTill
let keyFile: string
let outFile: string

beforeEach(async () => {
  folder = temporaryFolder()
  demo = await demoLedger()
  http = await startHttp({ ledger: demo.ledger, port: 0 })
  const enrolled = await demo.till('till-1')
  await enrolled.fetch()
  till = new JournalingTill(demo, enrolled, folder.path)
  till.keepsIdentity()
  await till.showsHead()
  // Beside the till's folder, not in it.
  keyFile = `${folder.path}.role-keys.json`
  outFile = `${folder.path}.tolem-export`
  writeFileSync(keyFile, JSON.stringify(demo.world.roleKeys))
})
afterEach(async () => {
  till.stops()
  await http.close()
  await demo.close()
  folder.remove()
  for (const file of [keyFile, outFile]) rmSync(file, { force: true })
})

interface Ending {
  readonly code: number
  readonly said: string
  readonly complained: string
}

function command(...parameters: readonly string[]): Promise<Ending> {
  return new Promise((done) => {
    const words = [join(root, 'tools', 'till.ts'), ...parameters]
    execFile(process.execPath, words, { cwd: root, timeout: 120_000 }, (error, said, complained) =>
      done({ code: error === null ? 0 : Number(error.code), said, complained }),
    )
  })
}

const sold = (place: number): SoldOffline => till.sells(demo.card(demo.world.cards[place]?.label ?? ''))
const exported = (out = outFile) => command('export', '--data', folder.path, '--out', out)
const imported = (file = outFile) => command('import', '--file', file, '--ledger', http.url, '--key', keyFile)
const reset = (...more: readonly string[]) => command('reset', '--data', folder.path, ...more)
const printOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')
const journalFile = () => join(folder.path, 'journal.sqlite')

describe('the whole story', () => {
  test('sold off line, exported, presented from there once, and only then emptied', async () => {
    const sales = [sold(0), sold(1)]
    till.voids(sales[1]!)
    till.stops()
    const before = printOf(journalFile())
    const paid = await balanceOf(demo, merchantAccount)

    const refused = await reset()
    expect(refused).toMatchObject({ code: 1, said: '' })
    expect(refused.complained).toMatch(/^tolem: 3 items wait .* 1 payments .*--after-export FILE\. \(UNSYNCED\)\n$/)

    const made = await exported()
    expect(made).toMatchObject({ code: 0, complained: '' })
    expect(made.said).toMatch(/sales {7}1, .*reversals {3}1.*holds everything/s)
    expect(printOf(journalFile())).toBe(before)

    const handed = await imported()
    expect(handed).toMatchObject({ code: 0, complained: '' })
    expect(handed.said).toMatch(new RegExp(`${sales[0]!.tenderId} .* paid\n`))
    expect(handed.said).toMatch(new RegExp(`reversal:${sales[1]!.tenderId} {2}reversed\n`))
    expect(handed.said).toContain('Accepted 2, not accepted 0.')
    expect((await balanceOf(demo, merchantAccount)) - paid).toBe(lunch)
    expect(await imported()).toMatchObject({ code: 0, said: expect.stringContaining('[exists]') })
    expect((await balanceOf(demo, merchantAccount)) - paid).toBe(lunch)

    writeFileSync(join(folder.path, 'a note of the merchant'), '')
    const emptied = await reset('--after-export', outFile)
    expect(emptied).toMatchObject({ code: 0, complained: '' })
    for (const name of ['journal.sqlite', 'enrolment.json', 'terminal-keys.json'])
      expect(emptied.said).toContain(`deleted  ${name}\n`)
    expect(emptied.said).toContain('left     a note of the merchant\n')
    expect(readdirSync(folder.path).toSorted()).toEqual(['a note of the merchant', 'owner.json', 'owner.lock'])
    expect(await reset()).toMatchObject({ code: 2, complained: expect.stringContaining('(JOURNAL_MISSING)') })
  })

  test.each([
    ['the newest key file', false],
    ['a copy of the key file from before the change', true],
  ])('after a change of keys the same, with %s', async (_what, isCopy) => {
    const file = join(folder.path, 'terminal-keys.json')
    const before = readFileSync(file, 'utf8')
    sold(0)
    await changeKeys()
    sold(1)
    if (isCopy) writeFileSync(file, before)
    till.stops()
    const paid = await balanceOf(demo, merchantAccount)
    expect(await exported()).toMatchObject({ code: 0, complained: '' })
    expect(await imported()).toMatchObject({ code: 0, said: expect.stringContaining('Accepted 2, not accepted 0.') })
    expect((await balanceOf(demo, merchantAccount)) - paid).toBe(2n * lunch)
    expect(await reset('--after-export', outFile)).toMatchObject({ code: 0, complained: '' })
  })

  /** As the sync engine does: at the ledger, in the journal, in the file. */
  async function changeKeys(): Promise<void> {
    const keys = loadTerminalKeys(folder.path)
    const { signing, encryption } = keys.prepareNext((length) => demo.random(length))
    const named = { formerKey: keys.signing.keyId, terminalKey: signing.jwk, encryptionKey: encryption.jwk }
    const proof = signTagged(signing, 'tolem/key-rotation/1', { terminalId: 'till-1', ...named })
    await till.till.call('/v1/terminal/key-rotations', { ...named, proof })
    const row = { formerKey: keys.signing.keyId, terminalKey: signing.keyId, encryptionKey: signing.keyId }
    till.journal.commit({ kind: 'key_rotated', ...row })
    keys.takeNext()
  }

  test('a till to which nothing is owed any more is emptied without an export', async () => {
    till.stops()
    expect(await reset()).toMatchObject({ code: 0 })
  })

  test('what is not accepted ends with code 1 and its reason', async () => {
    sold(0)
    const second = sold(0)
    till.stops()
    await exported()
    const { code, said } = await imported()
    expect(code).toBe(1)
    expect(said).toMatch(new RegExp(`${second.tenderId} .* NOT PAID \\(SLOT_ALREADY_USED.*\\)`))
    expect(said).toContain('Accepted 1, not accepted 1.')
  })
})

describe('a ledger that was just started, and wants a later signature', () => {
  /**
   * In place of the ledger: has the first so many exports wait, and hands on all others.
   *
   * @returns when each was signed
   */
  async function turnAway(times: number, retryAfter: string | undefined): Promise<readonly number[]> {
    const signedAt: number[] = []
    const { ledger } = demo
    const handle: typeof ledger.handle = async (request) => {
      signedAt.push(Number(/;created=(\w+)/.exec(request.headers['signature-input'] ?? '')?.[1]))
      if (signedAt.length > times) return ledger.handle(request)
      const refused = ledger.refuse(request, problemOf('dated_before_restart'))
      return retryAfter === undefined
        ? refused
        : { ...refused, headers: { ...refused.headers, 'retry-after': retryAfter } }
    }
    await http.close()
    http = await startHttp({ ledger: { ...ledger, handle }, port: 0 })
    return signedAt
  }

  // A date is a form that the header has, and not one of the ledger's.
  test.each([
    ['2', 2],
    ['Mon, 30 Nov 2026 07:28:00 GMT', 1],
  ])('is asked again when `Retry-After: %s` is over, signed by its own time', async (retryAfter, seconds) => {
    const { tenderId } = sold(0)
    till.stops()
    await exported()
    const signedAt = await turnAway(1, retryAfter)
    expect(await imported()).toMatchObject({ code: 0, said: expect.stringContaining(`${tenderId}  `) })
    expect(signedAt.slice(1)).toEqual([Math.floor(demo.clock.now / 1_000) + seconds])
  })

  test('for good: the third time is the last, and nothing was taken', async () => {
    sold(0)
    till.stops()
    await exported()
    const signedAt = await turnAway(99, undefined)
    const { code, said } = await imported()
    expect({ code, asked: signedAt.length }).toEqual({ code: 1, asked: 3 })
    expect(said).toContain('(dated_before_restart)\nAccepted 0, not accepted 0; nothing of this part or a later one.')
  })
})

describe('reset refuses, and nothing is deleted,', () => {
  const everythingIsThere = (): void => {
    for (const name of ['journal.sqlite', 'enrolment.json', 'terminal-keys.json'])
      expect(existsSync(join(folder.path, name)), name).toBe(true)
  }

  test('with an export that was made before the last sale', async () => {
    sold(0)
    await exportedWhileStopped()
    const later = new JournalingTill(demo, till.till, folder.path)
    later.sells(demo.card(demo.world.cards[1]?.label ?? ''))
    later.stops()
    const { code, complained } = await reset('--after-export', outFile)
    expect({ code, complained }).toEqual({ code: 1, complained: expect.stringContaining('EXPORT_DOES_NOT_COVER') })
    everythingIsThere()
  })

  test('with an export that was changed, cut short, or is none', async () => {
    sold(0)
    await exportedWhileStopped()
    const text = readFileSync(outFile, 'utf8')
    const broken: readonly [string, string][] = [
      [text.replace(/"madeAt":\d+/, '"madeAt":1'), 'signature_wrong'],
      [text.replace('"isLast":true', '"isLast":false'), 'signature_wrong'],
      [text.slice(0, text.length / 2), 'not_an_export'],
      ['', 'not_an_export'],
    ]
    for (const [changed, fault] of broken) {
      writeFileSync(outFile, changed)
      const { code, complained } = await reset('--after-export', outFile)
      expect({ code, complained }).toEqual({ code: 1, complained: expect.stringContaining(`(${fault})`) })
    }
    expect(await reset('--after-export', `${outFile}.none`)).toMatchObject({ code: 2 })
    everythingIsThere()
  })

  test('with a paid sale of which nobody has said whether its goods were given', async () => {
    const sale = saleOf(new Seeded('a question'))
    const { saleId } = sale
    till.journal.commit(saleFrozen(sale), { kind: 'sale_closed', saleId }, { kind: 'goods_asked', saleId })
    till.stops()
    const { code, complained } = await reset()
    expect({ code, complained }).toEqual({ code: 1, complained: expect.stringContaining('(GOODS_ASKED)') })
    expect(complained).toContain(saleId.slice(-8))
    everythingIsThere()
    await exported()
    expect(await reset('--after-export', outFile)).toMatchObject({ code: 0, complained: '' })
  })

  test('with parked items, and with a tender that is unknown', async () => {
    const { tenderId } = sold(0)
    till.journal.commit({ kind: 'item_parked', itemId: tenderId, why: 'the ledger failed on it' })
    till.stops()
    expect(await reset()).toMatchObject({ code: 1, complained: expect.stringContaining('1 items') })
    const again = new JournalingTill(demo, till.till, folder.path)
    again.journal.commit({ kind: 'tender_voided', tenderId, reason: 'cancelled' })
    again.journal.commit({ kind: 'tender_unknown', tenderId, evidence: null })
    again.stops()
    new Database(journalFile()).exec('DELETE FROM outbox').close()
    expect(await reset()).toMatchObject({ code: 1, complained: expect.stringContaining('0 items') })
    everythingIsThere()
  })

  test('while the till runs', async () => {
    const lock = lockDataFolder(folder.path, { name: 'the till', pid: 1, startedAt: '2026-11-25T05:00:00Z' })
    try {
      for (const ending of [await reset(), await exported()])
        expect(ending).toMatchObject({ code: 2, complained: expect.stringMatching(/the till.*\(FOLDER_IN_USE\)/) })
    } finally {
      lock.release()
    }
    everythingIsThere()
    expect(existsSync(outFile)).toBe(false)
  })

  async function exportedWhileStopped(): Promise<void> {
    till.stops()
    expect(await exported()).toMatchObject({ code: 0 })
  }
})

describe('export', () => {
  test('writes over nothing', async () => {
    till.stops()
    writeFileSync(outFile, 'all that is left of another till')
    expect(await exported()).toMatchObject({ code: 1, complained: expect.stringContaining('(FILE_EXISTS)') })
    expect(readFileSync(outFile, 'utf8')).toBe('all that is left of another till')
  })

  test('makes no folder, and no keys, where there is no till', async () => {
    const nowhere = `${folder.path}-nowhere`
    const ending = await command('export', '--data', nowhere, '--out', outFile)
    expect(ending).toMatchObject({ code: 2, complained: expect.stringContaining('(JOURNAL_MISSING)') })
    expect(existsSync(nowhere)).toBe(false)
  })

  test('refuses a journal of a newer version, of another till, and a damaged one; it changes none', async () => {
    sold(0)
    till.stops()
    const good = `${journalFile()}.good`
    copyFileSync(journalFile(), good)
    const database = new Database(journalFile())
    database.pragma('user_version = 99')
    database.close()
    expect(await exported()).toMatchObject({ code: 2, complained: expect.stringContaining('(JOURNAL_NEWER)') })
    writeFileSync(journalFile(), Buffer.alloc(4096, 1))
    expect(await exported()).toMatchObject({ code: 2, complained: expect.stringContaining('(JOURNAL_CORRUPT)') })
    expect(readFileSync(journalFile())).toEqual(Buffer.alloc(4096, 1))
    copyFileSync(good, journalFile())
    rmSync(join(folder.path, 'enrolment.json'))
    expect(await exported()).toMatchObject({
      code: 2,
      complained: expect.stringContaining('(JOURNAL_OF_ANOTHER_TILL)'),
    })
    expect(existsSync(outFile)).toBe(false)
  })
})

describe('import', () => {
  test('sends nothing of a file of which any line is not whole', async () => {
    sold(0)
    till.stops()
    await exported()
    writeFileSync(outFile, `${readFileSync(outFile, 'utf8')}more\n`)
    expect(await imported()).toMatchObject({ code: 1, complained: expect.stringContaining('line 2') })
    expect(await demo.rows('tender')).toEqual([])
  })

  test('says what it lacks: the key, the ledger, the file', async () => {
    till.stops()
    await exported()
    const with_ = (key: string, url: string) => command('import', '--file', outFile, '--ledger', url, '--key', key)
    writeFileSync(`${keyFile}`, '[]')
    expect(await with_(keyFile, http.url)).toMatchObject({ code: 2, complained: expect.stringContaining('KEY_') })
    writeFileSync(keyFile, JSON.stringify(demo.world.roleKeys))
    expect(await with_(keyFile, 'http://127.0.0.1:9')).toMatchObject({
      code: 2,
      complained: expect.stringContaining('(LEDGER_UNREACHABLE)'),
    })
    expect(await command('import', '--file', 'none', '--ledger', http.url, '--key', keyFile)).toMatchObject({ code: 2 })
    const agency = demo.world.roleKeys.find(({ role }) => role === 'agency')
    writeFileSync(keyFile, JSON.stringify(agency?.privateJwk))
    const refused = await with_(keyFile, http.url)
    expect(refused).toMatchObject({ code: 1, said: expect.stringContaining('(role_not_allowed)') })
  })

  test('believes only the ledger at which the till was enrolled', async () => {
    sold(0)
    till.stops()
    await exported()
    const other = await demoLedger({ seed: 'another' })
    const false_ = await startHttp({ ledger: other.ledger, port: 0 })
    try {
      const ending = await command('import', '--file', outFile, '--ledger', false_.url, '--key', keyFile)
      expect(ending).toMatchObject({ code: 2, complained: expect.stringContaining('(LEDGER_NOT_BELIEVED)') })
    } finally {
      await false_.close()
      await other.close()
    }
  })
})

describe('a start on a folder whose journal is another till’s', () => {
  async function startRefusal(): Promise<string> {
    const core = { data: folder.path, anchor: `${folder.path}.anchor.json`, ledgerUrl: http.url }
    const program = join(root, 'src/terminal/shell-browser/main.ts')
    try {
      await (
        await startProcess('till', program, ['--core', JSON.stringify(core)], { environment: withEnrolmentCode('1-2') })
      ).stop()
      return 'started'
    } catch (error) {
      if (!(error instanceof StartError)) throw error
      return error.code ?? error.message
    }
  }

  test('is refused before an identity is made, or a code is used', async () => {
    sold(0)
    till.stops()
    for (const name of ['enrolment.json', 'terminal-keys.json']) rmSync(join(folder.path, name))
    const before = printOf(journalFile())
    expect(await startRefusal()).toBe('JOURNAL_OF_ANOTHER_TILL')
    expect(existsSync(join(folder.path, 'terminal-keys.json'))).toBe(false)
    expect(printOf(journalFile())).toBe(before)
  })

  test('is refused with another till’s enrolment in its place', async () => {
    sold(0)
    till.stops()
    const file = join(folder.path, 'enrolment.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace('"till-1"', '"till-2"'))
    expect(await startRefusal()).toBe('JOURNAL_OF_ANOTHER_TILL')
  })
})
