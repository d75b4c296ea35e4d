/**
 * The peer's bug: an order that was paid offline went back to a draft when the till came on line again: the server's
 * older state overwrote it, and the payment was gone. https://github.com/odoo/odoo/pull/288974
 *
 * Ours: a sale is paid offline and closed; the ledger is heard again through lost answers, its word is read twice, the
 * till restarts, and its tables are made anew from the rows. At no moment is the sale open or its payment unpaid. A
 * second one, which the ledger will not pay, stays closed and says so: the goods are given.
 */
import { expect, test } from 'vitest'
import type { LedgerTransport } from '../../src/sync/engine/ports.ts'
import { allWell, openShop, queuedAs, rowsOf } from './shop.ts'

test('an order paid offline is never open again, whatever the ledger says later', async () => {
  const shop = await openShop()
  try {
    let asked = 0
    const shaky: LedgerTransport = async (request, deadlineMs) => {
      const answer = await shop.transport(request, deadlineMs)
      asked += 1
      return asked <= 2 ? { kind: 'no_answer', detail: 'lost' } : answer
    }
    const [card, other] = shop.cards
    const paid = shop.till.sell(card!)
    const unpaid = shop.till.sell(other!, { wrongBasket: true })
    let till = shop.open({ transport: shaky })
    const seen = { sales: new Set<string>(), paid: [] as string[], unpaid: [] as string[] }
    const look = (): void => {
      const stateOf = (sale: typeof paid): string => till.journal.tender(sale.intent.terms.tenderId)?.state ?? 'none'
      for (const sale of [paid, unpaid]) seen.sales.add(till.journal.sale(sale.frozen.sale.saleId)?.state ?? 'none')
      if (seen.paid.at(-1) !== stateOf(paid)) seen.paid.push(stateOf(paid))
      if (seen.unpaid.at(-1) !== stateOf(unpaid)) seen.unpaid.push(stateOf(unpaid))
      expect(till.journal.openSales()).toEqual([])
    }
    till.journal.commit(...rowsOf(paid), ...rowsOf(unpaid))
    till.journal.onDidCommit(look)
    look()
    for (let round = 0; round < 4; round += 1) await till.engine.syncNow()
    till.close()
    till = shop.open()
    look()
    await till.engine.syncNow()
    till.journal.rebuildProjection()
    look()
    till.close()

    expect(seen).toEqual({
      sales: new Set(['closed']),
      paid: ['pending', 'settled'],
      unpaid: ['pending', 'not_paid'],
    })
    expect(shop.judge([queuedAs(paid), queuedAs(unpaid, 'not_paid')])).toEqual(allWell)
  } finally {
    await shop.close()
  }
})
