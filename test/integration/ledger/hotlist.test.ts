/**
 * The ledger's hotlist: what it publishes, what it keeps of it, and that no card is refused for another one. Cards
 * whose pseudonyms meet are made on purpose: rows beside those of real cards, since nobody finds such UIDs.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { demoAgency } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { registerCard, setCardStatus } from '../../../ledger-sim/schemes/cards.ts'
import { hotlistAt } from '../../../ledger-sim/schemes/hotlist.ts'
import { hashOf, toJson } from '../../../src/sync/protocol/canonical.ts'
import { cardPseudonym } from '../../../src/sync/protocol/card-pseudonym.ts'
import { signTagged, verifyTagged } from '../../../src/sync/protocol/keys.ts'
import { applyDelta, isListed, isPackedHotlist, type PackedHotlist } from '../../../src/voucher/hotlist.ts'
import type { TerminalPackage } from '../../../src/voucher/package.ts'
import { demoLedger, hourMs, temporaryFolder, type DemoLedger, type TestTill } from './demo-ledger.ts'

let demo: DemoLedger
let till: TestTill
let folder: ReturnType<typeof temporaryFolder>
const path = () => join(folder.path, 'ledger.db')
const faults = () => auditFile(path())?.faults.map(({ rule, subject }) => [rule, subject])

beforeEach(async () => {
  folder = temporaryFolder()
  demo = await demoLedger({ path: path() })
  till = await demo.till('till-1')
  await till.fetch()
})
afterEach(async () => {
  try {
    expect(faults()).toEqual([])
  } finally {
    await demo.close()
    folder.remove()
  }
})

const set = (card: string, status: 'blocked' | 'active') =>
  inTransaction(demo.ports, (work) => setCardStatus(work, card, status))
const block = (label: string) => set(demo.card(label).pseudonym, 'blocked')

/** A card that shares so many bytes with another one, and no more. */
async function cardBeside(card: string, bytes: number): Promise<string> {
  const turned = card.slice(2 * bytes).replaceAll(/./g, (digit) => (15 - Number.parseInt(digit, 16)).toString(16))
  const beside = `${card.slice(0, 2 * bytes)}${turned}`
  await demo.ports.store.transaction((connection) =>
    connection
      .insertInto('card')
      .values({
        card: beside,
        holder: '0'.repeat(32),
        status: 'active',
        epoch: 1,
        highest_counter: 0,
        file_read_key: '',
        till_key: '',
      })
      .execute(),
  )
  return beside
}

/** As a till that names the list it has: the whole package, rebuilt and proved. */
async function fetchByDelta(held: TerminalPackage): Promise<{ kind: string; sent: unknown; package: TerminalPackage }> {
  const answer = await till.call('/v1/terminal/packages', {
    haveVersion: held.version,
    haveHotlist: held.hotlist.version,
  })
  if (answer.kind === 'current') throw new Error('nothing newer')
  const { signed } = answer
  const applied =
    answer.kind === 'newer_by_delta' ? applyDelta(held.hotlist as PackedHotlist, answer.signed.package.hotlist) : null
  if (applied?.kind === 'does_not_fit') throw new Error(applied.fault)
  const whole = (applied === null ? signed.package : { ...signed.package, hotlist: applied.hotlist }) as TerminalPackage
  expect(verifyTagged(demo.ports.keys.signing, 'tolem/package/1', whole, signed.signature)).toBe(true)
  return { kind: answer.kind, sent: signed.package.hotlist, package: whole }
}

const newest = async (): Promise<PackedHotlist> => {
  const { hotlist } = await till.fetch()
  if (!isPackedHotlist(hotlist)) throw new Error('not packed')
  return hotlist
}

describe('to a till that names its list goes what has changed', () => {
  test('and it makes the package that others get whole', async () => {
    const held = till.package!
    await block('Pupil 05')
    await block('Pupil 06')
    const { kind, package: rebuilt } = await fetchByDelta(held)
    expect(kind).toBe('newer_by_delta')
    expect(rebuilt).toEqual(await till.fetch())
    expect(isListed(rebuilt.hotlist, demo.card('Pupil 06').pseudonym)).toBe(true)
  })

  test('nothing, when the package has changed and the list has not', async () => {
    const held = till.package!
    demo.clock.now += 19 * hourMs
    const { kind, sent, package: rebuilt } = await fetchByDelta(held)
    expect({ kind, sent }).toMatchObject({ kind: 'newer_by_delta', sent: { added: '', removed: '' } })
    expect(rebuilt.hotlist).toEqual(held.hotlist)
  })

  test.each([
    ['it names none', {}],
    ['it names one that is not known', { haveHotlist: 99 }],
  ])('the whole, when %s', async (_what, naming) => {
    await block('Pupil 05')
    const asked = { haveVersion: 1, ...naming }
    expect(await till.call('/v1/terminal/packages', asked)).toMatchObject({ kind: 'newer' })
  })

  test('the whole, when nearly all has changed', async () => {
    const held = till.package!
    for (const { label } of demo.world.cards) await set(demo.card(label).pseudonym, 'active')
    await block('Pupil 05')
    expect((await fetchByDelta(held)).kind).toBe('newer')
  })
})

describe('cards whose pseudonyms meet', () => {
  test('one that is registered beside a blocked one is told apart in the same commit', async () => {
    const uid = Uint8Array.of(0x04, 0xee, 0xee, 0xee, 0xee, 0xee, 1)
    const coming = cardPseudonym(demo.ports.keys.cardReferenceKey, uid)
    const lost = await cardBeside(coming, 8)
    await set(lost, 'blocked')
    const held = await till.fetch()
    const { version } = await newest()
    // What a list of seven bytes says of a card that the ledger does not know: nobody can have it yet.
    expect([await newest().then(({ prefixBytes }) => prefixBytes), isListed(held.hotlist, coming)]).toEqual([7, true])
    const { cursor } = await till.call('/v1/terminal/events', { after: 0, limit: 100 })

    await inTransaction(demo.ports, (work) =>
      registerCard(work, { uid, holder: 'ab'.repeat(16), agencyId: demoAgency }),
    )
    const { events } = await till.call('/v1/terminal/events', { after: cursor, limit: 100 })
    expect(events.map(({ event }) => event.kind)).toEqual(['package_available'])
    const { kind, package: next } = await fetchByDelta(held)
    expect(kind).toBe('newer')
    expect(next.hotlist).toMatchObject({ version: version + 1, prefixBytes: 9 })
    expect([coming, lost].map((card) => isListed(next.hotlist, card))).toEqual([false, true])
    // Registered again it is the same card, and no version.
    await inTransaction(demo.ports, (work) =>
      registerCard(work, { uid, holder: 'ab'.repeat(16), agencyId: demoAgency }),
    )
    expect(await newest()).toMatchObject({ version: version + 1 })
    // When the blocked one is not blocked any more, seven bytes are enough.
    await set(lost, 'active')
    expect(await newest()).toMatchObject({ prefixBytes: 7 })
  })

  test('a card goes on paying beside one that is blocked, and two that are blocked share their prefix', async () => {
    const card = demo.card('Pupil 01')
    const [lost, other] = [await cardBeside(card.pseudonym, 9), await cardBeside(card.pseudonym, 7)]
    await set(lost, 'blocked')
    expect(await newest()).toMatchObject({ prefixBytes: 10 })
    await set(other, 'blocked')
    await till.fetch()
    expect(await till.authorise(till.decide({ card }, 'online'))).toMatchObject({ state: 'settled' })
    expect([lost, other].map((blocked) => isListed(till.package!.hotlist, blocked))).toEqual([true, true])

    await set(card.pseudonym, 'blocked')
    const all = await newest()
    expect(all).toMatchObject({ prefixBytes: 7 })
    await set(lost, 'active')
    expect(await newest()).toMatchObject({ prefixBytes: 10 })
    await set(lost, 'blocked')
    expect((await newest()).cards).toBe(all.cards)
  })
})

describe('what is kept', () => {
  test('is the list once, not with each package, and a former package is still whole', async () => {
    const held = till.package!
    const decided = till.decide({ card: demo.card('Pupil 01') })
    for (let turn = 0; turn < 10; turn += 1) {
      await block(`Pupil ${String(10 + turn)}`)
      await till.fetch()
    }
    for (const row of await demo.rows('package')) expect(row['content']).not.toContain('hotlist')
    const list = await inTransaction(demo.ports, (work) => hotlistAt(work, held.hotlist.version))
    expect(list).toEqual(held.hotlist)
    expect(await till.present(decided)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  })

  test('a list that its changes do not make is never handed out', async () => {
    await block('Pupil 05')
    await demo.ports.store.transaction((connection) =>
      connection
        .updateTable('hotlist')
        .set({ hash: 'ab'.repeat(32) })
        .execute(),
    )
    await expect(inTransaction(demo.ports, (work) => hotlistAt(work, 2))).rejects.toThrow(/not the one/)
  })

  test('the audit finds a list that does not say what the cards say, and prefixes that tell too little', async () => {
    const { pseudonym } = demo.card('Pupil 05')
    const turn = (status: 'active' | 'blocked') =>
      demo.ports.store.transaction((connection) =>
        connection.updateTable('card').set({ status }).where('card', '=', pseudonym).execute(),
      )
    await turn('blocked')
    expect(faults()).toEqual([['the newest hotlist lists the blocked cards, and no other', pseudonym]])
    await turn('active')
    await block('Pupil 05')
    const beside = await cardBeside(pseudonym, 7)
    expect(faults()).toEqual([['no card shares its prefix with a blocked one, unless it is blocked too', beside]])
    await set(beside, 'blocked')
  })

  test('packages from before prefixes are whole, and what was decided under them is paid', async () => {
    const { hotlist, ...own } = till.package!
    const cards = demo.world.cards.map(({ label }) => demo.card(label).pseudonym)
    const former: TerminalPackage = {
      ...own,
      hotlist: { version: 1, issuedAt: hotlist.issuedAt, cards: cards.filter((card) => isListed(hotlist, card)) },
    }
    await demo.ports.store.transaction(async (connection) => {
      await connection
        .updateTable('package')
        .set({
          content: toJson(former),
          hotlist_version: null,
          hash: hashOf('tolem/package/1', former),
          signature: signTagged(demo.ports.keys.signing, 'tolem/package/1', former),
        })
        .where('package_id', '=', former.packageId)
        .execute()
      await connection.deleteFrom('hotlist_change').execute()
      await connection.updateTable('hotlist').set({ prefix_bytes: null, hash: null }).execute()
    })
    till.package = former
    till.packageHash = hashOf('tolem/package/1', former)
    expect(await till.authorise(till.decide({ card: demo.card('Pupil 01') }, 'online'))).toMatchObject({
      state: 'settled',
    })
    // The next one has prefixes again, of all that is blocked.
    const next = await till.fetch()
    expect(next.hotlist).toMatchObject({ version: 2, prefixBytes: 7 })
    for (const card of cards) expect(isListed(next.hotlist, card)).toBe(isListed(former.hotlist, card))
  })
})

test('a hundred thousand blocked cards: a package takes a megabyte on its way, from then on a few bytes', async () => {
  const cards = Array.from({ length: 100_000 }, (_, index) =>
    createHash('sha256').update(`blocked ${index}`).digest('hex').slice(0, 32),
  )
  await demo.ports.store.transaction(async (connection) => {
    for (let start = 0; start < cards.length; start += 1_000) {
      const rows = cards.slice(start, start + 1_000).map((card) => ({
        ...{ card, holder: '0'.repeat(32), status: 'blocked' as const, epoch: 1, highest_counter: 0 },
        ...{ file_read_key: '', till_key: '' },
      }))
      await connection.insertInto('card').values(rows).execute()
    }
    // As a ledger from before prefixes: it publishes all that is blocked.
    await connection.updateTable('hotlist').set({ prefix_bytes: null, hash: null }).execute()
  })
  const small = Buffer.byteLength(toJson(till.package))
  const held = await till.fetch()
  expect(Buffer.byteLength(toJson(held.hotlist))).toBeLessThanOrEqual(1_000_000)
  expect(cards.filter((card) => !isListed(held.hotlist, card))).toEqual([])
  expect(isListed(held.hotlist, demo.card('Pupil 01').pseudonym)).toBe(false)
  await block('Pupil 05')
  const { sent, package: next } = await fetchByDelta(held)
  expect(Buffer.byteLength(toJson(sent))).toBeLessThan(200)
  expect(isListed(next.hotlist, demo.card('Pupil 05').pseudonym)).toBe(true)
  for (const row of await demo.rows('package')) expect(String(row['content']).length).toBeLessThan(small + 10_000)
})
