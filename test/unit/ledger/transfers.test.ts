/** Double entry: all legs or none, no account below its limit, holds resolve once. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openAccount, type AccountKind } from '../../../ledger-sim/accounts/accounts.ts'
import { placeHold, postHold, voidHold } from '../../../ledger-sim/accounts/holds.ts'
import { availableIn, post, type Leg } from '../../../ledger-sim/accounts/transfers.ts'
import { inTransaction, newId, type LedgerPorts, type Work } from '../../../ledger-sim/context.ts'
import { ledgerKeysOf, newLedgerSecrets } from '../../../ledger-sim/keys.ts'
import { seededRandom } from '../../../ledger-sim/scenarios/seeded-random.ts'
import { openStore } from '../../../ledger-sim/store/open-store.ts'
import { tiyn } from '../../../src/voucher/money.ts'

let ports: LedgerPorts
let now = 1_000_000
beforeEach(async () => {
  const random = seededRandom('unit')
  now = 1_000_000
  ports = { store: await openStore(':memory:'), clock: () => now, random, keys: ledgerKeysOf(newLedgerSecrets(random)) }
  await run(async (work) => {
    const accounts: readonly [string, AccountKind][] = [
      ['issue', 'central-bank-issue'],
      ['a', 'bank'],
      ['b', 'merchant'],
      ['c', 'escrow'],
    ]
    for (const [accountId, kind] of accounts) {
      await openAccount(work, { accountId, kind, currency: 'DT', owner: accountId, name: accountId })
    }
    await openAccount(work, { accountId: 'kzt', kind: 'bank-non-cash', currency: 'KZT', owner: 'a', name: 'kzt' })
    await post(work, [leg('issue', 'a', 100n)], 'start')
  })
})
afterEach(() => ports.store.close())

const run = <Result>(body: (work: Work) => Promise<Result>) => inTransaction(ports, body)
const leg = (debit: string, credit: string, amount: bigint): Leg => ({
  debit,
  credit,
  amount: tiyn(amount),
  kind: 'payment',
})
const available = (account: string) => run((work) => availableIn(work, account))

describe('a transfer', () => {
  test('moves what it says', async () => {
    expect(await run((work) => post(work, [leg('a', 'b', 30n)], 'x'))).toEqual({ kind: 'posted' })
    expect([await available('a'), await available('b')]).toEqual([70n, 30n])
  })

  test('never leaves an account below its limit', async () => {
    expect(await run((work) => post(work, [leg('a', 'b', 101n)], 'x'))).toEqual({ kind: 'short', account: 'a' })
    expect([await available('a'), await available('b')]).toEqual([100n, 0n])
  })

  test('of several legs moves all or none', async () => {
    const legs = [leg('a', 'b', 60n), leg('a', 'c', 60n)]
    expect(await run((work) => post(work, legs, 'x'))).toEqual({ kind: 'short', account: 'a' })
    expect(await available('b')).toBe(0n)
  })

  test('passes money on in one set of legs', async () => {
    expect(await run((work) => post(work, [leg('a', 'b', 100n), leg('b', 'c', 100n)], 'x'))).toEqual({ kind: 'posted' })
    expect([await available('a'), await available('b'), await available('c')]).toEqual([0n, 0n, 100n])
  })

  test('of nothing books nothing', async () => {
    await run((work) => post(work, [leg('a', 'b', 0n)], 'x'))
    expect(await run((work) => work.connection.selectFrom('transfer').selectAll().execute())).toHaveLength(1)
  })

  test('between currencies or with nobody is a broken invariant, and is rolled back', async () => {
    await expect(run((work) => post(work, [leg('a', 'kzt', 1n)], 'x'))).rejects.toThrow(/currencies/)
    await expect(run((work) => post(work, [leg('a', 'nobody', 1n)], 'x'))).rejects.toThrow(/no account/)
    expect(await available('a')).toBe(100n)
  })

  test('of the largest amounts keeps every tiyn', async () => {
    const large = 999_999_999_999_999n
    await run((work) => post(work, [leg('issue', 'b', large)], 'x'))
    expect(await available('b')).toBe(large)
  })
})

describe('a hold', () => {
  const hold = (amount: bigint, expiresAt = now + 1_000) =>
    run(async (work) => {
      const holdId = newId(work)
      const placed = await placeHold(work, {
        holdId,
        debit: 'a',
        credit: 'b',
        amount: tiyn(amount),
        expiresAt,
        reference: 'x',
      })
      return { holdId, placed }
    })

  test('sets money aside without moving it', async () => {
    await hold(80n)
    expect([await available('a'), await available('b')]).toEqual([20n, 0n])
    expect(await run((work) => post(work, [leg('a', 'b', 21n)], 'x'))).toEqual({ kind: 'short', account: 'a' })
    expect((await hold(21n)).placed).toEqual({ kind: 'short', account: 'a' })
  })

  test('is posted in part, once; the rest is free', async () => {
    const { holdId } = await hold(80n)
    expect(await run((work) => postHold(work, holdId, tiyn(50n)))).toBe('resolved')
    expect([await available('a'), await available('b')]).toEqual([50n, 50n])
    expect(await run((work) => postHold(work, holdId, tiyn(1n)))).toBe('not_pending')
    expect(await run((work) => voidHold(work, holdId))).toBe('not_pending')
  })

  test('cannot give more than it holds', async () => {
    const { holdId } = await hold(80n)
    expect(await run((work) => postHold(work, holdId, tiyn(81n)))).toBe('amount_above_hold')
  })

  test('is voided', async () => {
    const { holdId } = await hold(80n)
    expect(await run((work) => voidHold(work, holdId))).toBe('resolved')
    expect(await available('a')).toBe(100n)
  })

  test('expires at its time by itself', async () => {
    const { holdId } = await hold(80n)
    now += 1_000
    expect(await available('a')).toBe(100n)
    expect(await run((work) => postHold(work, holdId, tiyn(1n)))).toBe('not_pending')
  })

  test('that nobody placed is not found', async () => {
    expect(await run((work) => postHold(work, newId(work), tiyn(1n)))).toBe('not_found')
  })
})

describe('an account', () => {
  test('again with the same terms exists, with others does not', async () => {
    const again = { accountId: 'b', kind: 'merchant', currency: 'DT', owner: 'b', name: 'b' } as const
    expect(await run((work) => openAccount(work, again))).toBe('exists')
    expect(await run((work) => openAccount(work, { ...again, owner: 'c' }))).toBe('exists_with_different_terms')
  })
})
