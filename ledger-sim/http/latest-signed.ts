/**
 * Until which moment each key has signed what the ledger took. Nonces are in memory, so a ledger that was started again
 * does not know what it answered before; by these moments it hears nothing signed before (docs/adr/0044).
 */
import type { Store } from '../store/open-store.ts'
import { statement } from '../store/statement.ts'

interface SignedByKey {
  /** Seconds. What this process found when it met the key: nothing dated until then is heard as long as it lives. */
  readonly horizon: number
  /** Seconds. What is kept, or is on its way to the disk. */
  raisedTo: number
  /** Resolves when `raisedTo` is on the disk. */
  raised: Promise<void>
}

const raise = statement((connection, { keyId, created }: { keyId: string; created: bigint }) =>
  connection
    .updateTable('principal')
    .set({ latest_signed: created })
    .where('key_id', '=', keyId)
    .where((row) => row.or([row('latest_signed', 'is', null), row('latest_signed', '<', created)])),
)

/** One small entry for each key that proved a request since the start, as the windows of nonces have. */
export class LatestSigned {
  readonly #store: Store
  readonly #keys = new Map<string, SignedByKey>()

  constructor(store: Store) {
    this.#store = store
  }

  /**
   * The moment until which nothing of the key is heard, seconds. Asked for each proved request before `keep`.
   *
   * @param kept of the key's row; what it was at the first request of the key is what counts
   * @param latest the latest moment that is taken now, seconds. What is kept beyond it was signed by a clock of the
   * ledger that ran ahead and was put right: nobody waits for longer than until then.
   */
  horizonOf(keyId: string, kept: bigint | null, latest: number): number {
    const known = this.#keys.get(keyId)
    if (known !== undefined) return known.horizon
    const horizon = Math.min(Number(kept ?? -1n), latest)
    this.#keys.set(keyId, { horizon, raisedTo: horizon, raised: Promise.resolve() })
    return horizon
  }

  /**
   * Resolves when a ledger that is started again will not hear a request of this moment: before, its answer must not
   * leave. Requests of one second wait for one write.
   *
   * @throws what the store throws; then the next request tries it again
   */
  keep(keyId: string, created: number): Promise<void> {
    const known = this.#keys.get(keyId)
    if (known === undefined) throw new Error('a key without a horizon')
    if (created > known.raisedTo) {
      known.raisedTo = created
      known.raised = this.#raise(known, keyId, created)
    }
    return known.raised
  }

  async #raise(known: SignedByKey, keyId: string, created: number): Promise<void> {
    try {
      await this.#store.transaction((connection) => raise(connection, { keyId, created: BigInt(created) }))
    } catch (error) {
      known.raisedTo = known.horizon
      throw error
    }
  }
}
