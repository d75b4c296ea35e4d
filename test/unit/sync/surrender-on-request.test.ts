/** When a till gives up a slot that the ledger asks it for: by how its own sales on that slot stand. */
import { expect, it, test } from 'vitest'
import { surrendersFor } from '../../../src/sync/engine/surrender-on-request.ts'
import type { Journal } from '../../../src/sync/journal/journal.ts'
import type { StatusEvent } from '../../../src/sync/protocol/messages.ts'
import { bench } from './engine-bench.ts'
import {
  evidenceOf,
  intentOf,
  itemOf,
  journalInMemory,
  leaseId,
  leaveUnknown,
  noon,
  saleFrozen,
  saleOf,
  Seeded,
  sellOffline,
} from './world.ts'

const wanted = (slotId: string, cursor = 1): StatusEvent => ({
  cursor,
  at: noon,
  event: { kind: 'surrender_wanted', leaseId, slotId },
})
const randomness = new Seeded('surrender')
const rowsFor = (journal: Journal, events: readonly StatusEvent[]) =>
  surrendersFor(journal, events, { uuid: () => randomness.uuid(), bytes: (length) => randomness.bytes(length) })
const isGiven = (journal: Journal, slotId: string): boolean => rowsFor(journal, [wanted(slotId)]).length > 0

const answered = (journal: Journal, tenderId: string, state: Parameters<typeof itemOf>[1]) =>
  journal.commit({ kind: 'item_answered', item: itemOf(tenderId, state), by: 'batch' })

/** The card left before it had proved anything; `mayBeDebited` says it of one that counts itself. */
function leaveTorn(journal: Journal, seeded: Seeded, mayBeDebited?: true) {
  const sale = saleOf(seeded)
  const intent = intentOf(seeded, sale, 'offline')
  const { tenderId } = intent.terms
  journal.commit(saleFrozen(sale), intent)
  journal.commit({ kind: 'tender_torn', tenderId, step: 'authenticate', ...(mayBeDebited && { mayBeDebited }) })
  return intent
}

test.each<[string, boolean, (journal: Journal, seeded: Seeded) => { readonly terms: { readonly payerSlot: string } }]>([
  ['sold offline and not answered', false, sellOffline],
  ['unknown', false, leaveUnknown],
  [
    'in the middle of a tap',
    false,
    (journal, seeded) => {
      const sale = saleOf(seeded)
      const intent = intentOf(seeded, sale, 'online')
      journal.commit(saleFrozen(sale), intent)
      return intent
    },
  ],
  ['torn before anything was sent', true, leaveTorn],
  [
    'torn, and its card is back',
    false,
    (journal, seeded) => {
      const torn = leaveTorn(journal, seeded)
      journal.commit({ kind: 'tender_resumed', tenderId: torn.terms.tenderId })
      return torn
    },
  ],
  ['torn, and its card may have paid by itself', false, (journal, seeded) => leaveTorn(journal, seeded, true)],
  [
    'given up, and its card may have paid by itself',
    false,
    (journal, seeded) => {
      const torn = leaveTorn(journal, seeded, true)
      const { tenderId } = torn.terms
      journal.commit({ kind: 'debit_advised', tenderId, evidence: evidenceOf(torn), decidedAt: noon })
      return torn
    },
  ],
  [
    'being reversed',
    false,
    (journal, seeded) => {
      const sold = sellOffline(journal, seeded)
      journal.commit({ kind: 'reversal_requested', tenderId: sold.terms.tenderId, reason: 'void' })
      return sold
    },
  ],
  ...(['settled', 'awaiting_funds', 'not_paid', 'reversed'] as const).map(
    (state): [string, boolean, (journal: Journal, seeded: Seeded) => ReturnType<typeof sellOffline>] => [
      state,
      true,
      (journal, seeded) => {
        const sold = sellOffline(journal, seeded)
        answered(journal, sold.terms.tenderId, state)
        return sold
      },
    ],
  ),
])('a slot on which a sale is %s: given up %s', (_state, given, arrange) => {
  const journal = journalInMemory()
  const { payerSlot } = arrange(journal, new Seeded('sale')).terms
  expect(isGiven(journal, payerSlot)).toBe(given)
})

it('is given up once, however often it is asked for, and never again', () => {
  const journal = journalInMemory()
  const slotId = 'school-lunch/somebody/2026-11-23'
  const rows = rowsFor(journal, [wanted(slotId), wanted(slotId, 2)])
  expect(rows).toMatchObject([{ kind: 'slot_surrendered', leaseId, slotId }])
  journal.commit(...rows)
  expect(isGiven(journal, slotId)).toBe(false)
  expect(isGiven(journal, `${slotId}x`)).toBe(true)
})

it('is sent again when the row that gave it up was set aside and the ledger asks once more', () => {
  const journal = journalInMemory()
  const slotId = 'school-lunch/somebody/2026-11-23'
  const rows = rowsFor(journal, [wanted(slotId)])
  journal.commit(...rows)
  const [given] = rows
  if (given?.kind !== 'slot_surrendered') throw new Error('not given up')
  journal.commit({ kind: 'item_parked', itemId: given.surrenderId, why: 'rule_violated' })
  expect(journal.queue()).toMatchObject({ waiting: 0, parked: 1 })
  const again = rowsFor(journal, [wanted(slotId, 2)])
  expect(again).toEqual([{ kind: 'parked_tried_again' }])
  journal.commit(...again)
  expect(journal.queue()).toMatchObject({ waiting: 1, parked: 0 })
  expect(rowsFor(journal, [wanted(slotId, 3)])).toEqual([])
})

it('is not given up by a journal of which the ledger says that it was put back', async () => {
  const { journal, ledger, engine, firstRound } = bench()
  const seen = { epoch: 1, sequence: 999, hash: 'ab'.repeat(32) }
  ledger.on('/v1/terminal/heads', () => ({ answer: { kind: 'rollback_detected', seen } }))
  await firstRound()
  let cursor = 0
  ledger.on('/v1/terminal/events', ({ after }) => ({
    answer: { events: after < cursor ? [wanted('school-lunch/somebody/2026-11-23', cursor)] : [], cursor },
  }))
  const given = () => [...journal.rows()].filter(({ row }) => row.kind === 'slot_surrendered').length
  const isAskedOnceMore = async () => {
    cursor += 1
    await engine.syncNow()
    expect(ledger.bodies('/v1/terminal/events').at(-1)).toMatchObject({ after: cursor })
  }
  await isAskedOnceMore()
  expect(given()).toBe(0)
  delete ledger.scripts['/v1/terminal/heads']
  await engine.syncNow()
  await isAskedOnceMore()
  expect(given()).toBe(1)
})
