/**
 * The terminal's applet profile against the virtual applet, which was written apart from docs/design/22: the life of a
 * card, and every fault at every command of personalisation, sale, recovery and script. What the card's own log says it
 * did has to be what the till ends up believing, once.
 */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { CardFault } from '../../../hardware-mocks/cards/faults.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { toHex } from '../../../src/voucher/cards/bytes.ts'
import type { CardChannel } from '../../../src/voucher/cards/card-channel.ts'
import { changePin, verifyPin } from '../../../src/voucher/cards/tolem-applet/pin.ts'
import { personaliseApplet } from '../../../src/voucher/cards/tolem-applet/personalisation.ts'
import type { AppletPresence, TerminalIdentity } from '../../../src/voucher/cards/tolem-applet/presence.ts'
import { recordHash, verifyRecord } from '../../../src/voucher/cards/tolem-applet/record.ts'
import { update, verifyReceipt } from '../../../src/voucher/cards/tolem-applet/script.ts'
import {
  readAllSlots,
  readSlots,
  type AppletSlot,
  type CardContent,
} from '../../../src/voucher/cards/tolem-applet/slots.ts'
import { planSpend, readRecord, recover, spend, type SpendPlan } from '../../../src/voucher/cards/tolem-applet/spend.ts'
import {
  authority,
  cardId,
  certificateFor,
  day,
  debits,
  desk,
  issuedCard,
  nextAuthority,
  now,
  order,
  pin,
  present,
  scheme,
  script,
  slot,
  terminal,
  terminalRandom,
  testCard,
  testKey,
  till,
  trust,
  usualCard,
  type TestCard,
} from './applet-world.ts'
import { everyFault, ReaderBench } from './presence.ts'

const seed = process.env['TOLEM_SEED'] ?? '22'
const random = seededRandom(`sales ${seed}`)
const hash = (text: string): Uint8Array => createHash('sha256').update(text).digest()

async function opened(channel: CardChannel, as: TerminalIdentity = till, time = now): Promise<AppletPresence> {
  const presence = await present(channel, as, time)
  if (presence.kind !== 'present') throw new Error(JSON.stringify(presence))
  return presence
}

async function contentOf(presence: AppletPresence, time = now): Promise<CardContent> {
  const content = await readSlots(presence, time, [scheme])
  if (content.kind !== 'content') throw new Error(JSON.stringify(content))
  return content
}

interface Basket {
  readonly amount?: bigint
  readonly isPinVerified?: boolean
  readonly isOnline?: boolean
  readonly tenderId?: Uint8Array
  readonly time?: number
}

function planned(presence: AppletPresence, content: CardContent, of: Basket = {}, from?: AppletSlot): SpendPlan {
  const plan = planSpend(presence, content, {
    tenderId: of.tenderId ?? random(16),
    slot: from ?? content.slots[0]!,
    amount: of.amount ?? 90_000n,
    challenge: random(16),
    terminalTime: of.time ?? now,
    decisionHash: hash('decision'),
    termsHash: hash('terms'),
    isOnline: of.isOnline ?? false,
    isPinVerified: of.isPinVerified ?? false,
  })
  if (plan.kind !== 'planned') throw new Error(plan.detail)
  return plan.plan
}

/** One whole payment, as a till makes it. */
async function paid(presence: AppletPresence, of: Basket = {}) {
  return spend(presence, planned(presence, await contentOf(presence), of))
}

/** The card in a field of its own again. */
function laid(made: TestCard, bench = new ReaderBench()): CardChannel {
  made.faulty.leaveField()
  return bench.channel(bench.lay(made.faulty))
}

describe('the life of a card', () => {
  it('is issued, pays with and without PIN, and its records hold with public keys alone', async () => {
    const made = await usualCard()
    const presence = await opened(laid(made))
    const content = await contentOf(presence)
    expect(content).toMatchObject({ atc: 0, oldestAtc: 0, scriptCounter: 1, state: 'active', pinTriesLeft: 5 })
    expect(content.slots).toEqual([slot()])

    const first = await spend(presence, planned(presence, content))
    if (first.kind !== 'debited') throw new Error(JSON.stringify(first))
    expect(await paid(presence, { amount: 115_000n })).toMatchObject({ kind: 'refused', code: 'CARD_PIN_NEEDED' })
    expect(await verifyPin(presence, '0000')).toMatchObject({ code: 'CARD_PIN_WRONG', pinTriesLeft: 4 })
    expect(await verifyPin(presence, pin)).toEqual({ kind: 'verified' })
    const second = await paid(presence, { amount: 115_000n, isPinVerified: true, isOnline: true })
    if (second.kind !== 'debited') throw new Error(JSON.stringify(second))
    // One PIN, one payment.
    expect(await paid(presence, { amount: 115_000n })).toMatchObject({ kind: 'refused', code: 'CARD_PIN_NEEDED' })

    const verified = [first, second].map(({ record }) => verifyRecord(record, presence.chain, trust.rootKeys))
    expect(verified).toMatchObject([
      { kind: 'verified', record: { atc: 1, amount: 90_000n, countAfter: 19, mode: 0, flags: 0 } },
      { kind: 'verified', record: { atc: 2, amount: 115_000n, countAfter: 18, mode: 1, flags: 1 } },
    ])
    expect(debits(made).map(({ record }) => record)).toEqual([first, second].map(({ record }) => toHex(record)))
    expect((await contentOf(presence)).slots[0]).toMatchObject({ countLeft: 18, amountLeft: 2_095_000n })
  })

  it('refuses what it has to, and debits nothing', async () => {
    const made = await issuedCard([
      slot(),
      slot({ name: 'later', validFrom: now + day, validUntil: now + 2 * day }),
      slot({ name: 'over', validFrom: now - 3 * day, validUntil: now - day }),
      slot({ name: 'empty', countLeft: 0 }),
      slot({ name: 'poor', amountLeft: 10n }),
      slot({ name: 'on line', flags: 1 }),
    ])
    const presence = await opened(laid(made))
    const content = await contentOf(presence)
    expect(content.slots.map(({ countLeft }) => countLeft)).toEqual([20, 0, 20, 20])
    // The till would not plan these: here the slot is believed to have plenty, and the card says what it has.
    const tried = async (name: string, of: Basket = {}) => {
      const outcome = await spend(
        presence,
        planned(presence, content, of, { ...slot({ name }), amountLeft: 10n ** 9n }),
      )
      return outcome.kind === 'refused' ? outcome.code : outcome.kind
    }
    expect(await tried('later')).toBe('CARD_SLOT_NOT_VALID')
    expect(await tried('over')).toBe('CARD_SLOT_NOT_VALID')
    expect(await tried('empty')).toBe('CARD_ALLOWANCE_USED')
    expect(await tried('poor')).toBe('CARD_ALLOWANCE_USED')
    expect(await tried('on line')).toBe('CARD_ONLINE_ONLY')
    expect(await tried('2025-11', { amount: 150_001n })).toBe('CARD_CAP_EXCEEDED')
    expect(await tried('none of these')).toBe('CARD_SLOT_UNKNOWN')
    expect(await tried('2025-11', { time: now - 2 * day })).toBe('CARD_TIME_REFUSED')
    expect(await tried('2025-11', { time: now + 7 * day })).toBe('CARD_TIME_REFUSED')
    expect(debits(made)).toEqual([])

    const tenderId = random(16)
    expect((await spend(presence, planned(presence, content, { tenderId }))).kind).toBe('debited')
    expect(await tried('2025-11', { tenderId })).toBe('CARD_ALREADY_DEBITED')
  })

  it('shows a till the slots of its schemes only, and a desk all, eight at a time', async () => {
    const made = await issuedCard(Array.from({ length: 9 }, (_, index) => slot({ name: `slot ${index}` })))
    const presence = await opened(laid(made))
    await update(presence, script(2, [{ kind: 'load-slot', slot: slot({ name: 'slot 9' }) }]))
    expect(await readSlots(presence, now, [])).toMatchObject({ matching: 0, slots: [] })
    expect(await readSlots(presence, now, [hash('other').subarray(0, 16)])).toMatchObject({ matching: 0 })
    expect((await contentOf(presence)).slots.length).toBe(8)
    expect(await readAllSlots(presence)).toMatchObject({ kind: 'refused', detail: 'NOT_FOR_THIS_TERMINAL (9A02)' })
    const atDesk = await opened(laid(made), desk)
    const [first, rest] = [await readAllSlots(atDesk), await readAllSlots(atDesk, 8)]
    expect([first, rest]).toMatchObject([{ matching: 10 }, { matching: 2 }])
    expect(await paid(atDesk)).toMatchObject({ kind: 'refused', detail: 'NOT_FOR_THIS_TERMINAL (9A02)' })
  })

  it('blocks its PIN after five wrong ones, and a script gives them back', async () => {
    const made = await usualCard()
    const presence = await opened(laid(made))
    for (const pinTriesLeft of [4, 3, 2, 1, 0]) {
      expect(await verifyPin(presence, '9999')).toMatchObject({ code: 'CARD_PIN_WRONG', pinTriesLeft })
    }
    expect(await verifyPin(presence, pin)).toMatchObject({ code: 'CARD_PIN_BLOCKED' })
    expect(await paid(presence, { amount: 115_000n })).toMatchObject({ code: 'CARD_PIN_BLOCKED' })
    expect((await update(presence, script(2, [{ kind: 'unblock-pin' }]))).kind).toBe('applied')
    expect(await changePin(presence, pin, '12345678')).toEqual({ kind: 'verified' })
    expect(await verifyPin(presence, pin)).toMatchObject({ code: 'CARD_PIN_WRONG' })
    expect(await verifyPin(presence, '12345678')).toEqual({ kind: 'verified' })
  })

  it('takes a script once, in its turn, and from its issuer', async () => {
    const made = await usualCard()
    const presence = await opened(laid(made))
    const more = script(2, [{ kind: 'load-slot', slot: slot({ countLeft: 1, amountLeft: 5n }) }])
    const applied = await update(presence, more)
    expect(applied).toMatchObject({ kind: 'applied', said: { scriptCounter: 2, atc: 0 } })
    // The same bytes again: the same receipt, and nothing is added.
    expect(await update(presence, more)).toEqual(applied)
    expect((await contentOf(presence)).slots[0]).toMatchObject({ countLeft: 21, amountLeft: 2_300_005n })

    const refused = async (bytes: Uint8Array) => {
      const outcome = await update(presence, bytes)
      return outcome.kind === 'refused' ? outcome.detail : outcome.kind
    }
    expect(await refused(script(2, [{ kind: 'block' }]))).toBe('SCRIPT_OUT_OF_ORDER (9A11)')
    expect(await refused(script(4, [{ kind: 'block' }]))).toBe('SCRIPT_OUT_OF_ORDER (9A11)')
    expect(await refused(script(3, [{ kind: 'block' }], { keyEpoch: 2 }))).toBe('SCRIPT_FOR_OTHER_EPOCH (9A12)')
    expect(
      await refused(
        script(3, [{ kind: 'block' }])
          .with(-1, 0)
          .with(-2, 0),
      ),
    ).toBe('SCRIPT_SIGNATURE_WRONG (9A13)')
    expect(await refused(script(3, [{ kind: 'block' }]).with(10, 0))).toBe('SCRIPT_FOR_OTHER_CARD (9A10)')
    expect(await refused(script(3, [{ kind: 'allow-new-pin', terminalSerial: desk.serial }]))).toContain('9A02')
    const { slotRef } = slot({ name: 'none' })
    expect(await refused(script(3, [{ kind: 'block' }, { kind: 'remove-slot', slotRef }]))).toBe('NO_SUCH_SLOT (6A88)')
    expect((await contentOf(presence)).state).toBe('active')

    // Seven slots make three blocks.
    const many = Array.from({ length: 7 }, (_, n) => ({ kind: 'load-slot', slot: slot({ name: `n${n}` }) }) as const)
    expect((await update(presence, script(3, many))).kind).toBe('applied')
    const removed = await update(presence, script(4, [{ kind: 'remove-slot', slotRef: slot().slotRef }]))
    expect(removed).toMatchObject({ said: { removedCount: 21, removedAmount: 2_300_005n } })
  })

  it('is blocked and unblocked; blocked it still remembers', async () => {
    const made = await usualCard()
    const presence = await opened(laid(made))
    const plan = planned(presence, await contentOf(presence))
    const debited = await spend(presence, plan)
    await update(presence, script(2, [{ kind: 'block' }]))
    expect(await paid(presence)).toMatchObject({ kind: 'refused', code: 'CARD_BLOCKED' })
    expect(await verifyPin(presence, pin)).toMatchObject({ kind: 'refused', code: 'CARD_BLOCKED' })
    expect(await recover(presence, plan, random(16))).toEqual(debited)
    expect((await contentOf(presence)).state).toBe('blocked')
    await update(presence, script(3, [{ kind: 'unblock' }]))
    expect((await paid(presence)).kind).toBe('debited')
  })

  it('changes its key; records of both keys hold, and the chain of hashes goes on', async () => {
    const made = await usualCard()
    const before = await opened(laid(made))
    const first = await paid(before)
    const newKey = await update(before, script(2, [{ kind: 'new-key', keyEpoch: 2 }]))
    if (newKey.kind !== 'applied' || first.kind !== 'debited') throw new Error(JSON.stringify(newKey))
    const { pendingKey } = newKey.said
    // Until the certificate is there, the old key is the card's.
    expect((await opened(laid(made))).card.keyEpoch).toBe(1)
    const certificate = certificateFor(pendingKey, { keyEpoch: 2, serial: '0000000000000C02' })
    const changing = await opened(laid(made))
    expect((await update(changing, script(3, [{ kind: 'certificate', certificate }]), pendingKey)).kind).toBe('applied')

    const after = await opened(laid(made))
    expect(after.card).toMatchObject({ keyEpoch: 2, publicKey: pendingKey })
    const second = await paid(after)
    if (second.kind !== 'debited') throw new Error(JSON.stringify(second))
    expect(verifyRecord(first.record, before.chain, trust.rootKeys).kind).toBe('verified')
    expect(verifyRecord(second.record, after.chain, trust.rootKeys)).toMatchObject({
      kind: 'verified',
      record: { keyEpoch: 2, atc: 2, previousHash: recordHash(first.record.subarray(0, 284)) },
    })
    expect(verifyRecord(second.record, before.chain, trust.rootKeys)).toMatchObject({ fault: 'card-differs' })
  })

  it('learns of another terminal authority by a script, and forgets the former', async () => {
    const made = await usualCard()
    const third = testKey('third authority')
    const presence = await opened(laid(made))
    const items = [
      { kind: 'authority-key', entry: 0, publicKey: third.publicKey },
      { kind: 'authority-key', entry: 1, publicKey: null },
    ] as const
    expect((await update(presence, script(2, items))).kind).toBe('applied')
    expect(await present(laid(made), till)).toMatchObject({ code: 'TERMINAL_NOT_ACCEPTED' })
    expect((await opened(laid(made), terminal('till-0007', { by: third }))).kind).toBe('present')
  })

  it('remembers eight records, tells a till those of its merchant, and says how far back it knows', async () => {
    const made = await issuedCard([slot({ pinAbove: 150_000n })])
    const presence = await opened(laid(made))
    const plans: SpendPlan[] = []
    for (let index = 0; index < 9; index += 1) {
      const plan = planned(presence, await contentOf(presence))
      plans.push(plan)
      expect((await spend(presence, plan)).kind).toBe('debited')
    }
    expect(await contentOf(presence)).toMatchObject({ atc: 9, oldestAtc: 2 })
    expect((await recover(presence, plans[0]!, random(16))).kind).toBe('forgotten')
    expect((await recover(presence, plans[1]!, random(16))).kind).toBe('debited')
    const never = { ...plans[8]!, tenderId: random(16) }
    expect((await recover(presence, never, random(16))).kind).toBe('not-debited')
    expect((await recover(presence, { ...never, before: plans[0]!.before }, random(16))).kind).toBe('forgotten')

    expect(await readRecord(presence, 0)).toMatchObject({ kind: 'record' })
    expect(await readRecord(presence, 8)).toEqual({ kind: 'none' })
    const elsewhere = terminal('till-0099', { merchant: 'canteen-99' })
    const stranger = await opened(laid(made), elsewhere)
    expect(await readRecord(stranger, 0)).toMatchObject({ kind: 'refused', detail: 'NOT_FOR_THIS_TERMINAL (9A02)' })
    expect(await recover(stranger, plans[8]!, random(16))).toMatchObject({ kind: 'refused' })
    expect(await readRecord(await opened(laid(made), desk), 7)).toMatchObject({ kind: 'record' })
  })
})

describe('a card that is not what it says', () => {
  it('a copy of all that a card shows, without its key', async () => {
    const made = await usualCard()
    const { card: other } = await issuedCard([slot({ name: 'other' })])
    const copy = testCard({ ...made.card.state(), activeKey: other.state().cardId!.repeat(2) })
    expect(await present(laid(copy), till)).toMatchObject({
      kind: 'refused',
      code: 'CARD_NOT_AUTHENTIC',
      detail: 'card-authentication',
    })
  })

  it('a restored copy of a card convicts itself: two records of one number', async () => {
    const made = await issuedCard([slot({ pinAbove: 150_000n })])
    const copy = testCard(made.card.state(), 'copy')
    const records = [await paid(await opened(laid(made))), await paid(await opened(laid(copy)))]
    const chain = (await opened(laid(made))).chain
    const said = records.map((paid) =>
      paid.kind === 'debited' ? verifyRecord(paid.record, chain, trust.rootKeys) : paid,
    )
    expect(said).toMatchObject([{ record: { atc: 1 } }, { record: { atc: 1 } }])
    expect(said[0]).not.toEqual(said[1])
  })

  it('and one that went back proves nothing by its statement', async () => {
    const made = await issuedCard([slot({ pinAbove: 150_000n })])
    const before = made.card.state()
    const presence = await opened(laid(made))
    await paid(presence)
    const plan = planned(presence, await contentOf(presence))
    const wentBack = await opened(laid(testCard(before)))
    expect((await recover(wentBack, plan, random(16))).kind).toBe('forgotten')
  })
})

describe('a CBDC card', () => {
  it('is found under its own name, pays on line only, and counts nothing down', async () => {
    const account = { countLeft: 0, amountLeft: 0n, flags: 3, pinAbove: 100_000n }
    const made = await issuedCard([slot({ ...account, name: 'account' })], 2)
    const presence = await opened(laid(made))
    expect(presence.card.kind).toBe(2)
    expect(await paid(presence)).toMatchObject({ kind: 'refused', code: 'CARD_ONLINE_ONLY' })
    const online = await paid(presence, { isOnline: true })
    if (online.kind !== 'debited') throw new Error(JSON.stringify(online))
    expect(verifyRecord(online.record, presence.chain, trust.rootKeys)).toMatchObject({
      record: { countAfter: 0xffff, amountAfter: 0xffff_ffff_ffff_ffffn, mode: 1 },
    })
    expect(await paid(presence, { isOnline: true, amount: 100_001n })).toMatchObject({ code: 'CARD_PIN_NEEDED' })
    expect((await contentOf(presence)).slots[0]).toMatchObject(account)
  })
})

describe('a stranger', () => {
  const strangers = [
    ['a certificate of nobody', terminal('thief', { by: testKey('nobody') }), 'AUTHORITY_UNKNOWN (9A22)'],
    [
      'a forged certificate',
      { ...till, certificate: till.certificate.with(60, 9) },
      'TERMINAL_CERTIFICATE_WRONG (9A21)',
    ],
    ['a certificate that is not his', { ...till, sign: testKey('thief').sign }, 'TERMINAL_SIGNATURE_WRONG (9A23)'],
    [
      'one that has ended',
      terminal('old', { notBefore: 0, notAfter: now - 3 * day }),
      'TERMINAL_CERTIFICATE_ENDED (9A20)',
    ],
  ] as const
  it.each(strangers)('with %s learns nothing and burns no PIN', async (_, as, detail) => {
    const made = await usualCard()
    const before = made.card.state()
    const channel = laid(made)
    made.log.length = 0
    expect(await present(channel, as)).toMatchObject({ kind: 'refused', code: 'TERMINAL_NOT_ACCEPTED', detail })
    for (const apdu of ['8420000008 34303731FFFFFFFF', '8440000000', '8414000000', '8430000000', '8020000000']) {
      const answer = await channel.transmit(Buffer.from(apdu.replace(' ', ''), 'hex'))
      if (answer.kind !== 'answered') throw new Error(answer.reason)
      expect(toHex(answer.response)).toMatch(/^(6985|6D00)$/)
    }
    expect(made.card.state()).toEqual(before)
    expect(JSON.stringify(made.log)).not.toContain(toHex(cardId))
  })

  it('who recorded a presence cannot play it again', async () => {
    const made = await usualCard()
    const bench = new ReaderBench()
    const recorded: Uint8Array[] = []
    const channel = laid(made, bench)
    const presence = await opened({
      atr: channel.atr,
      transmit: (command) => (recorded.push(command), channel.transmit(command)),
    })
    expect((await paid(presence)).kind).toBe('debited')
    const again = laid(made, bench)
    const answers = []
    for (const command of recorded) {
      const answer = await again.transmit(command)
      answers.push(answer.kind === 'answered' ? toHex(answer.response.slice(-2)) : answer.kind)
    }
    expect(answers.slice(0, 3)).toEqual(['9000', '9000', '9A23'])
    expect(new Set(answers.slice(3))).toEqual(new Set(['6985']))
    expect(debits(made).length).toBe(1)
  })

  it('is told nothing that differs from card to card', async () => {
    const said = async (made: TestCard) => {
      const answer = await laid(made).transmit(Buffer.from('00A4040007F0544F4C454D0100', 'hex'))
      return answer.kind === 'answered' ? toHex(answer.response.slice(0, -18)) : answer.kind
    }
    const one = await usualCard()
    const state = one.card.state()
    const other = testCard({ ...state, cardId: 'AB'.repeat(16), atc: 7, state: 'blocked' }, 'other')
    expect(await said(other)).toBe(await said(one))
  })
})

const nameOf = (fault: CardFault) => JSON.stringify(fault)

/** The commands of one presence, counted on a card that works. */
async function countCommands(work: (channel: CardChannel) => Promise<unknown>, made: TestCard): Promise<number> {
  const channel = laid(made)
  let count = 0
  await work({ atr: channel.atr, transmit: (command) => ((count += 1), channel.transmit(command)) })
  return count
}

describe('every fault at every command', () => {
  /** What the till did, and its intent, which is what a restart has. */
  async function sale(channel: CardChannel, intents: SpendPlan[]): Promise<{ readonly kind: string }> {
    const presence = await present(channel, till)
    if (presence.kind !== 'present') return presence
    const content = await readSlots(presence, now, [scheme])
    if (content.kind !== 'content') return content
    const verified = await verifyPin(presence, pin)
    if (verified.kind !== 'verified') return verified
    const plan = planned(presence, content, { amount: 115_000n, isPinVerified: true })
    intents.push(plan)
    return spend(presence, plan)
  }
  const commands = 9

  it('a sale has so many commands', async () => {
    expect(await countCommands((channel) => sale(channel, []), await usualCard())).toBe(commands)
  })

  const cases = everyFault.flatMap((fault) =>
    Array.from({ length: commands }, (_, index) => ({ fault, index, name: nameOf(fault) })),
  )
  it.each(cases)('of a sale: $name at command $index; RECOVER says what the card did', async ({ fault, index }) => {
    const bench = new ReaderBench()
    const made = await usualCard()
    const intents: SpendPlan[] = []
    const channel = bench.channel(bench.lay(made.faulty))
    made.faulty.arm(fault, index + 1)
    const outcome = await bench.settle(sale(channel, intents))
    made.faulty.disarm()

    const [plan] = intents
    if (plan === undefined) {
      expect(['torn', 'refused']).toContain(outcome.kind)
      expect(debits(made)).toEqual([])
    } else {
      if (outcome.kind === 'debited') expect(fault).toMatchObject({ kind: 'truncated' })
      else expect(outcome).toMatchObject({ kind: 'torn', step: 'spend' })
      // The till is started anew: it has the intent and nothing else.
      const presence = await opened(bench.channel(bench.lay(made.faulty)))
      const recovered = await bench.settle(recover(presence, plan, random(16)))
      const [debit] = debits(made)
      expect(recovered.kind).toBe(debit === undefined ? 'not-debited' : 'debited')
      if (outcome.kind === 'torn' && 'executed' in outcome && outcome.executed === 'no') expect(debit).toBeUndefined()
      if (recovered.kind === 'debited') expect(toHex(recovered.record)).toBe(debit?.record)
      if (recovered.kind !== 'not-debited') return
      // The same tender may be tried again under its own id.
      expect(await verifyPin(presence, pin)).toEqual({ kind: 'verified' })
      const again = planned(presence, await contentOf(presence), {
        amount: 115_000n,
        isPinVerified: true,
        tenderId: plan.tenderId,
      })
      expect((await spend(presence, again)).kind).toBe('debited')
    }
    expect(made.card.state().pinTries).toBeGreaterThanOrEqual(4)
    expect(debits(made).length).toBeLessThanOrEqual(1)
  })

  it.each(cases)('of a sale, never recovered: $name at command $index; the next record settles it', async (of) => {
    const bench = new ReaderBench()
    const made = await usualCard()
    const intents: SpendPlan[] = []
    const channel = bench.channel(bench.lay(made.faulty))
    made.faulty.arm(of.fault, of.index + 1)
    await bench.settle(sale(channel, intents))
    made.faulty.disarm()
    const [torn] = intents
    if (torn === undefined) return
    const wasDebited = debits(made).length === 1
    const next = await paid(await opened(bench.channel(bench.lay(made.faulty)), terminal('till-0008')))
    if (next.kind !== 'debited') throw new Error(JSON.stringify(next))
    const previous = toHex(next.record.subarray(38, 70))
    expect(previous).toBe(toHex(wasDebited ? recordHash(torn.expectedInput) : torn.before.headHash))
  })

  it.each(everyFault.flatMap((fault) => [5, 6].map((index) => ({ fault, index, name: nameOf(fault) }))))(
    'of RECOVER itself: $name at command $index; asked again it says the same',
    async ({ fault, index }) => {
      const bench = new ReaderBench()
      const made = await usualCard()
      const intents: SpendPlan[] = []
      expect((await sale(bench.channel(bench.lay(made.faulty)), intents)).kind).toBe('debited')
      const before = made.card.state()
      const channel = bench.channel(bench.lay(made.faulty))
      made.faulty.arm(fault, index + 1)
      const first = await bench.settle(recover(await opened(channel), intents[0]!, random(16)))
      made.faulty.disarm()
      if (first.kind !== 'debited') expect(first).toMatchObject({ kind: 'torn', step: 'recover' })
      const again = await recover(await opened(bench.channel(bench.lay(made.faulty))), intents[0]!, random(16))
      expect(again.kind).toBe('debited')
      expect(made.card.state()).toEqual(before)
    },
  )

  it.each(
    everyFault.flatMap((fault) => Array.from({ length: 8 }, (_, index) => ({ fault, index, name: nameOf(fault) }))),
  )('of a script: $name at command $index; the same bytes again give one receipt', async ({ fault, index }) => {
    const bench = new ReaderBench()
    const made = await usualCard()
    const loads = ['a', 'b', 'c'].map((name) => ({ kind: 'load-slot', slot: slot({ name }) }) as const)
    const more = script(2, [...loads, { kind: 'load-slot', slot: slot() }])
    const carry = async (channel: CardChannel) => {
      const presence = await present(channel, till)
      return presence.kind === 'present' ? update(presence, more) : presence
    }
    const channel = bench.channel(bench.lay(made.faulty))
    made.faulty.arm(fault, index + 1)
    const first = await bench.settle(carry(channel))
    made.faulty.disarm()
    expect(['torn', 'refused', 'applied']).toContain(first.kind)
    if (first.kind === 'torn' && first.executed === 'no') expect(made.card.state().scriptCounter).toBe(1)
    const again = await carry(bench.channel(bench.lay(made.faulty)))
    if (again.kind !== 'applied') throw new Error(JSON.stringify(again))
    if (first.kind === 'applied') expect(again.receipt).toEqual(first.receipt)
    expect(verifyReceipt(again.receipt, more, (await opened(laid(made))).card.publicKey)).not.toBeNull()
    const presence = await opened(bench.channel(bench.lay(made.faulty)))
    expect((await contentOf(presence)).slots[0]).toMatchObject({ countLeft: 40, amountLeft: 4_600_000n })
  })

  const personalisationCommands = 13
  it.each(
    everyFault.flatMap((fault) =>
      Array.from({ length: personalisationCommands }, (_, index) => ({ fault, index, name: nameOf(fault) })),
    ),
  )('of personalisation: $name at command $index; repeated it ends with this card', async ({ fault, index }) => {
    const bench = new ReaderBench()
    const made = testCard()
    const channel = bench.channel(bench.lay(made.faulty))
    made.faulty.arm(fault, index + 1)
    const first = await bench.settle(personaliseApplet(channel, order, desk, trust, terminalRandom))
    made.faulty.disarm()
    expect(['torn', 'refused', 'present']).toContain(first.kind)
    const again = await personaliseApplet(bench.channel(bench.lay(made.faulty)), order, desk, trust, terminalRandom)
    expect(again).toMatchObject({ kind: 'present', card: { cardId, keyEpoch: 1 } })
    expect(made.card.state().authorityKeys).toEqual([authority, nextAuthority].map((key) => toHex(key.publicKey)))
  })

  it('personalisation has so many commands', async () => {
    const work = (channel: CardChannel) => personaliseApplet(channel, order, desk, trust, terminalRandom)
    expect(await countCommands(work, testCard())).toBe(personalisationCommands)
  })
})

describe(`a year of a card, TOLEM_SEED=${seed}`, () => {
  it('two tills, faults and scripts at random: what tills believe is what the card did', async () => {
    const generous = (of: Partial<AppletSlot>) => slot({ ...of, pinAbove: 150_000n })
    const chance = (below: number): number => Buffer.from(random(4)).readUInt32BE() % below
    const bench = new ReaderBench()
    const made = await issuedCard([generous({ countLeft: 5, amountLeft: 500_000n })])
    const tills = [till, terminal('till-0008')]
    /** Open intents, and what was settled. */
    const torn = new Map<SpendPlan, TerminalIdentity>()
    const believed = new Map<string, bigint>()
    let loaded = { count: 5, amount: 500_000n }
    let counter = 1
    let faults = 0
    for (let step = 0; step < 400; step += 1) {
      const as = tills[chance(2)]!
      const channel = bench.channel(bench.lay(made.faulty))
      if (chance(2) === 0) made.faulty.arm(everyFault[chance(everyFault.length)]!, 1 + chance(12))
      const presence = await bench.settle(present(channel, as))
      const content = presence.kind === 'present' ? await bench.settle(readSlots(presence, now, [scheme])) : presence
      if (presence.kind === 'present' && content.kind === 'content') {
        for (const [plan, owner] of torn) {
          if (owner !== as) continue
          const recovered = await bench.settle(recover(presence, plan, random(16)))
          if (recovered.kind === 'debited') believed.set(toHex(plan.tenderId), 1n)
          expect(['other-record', 'refused']).not.toContain(recovered.kind)
          if (recovered.kind === 'debited' || recovered.kind === 'not-debited') torn.delete(plan)
        }
        const at = await bench.settle(readSlots(presence, now, [scheme]))
        const amount = BigInt(1 + chance(150_000))
        const from = at.kind === 'content' ? at.slots[0] : undefined
        if (at.kind === 'content' && from !== undefined && from.countLeft > 0 && from.amountLeft >= amount) {
          const plan = planned(presence, at, { amount }, from)
          const spent = await bench.settle(spend(presence, plan))
          if (spent.kind === 'debited') believed.set(toHex(plan.tenderId), 1n)
          else if (spent.kind === 'torn' && spent.executed === 'unknown') torn.set(plan, as)
          else expect(spent.kind).toBe('torn')
        } else if (at.kind === 'content') {
          const more = script(counter + 1, [
            { kind: 'load-slot', slot: generous({ countLeft: 3, amountLeft: 300_000n }) },
          ])
          made.faulty.disarm()
          expect((await bench.settle(update(presence, more))).kind).toBe('applied')
          counter += 1
          loaded = { count: loaded.count + 3, amount: loaded.amount + 300_000n }
        }
      } else faults += 1
      made.faulty.disarm()
    }
    for (const [plan, owner] of torn) {
      const presence = await opened(bench.channel(bench.lay(made.faulty)), owner)
      const recovered = await recover(presence, plan, random(16))
      expect(['debited', 'not-debited', 'forgotten']).toContain(recovered.kind)
      const hashes = debits(made).map(({ record }) => record.slice(0, 568))
      const wasDebited = hashes.includes(toHex(plan.expectedInput))
      if (recovered.kind !== 'forgotten') expect(recovered.kind === 'debited').toBe(wasDebited)
      if (wasDebited) believed.set(toHex(plan.tenderId), 1n)
    }
    const done = debits(made)
    expect([...believed.keys()].toSorted()).toEqual(done.map(({ tenderId }) => tenderId).toSorted())
    const spentAmount = done.reduce((sum, { amount }) => sum + BigInt(amount), 0n)
    const left = (await contentOf(await opened(bench.channel(bench.lay(made.faulty))))).slots[0]!
    expect(left.amountLeft + spentAmount).toBe(loaded.amount)
    expect(left.countLeft + done.length).toBe(loaded.count)
    const chain = (await opened(bench.channel(bench.lay(made.faulty)))).chain
    for (const { record } of done) {
      expect(verifyRecord(Buffer.from(record, 'hex'), chain, trust.rootKeys).kind).toBe('verified')
    }
    expect(faults).toBeGreaterThan(10)
    expect(done.length).toBeGreaterThan(50)
  })
})
