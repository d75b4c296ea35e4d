/** The list of payments whose card left too early, over a journal in memory. */
import { expect, it } from 'vitest'
import { tornView } from '../../../src/terminal/core/torn-list.ts'
import { evidenceOf, intentOf, journalInMemory, packageOf, saleFrozen, saleOf, Seeded } from '../sync/world.ts'

it('what nobody knows the end of stays on it, however many have ended since', () => {
  const seeded = new Seeded('torn list')
  const journal = journalInMemory()
  const tears = (): string => {
    const sale = saleOf(seeded)
    const intent = intentOf(seeded, sale, 'online')
    const { tenderId } = intent.terms
    journal.commit(saleFrozen(sale), intent, { kind: 'tender_torn', tenderId, step: 'read' })
    return tenderId
  }
  const open = tears()
  const advised = saleOf(seeded)
  const intent = intentOf(seeded, advised, 'online')
  const { tenderId } = intent.terms
  journal.commit(saleFrozen(advised), intent, { kind: 'tender_torn', tenderId, step: 'spend', mayBeDebited: true })
  journal.commit({ kind: 'debit_advised', tenderId, evidence: evidenceOf(intent), decidedAt: 0 })
  const ended = Array.from({ length: 70 }, tears)
  for (const id of ended) journal.commit({ kind: 'tender_voided', tenderId: id, reason: 'cancelled' })

  const listed = tornView(journal, packageOf(1))
  const states = Map.groupBy(listed, ({ state }) => state)
  expect(states.get('torn')?.map((record) => record.tenderId)).toEqual([open])
  expect(states.get('advised')?.map((record) => record.tenderId)).toEqual([tenderId])
  expect(states.get('advised')?.[0]).toMatchObject({
    saleNumber: advised.saleId.slice(-8),
    amount: intent.terms.amount,
  })
  // Of those that ended, the newest ten, each once.
  const newest = ended.slice(-10)
  expect(new Set(states.get('voided')?.map((record) => record.tenderId))).toEqual(new Set(newest))
  expect(listed).toHaveLength(12)
})

it('a payment that was torn twice stands on it once, with its last tear, and above one torn in between', () => {
  const seeded = new Seeded('torn twice')
  let at = 1_000
  const journal = journalInMemory({ now: () => at })
  const begins = (): string => {
    const sale = saleOf(seeded)
    const intent = intentOf(seeded, sale, 'online')
    journal.commit(saleFrozen(sale), intent)
    return intent.terms.tenderId
  }
  const tears = (tenderId: string): void => void journal.commit({ kind: 'tender_torn', tenderId, step: 'read' })
  const [once, twice] = [begins(), begins()]
  tears(twice)
  journal.commit({ kind: 'tender_resumed', tenderId: twice })
  expect(tornView(journal, packageOf(1))).toEqual([])
  at = 2_000
  tears(once)
  at = 3_000
  tears(twice)
  at = 4_000
  const listed = tornView(journal, packageOf(1))
  expect(listed.map(({ tenderId, at: tornAt }) => [tenderId, tornAt])).toEqual([
    [twice, 3_000],
    [once, 2_000],
  ])
})
