/**
 * A forged proof that is only found out when it is presented: nobody pays, the till is suspended, and both are said.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nobodysKey, openTillAtWork, saying, type TillAtWork } from './till-at-work.ts'

let work: TillAtWork

beforeAll(async () => {
  work = await openTillAtWork()
  await work.addsCards([work.copyOf('Pupil 13', 'Forger of Pupil 13', { 2: nobodysKey })])
})
afterAll(() => work?.close())

test('it is accepted offline, then not paid, with the reason on the screen', async () => {
  await work.panel.network({ mode: 'cut' })
  expect(saying(await work.sell('Forger of Pupil 13'))).toBe('approved pending')
  await work.clears()
  await work.panel.network({ mode: 'up' })
  const { recent, queue } = await work.sees(
    'the ledger’s word',
    (shown) => shown.recent[0]?.tenders[0]?.state === 'not_paid',
  )
  expect(recent[0]?.tenders).toMatchObject([{ code: 'PROOF_MISSING_OR_FORGED', amount: 115_000n }])
  expect(queue).toMatchObject({ waiting: 0, parked: 0 })
})

test('the till is suspended: the light says so, cards are refused with that code, cash goes on', async () => {
  const { lights } = await work.sees('suspended', (shown) => shown.lights.network.code === 'ledger_refuses_us')
  expect(lights.network.level).toBe('off')
  expect(saying(await work.sell('Pupil 14'))).toBe('refused TERMINAL_SUSPENDED')
  await work.till.does({ command: 'pay_cash' })
  await work.sees('paid in cash', ({ recent }) => recent[0]?.tenders[0]?.kind === 'cash')
})
