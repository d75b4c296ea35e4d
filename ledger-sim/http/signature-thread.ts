/**
 * Signatures of requests that come at once are checked by a thread of its own, in lists: handing over one costs a third
 * of checking it, handing over ten costs next to nothing, and meanwhile the ledger writes (ADR 46).
 */
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import type { SignatureCheck } from '../../src/sync/protocol/http-signature.ts'
import { verifyingKey, type PublicJwk, type VerifyingKey } from '../../src/sync/protocol/keys.ts'

/** Fewer are checked here sooner than there. */
const worthHandingOver = 3

/** Bytes as text of one byte each: handed over as bytes, each would take along the whole pool that it lies in. */
interface Handed {
  readonly keyId: string
  readonly jwk: PublicJwk
  readonly bytes: string
  readonly signature: string
}

interface Waiting {
  readonly key: VerifyingKey
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
  readonly resolve: (isRight: boolean) => void
}

export class SignatureThread {
  readonly #onDidFail: (error: unknown) => void
  #waiting: Waiting[] = []
  /** Lists that the thread has, the oldest first: it answers in their order. */
  readonly #handed: Waiting[][] = []
  #worker: Worker | undefined
  #isBroken = false

  /** @param onDidFail the thread ended by itself; from now on everything is checked here */
  constructor(onDidFail: (error: unknown) => void) {
    this.#onDidFail = onDidFail
  }

  /** Never rejects. */
  readonly check: SignatureCheck = (key, bytes, signature) =>
    new Promise((resolve) => {
      this.#waiting.push({ key, bytes, signature, resolve })
      if (this.#waiting.length === 1) setImmediate(() => this.#handOver())
    })

  async close(): Promise<void> {
    this.#isBroken = true
    await this.#worker?.terminate()
  }

  /** What came in one turn of the event loop. */
  #handOver(): void {
    const together = this.#waiting
    this.#waiting = []
    if (this.#isBroken || together.length < worthHandingOver) return checkHere(together)
    this.#worker ??= this.#begin()
    this.#handed.push(together)
    const list: Handed[] = together.map(({ key: { keyId, jwk }, bytes, signature }) => ({
      ...{ keyId, jwk, bytes: textOf(bytes), signature: textOf(signature) },
    }))
    this.#worker.postMessage(list)
  }

  #begin(): Worker {
    const worker = new Worker(new URL(import.meta.url))
    worker.unref()
    worker.on('message', (verdicts: readonly boolean[]) => {
      for (const [index, { resolve }] of (this.#handed.shift() ?? []).entries()) resolve(verdicts[index] === true)
    })
    worker.once('error', (error) => this.#onDidFail(error))
    worker.once('exit', () => {
      this.#isBroken = true
      for (const list of this.#handed.splice(0)) checkHere(list)
    })
    return worker
  }
}

function checkHere(all: readonly Waiting[]): void {
  for (const { key, bytes, signature, resolve } of all) resolve(key.verify(bytes, signature))
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}

const keysKept = 10_000

/** The thread. */
function checkWhatComes(port: NonNullable<typeof parentPort>): void {
  const keys = new Map<string, VerifyingKey>()
  const keyOf = ({ keyId, jwk }: Handed): VerifyingKey => {
    const known = keys.get(keyId)
    if (known !== undefined) return known
    if (keys.size >= keysKept) keys.clear()
    const key = verifyingKey(jwk)
    keys.set(keyId, key)
    return key
  }
  port.on('message', (list: readonly Handed[]) => {
    port.postMessage(list.map((handed) => keyOf(handed).verify(bytesOf(handed.bytes), bytesOf(handed.signature))))
  })
}

if (!isMainThread && parentPort !== null) checkWhatComes(parentPort)
