/** Method: as in query-plans.test.ts, on what comes with every sale and script of a card that counts itself. */
import { expect, test } from 'vitest'
import { dayMs } from './demo-ledger.ts'
import { countingWorld } from './counting-card-world.ts'
import { scansIn } from './plans-of.ts'

test('nothing that is asked of a card that counts goes through a table that grows', async () => {
  const said = new Set<string>()
  let listening = false
  const world = await countingWorld({}, undefined, (statement) => void (listening && said.add(statement)))
  const { 'till-1': till, 'till-2': other } = world.tills
  const card = await world.issue()
  listening = true
  await world.carry(till, card)
  const [first, second] = [await world.sell(till, card, 100n), await world.sell(till, card, 100n)]
  await world.present(till, world.torn(till, first))
  await world.present(till, second)
  await world.present(till, first)
  const { tenderId } = second.sale.terms
  await till.batch(till.refund(tenderId, [{ line: 1, amount: second.sale.terms.amount }]), till.reversal(tenderId))
  await world.agency('/v1/card-blocks', { card: card.name })
  await world.carry(other, card)
  world.demo.clock.now += 16 * dayMs
  await till.call('/v1/terminal/card-scripts', { card: card.name, scriptCounter: 3 })
  listening = false
  // To open the escrow's account asks for whoever might refer to it.
  const scans = scansIn(world.path, said).filter((scan) => !scan.includes('insert into "account"'))
  expect(scans).toEqual([])
  await world.end()
})
