/**
 * The payment's work over an independent card, a journal and a ledger that signs: what each fault at each command
 * leaves in the journal, and that the same tender goes on with the next presence.
 */
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { termsHashOf } from '../../../src/sync/protocol/canonical.ts'
import { encryptionKey } from '../../../src/sync/protocol/sealed-box.ts'
import type { Act } from '../../unit/sync/scripted-ledger.ts'
import { itemOf, leaseId } from '../../unit/sync/world.ts'
import { everyFault, faultyCard, openAtLedger, personalised } from './presence.ts'
import { sunOf } from '../../fixtures/sun-of.ts'
import { ledgerAnswersCard, till } from './payment-bench.ts'

const lost: Act = { instead: { kind: 'no_answer', detail: 'lost' } }
const unreachable: Act = { instead: { kind: 'not_sent', detail: 'ECONNREFUSED' } }

async function proved(of: Parameters<typeof till>[0] = {}) {
  const one = await till(of)
  const { faulty, card } = faultyCard(personalised)
  const { presenceId } = one.bench.lay(faulty)
  const payment = one.work()
  const prepared = await one.pay(payment, presenceId)
  if (prepared.kind !== 'intent') throw new Error(JSON.stringify(prepared))
  const { tenderId } = prepared.intent
  const outcome = await one.bench.settle(payment.prove(presenceId, tenderId))
  if (outcome.kind !== 'proved') throw new Error(JSON.stringify(outcome))
  return { ...one, faulty, card, payment, tenderId, outcome }
}

describe('a sale', () => {
  it('online: the ledger authorises what the card has proved', async () => {
    const { payment, tenderId, stateOf, ledger, outcome, journal } = await proved()
    expect(outcome).toEqual({ kind: 'proved', mode: 'online' })
    expect(await payment.authorise(tenderId)).toEqual({ kind: 'settled' })
    expect(stateOf(tenderId)).toBe('settled')
    const [sent] = ledger.bodies('/v1/terminal/authorisations')
    const { cardProof } = sent!.evidence as { cardProof: { sun: { e: string; b: string; m: string } } }
    const opened = openAtLedger(cardProof.sun)
    expect(opened).toMatchObject({ kind: 'opened', counter: 1 })
    const { terms } = journal.intentOf(tenderId).row
    expect(cardProof.sun.b).toBe(termsHashOf(terms).toUpperCase())
  })

  it('offline: accepted under the lease, and presented', async () => {
    const { payment, tenderId, stateOf, outcome, journal } = await proved({ online: false })
    expect(outcome).toEqual({ kind: 'proved', mode: 'offline' })
    expect(await payment.acceptWithoutAnswer(tenderId)).toEqual({ kind: 'pending' })
    expect(stateOf(tenderId)).toBe('pending')
    expect(journal.waitingItems(9)).toMatchObject([{ itemId: tenderId, item: { kind: 'presentment', leaseId } }])
  })

  it('of a till in another’s place: the ledger answers the card, whose key is sealed to the old one', async () => {
    const before = encryptionKey(seededRandom('the till before')(32))
    const one = await till({ sealedTo: before.jwk })
    ledgerAnswersCard(one.ledger)
    const { presenceId } = one.bench.lay(faultyCard(personalised).faulty)
    const payment = one.work()
    const prepared = await one.pay(payment, presenceId)
    if (prepared.kind !== 'intent') throw new Error(JSON.stringify(prepared))
    const { tenderId } = prepared.intent
    expect(await one.bench.settle(payment.prove(presenceId, tenderId))).toEqual({ kind: 'proved', mode: 'online' })
    expect(await payment.authorise(tenderId)).toEqual({ kind: 'settled' })
  })

  it('a lost answer: accepted offline under the same id, decided again as offline', async () => {
    const { payment, tenderId, ledger, journal } = await proved()
    ledger.on('/v1/terminal/authorisations', () => lost)
    expect(await payment.authorise(tenderId)).toEqual({ kind: 'no_answer' })
    expect(await payment.acceptWithoutAnswer(tenderId)).toEqual({ kind: 'pending' })
    expect(journal.evidenceOf(tenderId)?.record.input.mode).toBe('offline')
    expect(journal.waitingItems(9)).toMatchObject([{ item: { terms: journal.intentOf(tenderId).row.terms } }])
  })

  it('a lost answer where offline is not allowed: unknown, counted as spent', async () => {
    const { payment, tenderId, ledger, journal, stateOf } = await proved({ offline: 'deny' })
    ledger.on('/v1/terminal/authorisations', () => lost)
    await payment.authorise(tenderId)
    expect(await payment.acceptWithoutAnswer(tenderId)).toEqual({ kind: 'unknown' })
    expect(stateOf(tenderId)).toBe('unknown')
    expect(journal.spentOnSlot(journal.tender(tenderId)!.slotId!)).toHaveLength(1)
  })

  const neverThere: readonly (readonly [string, Act, string])[] = [
    ['that was never sent', unreachable, 'LEDGER_UNREACHABLE'],
    ['that the ledger would not read', { problem: 'schema_mismatch' }, 'LEDGER_UNREACHABLE'],
    ['of a suspended terminal', { problem: 'terminal_suspended' }, 'TERMINAL_SUSPENDED'],
  ]
  it.each(neverThere)('a request %s is refused, not unknown', async (_what, act, code) => {
    const { payment, tenderId, ledger, stateOf } = await proved({ offline: 'deny' })
    ledger.on('/v1/terminal/authorisations', () => act)
    expect(await payment.authorise(tenderId)).toEqual({ kind: 'no_answer' })
    expect(await payment.acceptWithoutAnswer(tenderId)).toEqual({ kind: 'refused', code })
    expect(stateOf(tenderId)).toBe('refused')
  })

  it('a suspended terminal does not sell under its lease either', async () => {
    const { payment, tenderId, ledger, bench, pay, work, nextSale, engine, faulty } = await proved()
    ledger.on('/v1/terminal/authorisations', () => ({ problem: 'terminal_suspended' }))
    await payment.authorise(tenderId)
    expect(await payment.acceptWithoutAnswer(tenderId)).toEqual({ kind: 'refused', code: 'TERMINAL_SUSPENDED' })
    nextSale()
    ledger.on('/v1/terminal/events', () => ({ problem: 'terminal_suspended' }))
    await engine.syncNow()
    expect(engine.worthAsking).toBe(false)
    expect(await pay(work(), bench.lay(faulty).presenceId)).toEqual({ kind: 'refused', code: 'TERMINAL_SUSPENDED' })
  })

  it('the ledger’s refusal is final, and frees the slot', async () => {
    const { payment, tenderId, ledger, stateOf, journal } = await proved()
    ledger.on('/v1/terminal/authorisations', ({ terms }) => ({ answer: itemOf(terms.tenderId, 'refused') }))
    expect(await payment.authorise(tenderId)).toEqual({ kind: 'refused', code: 'INSUFFICIENT_FUNDS' })
    expect(stateOf(tenderId)).toBe('refused')
    expect(journal.spentOnSlot(journal.tender(tenderId)!.slotId!)).toEqual([])
  })

  it('the same allowance is not given twice by this till, whatever the ledger has not booked yet', async () => {
    const { payment, tenderId, faulty, bench, pay, work, nextSale } = await proved({ online: false })
    await payment.acceptWithoutAnswer(tenderId)
    nextSale()
    const { presenceId } = bench.lay(faulty)
    expect(await pay(work(), presenceId)).toEqual({ kind: 'refused', code: 'ALLOWANCE_USED' })
  })

  it('a full disk refuses the sale before the card is touched', async () => {
    const database = new Database(':memory:')
    const { bench, pay, work, journal } = await till({ database })
    database.pragma(`max_page_count = ${database.pragma('page_count', { simple: true }) as number}`)
    expect(() => {
      for (;;) journal.commit({ kind: 'rollback_detected', by: 'ledger', seen: null })
    }).toThrow(expect.objectContaining({ code: 'SQLITE_FULL' }))
    const { faulty, log } = faultyCard(personalised)
    const { presenceId } = bench.lay(faulty)
    expect(await pay(work(), presenceId)).toEqual({ kind: 'refused', code: 'JOURNAL_NOT_WRITABLE' })
    expect(journal.openSales()).toEqual([])
    expect(log.some((entry) => entry.kind === 'command' && entry.command.startsWith('9071'))).toBe(false)
  })
})

describe('a torn card', () => {
  /** After the intent: select, authenticate ×2, write, select ×2, read. */
  const faults = everyFault.flatMap((fault) =>
    Array.from({ length: 7 }, (_, index) => ({ fault, index, name: JSON.stringify(fault) })),
  )
  it.each(faults)('$name at command $index after the intent', async ({ fault, index }) => {
    for (const online of [true, false]) {
      const { bench, pay, work, stateOf, journal, nextSale } = await till({ online })
      const { faulty, card } = faultyCard(personalised)
      const payment = work()
      const { presenceId } = bench.lay(faulty)
      const prepared = await pay(payment, presenceId)
      if (prepared.kind !== 'intent') throw new Error(JSON.stringify(prepared))
      let { tenderId } = prepared.intent
      faulty.arm(fault, index + 1)
      const first = await bench.settle(payment.prove(presenceId, tenderId))
      faulty.disarm()
      const next = bench.lay(faulty).presenceId
      if (first.kind === 'refused') {
        expect(stateOf(tenderId)).toBe('refused')
        nextSale()
        const again = await pay(payment, next)
        if (again.kind !== 'intent') throw new Error(JSON.stringify(again))
        tenderId = again.intent.tenderId
      } else if (first.kind === 'torn') {
        expect(stateOf(tenderId)).toBe('torn')
        expect(journal.spentOnSlot(journal.tender(tenderId)!.slotId!)).toHaveLength(1)
      }
      const second = await bench.settle(payment.prove(next, tenderId))
      expect(second.kind).toBe('proved')
      expect(stateOf(tenderId)).toBe('in_progress')
      const done = online ? await payment.authorise(tenderId) : await payment.acceptWithoutAnswer(tenderId)
      expect(done.kind).toBe(online ? 'settled' : 'pending')
      const sun = sunOf(journal.evidenceOf(tenderId)!.cardProof)
      expect(sun.b).toBe(termsHashOf(journal.intentOf(tenderId).row.terms).toUpperCase())
      expect(openAtLedger(sun)).toMatchObject({ kind: 'opened', counter: card.state().files[2].readCounter })
    }
  })

  it('another card is told apart, and the right one still completes the frozen sale', async () => {
    const { bench, pay, work, stateOf, nextSale, journal } = await till()
    const { faulty } = faultyCard(personalised)
    const payment = work()
    const { presenceId } = bench.lay(faulty)
    const prepared = await pay(payment, presenceId)
    if (prepared.kind !== 'intent') throw new Error(prepared.kind)
    const { tenderId } = prepared.intent
    faulty.arm({ kind: 'lost-before' }, 3)
    expect(await payment.prove(presenceId, tenderId)).toEqual({ kind: 'torn' })
    const other = faultyCard({ ...personalised, uid: '04FFFFFFFFFFFF' })
    const { presenceId: others } = bench.lay(other.faulty)
    // And so it is when it was left there, and is asked once more.
    for (const _time of [1, 2]) expect(await payment.prove(others, tenderId)).toEqual({ kind: 'other_card' })
    expect(stateOf(tenderId)).toBe('torn')
    expect(other.log.some((entry) => entry.kind === 'command' && entry.command.startsWith('9071'))).toBe(false)
    // The till restarts, and something else lies in the basket: the intent's sale is completed.
    nextSale()
    const restarted = work()
    expect(await restarted.prove(bench.lay(faulty).presenceId, tenderId)).toEqual({ kind: 'proved', mode: 'online' })
    expect(await restarted.authorise(tenderId)).toEqual({ kind: 'settled' })
    expect(journal.evidenceOf(tenderId)?.record.input.sale).toEqual(
      journal.sale(journal.tender(tenderId)!.saleId)?.sale,
    )
  })

  it('that tears again before it says who it is, second after second, fills no journal', async () => {
    const { bench, pay, work, stateOf, journal } = await till()
    const { faulty } = faultyCard(personalised)
    const payment = work()
    const { presenceId } = bench.lay(faulty)
    const prepared = await pay(payment, presenceId)
    if (prepared.kind !== 'intent') throw new Error(prepared.kind)
    const { tenderId } = prepared.intent
    faulty.arm({ kind: 'lost-before' }, 3)
    expect(await payment.prove(presenceId, tenderId)).toEqual({ kind: 'torn' })
    const { sequence } = journal.head
    for (let again = 0; again < 5; again += 1) {
      const back = bench.lay(faulty).presenceId
      faulty.arm({ kind: 'lost-before' }, 1)
      expect(await payment.prove(back, tenderId)).toEqual({ kind: 'torn' })
    }
    expect(journal.head.sequence).toBe(sequence)
    expect(stateOf(tenderId)).toBe('torn')
  })

  it('that comes back after the till was suspended pays nothing', async () => {
    const { bench, pay, work, stateOf, engine } = await till({ online: false })
    const { faulty } = faultyCard(personalised)
    const payment = work()
    const { presenceId } = bench.lay(faulty)
    const prepared = await pay(payment, presenceId)
    if (prepared.kind !== 'intent') throw new Error(prepared.kind)
    const { tenderId } = prepared.intent
    faulty.arm({ kind: 'lost-before' }, 3)
    expect(await payment.prove(presenceId, tenderId)).toEqual({ kind: 'torn' })
    engine.tapAsked({ kind: 'problem', code: 'terminal_suspended', detail: '' })
    expect((await payment.prove(bench.lay(faulty).presenceId, tenderId)).kind).toBe('proved')
    expect(await payment.acceptWithoutAnswer(tenderId)).toEqual({ kind: 'refused', code: 'TERMINAL_SUSPENDED' })
    expect(stateOf(tenderId)).toBe('refused')
  })

  it('a stop while the ledger is asked leaves no tender that may be voided in silence', async () => {
    const { bench, pay, work, stateOf, ledger } = await till({ offline: 'deny' })
    const { faulty } = faultyCard(personalised)
    const payment = work()
    const { presenceId } = bench.lay(faulty)
    const prepared = await pay(payment, presenceId)
    if (prepared.kind !== 'intent') throw new Error(prepared.kind)
    const { tenderId } = prepared.intent
    faulty.arm({ kind: 'answer-lost' }, 4)
    expect(await payment.prove(presenceId, tenderId)).toEqual({ kind: 'torn' })
    expect((await payment.prove(bench.lay(faulty).presenceId, tenderId)).kind).toBe('proved')
    let whileAsked: string | undefined
    ledger.on('/v1/terminal/authorisations', () => {
      whileAsked = stateOf(tenderId)
      return lost
    })
    await payment.authorise(tenderId)
    // A restart takes an online intent without outcome for unknown; it would take "torn" for "nothing was sent".
    expect(whileAsked).toBe('in_progress')
  })

  it('that is given up is voided, and the slot is free', async () => {
    const { bench, pay, work, stateOf, journal } = await till()
    const { faulty } = faultyCard(personalised)
    const payment = work()
    const { presenceId } = bench.lay(faulty)
    const prepared = await pay(payment, presenceId)
    if (prepared.kind !== 'intent') throw new Error(prepared.kind)
    const { tenderId } = prepared.intent
    faulty.arm({ kind: 'lost-before' }, 1)
    await payment.prove(presenceId, tenderId)
    payment.giveUp(tenderId)
    expect(stateOf(tenderId)).toBe('voided')
    expect(journal.spentOnSlot(journal.tender(tenderId)!.slotId!)).toEqual([])
    payment.giveUp(tenderId)
    payment.reverse(tenderId)
    expect(stateOf(tenderId)).toBe('voided')
  })
})

describe('a card that fails to authenticate', () => {
  it('is asked twice at most', async () => {
    const { bench, pay, work, nextSale } = await till()
    const keys = personalised.keys.map((key) => ({ ...key, value: 'AB'.repeat(16) }))
    const { faulty, log } = faultyCard({ ...personalised, keys: keys as never })
    const payment = work()
    for (const expected of ['refused', 'refused', 'not prepared']) {
      const { presenceId } = bench.lay(faulty)
      const prepared = await pay(payment, presenceId)
      if (expected === 'not prepared') expect(prepared).toEqual({ kind: 'refused', code: 'CARD_AUTHENTICATION_FAILED' })
      if (prepared.kind !== 'intent') continue
      const outcome = await payment.prove(presenceId, prepared.intent.tenderId)
      expect(outcome).toEqual({ kind: 'refused', code: 'CARD_AUTHENTICATION_FAILED' })
      nextSale()
    }
    expect(log.filter((entry) => entry.kind === 'command' && entry.command.startsWith('9071'))).toHaveLength(2)
  })
})
