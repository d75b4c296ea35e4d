/** A tap does not wait for a long batch of another till that came first (ADR 40). */
import { expect, test } from 'vitest'
import { demoLedger } from './demo-ledger.ts'

test('a tap at another till is answered before a batch that came first is done', async () => {
  const demo = await demoLedger()
  try {
    const [till, other] = [await demo.till('till-1'), await demo.till('till-2')]
    for (const each of [till, other]) await each.fetch()
    const cards = Array.from({ length: 20 }, (_, index) => demo.card(`Pupil ${String(index + 1).padStart(2, '0')}`))
    const items = cards.map((card) => till.presentment(till.decide({ card })))
    const done: string[] = []
    const batches = [0, 1, 2].map(() => till.batch(...items).then(() => done.push('batch')))
    const tap = other
      .inquire(items[0]?.kind === 'presentment' ? items[0].terms.tenderId : '')
      .then(() => done.push('tap'))
    await Promise.all([...batches, tap])
    expect(done.indexOf('tap')).toBeLessThan(done.lastIndexOf('batch'))
  } finally {
    await demo.close()
  }
})
