/**
 * A till's items in another order, cut and number of copies leave the same ledger (money-rules.md, "Identity"); and
 * whatever a till sends, honest or not, the books balance and no id is paid twice. fast-check prints the seed of a
 * failure and the smallest story that shows it.
 */
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import type { Authorisation, SyncItem } from '../../../src/sync/protocol/messages.ts'
import {
  demoLedger,
  temporaryFolder,
  type Decided,
  type DemoLedger,
  type TestTill,
} from '../../integration/ledger/demo-ledger.ts'

/** What happens at the till, in this order. */
type Step =
  | { readonly kind: 'sell'; readonly card: number; readonly askedFirst: boolean }
  | { readonly kind: 'reverse'; readonly which: number }
  | { readonly kind: 'surrender'; readonly card: number }

const labels = ['Pupil 01', 'Pupil 02', 'Family 01', 'Family 02'] as const
const milkPerMonth = 40

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('sell' as const), card: fc.nat(3), askedFirst: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reverse' as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('surrender' as const), card: fc.nat(3) }) },
)

type Message =
  | { readonly path: 'authorisation'; readonly request: Authorisation }
  | { readonly path: 'item'; readonly item: SyncItem }

/** The messages of an honest till: it sells only from slots that it still has, and never after giving one back. */
function honestStory(till: TestTill, demo: DemoLedger, steps: readonly Step[], isHonest: boolean): Message[] {
  const messages: Message[] = []
  const sold: { decided: Decided; card: number; reversed: boolean }[] = []
  const given = new Set<number>()
  for (const one of steps) {
    if (one.kind === 'sell') {
      const label = labels[one.card] ?? labels[0]
      const uses = sold.filter((sale) => sale.card === one.card && !sale.reversed).length
      if (isHonest && (given.has(one.card) || uses >= (label.startsWith('Pupil') ? 1 : milkPerMonth))) continue
      const decided = till.decide({ card: demo.card(label), item: label.startsWith('Pupil') ? 'school-lunch' : 'milk' })
      sold.push({ decided, card: one.card, reversed: false })
      if (one.askedFirst)
        messages.push({ path: 'authorisation', request: { terms: decided.terms, evidence: decided.evidence } })
      messages.push({ path: 'item', item: till.presentment(decided) })
    } else if (one.kind === 'reverse') {
      const sale = sold[one.which % Math.max(1, sold.length)]
      if (sale === undefined) continue
      sale.reversed = true
      messages.push({ path: 'item', item: till.reversal(sale.decided.terms.tenderId) })
    } else {
      const leased = till.leased(demo.card(labels[one.card] ?? labels[0]))
      if (leased === undefined || given.has(one.card)) continue
      given.add(one.card)
      messages.push({ path: 'item', item: till.surrender(leased.lease.leaseId, leased.slot.slotId) })
    }
  }
  return messages
}

async function deliver(till: TestTill, messages: readonly Message[], cuts: readonly number[]): Promise<void> {
  let batch: SyncItem[] = []
  let room = cuts[0] ?? 1
  let cut = 0
  const flush = async () => {
    if (batch.length > 0) await till.batch(...batch)
    batch = []
    cut += 1
    room = cuts[cut % cuts.length] ?? 1
  }
  for (const message of messages) {
    if (message.path === 'authorisation') {
      await flush()
      await till.authorise(message.request)
    } else {
      batch.push(message.item)
      if (batch.length >= room) await flush()
    }
  }
  await flush()
}

/** Everything that matters in the end: balances, states, uses. */
async function endState(demo: DemoLedger): Promise<unknown> {
  const pick = async (table: string, ...columns: string[]) =>
    (await demo.rows(table)).map((row) => columns.map((column) => String(row[column])).join(' ')).toSorted()
  return {
    balances: await pick('account', 'account_id', 'balance'),
    tenders: await pick('tender', 'tender_id', 'state'),
    uses: await pick('slot_use', 'slot_id', 'tender_id', 'amount'),
  }
}

const shuffled = <Item>(items: readonly Item[], keys: readonly number[]): Item[] =>
  items
    .map((item, index) => ({ item, key: keys[index % keys.length] ?? 0, index }))
    .toSorted((a, b) => a.key - b.key || a.index - b.index)
    .map(({ item }) => item)

const story = {
  steps: fc.array(step, { minLength: 3, maxLength: 14 }),
  cuts: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
  keys: fc.array(fc.nat(1_000), { minLength: 5, maxLength: 40 }),
  copies: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 5 }),
}

describe('whatever the network does to a till’s messages', () => {
  test('the end is the same', async () => {
    await fc.assert(
      fc.asyncProperty(story.steps, story.cuts, story.keys, story.copies, async (steps, cuts, keys, copies) => {
        const folder = temporaryFolder()
        const straight = await demoLedger()
        const crooked = await demoLedger({ path: join(folder.path, 'ledger.db') })
        try {
          const till = await straight.till('till-1')
          const twin = await crooked.till('till-1')
          await till.fetch()
          await twin.fetch()
          expect(twin.packageHash).toBe(till.packageHash)
          const messages = honestStory(till, straight, steps, true)
          await deliver(till, messages, [500])
          const many = messages.flatMap((message, index) =>
            Array.from({ length: copies[index % copies.length] ?? 1 }, () => message),
          )
          await deliver(twin, shuffled(many, keys), cuts)
          expect(await endState(crooked)).toEqual(await endState(straight))
          expect(auditFile(join(folder.path, 'ledger.db'))?.text).toMatch(/^balanced/)
        } finally {
          await straight.close()
          await crooked.close()
          folder.remove()
        }
      }),
      { numRuns: 12 },
    )
  }, 120_000)

  test('and a dishonest till leaves the books balanced, no id paid twice, escrow covering its slots', async () => {
    await fc.assert(
      fc.asyncProperty(story.steps, story.cuts, story.keys, story.copies, async (steps, cuts, keys, copies) => {
        const folder = temporaryFolder()
        const demo = await demoLedger({ path: join(folder.path, 'ledger.db') })
        try {
          const till = await demo.till('till-1')
          await till.fetch()
          const total = async () =>
            (await demo.rows('account'))
              .filter((row) => row['kind'] !== 'central-bank-issue' && row['currency'] === 'DT')
              .reduce((sum, row) => sum + (row['balance'] as bigint), 0n)
          const before = await total()
          const messages = honestStory(till, demo, steps, false)
          const many = messages.flatMap((message, index) =>
            Array.from({ length: copies[index % copies.length] ?? 1 }, () => message),
          )
          await deliver(till, shuffled(many, keys), cuts)
          expect(await total()).toBe(before)
          expect(auditFile(join(folder.path, 'ledger.db'))?.text).toMatch(/^balanced/)
        } finally {
          await demo.close()
          folder.remove()
        }
      }),
      { numRuns: 12 },
    )
  }, 120_000)
})
