/** What every operation of the ledger gets from outside: storage, time, chance, keys (architecture.md). */
import { v7 as uuidVersion7 } from 'uuid'
import type { SignatureCheck } from '../src/sync/protocol/http-signature.ts'
import type { Uuid } from '../src/voucher/identifiers.ts'
import { appendTold, type Told } from './feed/outbox.ts'
import type { Stream } from './feed/streams.ts'
import type { LedgerKeys } from './keys.ts'
import type { LedgerWatch } from './monitoring/watch.ts'
import type { Connection, Store } from './store/open-store.ts'
import { storeWithin } from './store/store-within.ts'

export interface LedgerPorts {
  readonly store: Store
  /** Milliseconds since 1970. */
  readonly clock: () => number
  /** That many fresh random bytes. */
  readonly random: (length: number) => Uint8Array
  readonly keys: LedgerKeys
  /** Who checks the signatures of requests; without it each is checked where it is read. */
  readonly checkSignature?: SignatureCheck
  /** Something broke and was made good: nobody was answered wrongly, and somebody should still see it. */
  readonly onDidRecover?: (error: unknown) => void
  readonly watch?: LedgerWatch
  /** Judges again who was refused for want of the slots in `freed` (`payments/reconsider.ts`). */
  readonly judgeFreed?: (work: Work) => Promise<void>
}

/** One unit of work: everything in it is committed together, and happened at one moment. */
export interface Work {
  readonly connection: Connection
  readonly now: number
  readonly random: (length: number) => Uint8Array
  readonly keys: LedgerKeys
  /** What the status feed will tell of it, once it is committed (feed/outbox.ts). */
  readonly told: Told[]
  /** Streams that units of work within this one have news for: whoever listens hears of it when this is committed. */
  readonly news: Set<Stream>
  /** Slots that have room again. */
  readonly freed: Set<string>
  /** Who was refused for want of them is judged again: now, for the order of uses says who is paid. */
  readonly judgeFreed: () => Promise<void>
}

/** Runs one unit of work in one transaction. */
export async function inTransaction<Result>(
  ports: LedgerPorts,
  body: (work: Work) => Promise<Result>,
): Promise<Result> {
  const { result, streams } = await ports.store.transaction(async (connection) => {
    const { random, keys } = ports
    const work: Work = {
      ...{ connection, now: ports.clock(), random, keys, told: [], news: new Set(), freed: new Set() },
      judgeFreed: async () => ports.judgeFreed?.(work),
    }
    const done = await body(work)
    await work.judgeFreed()
    const told = await appendTold(work)
    return { result: done, streams: [...new Set([...work.news, ...told])] }
  })
  ports.watch?.committed(streams)
  return result
}

/** The same ports inside a unit of work: what is done by them is a part of it, told of when that is committed. */
export function portsWithin<Ports extends LedgerPorts>(ports: Ports, { connection, news }: Work): Ports {
  const { watch } = ports
  const within = { ...ports, store: storeWithin(connection) }
  if (watch === undefined) return within
  const quiet: LedgerWatch = {
    committed: (streams) => {
      for (const stream of streams) news.add(stream)
    },
    batchReceived: (items) => watch.batchReceived(items),
    answered: (state) => watch.answered(state),
    refused: (code) => watch.refused(code),
  }
  return { ...within, watch: quiet }
}

/** A UUIDv7 made of the ports, so that a simulated run repeats. */
export function newId(source: { readonly now: number; readonly random: (length: number) => Uint8Array }): Uuid {
  return uuidVersion7({ msecs: source.now, random: source.random(16) })
}
