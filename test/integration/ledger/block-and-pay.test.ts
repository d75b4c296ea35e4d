/**
 * Online, blocking a card and paying with it serialise on the card's row: whichever the ledger takes first, the other
 * one sees. Method: both orders one after the other; then many payments at once, a third of their cards blocked before,
 * a third in the payments' own commit, a third afterwards. In which order the ledger took them is read from its
 * statements, and the answers must be those of that order.
 */
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { demoLedger, temporaryFolder, type DemoLedger, type TestSigner, type TestTill } from './demo-ledger.ts'

let folder: ReturnType<typeof temporaryFolder>
let statements: string[]
let onDidRun: (statement: string) => void
/** So long the ledger waits for more before it begins a commit. */
let commitAfterMs: number
let demo: DemoLedger
let agency: TestSigner
let till: TestTill

beforeEach(async () => {
  folder = temporaryFolder()
  statements = []
  onDidRun = () => undefined
  commitAfterMs = 0
  const path = join(folder.path, 'ledger.db')
  demo = await demoLedger({
    path,
    onDidRun: (statement) => {
      statements.push(statement)
      onDidRun(statement)
    },
    gather: (start) => void setTimeout(start, commitAfterMs),
  })
  agency = demo.role('agency', 'almaly-education')
  till = await demo.till('till-1')
  await till.fetch()
})
afterEach(async () => {
  try {
    expect(auditFile(join(folder.path, 'ledger.db'))?.faults).toEqual([])
    expect(demo.recovered).toEqual([])
  } finally {
    await demo.close()
    folder.remove()
  }
})

const block = (label: string) => agency.post('/v1/card-blocks', { card: demo.card(label).pseudonym })
const online = (label: string) => till.decide({ card: demo.card(label) }, 'online')
const paid = { state: 'settled', paidBy: 'escrow' }
const refused = { state: 'refused', refusal: 'CARD_BLOCKED' }

/** Resolves when the ledger has next run that statement. */
const ranOnce = (awaited: string) =>
  new Promise<void>((resolve) => {
    onDidRun = (statement) => void (statement === awaited && resolve())
  })

test('blocked, then paid: refused, for good', async () => {
  const decided = online('Pupil 01')
  expect(await block('Pupil 01')).toMatchObject({ status: 200 })
  expect(await till.authorise(decided)).toMatchObject(refused)
  await agency.post('/v1/card-unblocks', { card: demo.card('Pupil 01').pseudonym })
  expect(await till.authorise(decided)).toMatchObject({ ...refused, arrival: 'exists' })
})

test('paid, then blocked: paid, and the next payment is refused', async () => {
  const [first, second] = [online('Family 01'), online('Family 01')]
  expect(await till.authorise(first)).toMatchObject(paid)
  expect(await block('Family 01')).toMatchObject({ status: 200 })
  expect(await till.authorise(first)).toMatchObject({ ...paid, arrival: 'exists' })
  expect(await till.authorise(second)).toMatchObject(refused)
})

test('at once: each payment is judged by what stood before it', async () => {
  const labels = Array.from({ length: 20 }, (_, index) => `Pupil ${String(index + 1).padStart(2, '0')}`)
  const pairs = labels.map((label) => ({ label, decided: online(label) }))
  statements.length = 0
  const answers = new Map<string, unknown>()
  const ask = async (what: string, send: () => Promise<unknown>) => void answers.set(what, await send())
  const blocks = (third: number) =>
    Promise.all(
      labels.filter((_, index) => index % 3 === third).map((label) => ask(`block ${label}`, () => block(label))),
    )
  await blocks(0)
  commitAfterMs = 1000
  // A commit of somebody else; the next one takes the payments, and the blocks that come meanwhile.
  const before = demo.ports.store.transaction(() => Promise.resolve())
  await ranOnce('commit')
  const paying = pairs.map(({ label, decided }) => ask(`pay ${label}`, () => till.authorise(decided)))
  await Promise.all([before, ...paying, blocks(1)])
  commitAfterMs = 0
  await blocks(2)
  const seen = { blockedFirst: 0, paidFirst: 0, inOneCommit: 0 }
  for (const { label, decided } of pairs) {
    const { pseudonym } = demo.card(label)
    // Of longer texts better-sqlite3 shows so many characters.
    const tenderId = decided.terms.tenderId.slice(0, 32)
    const blockedAt = statements.findIndex(
      (statement) => statement.startsWith('update "card" set "status" = +\'blocked\'') && statement.includes(pseudonym),
    )
    const claimedAt = statements.findIndex(
      (statement) => statement.startsWith('insert into "tender"') && statement.includes(tenderId),
    )
    expect([blockedAt, claimedAt]).not.toContain(-1)
    const isBlockedFirst = blockedAt < claimedAt
    const between = statements.slice(Math.min(blockedAt, claimedAt), Math.max(blockedAt, claimedAt))
    if (!between.includes('commit')) seen.inOneCommit += 1
    seen[isBlockedFirst ? 'blockedFirst' : 'paidFirst'] += 1
    expect(answers.get(`block ${label}`)).toMatchObject({ status: 200 })
    expect(answers.get(`pay ${label}`)).toMatchObject(isBlockedFirst ? refused : paid)
  }
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(0)
})
