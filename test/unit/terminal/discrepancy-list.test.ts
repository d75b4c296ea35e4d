/** Which of the ledger's disagreements the till lists, and in what order. The journal is a list of what was told. */
import { expect, it } from 'vitest'
import type { Journal } from '../../../src/sync/journal/journal.ts'
import type { Discrepancy } from '../../../src/sync/protocol/messages.ts'
import { discrepanciesView } from '../../../src/terminal/core/snapshot.ts'
import { tiyn } from '../../../src/voucher/money.ts'

const told = (discrepancyId: string, of: Partial<Discrepancy> = {}): Discrepancy => ({
  discrepancyId,
  tenderId: discrepancyId,
  code: 'SLOT_ALREADY_USED',
  owner: 'merchant',
  amount: tiyn(115_000n),
  at: 0,
  wayOut: 'appeal_to_agency',
  appeal: null,
  ...of,
})
const copyOf = (id: string) => told(id, { code: 'ROLLBACK_DETECTED', tenderId: null, wayOut: 'look_into_till' })
const borneByAgency = (id: string) => told(id, { code: 'ALLOWANCE_EXCEEDED_IN_POOL', owner: 'agency', wayOut: 'none' })

/** @param newestFirst as the journal gives them */
function listed(newestFirst: readonly Discrepancy[], reversed: readonly string[] = []): readonly string[] {
  const tender = (id: string) => ({ saleId: `sale-of-${id}`, state: reversed.includes(id) ? 'reversed' : 'settled' })
  const journal = { discrepancies: () => newestFirst, tender } as unknown as Journal
  return discrepanciesView(journal).map(({ discrepancyId }) => discrepancyId)
}

it('lists an old loss above thirty newer rows that ask for nothing', () => {
  const newer = Array.from({ length: 30 }, (_, index) => borneByAgency(`borne-${index}`))
  const list = listed([...newer, told('appealed', { appeal: 'open', wayOut: 'none' }), told('loss')])
  expect(list.slice(0, 3)).toEqual(['loss', 'appealed', 'borne-0'])
  expect(list).toHaveLength(20)
})

it('says once that the till has another journal, however often that was found', () => {
  expect(listed([copyOf('third'), copyOf('second'), told('loss'), copyOf('first')])).toEqual(['loss', 'third'])
})

it('leaves out what came to nothing: given back, withdrawn, or borne for a sale that was reversed', () => {
  const found = [
    told('given-back', { appeal: 'given_back', wayOut: 'none' }),
    told('withdrawn', { appeal: 'withdrawn', wayOut: 'none' }),
    borneByAgency('reversed'),
    borneByAgency('borne'),
  ]
  expect(listed(found, ['reversed'])).toEqual(['borne'])
})
