/** What every operation of the ledger gets from outside: storage, time, chance, keys (architecture.md). */
import { v7 as uuidVersion7 } from 'uuid'
import type { Uuid } from '../src/voucher/identifiers.ts'
import type { LedgerKeys } from './keys.ts'
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
}

/** One unit of work: everything in it is committed together, and happened at one moment. */
export interface Work {
  readonly connection: Connection
  readonly now: number
  readonly random: (length: number) => Uint8Array
  readonly keys: LedgerKeys
}

/** Runs one unit of work in one transaction. */
export function inTransaction<Result>(ports: LedgerPorts, body: (work: Work) => Promise<Result>): Promise<Result> {
  return ports.store.transaction((connection) =>
    body({ connection, now: ports.clock(), random: ports.random, keys: ports.keys }),
  )
}

/** A UUIDv7 made of the ports, so that a simulated run repeats. */
export function newId(source: { readonly now: number; readonly random: (length: number) => Uint8Array }): Uuid {
  return uuidVersion7({ msecs: source.now, random: source.random(16) })
}
