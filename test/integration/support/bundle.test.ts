/**
 * A support bundle of a till that has sold with a card of every profile. Method: every text in every row of its
 * journal, in its package and in its identity is a value that must not leave, beside what its cards and people know
 * and no journal holds; every byte of the bundle is searched for each of them, in every form of `searched.ts`.
 */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { unzipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { VirtualCard } from '../../../hardware-mocks/cards/virtual-card.ts'
import { journalFigures } from '../../../src/sync/journal/journal-figures.ts'
import { found } from '../../../src/terminal/doctor/finding.ts'
import { bareAddress, supportBundle, type BundleParts } from '../../../src/terminal/support/bundle.ts'
import { realExaminers } from '../../fixtures/real-examiners.ts'
import { ntag21x, originalUids, uidCard } from '../../fixtures/identified-cards.ts'
import { chip, issueChip, pin } from '../payment/counting-chip.ts'
import { buys } from '../payment/customers.ts'
import { enrolUid, issueNtag21x, takesNtag21xCards, takesUidCards } from '../payment/identified-desk.ts'
import { PreparedWorld, type WalkWorld } from '../payment/prepared-world.ts'
import { foundIn, textsIn } from './searched.ts'

const root = resolve(import.meta.dirname, '..', '..', '..')
const prepared = new PreparedWorld()
let world: WalkWorld
let folder: string
/** What must not leave. */
let values: Set<string>

const busCard = '04A1B2C3D4E5F6'
const laid = { uid: 'Forged Pupil 01', ntag21x: 'Forged Pupil 02', applet: 'Forged Pupil 03', ntag424: 'Pupil 02' }

beforeAll(async () => {
  await prepared.prepare()
  const bus = uidCard(busCard).card
  const tag = ntag21x().card
  const counting = chip()
  const others = new Map<string, VirtualCard>([
    [laid.uid, bus],
    [laid.ntag21x, tag],
    [laid.applet, counting.faulty],
  ])
  world = await prepared.open(undefined, (own, label) => others.get(label) ?? own)
  await takesUidCards(world)
  await takesNtag21xCards(world)
  await enrolUid(world, bus, 'Pupil 01')
  await issueNtag21x(world, tag, 'Family 01')
  await issueChip(world, counting)
  const { station } = world
  expect(await buys(world, station, laid.uid, 'school-lunch')).toBe('settled')
  expect(await buys(world, station, laid.ntag21x, 'bread')).toBe('settled')
  expect(await buys(world, station, laid.ntag424, 'school-lunch')).toBe('settled')
  expect(await buys(world, station, laid.applet, 'bread', 8_000)).toBe('settled')
  world.network.all = 'refused'
  await world.time.runUntil(world.time.now + 60_000)
  expect(await buys(world, station, 'Pupil 03', 'school-lunch')).toBe('pending')
  world.network.all = 'up'
  await world.time.runUntil(world.time.now + 60_000)
  world.network.authorisations = 'lose_answer'
  expect(await buys(world, station, laid.ntag21x, 'bread')).toBe('unknown')

  folder = dirname(world.journalFile)
  prepared.keepIdentity(folder)
  values = valuesOfTill(counting.name)
}, 120_000)
afterAll(async () => {
  await world?.close()
  prepared.remove()
})

function valuesOfTill(chipName: string): Set<string> {
  const database = new Database(world.journalFile, { readonly: true })
  const stored = database.prepare('SELECT json FROM payload UNION ALL SELECT json FROM package').all() as {
    json: string
  }[]
  database.close()
  const files = ['enrolment.json', 'terminal-keys.json'].map((name) => readFileSync(join(folder, name), 'utf8'))
  const texts = [...stored.map(({ json }) => json), ...files].filter((json) => json !== '')
  const { cards, enrolmentCodes, pseudonyms } = prepared.secrets
  const outside = [
    busCard,
    ...originalUids,
    pin,
    chipName,
    textsIn(cards),
    textsIn(enrolmentCodes),
    textsIn(pseudonyms),
  ]
  return new Set(
    [...texts.flatMap((json) => textsIn(JSON.parse(json))), ...outside.flat()].filter((each) => each.length >= 4),
  )
}

/** What the bundle says by design: the till that it is of, and the heads of its chain. */
function meant(): readonly string[] {
  const { head, countersigned, rowsByKind = {} } = journalFigures(world.journalFile) ?? {}
  return ['till-1', head?.hash ?? '', countersigned?.hash ?? '', ...Object.keys(rowsByKind)]
}

/** Of the program itself, which rows have as values too. */
const ordinary = [
  ...['approve', 'card', 'cash', 'count', 'offline', 'online', 'reached', 'till', 'voucher'],
  ...['open', 'closed', 'pending', 'settled', 'unknown', 'presentment', 'printed', 'waiting', 'first'],
]

function support(...more: readonly string[]): Promise<{ code: unknown; said: string; complained: string }> {
  const words = [join(root, 'tools', 'till.ts'), 'support', '--data', folder, ...more]
  // Not the settings and readers of whoever runs the test.
  const env = { ...process.env, XDG_CONFIG_HOME: folder, PCSCLITE_CSOCK_NAME: join(folder, 'none') }
  return new Promise((done) =>
    execFile(process.execPath, words, { env }, (error, said, complained) =>
      done({ code: error?.code ?? 0, said, complained }),
    ),
  )
}

/** A day or a month has the name of a period, and is what a clock says on some day. */
const calendar = /^\d{4}-\d{2}(-\d{2})?$/

/** Of a bundle, the values that must not be in it and are. */
function leaksIn(zip: Buffer): readonly string[] {
  const bytes = Buffer.concat([zip, ...Object.values(unzipSync(zip))])
  expect(values.size).toBeGreaterThan(300)
  const allowed = [...meant(), ...ordinary]
  const leaks = foundIn(bytes, values).filter((value) => !allowed.includes(value) && !calendar.test(value))
  return [...leaks, ...foundIn(bytes, [folder, userInfo().homedir])]
}

describe('npm run till -- support', () => {
  it('writes one file, beside a till that runs, in which nobody is found', async () => {
    const file = join(folder, 'bundle.zip')
    const { code, said, complained } = await support('--to', file)
    expect({ code, complained }).toEqual({ code: 0, complained: '' })
    expect(said).toContain('Nobody’s card')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder).filter((name) => name.includes('unfinished'))).toEqual([])

    const zip = readFileSync(file)
    const parts = unzipSync(zip)
    expect(Object.keys(parts)).toEqual([
      ...['README.txt', 'doctor.txt', 'doctor.jsonl', 'versions.json', 'settings.json', 'journal.json'],
    ])
    expect(leaksIn(zip)).toEqual([])

    const journal = JSON.parse(Buffer.from(parts['journal.json'] ?? []).toString()) as Record<string, unknown>
    expect(journal).toEqual(JSON.parse(JSON.stringify(journalFigures(world.journalFile))))
    expect(journal['undecided']).toBe(1)
    expect(journal['troubles']).toMatchObject([{ kind: 'tender_unknown', code: null }])
  }, 30_000)

  it('goes over nothing that is there', async () => {
    const file = join(folder, 'there.zip')
    writeFileSync(file, 'all that is left of something')
    expect(await support('--to', file)).toMatchObject({ code: 1, complained: expect.stringContaining('(FILE_EXISTS)') })
    expect(readFileSync(file, 'utf8')).toBe('all that is left of something')
  }, 30_000)
})

describe('the button of the test bench', () => {
  it('writes the same, in which nobody is found either', async () => {
    const core = { data: folder, anchor: join(dirname(folder), 'anchor.json'), ledgerUrl: 'http://127.0.0.1:1' }
    const devices = { reader: { kind: 'none' }, printer: { kind: 'none' } }
    const examiners = realExaminers({ core, devices }, { PCSCLITE_CSOCK_NAME: join(folder, 'none') })
    const file = join(folder, 'bench', 'support.zip')
    const outcome = await examiners.examine(['examine', file], 60_000)
    await examiners.stop()
    expect(outcome).toMatchObject({ bundle: { kind: 'written', file } })
    const zip = readFileSync(file)
    expect(leaksIn(zip)).toEqual([])
    const journal: unknown = JSON.parse(Buffer.from(unzipSync(zip)['journal.json'] ?? []).toString())
    expect(journal).toEqual(JSON.parse(JSON.stringify(journalFigures(world.journalFile))))
  }, 60_000)
})

const parts = (of: Partial<BundleParts> = {}): BundleParts => ({
  ...{ madeAt: 0, findings: [], language: 'kk', terminalId: 'till-1', versions: {}, journal: null, instead: [] },
  settings: { file: 'none', ledgerUrl: null, reader: 'pcsc', printer: null },
  ...of,
})
const contentOf = (of: Partial<BundleParts>) => Buffer.concat(Object.values(unzipSync(supportBundle(parts(of)))))

describe('what the search is worth', () => {
  it.each(['utf8', 'hex', 'HEX', 'base64', 'base64url'] as const)('a leak in %s is found', (form) => {
    const { pseudonyms } = prepared.secrets
    const secret = pseudonyms['Pupil 02'] ?? ''
    const bytes = Buffer.from(secret, 'hex')
    const leaks = { utf8: secret, hex: bytes.toString('hex'), HEX: bytes.toString('hex').toUpperCase() }
    const leak = form in leaks ? leaks[form as keyof typeof leaks] : bytes.toString(form as 'base64')
    expect(secret).toHaveLength(32)
    expect(foundIn(contentOf({}), [secret])).toEqual([])
    expect(foundIn(contentOf({ versions: { leak: `x${leak}y` } }), [secret])).toEqual([secret])
  })
})

describe('a bundle', () => {
  it('says of an address where, and no password or token that stands in it', () => {
    expect(bareAddress('https://till:geheim@ledger.example:8443/v1?token=4711#x')).toBe('https://ledger.example:8443')
    const url = 'https://till:geheim@ledger.example/t/815815/?token=471147'
    const content = contentOf({
      settings: { file: 'read', ledgerUrl: url, reader: 'pcsc', printer: null },
      findings: [found('ledger', 'ledger-ok', { url })],
    })
    expect(foundIn(content, ['geheim', '471147', '815815'])).toEqual([])
    expect(content.includes('ledger.example')).toBe(true)
  })

  it('names neither the person at the machine nor what a broken check ran into', () => {
    const content = contentOf({
      instead: [
        ['/opt/aigerim/till', 'DATA'],
        ['aigerim', 'USER'],
      ],
      findings: [
        found('folder', 'folder-no-rights', { data: '/opt/aigerim/till', owner: 'aigerim' }),
        found('journal', 'check-broken', { why: 'Unexpected token in "{"pin":"1379"…' }),
      ],
    })
    expect(foundIn(content, ['aigerim', '1379'])).toEqual([])
    expect(content.includes('DATA')).toBe(true)
  })

  it('is made of a clock that stands before ZIP was made, too', () => {
    expect(Object.keys(unzipSync(supportBundle(parts({ madeAt: -1 }))))).toHaveLength(6)
  })
})
