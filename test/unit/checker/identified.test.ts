/** What the checker says of sales by cards that only say who they are: no card's log can confirm them. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkRun } from '../../checker/check-run.ts'
import { MadeUpRun } from './made-up-run.ts'

let run: MadeUpRun
beforeEach(() => {
  run = new MadeUpRun()
})
afterEach(() => run.remove())

test('a card that proves anything: known as such at the ledger, it is the terminal’s word', () => {
  const said = (number: number, cardProof: object) => {
    const sale = run.sale(number)
    run.tender(sale, 'settled')
    run.pay(sale)
    run.receipt(sale)
    const { tenderId } = sale.terms
    run.insert('evidence', {
      tender_id: tenderId,
      kind: 'authorisation',
      content: JSON.stringify({ evidence: { cardProof } }),
    })
    return tenderId
  }
  const [carried, proving] = [
    said(1, { profile: 'uid', card: 'carried' }),
    said(2, { profile: 'uid', card: 'proving' }),
  ]
  run.insert('card', { card: 'carried', profile: 'uid' })
  run.insert('card', { card: 'proving', profile: null })
  expect(checkRun(run)).toMatchObject({ paidWithoutCard: [proving], paidAtTerminalsWord: [carried] })
})
