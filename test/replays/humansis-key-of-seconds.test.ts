/**
 * The peer's bug: the key of a purchase was md5(beneficiary . vendor . unix seconds), without separators: a second sale
 * of the same pair in the same second was dropped, ids "1"+"12" and "11"+"2" were one key, and the till's clock decided
 * what was new. humansis/backend@2743049, src/Model/PurchaseService.php:59-63
 *
 * Ours: two sales of one card at one till under a clock that stands still are two payments, the same sale an hour later
 * is the same one, and names next to each other never make another pair's name or hash.
 */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { termsHashOf } from '../../src/sync/protocol/canonical.ts'
import { slotIdOf } from '../../src/voucher/slot.ts'
import { allWell, copyOfDisk, openShop, queuedAs, rowsOf } from './shop.ts'

test('two sales of the same pair in the same second are two; one of them again, an hour later, is none', async () => {
  const shop = await openShop(1)
  try {
    const standing = Date.now()
    const sales = [shop.till.nextSale(), shop.till.nextSale()]
    const at = (wall: number) => ({ wall: () => wall, monotonic: () => 0 })
    const till = shop.open({ clock: at(standing) })
    till.journal.commit(...sales.flatMap(rowsOf))
    const [first, second] = till.journal.waitingItems(9)
    expect(first?.itemId).not.toBe(second?.itemId)
    const copy = copyOfDisk(shop.journalFile, join(shop.folder, 'before-the-answer'))
    await till.engine.syncNow()
    till.close()

    // The same two once more, by a till that never heard the answer and whose clock is an hour off.
    const later = shop.open({ file: copy, clock: at(standing + 3_600_000) })
    await later.engine.syncNow()
    expect(later.journal.queue()).toMatchObject({ waiting: 0, parked: 0 })
    expect(later.journal.tendersInState('settled')).toHaveLength(2)
    later.close()
    expect(shop.judge(sales.map((sale) => queuedAs(sale)))).toEqual(allWell)
  } finally {
    await shop.close()
  }
})

test('names next to each other do not run together', async () => {
  const shop = await openShop(1)
  try {
    expect(slotIdOf('1', '12', 'may')).not.toBe(slotIdOf('11', '2', 'may'))
    const { terms } = shop.till.nextSale().intent
    const hashOf = (payerSlot: string, payeeAccount: string) => termsHashOf({ ...terms, payerSlot, payeeAccount })
    expect(hashOf('1', '12')).not.toBe(hashOf('11', '2'))
  } finally {
    await shop.close()
  }
})
