/**
 * Keys in the right form that are none: coordinates that name no point of P-256, an X25519 point of low order. Found by
 * `npm run api-fuzz` (seed 2026): the ledger failed on them, and had stored them when they came with an enrolment code.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { signTagged } from '../../../src/sync/protocol/keys.ts'
import { encryptionKey } from '../../../src/sync/protocol/sealed-box.ts'
import { demoLedger, p256, type DemoLedger } from './demo-ledger.ts'

let demo: DemoLedger
beforeEach(async () => {
  demo = await demoLedger()
})
afterEach(() => demo.close())

const offCurve = { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: `${'A'.repeat(42)}E` }
const lowOrder = { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) }
const sealing = encryptionKey(new Uint8Array(32).fill(7)).jwk

test.each([
  ['a signing key', offCurve, sealing],
  ['an encryption key', p256('till').jwk, lowOrder],
])('enrolment with %s that is none is refused, and the code is still good', async (_name, terminalKey, encryption) => {
  const { code = '' } = demo.world.enrolmentCodes[0] ?? {}
  const signer = demo.role('agency')
  const asked = { code, terminalKey, encryptionKey: encryption }
  expect(await signer.post('/v1/terminal-enrolments', asked)).toMatchObject({ body: { code: 'rule_violated' } })
  expect(await signer.post('/v1/terminal-enrolments', { ...asked, terminalKey: offCurve })).toMatchObject({
    body: { code: 'rule_violated' },
  })
  await expect(demo.till('till-1')).resolves.toBeDefined()
})

test('a change of keys to one that is none is refused', async () => {
  const till = await demo.till('till-1')
  const next = p256('next')
  const named = { formerKey: till.key.keyId, terminalKey: next.jwk, encryptionKey: lowOrder }
  const proof = signTagged(next, 'tolem/key-rotation/1', { terminalId: 'till-1', ...named })
  for (const asked of [
    { ...named, proof },
    { ...named, encryptionKey: sealing, terminalKey: offCurve, proof },
  ])
    expect(await till.post('/v1/terminal/key-rotations', asked)).toMatchObject({ body: { code: 'rule_violated' } })
  expect(await till.call('/v1/terminal/inquiries', { tenderId: till.id() })).toEqual({ kind: 'not_seen' })
})
