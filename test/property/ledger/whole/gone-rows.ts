/** Whether the ledger's rows about tills that are gone, and about what QRs paid, are what the model has. */
import { expect } from 'vitest'
import type { Whole } from './state.ts'
import type { WholeWorld } from './world.ts'

export async function compareGone(world: WholeWorld, whole: Whole): Promise<void> {
  const rowsOf = async (table: string, ...columns: readonly string[]): Promise<readonly string[]> =>
    (await world.rows(table)).map((row) => columns.map((column) => row[column]).join(' ')).toSorted()
  const { revoked, exposed, reviews } = whole.gone
  expect(await rowsOf('review', 'tender_id', 'agency_id', 'held_in', 'paid_by', 'state')).toEqual(
    [...reviews]
      .map(([id, { agency, heldIn, paidBy, state }]) => [id, agency, heldIn, paidBy, state].join(' '))
      .toSorted(),
  )
  expect(await rowsOf('terminal', 'terminal_id', 'revoked_for')).toEqual(
    [...whole.tills.keys()].map((till) => [till, revoked.get(till)].join(' ')).toSorted(),
  )
  const cards = (await world.rows('card')).filter((row) => row['exposed_at'] !== null).map((row) => row['card'])
  expect(cards.toSorted()).toEqual([...exposed].toSorted())
  const paid = (await world.rows('payment_request')).map((row) => {
    const lines = JSON.parse(String(row['paid_lines'])) as { line: number; amount: string }[] | null
    return [
      row['tender_id'],
      ...(lines ?? ['none']).map((part) => (typeof part === 'string' ? part : `${part.line}: ${part.amount}`)),
    ].join(' ')
  })
  const asked = [...whole.tenders].flatMap(([id, { asked: of }]) => {
    if (of === null) return []
    return [[id, ...(of.lines?.map(({ line, amount }) => `${line}: ${amount}`) ?? ['none'])].join(' ')]
  })
  expect(paid.toSorted()).toEqual(asked.toSorted())
}
