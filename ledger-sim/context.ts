/** What every operation of the ledger gets from outside: storage, time, chance, keys (architecture.md). */
import { v7 as uuidVersion7 } from 'uuid'
import type { Uuid } from '../src/voucher/identifiers.ts'
import { appendTold, type Told } from './feed/outbox.ts'
import type { LedgerKeys } from './keys.ts'
import type { LedgerWatch } from './monitoring/watch.ts'
import type { Connection, Store } from './store/open-store.ts'

export interface LedgerPorts {
  readonly store: Store
  /** Milliseconds since 1970. */
  readonly clock: () => number
  /** That many fresh random bytes. */
  readonly random: (length: number) => Uint8Array
  readonly keys: LedgerKeys
  /** Something broke and was made good: nobody was answered wrongly, and somebody should still see it. */
  readonly onDidRecover?: (error: unknown) => void
  readonly watch?: LedgerWatch
  /** What each unit of work does last, before it is told of. */
  readonly atEnd?: (work: Work) => Promise<void>
}

/** One unit of work: everything in it is committed together, and happened at one moment. */
export interface Work {
  readonly connection: Connection
  readonly now: number
  readonly random: (length: number) => Uint8Array
  readonly keys: LedgerKeys
  /** What the status feed will tell of it, once it is committed (feed/outbox.ts). */
  readonly told: Told[]
  /** Slots that have room again: who was refused for want of it is judged again (`judgeFreed`). */
  readonly freed: Set<string>
}

/** Runs one unit of work in one transaction. */
export async function inTransaction<Result>(
  ports: LedgerPorts,
  body: (work: Work) => Promise<Result>,
): Promise<Result> {
  const { result, streams } = await ports.store.transaction(async (connection) => {
    const { random, keys } = ports
    const work: Work = { connection, now: ports.clock(), random, keys, told: [], freed: new Set() }
    const done = await body(work)
    await ports.atEnd?.(work)
    return { result: done, streams: await appendTold(work) }
  })
  ports.watch?.committed(streams)
  return result
}

/** A UUIDv7 made of the ports, so that a simulated run repeats. */
export function newId(source: { readonly now: number; readonly random: (length: number) => Uint8Array }): Uuid {
  return uuidVersion7({ msecs: source.now, random: source.random(16) })
}
