/** Signatures that come at once are checked by a thread; what it says is what the key says, also when it ends. */
import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { p256PrivateJwk } from '../../../ledger-sim/scenarios/demo.ts'
import { seededRandom } from '../../../ledger-sim/scenarios/seeded-random.ts'
import { SignatureThread } from '../../../ledger-sim/http/signature-thread.ts'
import { signingKey, verifyingKey, type VerifyingKey } from '../../../src/sync/protocol/keys.ts'

const keys = ['one', 'two', 'three'].map((name) => signingKey(p256PrivateJwk(seededRandom(`thread/${name}`))))
const failures: unknown[] = []
const threads: SignatureThread[] = []
const begin = (): SignatureThread => {
  const thread = new SignatureThread((error) => failures.push(error))
  threads.push(thread)
  return thread
}

afterEach(async () => {
  await Promise.all(threads.splice(0).map((thread) => thread.close()))
  failures.length = 0
})

/** A key that says where it was asked: one that is looked at here counts, one made anew in the thread does not. */
function watched(key: VerifyingKey): { readonly key: VerifyingKey; readonly asked: () => number } {
  let asked = 0
  const verify = (bytes: Uint8Array, signature: Uint8Array): boolean => {
    asked += 1
    return key.verify(bytes, signature)
  }
  return { key: { ...key, verify }, asked: () => asked }
}

/** What was signed, by whom it is said to be, and whether that is so. */
function someSigned(count: number) {
  return Array.from({ length: count }, (_, index) => {
    const bytes = new Uint8Array(randomBytes(index % 5 === 0 ? 0 : 300))
    const signer = keys[index % keys.length] ?? fail()
    const said = index % 4 === 1 ? (keys[(index + 1) % keys.length] ?? fail()) : signer
    const signature = signer.sign(bytes)
    const isChanged = index % 7 === 3
    if (isChanged) signature[index % 64] = (signature[index % 64] ?? 0) ^ 1
    return { bytes, signature, said: verifyingKey(said.jwk), isRight: said === signer && !isChanged }
  })
}

const fail = (): never => {
  throw new Error('nothing there')
}

describe('many at once', () => {
  test('each hears of its own signature, in whatever lists they are handed over', async () => {
    const thread = begin()
    const signed = someSigned(200)
    const rounds = [signed.slice(0, 90), signed.slice(90, 92), signed.slice(92)]
    const verdicts = []
    for (const round of rounds) {
      verdicts.push(
        ...(await Promise.all(round.map(({ said, bytes, signature }) => thread.check(said, bytes, signature)))),
      )
    }
    expect(verdicts).toEqual(signed.map(({ isRight }) => isRight))
    expect(new Set(verdicts)).toEqual(new Set([true, false]))
    expect(failures).toEqual([])
  })

  test('the thread does the work, and what comes alone is checked at once', async () => {
    const thread = begin()
    const { key, asked } = watched(keys[0] ?? fail())
    const bytes = new Uint8Array([1, 2, 3])
    const signature = (keys[0] ?? fail()).sign(bytes)
    const check = () => thread.check(key, bytes, signature)
    expect(await Promise.all(Array.from({ length: 20 }, check))).toEqual(Array.from({ length: 20 }, () => true))
    expect(asked()).toBe(0)
    expect(await check()).toBe(true)
    expect(asked()).toBe(1)
  })
})

describe('a thread that ends', () => {
  test('loses nobody: who waited and who comes later is checked here, and it is told once', async () => {
    const thread = begin()
    const [first = fail(), second = fail()] = keys
    // No point of the curve: the thread that makes a key of it ends.
    const poisoned = {
      ...verifyingKey(first.jwk),
      keyId: 'none',
      jwk: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' } as const,
    }
    const bytes = new Uint8Array([4, 5, 6])
    const right = second.sign(bytes)
    const wrong = first.sign(bytes)
    const all = [
      thread.check(second, bytes, right),
      thread.check(poisoned, bytes, wrong),
      thread.check(second, bytes, wrong),
    ]
    expect(await Promise.all(all)).toEqual([true, true, false])
    const later = Array.from({ length: 5 }, () => thread.check(second, bytes, right))
    expect(await Promise.all(later)).toEqual([true, true, true, true, true])
    expect(failures).toHaveLength(1)
  })

  test('so it is when the ledger stops', async () => {
    const thread = begin()
    const [key = fail()] = keys
    const bytes = new Uint8Array([7])
    const waiting = Array.from({ length: 50 }, () => thread.check(key, bytes, key.sign(bytes)))
    await new Promise((turn) => setImmediate(turn))
    await thread.close()
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([true]))
    expect(failures).toEqual([])
  })
})
