/** Examples of what a terminal asks, from its enrolment on. */
import { toHex } from '../../../../src/voucher/cards/bytes.ts'
import { encryptionKey } from '../../../../src/sync/protocol/sealed-box.ts'
import { signTagged } from '../../../../src/sync/protocol/keys.ts'
import { p256, TestTill, type DemoLedger } from '../demo-ledger.ts'
import { partsOf, termsOfSale, Wallet } from '../payment-by-qr.ts'
import type { Stage, Story } from './stage.ts'

export const story: Story = async (stage) => {
  const { demo } = stage
  const till = await enrol(stage)
  const terminal = stage.till(till)
  await terminal.post('The first package of a till', '/v1/terminal/packages', { haveVersion: 0 })
  await till.fetch()
  await terminal.post('The till has the newest one', '/v1/terminal/packages', { haveVersion: till.package?.version })

  const head = till.position()
  await terminal.post('Where the journal stands', '/v1/terminal/heads', { head, unsynced: 0 })
  await askForCard(stage, till)

  const authorisations = '/v1/terminal/authorisations'
  const slot = { card: demo.card('Pupil 25'), slot: await slotOf(stage, till) }
  const { terms, evidence } = till.decide(slot, 'online')
  await terminal.post('A lunch, before it is given', authorisations, { terms, evidence })

  const requests = '/v1/terminal/payment-requests'
  const juice = till.sale('juice')
  const asked = termsOfSale(till, juice, 35_000n)
  await terminal.post('A payment by QR is asked for', requests, { terms: asked })
  const forLong = { ...asked, tenderId: till.id(), expiresAt: demo.clock.now + 3_600_001 }
  await terminal.post('A QR stands open for an hour at most', requests, { terms: forLong }, 409)

  const batch = { items: [till.reversal(terms.tenderId)] }
  const batches = '/v1/terminal/batches'
  await terminal.post('A sale that was cancelled', batches, batch)
  const wallet = new Wallet(demo.role('individual', 'individual-1'), 'individual-1')
  await wallet.pay(stage.id(), asked.tenderId)
  const sold = { at: demo.clock.now, sale: juice, paid: partsOf(35_000n) }
  const captured = { items: [till.capture(asked.tenderId, sold)] }
  await terminal.post('A sale that a QR has paid is closed: the ledger sees its lines', batches, captured)
  await terminal.post('What became of a tender', '/v1/terminal/inquiries', { tenderId: terms.tenderId })
  await terminal.post('News since the cursor', '/v1/terminal/events', { after: 0, limit: 10 })
  await changeKeys(stage, till, demo)
}

async function enrol(stage: Stage): Promise<TestTill> {
  const { demo } = stage
  const anyone = stage.anyone()
  await anyone.get('The key by which a till knows the ledger', '/v1/ledger-key')
  const till = new TestTill(demo.ledger, demo.clock, demo.random, 'till-2', p256('examples/till-2'))
  const enrolments = '/v1/terminal-enrolments'
  const { code = '' } = demo.world.enrolmentCodes.find(({ terminalId }) => terminalId === 'till-2') ?? {}
  const enrolment = { code, terminalKey: till.key.jwk, encryptionKey: till.encryption.jwk }
  const others = { ...enrolment, terminalKey: demo.ports.keys.signing.jwk }
  await anyone.post('A terminal signs with a P-256 key', enrolments, others, 409)
  await anyone.post('A terminal is enrolled', enrolments, enrolment)
  await anyone.post('The code was used', enrolments, { ...enrolment, terminalKey: p256('another').jwk }, 403)
  // The number names the first till's code, what follows it is wrong: after five tries nobody enrols with it.
  const { code: other = '' } = demo.world.enrolmentCodes.find(({ terminalId }) => terminalId === 'till-1') ?? {}
  const guessed = `${other.slice(0, -6)}${other.endsWith('000000') ? '000001' : '000000'}`
  return till.terminalId === 'till-2' ? guess(stage, till, { ...enrolment, code: guessed }) : till
}

async function guess(stage: Stage, till: TestTill, enrolment: object): Promise<TestTill> {
  for (let tries = 0; tries < 5; tries += 1) await till.post('/v1/terminal-enrolments', enrolment)
  await stage.anyone().post('Too many wrong codes', '/v1/terminal-enrolments', enrolment, 429)
  return till
}

async function askForCard(stage: Stage, till: TestTill): Promise<void> {
  const terminal = stage.till(till)
  const session = {
    cardSessionId: till.id(),
    card: stage.demo.card('Pupil 25').pseudonym,
    encryptedRndB: '11'.repeat(16),
  }
  const sessions = '/v1/terminal/card-sessions'
  await terminal.post('A card that is leased to no till', sessions, session)
  await terminal.post('The session is another card’s', sessions, { ...session, encryptedRndB: '22'.repeat(16) }, 409)
  await terminal.post('A card that cannot prove itself', '/v1/terminal/card-session-keys', {
    cardSessionId: session.cardSessionId,
    authenticationPart3: toHex(new Uint8Array(32)),
  })
}

async function slotOf(stage: Stage, till: TestTill) {
  const { card } = { card: stage.demo.card('Pupil 25').pseudonym }
  const request = { cardSessionId: till.id(), card, encryptedRndB: '33'.repeat(16) }
  const answer = await till.call('/v1/terminal/card-sessions', request)
  const slot = answer.kind === 'open' ? answer.slots[0] : undefined
  if (slot === undefined) throw new Error('no slot')
  return slot
}

async function changeKeys(stage: Stage, till: TestTill, demo: DemoLedger): Promise<void> {
  const rotations = '/v1/terminal/key-rotations'
  const next = p256('examples/till-2/next')
  const changed = (sealing: ReturnType<typeof encryptionKey>) => {
    const named = { formerKey: till.key.keyId, terminalKey: next.jwk, encryptionKey: sealing.jwk }
    return { ...named, proof: signTagged(next, 'tolem/key-rotation/1', { terminalId: till.terminalId, ...named }) }
  }
  const sealing = encryptionKey(new Uint8Array(32).fill(8))
  const terminal = stage.till(till)
  await terminal.post('A terminal changes its keys', rotations, changed(sealing))
  const bound = changed(encryptionKey(new Uint8Array(32).fill(9)))
  await terminal.post('The key is bound with another one', rotations, bound, 409)
  const unproved = { ...changed(sealing), encryptionKey: encryptionKey(new Uint8Array(32).fill(9)).jwk }
  await terminal.post('The next key has not signed this', rotations, unproved, 409)
  demo.clock.now += 1
}
