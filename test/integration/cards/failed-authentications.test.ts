/**
 * No till closes a card's key for ever (docs/design/02, "Failed authentications"). Method: the payment's work over an
 * independent card, whose own log and own counter say how often it was asked; a restart goes on with what the journal's
 * file held at that moment, byte for byte, and nothing else.
 */
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import type { CardLogEntry } from '../../../hardware-mocks/cards/card-memory.ts'
import { FaultyCard } from '../../../hardware-mocks/cards/faults.ts'
import { VirtualNtag424 } from '../../../hardware-mocks/cards/ntag424.ts'
import type { Ntag424State } from '../../../hardware-mocks/cards/ntag424-state.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { mostAttempts, mostRefusedAttempts } from '../../../src/sync/journal/card-attempts.ts'
import { encryptionKey } from '../../../src/sync/protocol/sealed-box.ts'
import { ledgerAnswersCard, till } from './payment-bench.ts'
import { cardKeys, everyFault, personalised, uid } from './presence.ts'

const otherKey = Buffer.alloc(16, 0xab)
const otherKeys = personalised.keys.map((key) => ({ ...key, value: otherKey.toString('hex').toUpperCase() }))

/** What the card has heard, and what it keeps of it. */
function laid(state: Ntag424State) {
  const kept = { state, log: [] as CardLogEntry[] }
  const memory = {
    save: (saved: Ntag424State) => void (kept.state = saved),
    append: (entry: CardLogEntry) => void kept.log.push(entry),
  }
  const card = VirtualNtag424.fromState(state, { random: seededRandom('card'), memory })
  const isPart2 = (command: string) => command.startsWith('90AF000020')
  return {
    card,
    faulty: new FaultyCard(card, { random: seededRandom('faults') }),
    /** By its own counter. */
    failures: () => kept.state.keys[3].totalFailures,
    heard: () => kept.log.filter((entry) => entry.kind === 'command' && isPart2(entry.command)).length,
  }
}
/** Its till's key is none that the till was given. */
const rekeyed = () => laid({ ...personalised, keys: otherKeys as never })
/** What is sealed to this key opens nothing in this till. */
const toAnother = encryptionKey(seededRandom('the till before')(32)).jwk
const refused = { kind: 'refused', code: 'CARD_AUTHENTICATION_FAILED' }
/** In the second half of a payment: the application is selected, the challenge asked, and this is part 2. */
const part2 = 3

interface Life {
  readonly database: Database.Database
  readonly one: Awaited<ReturnType<typeof till>>
  payment: ReturnType<Awaited<ReturnType<typeof till>>['work']>
  readonly life: number
}

async function start(of: Parameters<typeof till>[0] = {}): Promise<Life> {
  const database = of.database ?? new Database(':memory:')
  const one = await till({ ...of, database })
  return { database, one, payment: one.work(), life: of.life ?? 0 }
}

/** The core is killed: what is on the disk is all that is left. */
const restart = ({ database, life }: Life, of: Parameters<typeof till>[0] = {}) =>
  start({ ...of, database: new Database(database.serialize()), life: life + 1 })

/** A sale by this card, which a fault may meet. What became of it, in the words of the step that ended it. */
async function sells(
  { one, payment }: Life,
  faulty: FaultyCard,
  arm?: () => void,
): Promise<{ kind: string; code?: string }> {
  one.nextSale()
  const { presenceId } = one.bench.lay(faulty)
  const prepared = await one.pay(payment, presenceId)
  if (prepared.kind !== 'intent') {
    one.bench.reader.pull()
    return prepared
  }
  arm?.()
  const { tenderId } = prepared.intent
  const outcome = await one.bench.settle(payment.prove(presenceId, tenderId))
  // The next sale is not to be refused for what this one has used up.
  payment.giveUp(tenderId)
  one.bench.reader.pull()
  return outcome
}

describe('a card that refuses', () => {
  it('is asked twice by one till, restarted after each attempt, under whatever package', async () => {
    const { faulty, failures } = rekeyed()
    let life = await start({ online: false })
    for (let again = 0; again < 5; again += 1) {
      expect(await sells(life, faulty)).toEqual(refused)
      life.one.activate({ version: 2 + again })
      life = await restart(life, { online: false })
    }
    expect(failures()).toBe(mostRefusedAttempts)
  })

  it('is asked again when its key in the till is another one, and not when the same was sealed anew', async () => {
    const { faulty, failures } = rekeyed()
    const life = await start({ online: false })
    for (let again = 0; again < 3; again += 1) expect(await sells(life, faulty)).toEqual(refused)
    life.one.activate({ version: 2 })
    expect(await sells(life, faulty)).toEqual(refused)
    expect(failures()).toBe(mostRefusedAttempts)
    life.one.activate({ version: 3, tillKey: otherKey })
    expect(await sells(life, faulty)).toMatchObject({ kind: 'proved' })
  })

  it('is asked no more through the ledger than by a key of the till’s own: both count together', async () => {
    const { faulty, failures } = rekeyed()
    const life = await start({ online: false })
    expect(await sells(life, faulty)).toEqual(refused)
    // What is sealed to another till opens nothing: the ledger is asked.
    const online = await restart(life, { sealedTo: toAnother })
    ledgerAnswersCard(online.one.ledger)
    for (let again = 0; again < 3; again += 1) expect(await sells(online, faulty)).toEqual(refused)
    expect(failures()).toBe(mostRefusedAttempts)
  })
})

describe('a card whose answer is lost', () => {
  it.each(everyFault.map((fault) => [JSON.stringify(fault), fault] as const))(
    'is asked %s so often, over restarts, and then no more',
    async (_name, fault) => {
      const { faulty, heard } = laid(personalised)
      let life = await start({ online: false })
      const outcomes: string[] = []
      for (let again = 0; again < mostAttempts + 2; again += 1) {
        const sold = await sells(life, faulty, () => faulty.arm(fault, part2))
        faulty.disarm()
        outcomes.push(sold.code ?? sold.kind)
        if (again % 3 === 0) life = await restart(life, { online: false })
      }
      expect(outcomes.slice(-2)).toEqual([refused.code, refused.code])
      expect(outcomes.slice(0, mostAttempts)).not.toContain(refused.code)
      expect(heard()).toBeLessThanOrEqual(mostAttempts)
    },
  )

  it('is counted before it is sent: on the disk when the card hears it', async () => {
    const { faulty, card } = rekeyed()
    const life = await start({ online: false })
    const counts: unknown[] = []
    const own = card.exchange.bind(card)
    card.exchange = (command) => {
      const isPart2 = command[0] === 0x90 && command[1] === 0xaf && command[4] === 0x20
      if (isPart2)
        counts.push(new Database(life.database.serialize()).prepare('SELECT attempts FROM card_attempt').get())
      return own(command)
    }
    await sells(life, faulty)
    expect(counts).toEqual([{ attempts: 1 }])
  })

  it('pays, and has all of them again, also for a till that is restarted at once', async () => {
    const { faulty } = laid(personalised)
    let life = await start({ online: false })
    for (let round = 0; round < 2; round += 1) {
      for (let again = 1; again < mostAttempts; again += 1)
        expect(await sells(life, faulty, () => faulty.arm({ kind: 'answer-lost' }, part2))).toEqual({ kind: 'torn' })
      expect(await sells(life, faulty)).toMatchObject({ kind: 'proved' })
      life = await restart(life, { online: false })
    }
    expect(life.database.prepare('SELECT * FROM card_attempt').all()).toEqual([])
  })
})

describe('no attempt', () => {
  it('is a card that left before part 2, or whose challenge nobody answered', async () => {
    const { faulty } = laid(personalised)
    const life = await start({ online: false })
    for (let again = 0; again < 2 * mostAttempts; again += 1)
      await sells(life, faulty, () => faulty.arm({ kind: 'answer-lost' }, part2 - 1))
    expect(life.database.prepare('SELECT * FROM card_attempt').all()).toEqual([])
    expect(await sells(life, faulty)).toMatchObject({ kind: 'proved' })
  })

  it('is one that the card has answered and the ledger has not', async () => {
    const { faulty, heard } = laid(personalised)
    const life = await start({ sealedTo: toAnother })
    ledgerAnswersCard(life.one.ledger)
    const lost = { instead: { kind: 'no_answer', detail: 'lost' } } as const
    for (let again = 0; again < mostAttempts + 2; again += 1) {
      life.one.ledger.on('/v1/terminal/card-session-keys', () => lost)
      // Two in a row would be no network any more, in which nobody is asked.
      life.one.engine.tapAsked({ kind: 'answer', answer: null })
      expect(await sells(life, faulty)).toEqual({ kind: 'refused', code: 'LEDGER_UNREACHABLE' })
    }
    expect(heard()).toBe(mostAttempts + 2)
    expect(life.database.prepare('SELECT attempts, refused FROM card_attempt').all()).toEqual([
      { attempts: 0, refused: 0 },
    ])
  })

  it('is one that cannot be counted: the card does not hear of it', async () => {
    const { faulty, heard } = laid(personalised)
    const life = await start({ sealedTo: toAnother })
    ledgerAnswersCard(life.one.ledger)
    life.database.pragma('query_only = ON')
    expect(await sells(life, faulty)).toEqual({ kind: 'refused', code: 'JOURNAL_NOT_WRITABLE' })
    expect(heard()).toBe(0)
  })
})

it('says who it was by the keyed hash alone, and the key by no byte of it', async () => {
  const { faulty } = rekeyed()
  const life = await start({ online: false })
  await sells(life, faulty)
  const bytes = life.database.serialize()
  for (const secret of [uid, Buffer.from(cardKeys[3])])
    for (const form of [secret, Buffer.from(secret.toString('hex')), Buffer.from(secret.toString('hex').toUpperCase())])
      expect(bytes.includes(form)).toBe(false)
})
