/**
 * Method: units of work that all ask before the first commit begins, on a database that tells each statement. What
 * each got, what stands in the table, and how many commits there were.
 */
import Database from 'better-sqlite3'
import { Kysely, SqliteDialect } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { GroupCommit } from '../../../ledger-sim/store/group-commit.ts'

interface Tables {
  thing: { name: string }
}

let file: Database.Database
let said: string[]
let commits: GroupCommit<Tables>

beforeEach(() => {
  said = []
  file = new Database(':memory:', { verbose: (statement) => said.push(String(statement)) })
  file.exec('CREATE TABLE thing (name text primary key)')
  const database = new Kysely<Tables>({ dialect: new SqliteDialect({ database: file }) })
  commits = new GroupCommit(database, setImmediate)
})

const names = (): unknown[] => file.prepare('SELECT name FROM thing ORDER BY name').pluck().all()
const commitCount = (): number => said.filter((statement) => statement === 'commit').length
const add = (name: string, fails?: Error) =>
  commits.transaction(async (connection) => {
    await connection.insertInto('thing').values({ name }).execute()
    if (fails !== undefined) throw fails
    return name
  })

describe('units that wait at the same time', () => {
  test('share one commit, in their order, each with its own answer', async () => {
    expect(await Promise.all(['a', 'b', 'c'].map((name) => add(name)))).toEqual(['a', 'b', 'c'])
    expect(names()).toEqual(['a', 'b', 'c'])
    expect(commitCount()).toBe(1)
  })

  test('one that throws leaves nothing and harms none of the others', async () => {
    const failure = new Error('planted')
    const outcomes = await Promise.allSettled([add('a'), add('b', failure), add('a'), add('d')])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({ reason: failure })
    expect(names()).toEqual(['a', 'd'])
  })

  test('nobody is answered before the commit', async () => {
    const answered: number[] = []
    const both = ['a', 'b'].map((name) => add(name).then(() => answered.push(commitCount())))
    await Promise.all(both)
    expect(answered).toEqual([1, 1])
  })

  test('all hear of a commit that fails, and nothing of any stays', async () => {
    const breaking = commits.transaction(async (connection) => {
      await connection.insertInto('thing').values({ name: 'b' }).execute()
      // As SQLite does by itself on a full disk: the whole transaction is gone.
      file.exec('ROLLBACK')
    })
    const outcomes = await Promise.allSettled([add('a'), breaking, add('c')])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(names()).toEqual([])
    expect(await add('d')).toBe('d')
    expect(names()).toEqual(['d'])
  })

  test('alone it is a plain transaction', async () => {
    expect(await add('a')).toBe('a')
    await expect(add('b', new Error('planted'))).rejects.toThrow('planted')
    expect(names()).toEqual(['a'])
    expect(said.some((statement) => statement.startsWith('savepoint'))).toBe(false)
  })
})
