/**
 * Method: random stories of cards that are registered, blocked and unblocked, their pseudonyms made to share many
 * bytes, against a model that is a map from card to status. After each act the newest list must say of every card what
 * the model says, with the shortest prefixes that can; at the end every version must still be what it was, also made
 * anew from its changes, and what makes any version of any other must make it to the letter. Acts that are undone leave
 * nothing behind, in memory neither.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { inTransaction, type LedgerPorts, type Work } from '../../../ledger-sim/context.ts'
import { ledgerKeysOf, newLedgerSecrets } from '../../../ledger-sim/keys.ts'
import { setCardStatus } from '../../../ledger-sim/schemes/cards.ts'
import { currentHotlist, hotlistAt, hotlistDelta, keepApart } from '../../../ledger-sim/schemes/hotlist.ts'
import { seededRandom } from '../../../ledger-sim/scenarios/seeded-random.ts'
import { openStore } from '../../../ledger-sim/store/open-store.ts'
import { hashOf } from '../../../src/sync/protocol/canonical.ts'
import { applyDelta, isListed, type PackedHotlist } from '../../../src/voucher/hotlist.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? 20_261_127)

type Act = { readonly card: string; readonly isUndone: boolean }

/** So few, of two families that differ late, that stories come back to each. */
const card = fc
  .tuple(fc.constantFrom('11', '22'), fc.constantFrom(0, 7, 9, 15), fc.nat({ max: 1 }))
  .map(([family, same, last]) => `${family.repeat(same)}${`0${last}`.repeat(16)}`.slice(0, 32))
const story = fc.array(fc.record({ card, isUndone: fc.integer({ min: 0, max: 5 }).map((drawn) => drawn === 0) }), {
  minLength: 15,
  maxLength: 40,
})

class Undone extends Error {}

async function world(): Promise<LedgerPorts> {
  const keys = ledgerKeysOf(newLedgerSecrets(seededRandom('hotlist')))
  return { store: await openStore(':memory:'), clock: () => 1, random: seededRandom('ids'), keys }
}

/** Registers a card that is not known, and turns the status of one that is. */
async function act(work: Work, wanted: string, status: 'active' | 'blocked' | undefined): Promise<void> {
  if (status !== undefined) {
    await setCardStatus(work, wanted, status === 'active' ? 'blocked' : 'active')
    return
  }
  // As `registerCard` does it, whose pseudonyms nobody can choose.
  const row = { card: wanted, holder: '0'.repeat(32), status: 'active' as const, epoch: 1, highest_counter: 0 }
  await work.connection
    .insertInto('card')
    .values({ ...row, file_read_key: '', till_key: '' })
    .execute()
  await keepApart(work, wanted)
}

function shortestApart(cards: ReadonlyMap<string, string>): number {
  const apart = (bytes: number) =>
    [...Map.groupBy(cards, ([name]) => name.slice(0, 2 * bytes)).values()].every(
      (near) => new Set(near.map(([, status]) => status)).size === 1,
    )
  return Array.from({ length: 10 }, (_, index) => 7 + index).find(apart) ?? 16
}

test(`no card is refused for another one, whatever is blocked; TOLEM_SEED=${seed}`, async () => {
  const seen = { longer: 0, shorter: 0, deltas: 0, wholes: 0, undone: 0 }
  await fc.assert(
    fc.asyncProperty(story, async (acts: readonly Act[]) => {
      const ports = await world()
      const cards = new Map<string, 'active' | 'blocked'>()
      const versions = new Map<number, PackedHotlist>()
      const read = <Result>(body: (work: Work) => Promise<Result>) => inTransaction(ports, body)
      const newest = () => read(async (work) => hotlistAt(work, (await currentHotlist(work)).version))
      let last = await newest()
      versions.set(last.version, last)
      for (const { card: wanted, isUndone } of acts) {
        const status = cards.get(wanted)
        const done = read(async (work) => {
          await act(work, wanted, status)
          if (isUndone) throw new Undone()
        })
        if (isUndone) {
          await expect(done).rejects.toThrow(Undone)
          seen.undone += 1
        } else {
          await done
          cards.set(wanted, status === 'active' ? 'blocked' : 'active')
        }
        const list = await newest()
        versions.set(list.version, versions.get(list.version) ?? list)
        expect(versions.get(list.version)).toEqual(list)
        for (const [name, now] of cards) expect(isListed(list, name), `${name} ${now}`).toBe(now === 'blocked')
        expect(list.prefixBytes).toBe(shortestApart(cards))
        if (list.prefixBytes > last.prefixBytes) seen.longer += 1
        if (list.prefixBytes < last.prefixBytes) seen.shorter += 1
        last = list
      }
      for (const [version, list] of versions) {
        expect(await read((work) => hotlistAt(work, version))).toEqual(list)
        for (const [from, former] of versions) {
          if (from > version) continue
          const delta = await read((work) => hotlistDelta(work, from, version))
          if (delta === undefined) seen.wholes += 1
          else {
            expect(applyDelta(former, delta)).toEqual({ kind: 'applied', hotlist: list })
            seen.deltas += 1
          }
        }
      }
      // Of as many others as are kept in memory: then each is made anew from its changes.
      const rows = await ports.store.read((connection) => connection.selectFrom('hotlist').selectAll().execute())
      expect(rows.map(({ hash }) => hash)).toEqual(
        [...versions.values()].map((list) => hashOf('tolem/hotlist/1', list)),
      )
      await ports.store.close()
    }),
    { seed, numRuns: 60 },
  )
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(20)
})
