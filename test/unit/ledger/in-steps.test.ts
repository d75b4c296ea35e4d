/**
 * Method: lists of numbers, each a row, in the ledger's own store on the disk's engine; every statement is heard. What
 * stands, in which order, in how many commits, and who got in between.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inTransaction, type LedgerPorts } from '../../../ledger-sim/context.ts'
import type { News } from '../../../ledger-sim/feed/events.ts'
import { tell } from '../../../ledger-sim/feed/outbox.ts'
import type { Stream } from '../../../ledger-sim/feed/streams.ts'
import { inSteps, type Steps } from '../../../ledger-sim/in-steps.ts'
import { ledgerKeysOf, newLedgerSecrets } from '../../../ledger-sim/keys.ts'
import { servicesOf } from '../../../ledger-sim/ledger.ts'
import { seededRandom } from '../../../ledger-sim/scenarios/seeded-random.ts'
import { openStore, type Connection, type Store } from '../../../ledger-sim/store/open-store.ts'

let said: string[]
let store: Store
let recovered: unknown[]
let portsOf: (store: Store) => LedgerPorts
beforeEach(async () => {
  said = []
  recovered = []
  store = await openStore(':memory:', (statement) => said.push(statement), setImmediate)
  const random = seededRandom('in-steps')
  const keys = ledgerKeysOf(newLedgerSecrets(random))
  portsOf = (of) => ({ store: of, clock: () => 1, random, keys, onDidRecover: (error) => recovered.push(error) })
  said = []
})
afterEach(() => store.close())

const listOf = (length: number): readonly number[] => Array.from({ length }, (_, index) => index)
const commits = (): number => said.filter((statement) => statement === 'commit').length
/** What stands, in the order in which it was written. */
const standing = async (): Promise<readonly string[]> => {
  const rows = await store.read((connection) =>
    connection.selectFrom('operation').select('operation_id').orderBy('at').execute(),
  )
  return rows.map((row) => row.operation_id)
}
let written = 0
const write = (connection: Connection, name: string) =>
  connection
    .insertInto('operation')
    .values({ operation_id: name, kind: '', caller: '', terms_hash: '', answer: '', at: (written += 1) })
    .execute()

/** Three at a time. @param fails at which numbers it breaks */
function writing(fails: readonly number[] = [], more: Partial<Steps<number, string>> = {}): Steps<number, string> {
  return {
    itemsPerStep: 3,
    apply: async (services, some) =>
      services.store.transaction(async (connection) => {
        for (const item of some) {
          await write(connection, String(item))
          if (fails.includes(item)) throw new Error(`planted at ${item}`)
        }
        return some.map((item) => `did ${item}`)
      }),
    ...more,
  }
}
const run = (items: readonly number[], steps: Steps<number, string>, on = store) =>
  inSteps(servicesOf(portsOf(on)), items, steps)

describe('a list alone', () => {
  test('shares a commit among ten steps', async () => {
    const items = listOf(70)
    expect(await run(items, writing())).toEqual(items.map((item) => `did ${item}`))
    expect(await standing()).toEqual(items.map(String))
    // Twenty-four steps.
    expect(commits()).toBe(3)
  })

  test('of nothing makes no commit', async () => {
    expect(await run([], writing())).toEqual([])
    expect(commits()).toBe(0)
  })
})

describe('a list gives way after the step in which', () => {
  test('somebody else wants a commit', async () => {
    let other: Promise<unknown> | undefined
    const steps = writing([], {
      apply: async (services, some) => {
        if (some[0] === 6) other = store.transaction((connection) => write(connection, 'other'))
        return writing().apply(services, some)
      },
    })
    await run(listOf(30), steps)
    await other
    expect((await standing()).indexOf('other')).toBe(9)
  })

  test('somebody comes in at a socket to ask something', async () => {
    let stood: number | undefined
    const steps = writing([], {
      apply: (services, some) => {
        // As a request does: in a turn of its own, while the list is at work.
        if (some[0] === 6) setImmediate(() => void standing().then((rows) => (stood = rows.length)))
        return writing().apply(services, some)
      },
    })
    await run(listOf(30), steps)
    expect(stood).toBe(9)
    expect(commits()).toBe(2)
  })

  test.each(['behind', 'before'])('somebody is answered with it who came %s it into the same commit', async (place) => {
    let standsWhenAnswered = 0
    const other = () =>
      store
        .transaction((connection) => write(connection, 'other'))
        .then(async () => (standsWhenAnswered = (await standing()).length))
    const all = place === 'behind' ? [run(listOf(30), writing()), other()] : [other(), run(listOf(30), writing())]
    await Promise.all(all)
    // One step and its own row.
    expect(standsWhenAnswered).toBe(4)
  })

  test('another list waits: each has a step in turn', async () => {
    const second = listOf(12).map((item) => item + 100)
    await Promise.all([run(listOf(12), writing()), run(second, writing())])
    const steps = (await standing())
      .filter((_, index) => index % 3 === 0)
      .map((name) => (Number(name) < 100 ? 'a' : 'b'))
    expect(steps.join('')).toBe('abababab')
  })
})

describe('an item that breaks the ledger', () => {
  test('undoes its commit, and all others are done once', async () => {
    const results = await run(listOf(12), writing([7], { broken: (item) => `broke at ${item}` }))
    expect(results).toEqual(listOf(12).map((item) => (item === 7 ? 'broke at 7' : `did ${item}`)))
    expect(await standing()).toEqual(['0', '1', '2', '3', '4', '5', '6', '8', '9', '10', '11'])
    expect(recovered.map(String)).toContain('Error: planted at 7')
  })

  test('ends the list where nothing is answered for it: those before it stand', async () => {
    await expect(run(listOf(12), writing([7]))).rejects.toThrow('planted at 7')
    expect(await standing()).toEqual(['0', '1', '2', '3', '4', '5', '6'])
  })

  test('and breaks only beside others is told of, and done', async () => {
    const once = new Set([7])
    const steps = writing([], {
      apply: (services, some) => writing(some.length > 1 ? [...once] : []).apply(services, some),
    })
    expect(await run(listOf(12), steps)).toEqual(listOf(12).map((item) => `did ${item}`))
    expect(await standing()).toEqual(listOf(12).map(String))
    // When it broke the commit of several steps, and when it broke its own.
    expect(recovered.map(String)).toEqual(['Error: planted at 7', 'Error: planted at 7'])
  })
})

test('its news are told of once for each commit, and not before', async () => {
  const heard: [commits: number, streams: readonly Stream[]][] = []
  const watch = {
    committed: (streams: readonly Stream[]) => heard.push([commits(), streams]),
    batchReceived: () => undefined,
    refused: () => undefined,
    answered: () => undefined,
  }
  const steps: Steps<number, string> = {
    itemsPerStep: 3,
    apply: (services, some) =>
      inTransaction(services, async (work) => {
        tell(work, ['owner:school-7-canteen', 'role:auditor'], { kind: 'planted' } as unknown as News)
        return some.map(String)
      }),
  }
  await inSteps(servicesOf({ ...portsOf(store), watch }), listOf(60), steps)
  expect(heard.map(([at]) => at)).toEqual([1, 2])
  expect(heard.map(([, streams]) => streams.length)).toEqual([2, 2])
})

describe('a commit', () => {
  const failing = (isGone: (commit: number) => boolean): Store => {
    let begun = 0
    return {
      ...store,
      transaction: (work) => {
        begun += 1
        return isGone(begun) ? Promise.reject(new Error('the disk is gone')) : store.transaction(work)
      },
    }
  }

  test('that never began is made again item by item', async () => {
    const results = await run(
      listOf(7),
      writing(),
      failing((commit) => commit === 1),
    )
    expect(results).toEqual(listOf(7).map((item) => `did ${item}`))
    expect(await standing()).toEqual(listOf(7).map(String))
  })

  test('of several steps that fails at its end is told of, and each step is made again by itself', async () => {
    let isFirst = true
    const breaking: Store = {
      ...store,
      transaction: (work) =>
        store.transaction(async (connection) => {
          const done = await work(connection)
          if (!isFirst) return done
          isFirst = false
          throw new Error('the disk is full')
        }),
    }
    const items = listOf(60)
    expect(await run(items, writing(), breaking)).toEqual(items.map((item) => `did ${item}`))
    expect(await standing()).toEqual(items.map(String))
    expect(recovered.map(String)).toEqual(['Error: the disk is full'])
    // Ten steps one by one, and then ten together again.
    expect(commits()).toBe(11)
  })

  test('that can never begin ends the list', async () => {
    const gone = run(
      listOf(7),
      writing(),
      failing(() => true),
    )
    await expect(gone).rejects.toThrow('the disk is gone')
    expect(await standing()).toEqual([])
  })
})
