/** Enrolment, packages, leases by policy, card sessions with a card that really computes, heads. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { setCardStatus } from '../../../ledger-sim/schemes/cards.ts'
import { VirtualNtag424 } from '../../../hardware-mocks/cards/ntag424.ts'
import { personalisedCard } from '../../../hardware-mocks/cards/ntag424-state.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { termsHashOf } from '../../../src/sync/protocol/canonical.ts'
import { verifyTagged } from '../../../src/sync/protocol/keys.ts'
import { cardSessionContext, tillKeyContext, unseal } from '../../../src/sync/protocol/sealed-box.ts'
import { fromHex, toHex } from '../../../src/voucher/cards/bytes.ts'
import type { CardChannel } from '../../../src/voucher/cards/card-channel.ts'
import { takeSaleBoundProof } from '../../../src/voucher/cards/ntag424.ts'
import { relayedAuthenticator } from '../../../src/voucher/cards/ntag424-authentication.ts'
import { isListed } from '../../../src/voucher/hotlist.ts'
import { demoLedger, dayMs, hourMs, p256, schoolMorning, TestTill, type DemoLedger } from './demo-ledger.ts'

let demo: DemoLedger
beforeEach(async () => {
  demo = await demoLedger()
})
afterEach(() => demo.close())

describe('enrolment', () => {
  const stranger = () => new TestTill(demo.ledger, demo.clock, demo.random, 'till-1', p256('stranger'))
  const code = () => demo.world.enrolmentCodes[0]?.code ?? ''

  test('the code names the ledger’s key, and works once', async () => {
    expect(code()).toMatch(/^\d{12}-[A-Za-z0-9_-]{12}$/)
    expect(demo.ports.keys.signing.keyId.startsWith(code().slice(13))).toBe(true)
    const till = await demo.till('till-1')
    await expect(till.enrol(code())).resolves.toBeUndefined()
    await expect(stranger().enrol(code())).rejects.toThrow(/role_not_allowed/)
  })

  test('the code ends after ten minutes', async () => {
    demo.clock.now += 10 * 60_000 + 1
    await expect(demo.till('till-1')).rejects.toThrow(/role_not_allowed/)
  })

  test('five wrong codes with its number end it, and no other till’s', async () => {
    const [number, fingerprint] = [code().slice(0, 4), code().slice(12)]
    for (let index = 0; index < 4; index += 1)
      await expect(stranger().enrol(`${number}0000000${index}${fingerprint}`)).rejects.toThrow(/role_not_allowed/)
    await expect(stranger().enrol(`${number}00000009${fingerprint}`)).rejects.toThrow(/rate_limited/)
    await expect(demo.till('till-1')).rejects.toThrow(/rate_limited/)
    await expect(demo.till('till-2')).resolves.toBeDefined()
  })

  test('wrong codes with the number of no open enrolment cost nobody a try', async () => {
    const numbers = demo.world.enrolmentCodes.map((one) => one.code.slice(0, 4))
    expect(new Set(numbers).size).toBe(2)
    const free = ['0001', '0002', '0003'].find((number) => !numbers.includes(number)) ?? ''
    for (const wrong of [`${free}00000000`, '00000000', 'x', '0001']) {
      for (let tries = 0; tries < 6; tries += 1)
        await expect(stranger().enrol(`${wrong}${code().slice(12)}`)).rejects.toThrow(
          /role_not_allowed|schema_mismatch/,
        )
    }
    for (const { tries_left: left } of await demo.rows('enrolment_code')) expect(left).toBe(5n)
    await expect(demo.till('till-1')).resolves.toBeDefined()
  })

  test('a code that was used already is nobody’s try', async () => {
    await demo.till('till-1')
    for (let tries = 0; tries < 6; tries += 1)
      await expect(stranger().enrol(code())).rejects.toThrow(/role_not_allowed/)
    await expect(demo.till('till-2')).resolves.toBeDefined()
  })
})

describe('packages', () => {
  test('carry the merchant’s schemes, today’s and the next day’s lunches, and only this till’s leases', async () => {
    const till = await demo.till('till-1')
    const first = await till.fetch()
    expect(first.version).toBe(1)
    expect(first.schemes.map((scheme) => scheme.schemeId)).toEqual(['food-voucher', 'school-lunch'])
    const lunches = first.leases.filter((lease) => lease.schemeId === 'school-lunch').flatMap((lease) => lease.slots)
    expect(new Set(lunches.map(({ slot }) => slot.periodId))).toEqual(
      new Set(['2026-11-25', '2026-11-26', '2026-11-27']),
    )
    expect(lunches.filter(({ slot }) => slot.periodId === '2026-11-25')).toHaveLength(20)
    expect((await (await demo.till('till-2')).fetch()).leases).toEqual([])
  })

  test('seal each card’s till key to this terminal and this lease', async () => {
    const till = await demo.till('till-1')
    await till.fetch()
    const card = demo.card('Pupil 01')
    const leased = till.leased(card)
    const box =
      leased?.lease.slots.flatMap((slot) => slot.cards).find((own) => own.card === card.pseudonym)?.sealedTillKey ?? ''
    const opened = unseal(box, till.encryption.privateKey, tillKeyContext(leased?.lease.leaseId ?? '', card.pseudonym))
    expect(opened && toHex(opened)).toBe(toHex(card.tillKey))
    expect(unseal(box, till.encryption.privateKey, tillKeyContext(till.id(), card.pseudonym))).toBeUndefined()
  })

  test('stay the same until something changes, then rise by one, and the till is told once', async () => {
    const till = await demo.till('till-1')
    await till.fetch()
    expect(await till.call('/v1/terminal/packages', { haveVersion: 1 })).toEqual({ kind: 'current' })
    const { cursor } = await till.call('/v1/terminal/events', { after: 0, limit: 10 })
    for (const label of ['Pupil 05', 'Pupil 06']) {
      await inTransaction(demo.ports, (work) => setCardStatus(work, demo.card(label).pseudonym, 'blocked'))
    }
    const { events } = await till.call('/v1/terminal/events', { after: cursor, limit: 10 })
    expect(events.map(({ event }) => event)).toEqual([{ kind: 'package_available', version: 2 }])
    const next = await till.fetch()
    expect(next.version).toBe(2)
    expect(next.hotlist).toMatchObject({ version: 3 })
    expect(isListed(next.hotlist, demo.card('Pupil 05').pseudonym)).toBe(true)
  })

  test('show what is booked on a slot by name', async () => {
    const till = await demo.till('till-1')
    await till.fetch()
    const decided = till.decide({ card: demo.card('Pupil 01') })
    await till.present(decided)
    await till.fetch()
    expect(till.leased(demo.card('Pupil 01'))?.slot).toMatchObject({ countSpent: 1, booked: [decided.terms.tenderId] })
  })

  test('grow young again before the policy age runs out', async () => {
    const till = await demo.till('till-1')
    const first = await till.fetch()
    demo.clock.now += 19 * hourMs
    const next = await till.fetch()
    expect(next.version).toBeGreaterThan(first.version)
    expect(next.issuedAt).toBe(demo.clock.now)
  })

  test('renew leases day after day, with the money: what was unsold waits for its deadline, then returns', async () => {
    const till = await demo.till('till-1')
    for (let day = 0; day < 30; day += 1) {
      await till.fetch()
      expect(till.leased(demo.card('Family 01'))).toBeDefined()
      demo.clock.now = schoolMorning + (day + 1) * dayMs
    }
    await till.fetch()
    const leases = await demo.rows('lease')
    expect(leases.some((lease) => lease['state'] === 'closed')).toBe(true)
    expect(
      leases.every((lease) => (lease['state'] === 'closed') === Number(lease['present_until']) < demo.clock.now),
    ).toBe(true)
  })
})

describe('a card session', () => {
  const cardAndChannel = (label: string) => {
    const card = demo.card(label)
    const keys = demo.world.cards.find((issued) => issued.label === label)?.keys
    const bytes = (number: '0' | '1' | '2' | '3' | '4') => fromHex(keys?.[number] ?? '')
    const state = personalisedCard({
      uid: card.uid,
      keys: { 0: bytes('0'), 1: bytes('1'), 2: bytes('2'), 3: bytes('3'), 4: bytes('4') },
    })
    const virtual = VirtualNtag424.fromState(state, { random: seededRandom(`card/${label}`) })
    virtual.enterField()
    const channel: CardChannel = {
      atr: virtual.atr,
      transmit: async (command) => {
        const answer = virtual.exchange(command)
        return answer.kind === 'answered' ? answer : { kind: 'unknown', reason: answer.kind }
      },
    }
    return { card, channel }
  }

  const open = async (till: TestTill, label: string, cardSessionId = till.id()) => {
    const encryptedRndB = '11'.repeat(16)
    return {
      cardSessionId,
      answer: await till.call('/v1/terminal/card-sessions', {
        cardSessionId,
        card: demo.card(label).pseudonym,
        encryptedRndB,
      }),
    }
  }

  test('lets a till without the card’s key take its proof, and the sale is paid', async () => {
    const till = await demo.till('till-1')
    await till.fetch()
    const { card, channel } = cardAndChannel('Pupil 25')
    const cardSessionId = till.id()
    const relay = relayedAuthenticator({
      challenge: async (_uid, encRndB) => {
        const request = { cardSessionId, card: card.pseudonym, encryptedRndB: toHex(encRndB) }
        const answer = await till.call('/v1/terminal/card-sessions', request)
        if (answer.kind !== 'open') return { kind: 'refused', reason: answer.kind }
        return { kind: 'part2', part2: fromHex(answer.authenticationPart2), handle: cardSessionId }
      },
      complete: async (handle, part3) => {
        const answer = await till.call('/v1/terminal/card-session-keys', {
          cardSessionId: handle,
          authenticationPart3: toHex(part3),
        })
        if (answer.kind !== 'session') return { kind: 'refused', reason: answer.code }
        const secret = unseal(answer.sealedSession, till.encryption.privateKey, cardSessionContext(handle))
        if (secret?.length !== 36) return { kind: 'unavailable', reason: 'not for this terminal' }
        return { kind: 'keys', ti: secret.subarray(0, 4), encKey: secret.subarray(4, 20), macKey: secret.subarray(20) }
      },
    })
    const { answer: told } = await open(till, 'Pupil 25')
    const slot = told.kind === 'open' ? told.slots[0] : undefined
    if (slot === undefined) throw new Error('no slot')
    const decided = till.decide({ card, slot }, 'online')
    const proof = await takeSaleBoundProof(channel, relay, fromHex(termsHashOf(decided.terms)), demo.random)
    if (proof.kind !== 'proof') throw new Error(JSON.stringify(proof))
    const evidence = till.evidence(decided.evidence.record, decided.terms, proof.sun)
    expect(await till.authorise({ terms: decided.terms, evidence })).toMatchObject({
      state: 'settled',
      paidBy: 'agency',
    })
  })

  test('refuses unknown and blocked cards; a slot at another till is named, and not given', async () => {
    const till = await demo.till('till-2')
    await (await demo.till('till-1')).fetch()
    const unknown = await till.call('/v1/terminal/card-sessions', {
      cardSessionId: till.id(),
      card: '0'.repeat(32),
      encryptedRndB: '00'.repeat(16),
    })
    expect(unknown).toEqual({ kind: 'refused', code: 'CARD_UNKNOWN' })
    expect((await open(till, 'Pupil 30')).answer).toEqual({ kind: 'refused', code: 'CARD_BLOCKED' })
    expect((await open(till, 'Pupil 01')).answer).toMatchObject({
      kind: 'open',
      slots: [],
      leasedElsewhere: ['school-lunch'],
    })
  })

  test('asked again under its id answers the same; five failures of a card in a day end it', async () => {
    const till = await demo.till('till-1')
    const first = await open(till, 'Pupil 25')
    expect((await open(till, 'Pupil 25', first.cardSessionId)).answer).toEqual(first.answer)
    for (let index = 0; index < 5; index += 1) {
      const { cardSessionId, answer } = await open(till, 'Pupil 25')
      expect(answer.kind).toBe('open')
      const keys = await till.call('/v1/terminal/card-session-keys', {
        cardSessionId,
        authenticationPart3: '22'.repeat(32),
      })
      expect(keys).toEqual({ kind: 'refused', code: 'CARD_AUTHENTICATION_FAILED' })
    }
    expect((await open(till, 'Pupil 25')).answer).toEqual({ kind: 'refused', code: 'CARD_BLOCKED' })
    demo.clock.now += dayMs
    expect((await open(till, 'Pupil 25')).answer.kind).toBe('open')
  })

  test('is another till’s, or over, after ten seconds', async () => {
    const till = await demo.till('till-1')
    const { cardSessionId } = await open(till, 'Pupil 25')
    demo.clock.now += 10_001
    const keys = await till.call('/v1/terminal/card-session-keys', {
      cardSessionId,
      authenticationPart3: '22'.repeat(32),
    })
    expect(keys).toEqual({ kind: 'refused', code: 'CARD_AUTHENTICATION_FAILED' })
    expect(await demo.rows('card_failure')).toEqual([])
  })
})

describe('a journal’s head', () => {
  const show = (till: TestTill, head: { epoch: number; sequence: number; hash: string }) =>
    till.call('/v1/terminal/heads', { head, unsynced: 0 })
  interface Row {
    readonly epoch: number
    readonly sequence: number
    readonly hash: string
  }
  const at = (epoch: number, sequence: number, fill = 'a'): Row => ({ epoch, sequence, hash: fill.repeat(64) })

  test('is countersigned, and an older one shown later is a rollback', async () => {
    const till = await demo.till('till-1')
    const answer = await show(till, at(1, 10))
    if (answer.kind !== 'countersigned') throw new Error('not countersigned')
    expect(
      verifyTagged(
        demo.ports.keys.signing,
        'tolem/journal-head/1',
        { terminalId: 'till-1', head: at(1, 10) },
        answer.signature,
      ),
    ).toBe(true)
    demo.clock.now += 5_000
    expect(await show(till, at(1, 9))).toEqual({ kind: 'rollback_detected', seen: at(1, 10) })
    expect(await demo.rows('discrepancy')).toMatchObject([{ code: 'ROLLBACK_DETECTED', terminal_id: 'till-1' }])
  })

  test('another row at the same place is a rollback; a new epoch is a new beginning', async () => {
    const till = await demo.till('till-1')
    await show(till, at(1, 10))
    expect((await show(till, at(1, 10, 'b'))).kind).toBe('rollback_detected')
    expect((await show(till, at(2, 1))).kind).toBe('countersigned')
  })

  test('two journals that find each other’s rows at each sync are told of once an hour', async () => {
    const till = await demo.till('till-1')
    await show(till, at(1, 10))
    for (const fill of ['b', 'c', 'd']) {
      demo.clock.now += 20_000
      expect((await show(till, at(1, 10, fill))).kind).toBe('rollback_detected')
    }
    const [told, ...more] = await demo.rows('discrepancy')
    expect(more).toEqual([])
    expect(JSON.parse(String(told?.['evidence']))).toEqual({
      shown: at(1, 10, 'b'),
      seen: at(1, 10),
      again: { times: 2, at: demo.clock.now, shown: at(1, 10, 'd'), seen: at(1, 10) },
    })
    demo.clock.now += hourMs
    expect((await show(till, at(1, 10, 'e'))).kind).toBe('rollback_detected')
    expect(await demo.rows('discrepancy')).toHaveLength(2)
  })

  test('an older one that was signed before the newer one was shown is only late', async () => {
    const till = await demo.till('till-1')
    const late = till.sign('POST', '/v1/terminal/heads', JSON.stringify({ head: at(1, 9), unsynced: 0 }))
    await show(till, at(1, 10))
    demo.clock.now += 5_000
    expect(JSON.parse((await till.send(late)).body)).toMatchObject({ kind: 'countersigned' })
    expect(await demo.rows('discrepancy')).toEqual([])
  })

  describe('that is later', () => {
    const showWith = (till: TestTill, head: Row, before: Omit<Row, 'hash'> & { hash: string | null }) =>
      till.call('/v1/terminal/heads', { head, unsynced: 0, before })

    test('and stands on the row that was seen is countersigned', async () => {
      const till = await demo.till('till-1')
      await showWith(till, at(1, 10), at(1, 10))
      expect((await showWith(till, at(1, 20, 'b'), at(1, 10))).kind).toBe('countersigned')
    })

    test.each([at(1, 10, 'c'), { ...at(1, 10), hash: null }])('and stands on %j is a rollback', async (before) => {
      const till = await demo.till('till-1')
      await showWith(till, at(1, 10), at(1, 10))
      expect(await showWith(till, at(1, 20, 'b'), before)).toEqual({ kind: 'rollback_detected', seen: at(1, 10) })
      expect(await demo.rows('discrepancy')).toMatchObject([{ code: 'ROLLBACK_DETECTED', terminal_id: 'till-1' }])
      // The copy may not pass by showing the same again without the row either: nothing of it was remembered.
      expect((await showWith(till, at(1, 21, 'd'), at(1, 20, 'b'))).kind).toBe('show_row')
    })

    test('after an answer that was lost: the terminal is asked for the row, and not accused', async () => {
      const till = await demo.till('till-1')
      await showWith(till, at(1, 10), at(1, 10))
      await showWith(till, at(1, 15, 'b'), at(1, 10))
      const asked = await showWith(till, at(1, 20, 'c'), at(1, 10))
      expect(asked).toEqual({ kind: 'show_row', at: { epoch: 1, sequence: 15 } })
      expect((await showWith(till, at(1, 20, 'c'), at(1, 15, 'b'))).kind).toBe('countersigned')
      expect(await demo.rows('discrepancy')).toEqual([])
    })

    test('than one that comes late is no accusation, however fast the clock was that signed it', async () => {
      const till = await demo.till('till-1')
      await showWith(till, at(1, 10), at(1, 10))
      demo.clock.now += 40_000
      const late = till.sign(
        'POST',
        '/v1/terminal/heads',
        JSON.stringify({ head: at(1, 11, 'b'), unsynced: 0, before: at(1, 10) }),
      )
      // The first answer sets a clock that was 40 s fast.
      demo.clock.now -= 40_000
      await showWith(till, at(1, 15, 'c'), at(1, 10))
      demo.clock.now += 30_000
      const asked = { kind: 'show_row', at: { epoch: 1, sequence: 15 } }
      expect(JSON.parse((await till.send(late)).body)).toEqual(asked)
      expect(await demo.rows('discrepancy')).toEqual([])
      // Who really has an older journal has no such row, and says so.
      const lost = { epoch: 1, sequence: 15, hash: null }
      expect(await showWith(till, at(1, 12, 'b'), lost)).toEqual({ kind: 'rollback_detected', seen: at(1, 15, 'c') })
    })

    test('in an epoch that ended is a rollback when the row of the new one is missing, and not before', async () => {
      const till = await demo.till('till-1')
      await showWith(till, at(2, 20), at(1, 10))
      expect((await showWith(till, at(1, 30, 'b'), at(1, 10))).kind).toBe('show_row')
      expect(await demo.rows('discrepancy')).toEqual([])
      const lost = { epoch: 2, sequence: 20, hash: null }
      expect((await showWith(till, at(1, 30, 'b'), lost)).kind).toBe('rollback_detected')
    })

    test('in a new epoch needs none: the rollback was noticed', async () => {
      const till = await demo.till('till-1')
      await showWith(till, at(1, 10), at(1, 10))
      expect((await showWith(till, at(2, 20, 'b'), at(1, 5, 'b'))).kind).toBe('countersigned')
    })
  })

  test('presented rows count as shown', async () => {
    const till = await demo.till('till-1')
    await till.fetch()
    till.sequence = 41
    await till.present(till.decide({ card: demo.card('Pupil 01') }))
    demo.clock.now += 5_000
    expect((await show(till, at(1, 30))).kind).toBe('rollback_detected')
  })
})
