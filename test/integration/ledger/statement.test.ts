/** Method: one statement, run with other values and in two stores, beside what Kysely says when it builds it anew. */
import { afterEach, expect, it } from 'vitest'
import { openStore, type Store } from '../../../ledger-sim/store/open-store.ts'
import { statement } from '../../../ledger-sim/store/statement.ts'

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

it('keeps each value behind a plus, so that SQLite plans nothing anew for it', async () => {
  const said: string[] = []
  const store = await opened((text) => said.push(text))
  await store.transaction((connection) => newest(connection, { from: 'a', most: 1 }))
  const [asked] = said.filter((text) => text.includes('"meta" where'))
  expect(asked).toContain(`"name" >= +'a'`)
  expect(asked).toMatch(/limit \+1/)
})
