/** Method: one statement, run with other values and in two stores, beside what Kysely says when it builds it anew. */
import { afterEach, expect, it } from 'vitest'
import { openStore, type Store } from '../../../ledger-sim/store/open-store.ts'
import { rowsStatement, statement } from '../../../ledger-sim/store/statement.ts'

const stores: Store[] = []
const opened = async (onDidRun?: (statement: string) => void): Promise<Store> => {
  const store = await openStore(':memory:', onDidRun)
  stores.push(store)
  return store
}
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
})

const put = statement((connection, { name, value }: { name: string; value: string }) =>
  connection.insertInto('meta').values({ name, value }),
)
let built = 0
const newest = statement((connection, { from, most }: { from: string; most: number }) => {
  built += 1
  return connection.selectFrom('meta').selectAll().where('name', '>=', from).orderBy('name', 'desc').limit(most)
})

it('has the values of each run, and is built once for each store', async () => {
  for (const own of ['first', 'second']) {
    const store = await opened()
    await store.transaction(async (connection) => {
      for (const name of ['b', 'c', 'd']) await put(connection, { name, value: `${own} ${name}` })
      expect(await newest(connection, { from: 'c', most: 9 })).toEqual([
        { name: 'd', value: `${own} d` },
        { name: 'c', value: `${own} c` },
      ])
      expect(await newest(connection, { from: 'b', most: 1 })).toEqual([{ name: 'd', value: `${own} d` }])
      expect(await newest(connection, { from: 'e', most: 1 })).toEqual([])
    })
  }
  expect(built).toBe(2)
})

const lengthsBuilt: number[] = []
const putAll = rowsStatement(['name', 'value'], (connection, rows: readonly { name: string; value: string }[]) => {
  lengthsBuilt.push(rows.length)
  return connection.insertInto('meta').values(rows).returning('name')
})

it('writes each of many rows with its own values, by few statements, built once for each length', async () => {
  const said: string[] = []
  const store = await opened((text) => said.push(text))
  const rows = (of: string, count: number) =>
    Array.from({ length: count }, (_, index) => ({ value: `${of} ${index}`, name: `${of}/${index}` }))
  await store.transaction(async (connection) => {
    expect(await putAll(connection, rows('none', 0))).toEqual([])
    for (const of of ['first', 'second']) {
      const returned = await putAll(connection, rows(of, 566))
      expect(returned.map(({ name }) => name).toSorted()).toEqual(
        rows(of, 566)
          .map(({ name }) => name)
          .toSorted(),
      )
    }
    const kept = await connection.selectFrom('meta').selectAll().where('name', 'like', '%/%').execute()
    const asPut = [...rows('first', 566), ...rows('second', 566)]
    expect(kept.toSorted(byName)).toEqual(asPut.toSorted(byName))
  })
  expect(lengthsBuilt).toEqual([250, 64, 2])
  expect(said.filter((text) => text.startsWith('insert into "meta"')).length).toBe(8)
})

const byName = (one: { name: string }, other: { name: string }): number => (one.name < other.name ? -1 : 1)

it('keeps each value behind a plus, so that SQLite plans nothing anew for it', async () => {
  const said: string[] = []
  const store = await opened((text) => said.push(text))
  await store.transaction((connection) => newest(connection, { from: 'a', most: 1 }))
  const [asked] = said.filter((text) => text.includes('"meta" where'))
  expect(asked).toContain(`"name" >= +'a'`)
  expect(asked).toMatch(/limit \+1/)
})
