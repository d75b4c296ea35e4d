/**
 * Which requests were refused: code, key, path, moment; never a body or a query, which may hold names and numbers of
 * people. It is two rings of rows, and they are written to at a bounded pace, so that a flood of refused requests
 * neither fills the disk nor keeps it busy: what comes faster waits in memory, and what does not fit there is only
 * counted. Anybody can make requests that prove nothing; those that were proved have a ring, and places to wait, of
 * their own.
 */
import type { ProblemCode } from '../../src/sync/protocol/problems.ts'
import { inTransaction, type LedgerPorts, type Work } from '../context.ts'
import type { Connection } from '../store/open-store.ts'
import { limits } from './limits.ts'
import { TokenBucket } from './token-bucket.ts'

export interface Refusal {
  readonly code: ProblemCode
  /** The key that the request named; empty when it named none. */
  readonly keyId: string
  /** The request was proved to come from the holder of that key. */
  readonly proved: boolean
  readonly method: string
  /** Without its query, at most 200 characters. */
  readonly path: string
  readonly at: number
}

export interface KeptRefusal extends Refusal {
  readonly sequence: number
  /** So many came after it, before the next one, and were not kept. */
  readonly missed: number
}

/** Of each ring. */
const waitingMax = 200
const pathLengthMax = 200
const writes = { burst: 100, perSecond: 10 }

export class RefusalLog {
  readonly #ports: LedgerPorts
  readonly #pace: TokenBucket
  #waiting: Refusal[] = []
  #missed = 0

  constructor(ports: LedgerPorts) {
    this.#ports = ports
    this.#pace = new TokenBucket(writes, ports.clock())
  }

  note(refusal: Omit<Refusal, 'at'>): void {
    this.#ports.watch?.refused(refusal.code)
    const beside = this.#waiting.filter(({ proved }) => proved === refusal.proved)
    if (beside.length >= waitingMax) this.#missed += 1
    else this.#waiting.push({ ...refusal, path: refusal.path.slice(0, pathLengthMax), at: this.#ports.clock() })
  }

  /** Writes what waits, unless so much was written lately that it has to wait longer. */
  async writeAtPace(): Promise<void> {
    if (this.#waiting.length === 0) return
    if (this.#pace.take(1, this.#ports.clock()).kind === 'taken') await this.write()
  }

  /** Writes what waits. A store that fails keeps nobody from hearing why they were refused. */
  async write(): Promise<void> {
    const [waiting, missed] = [this.#waiting, this.#missed]
    if (waiting.length === 0) return
    this.#waiting = []
    this.#missed = 0
    try {
      await inTransaction(this.#ports, (work) => keep(work, waiting, missed))
    } catch (error) {
      this.#missed += missed + waiting.length
      this.#ports.onDidRecover?.(error)
    }
  }
}

/** @param missed came after those that waited */
async function keep({ connection }: Work, waiting: readonly Refusal[], missed: number): Promise<void> {
  const last = await connection
    .selectFrom('refusal')
    .select('sequence')
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst()
  let sequence = Number(last?.sequence ?? 0n)
  const slots = new Map<boolean, number>()
  for (const [index, refusal] of waiting.entries()) {
    sequence += 1
    const { proved } = refusal
    const slot = next(proved, slots.get(proved) ?? (await newestSlot(connection, proved)))
    slots.set(proved, slot)
    const row = {
      sequence,
      code: refusal.code,
      key_id: refusal.keyId,
      proved: proved ? 1 : 0,
      method: refusal.method,
      path: refusal.path,
      at: refusal.at,
      missed: index === waiting.length - 1 ? missed : 0,
    }
    await connection
      .insertInto('refusal')
      .values({ slot, ...row })
      .onConflict((conflict) => conflict.column('slot').doUpdateSet(row))
      .execute()
  }
}

const ringSize = limits.refusalsKept / 2

function firstSlot(proved: boolean): number {
  return proved ? ringSize : 0
}

function next(proved: boolean, slot: number | undefined): number {
  const first = firstSlot(proved)
  return slot === undefined ? first : first + ((slot - first + 1) % ringSize)
}

async function newestSlot(connection: Connection, proved: boolean): Promise<number | undefined> {
  const first = firstSlot(proved)
  const newest = await connection
    .selectFrom('refusal')
    .select('slot')
    .where('slot', '>=', BigInt(first))
    .where('slot', '<', BigInt(first + ringSize))
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst()
  return newest === undefined ? undefined : Number(newest.slot)
}

/** Oldest first, those after `after`. */
export async function listRefusals(
  { connection }: Work,
  after: number,
  limit: number,
): Promise<readonly KeptRefusal[]> {
  const rows = await connection
    .selectFrom('refusal')
    .selectAll()
    .where('sequence', '>', BigInt(after))
    .orderBy('sequence')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    sequence: Number(row.sequence),
    code: row.code,
    keyId: row.key_id,
    proved: row.proved === 1n,
    method: row.method,
    path: row.path,
    at: Number(row.at),
    missed: Number(row.missed),
  }))
}
