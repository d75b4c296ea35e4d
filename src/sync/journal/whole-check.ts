/**
 * Whether the journal's file is whole (docs/adr/0034). A file of years takes seconds, so a long one is looked through
 * by a second thread while the till comes up; the first row waits for what it finds. This file is also that thread's
 * program.
 */
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { z } from 'zod'

/** As a thread finds it. */
const verdicts = { pending: 0, begun: 1, whole: 2, damaged: 3, unreadable: 4, unsaid: 5 } as const

/** A thread that has not begun by then will not, and this one, which stands still for it, would never hear of that. */
const longestStartMs = 3_000
/** Longer than any file of a till takes. */
const longestWaitMs = 60_000

const orderSchema = z.strictObject({ checkWholeFile: z.string(), verdict: z.instanceof(Int32Array<ArrayBufferLike>) })

/**
 * A table and its index that no longer agree: a tender would be there for one question and gone for the next. And pages
 * that two tables claim: what is written to the one would be lost to the other.
 * @throws SQLITE_CORRUPT
 */
export function refuseDamaged(database: Database.Database): void {
  const found = database.pragma('integrity_check(1)', { simple: true })
  if (found !== 'ok') throw Object.assign(new Error(String(found)), { code: 'SQLITE_CORRUPT' })
}

/** The whole file, looked through by a thread of its own while nobody writes to it. */
export class WholeCheck {
  /** Rejects as `wait` throws. */
  readonly done: Promise<void>
  readonly #database: Database.Database
  readonly #verdict = new Int32Array(new SharedArrayBuffer(4))
  readonly #worker: Worker
  #failure: unknown

  constructor(database: Database.Database) {
    this.#database = database
    const order: z.infer<typeof orderSchema> = { checkWholeFile: database.name, verdict: this.#verdict }
    this.#worker = new Worker(new URL(import.meta.url), { workerData: order })
    this.#worker.unref()
    this.done = new Promise<void>((resolve, reject) => {
      const end = (): void => {
        // Where no thread could begin, this one does its work.
        for (const unfinished of [verdicts.pending, verdicts.begun])
          Atomics.compareExchange(this.#verdict, 0, unfinished, verdicts.unsaid)
        try {
          if (database.open) this.wait()
          resolve()
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      }
      this.#worker.once('error', end)
      this.#worker.once('exit', end)
    })
    // Whoever does not ask hears of it when he writes.
    this.done.catch(() => undefined)
  }

  /**
   * Stands still until the thread is through.
   * @throws SQLITE_CORRUPT, or SQLITE_IOERR where the file could not be read
   */
  wait(): void {
    if (this.#failure !== undefined) throw this.#failure
    try {
      this.#hear()
    } catch (error) {
      this.#failure = error
      throw error
    }
  }

  #hear(): void {
    Atomics.wait(this.#verdict, 0, verdicts.pending, longestStartMs)
    Atomics.wait(this.#verdict, 0, verdicts.begun, longestWaitMs)
    switch (Atomics.load(this.#verdict, 0)) {
      case verdicts.whole:
        return
      case verdicts.unreadable:
        throw Object.assign(new Error('the journal could not be read'), { code: 'SQLITE_IOERR' })
      default:
        // Damaged, and this says where; or the thread said nothing.
        refuseDamaged(this.#database)
        Atomics.store(this.#verdict, 0, verdicts.whole)
    }
  }

  /** Nobody waits any more. */
  stop(): void {
    void this.#worker.terminate()
  }
}

function check({ checkWholeFile, verdict }: z.infer<typeof orderSchema>): void {
  const say = (found: keyof typeof verdicts): void => {
    Atomics.store(verdict, 0, verdicts[found])
    Atomics.notify(verdict, 0)
  }
  Atomics.compareExchange(verdict, 0, verdicts.pending, verdicts.begun)
  Atomics.notify(verdict, 0)
  try {
    const database = new Database(checkWholeFile, { readonly: true, fileMustExist: true })
    refuseDamaged(database)
    database.close()
    say('whole')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) say('damaged')
    // Whatever else kept this thread from looking need not keep the other one.
    else say(code.startsWith('SQLITE_IOERR') ? 'unreadable' : 'unsaid')
  }
}

const order = isMainThread ? undefined : orderSchema.safeParse(workerData)
if (order?.success === true) check(order.data)
