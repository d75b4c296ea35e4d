/** When the engine changes the terminal's keys and when it does not, on a scripted ledger and time that is told. */
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import type { KeyRing, StoredKeys } from '../../../src/sync/engine/key-ring.ts'
import type { ProblemCode } from '../../../src/sync/protocol/problems.ts'
import { newPrivateJwk, signingKey } from '../../../src/sync/protocol/keys.ts'
import { seal } from '../../../src/sync/protocol/sealed-box.ts'
import { KeyStoreInMemory } from '../../fixtures/key-store.ts'
import { bench } from './engine-bench.ts'
import { leaveUnknown, packageOf, sellOffline, signedPackage, storedTerminalKeys, terminalKey } from './world.ts'

const day = 86_400_000
/** More than the longest wait between two rounds that failed. */
const minute = 60_000
const afterMs = 90 * day

/** A till that was enrolled now and has synced once. */
async function enrolled(of: { database?: Database.Database } = {}) {
  const till = bench({ ...of, settings: { keyRotationAfterMs: afterMs, intervalMs: day } })
  const encryptionKey = { kty: 'OKP' as const, crv: 'X25519' as const, x: 'A'.repeat(43) }
  const ledgerKey = till.ledger.key.jwk
  const enrolment = {
    terminalId: 'till-1',
    merchantId: 'canteen-1',
    ledgerKey,
    terminalKey: terminalKey.jwk,
    encryptionKey,
  }
  till.journal.commit({ kind: 'enrolled', enrolment })
  await till.firstRound()
  return till
}

const rotations = (till: ReturnType<typeof bench>): number =>
  till.kinds().filter((kind) => kind === 'key_rotated').length

describe('the keys change', () => {
  it('when they are old, not before, and again after as long', async () => {
    const till = await enrolled()
    await till.scheduler.advance(afterMs - day)
    expect([rotations(till), till.keys.signing.keyId]).toEqual([0, terminalKey.keyId])
    await till.scheduler.advance(day)
    expect(rotations(till)).toBe(1)
    expect(till.keys.signing.keyId).not.toBe(terminalKey.keyId)
    await till.scheduler.advance(afterMs)
    expect(rotations(till)).toBe(2)
  })

  it('and the requests that follow are signed by the new one; the row names thumbprints only', async () => {
    const till = await enrolled()
    await till.scheduler.advance(afterMs + day)
    const asked = till.ledger.heard.findIndex(({ path }) => path === '/v1/terminal/key-rotations')
    expect(till.ledger.heard[asked]?.keyId).toBe(terminalKey.keyId)
    const later = till.ledger.heard.slice(asked + 1).map(({ keyId }) => keyId)
    expect(new Set(later)).toEqual(new Set([till.keys.signing.keyId]))
    const row = till.journal.lastRow('key_rotated')?.row
    expect(row).toMatchObject({ formerKey: terminalKey.keyId, terminalKey: till.keys.signing.keyId })
    const secret = till.keyStore.stored
    for (const text of [secret.encryption, String(secret.signing['d'])]) expect(JSON.stringify(row)).not.toContain(text)
  })

  it('when the clock ran years ahead on the day of the enrolment', async () => {
    const till = bench({ settings: { keyRotationAfterMs: afterMs }, clockAheadMs: 800 * day })
    const jwk = till.ledger.key.jwk
    const enrolment = {
      terminalId: 'till-1',
      merchantId: 'canteen-1',
      ledgerKey: jwk,
      terminalKey: terminalKey.jwk,
      encryptionKey: till.keys.current.encryption.jwk,
    }
    till.journal.commit({ kind: 'enrolled', enrolment })
    await till.firstRound()
    expect(rotations(till)).toBe(1)
  })
})

describe('they wait', () => {
  it.each<[string, (till: ReturnType<typeof bench>) => void]>([
    [
      'while a sale waits for the ledger',
      (till) => {
        till.ledger.on('/v1/terminal/batches', () => ({ problem: 'internal', status: 500 }))
        sellOffline(till.journal, till.seeded)
      },
    ],
    ['while a tender is unknown', (till) => void leaveUnknown(till.journal, till.seeded)],
  ])('%s', async (_what, arrange) => {
    const till = await enrolled()
    arrange(till)
    await till.scheduler.advance(afterMs + day)
    expect(rotations(till)).toBe(0)
    expect(till.keys.next).toBeUndefined()
  })

  it.each<[string, ProblemCode, boolean]>([
    ['now: with the same new keys, which it may have bound', 'internal', true],
    ['these keys: with others', 'rule_violated', false],
    ['these keys with their encryption key: with others', 'exists_with_different_terms', false],
  ])('an hour after the ledger declined %s, and the round goes on', async (_what, code, same) => {
    const till = await enrolled()
    till.ledger.on('/v1/terminal/key-rotations', () => ({ problem: code }))
    await till.scheduler.advance(afterMs)
    const offered = till.keys.next?.signing.keyId
    await till.engine.syncNow()
    expect(till.ledger.bodies('/v1/terminal/key-rotations')).toHaveLength(1)
    expect(till.engine.connectivity.kind).toBe('reached')
    delete till.ledger.scripts['/v1/terminal/key-rotations']
    await till.scheduler.advance(day)
    expect(till.keys.signing.keyId === offered).toBe(same)
    expect(rotations(till)).toBe(1)
  })
})

it('a copy of the keys from before a change is known as that, keys that are to come are not', async () => {
  const database = new Database(':memory:')
  const till = await enrolled({ database })
  const before = structuredClone(till.keyStore.stored)
  expect(till.engine.hasNewestKeys).toBe(true)
  await till.scheduler.advance(afterMs)
  expect([rotations(till), till.engine.hasNewestKeys]).toEqual([1, true])
  const changed = till.keyStore.stored
  const withKeys = (stored: StoredKeys) =>
    bench({ database, keyStore: new KeyStoreInMemory(stored) }).engine.hasNewestKeys
  expect(withKeys(before)).toBe(false)
  expect(withKeys({ ...before, next: { signing: changed.signing, encryption: changed.encryption } })).toBe(true)
})

it('a full disk: nothing is sent before the new keys are stored, and the change ends when there is room', async () => {
  const till = await enrolled()
  till.keyStore.savesLeft = 0
  await till.scheduler.advance(afterMs)
  expect(till.ledger.bodies('/v1/terminal/key-rotations')).toEqual([])
  till.keyStore.savesLeft = 1
  await till.scheduler.advance(2 * minute)
  expect([till.ledger.bodies('/v1/terminal/key-rotations').length > 0, till.keys.signing.keyId]).toEqual([
    true,
    terminalKey.keyId,
  ])
  till.keyStore.savesLeft = Number.POSITIVE_INFINITY
  await till.scheduler.advance(2 * minute)
  expect(till.keys.signing.keyId).not.toBe(terminalKey.keyId)
  expect(rotations(till)).toBe(1)
})

it('a request that was on its way when the key changed is signed again by the new one', async () => {
  const till = await enrolled()
  const refuse = new Set([terminalKey.keyId])
  till.ledger.on('/v1/terminal/inquiries', async (_body, { keyId }) => {
    if (!refuse.has(keyId)) return { answer: { kind: 'not_seen' } }
    await till.scheduler.advance(afterMs + day)
    return { problem: 'key_unknown', status: 401 }
  })
  const reply = await till.client.call('/v1/terminal/inquiries', { tenderId: till.seeded.uuid() }, 1_000)
  expect(reply).toEqual({ kind: 'answer', answer: { kind: 'not_seen' } })
  expect(till.ledger.bodies('/v1/terminal/inquiries')).toHaveLength(2)
})

describe('what was sealed to the former key', () => {
  const random = new Uint8Array(32).fill(3)
  const box = (keys: KeyRing) => seal(Buffer.from('card key'), keys.current.encryption.jwk, 'context', random)

  it('is read until the package after the change is here', async () => {
    const till = await enrolled()
    const sealed = box(till.keys)
    await till.scheduler.advance(afterMs)
    // The change is the last step of a round, so the package after it is that of the next.
    expect([rotations(till), till.keys.open(sealed, 'context') === undefined]).toEqual([1, false])
    till.ledger.on('/v1/terminal/packages', () => ({ answer: { kind: 'newer', signed: signedPackage(packageOf(1)) } }))
    await till.engine.syncNow()
    expect(till.keys.open(sealed, 'context')).toBeUndefined()
    expect(till.keyStore.stored.formerEncryption).toBeUndefined()
  })

  it('is read on while the package that came is none that can be used', async () => {
    const till = await enrolled()
    const sealed = box(till.keys)
    await till.scheduler.advance(afterMs)
    const foreign = signedPackage(packageOf(1, { terminalId: 'till-2' }))
    till.ledger.on('/v1/terminal/packages', () => ({ answer: { kind: 'newer', signed: foreign } }))
    await till.engine.syncNow()
    expect(till.keys.open(sealed, 'context')).toBeDefined()
  })

  it('is read before the change is confirmed too, when it is sealed to the key that is to come', () => {
    const store = new KeyStoreInMemory(storedTerminalKeys)
    const keys = store.load()
    const next = keys.prepareNext((length) => new Uint8Array(length).fill(5))
    const sealed = seal(Buffer.from('card key'), next.encryption.jwk, 'context', random)
    expect(store.load().open(sealed, 'context')).toBeDefined()
  })
})

it('a draw that is no number below the curve’s order is drawn again', () => {
  const draws = [new Uint8Array(32).fill(0xff), new Uint8Array(32).fill(7)]
  const jwk = newPrivateJwk(() => draws.shift() ?? new Uint8Array(32).fill(9))
  expect(jwk.d).toBe(Buffer.alloc(32, 7).toString('base64url'))
  const key = signingKey(jwk)
  expect(key.verify(Buffer.from('x'), key.sign(Buffer.from('x')))).toBe(true)
})
