/**
 * Method: the commands of honest presences and personalisations, as each virtual card's own log has them, flipped, cut,
 * lengthened, replaced or sent in another order, to a card that stays in the field. Whatever is sent, the card answers
 * a status word within what a reader hands on, and no command of somebody without keys changes what it is: the honest
 * presence that follows ends as it always does. TOLEM_MUTATIONS=1000000 for a long run.
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { VirtualNtag424 } from '../../../hardware-mocks/cards/ntag424.ts'
import type { VirtualCard } from '../../../hardware-mocks/cards/virtual-card.ts'
import { ReaderCommands } from '../../../hardware-mocks/reader/reader-commands.ts'
import { fromHex } from '../../../src/voucher/cards/bytes.ts'
import { recogniseAnyCard } from '../../../src/voucher/cards/recognition.ts'
import { ntag21x, uidCard } from '../../fixtures/identified-cards.ts'
import presences from '../../fixtures/vectors/ntag424-presences.json' with { type: 'json' }
import { personalised } from '../../integration/cards/presence.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? 424_21)
const numRuns = Number(process.env['TOLEM_MUTATIONS'] ?? 3_000)
const timeout = Math.max(60_000, numRuns * 20)
/** A response of a short command and its status word. */
const answerBytesMax = 258

const recorded = [...presences.sale.exchanges, ...presences.personalisation.blank.exchanges].map(
  ({ command }) => command,
)
/** Reader commands of PC/SC part 3, which a storage card is asked by, and ISO/IEC 7816-4's own. */
const others = ['FFCA000000', 'FF000000046000', 'FFB0000410', '00A4040007D276000085010100', '00B0000000', '9060000000']
const honest = [...recorded, ...others].map(fromHex)

const command: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.constantFrom(...honest),
  fc.tuple(fc.constantFrom(...honest), fc.nat(), fc.integer({ min: 1, max: 255 })).map(([bytes, place, flip]) => {
    const index = place % bytes.length
    return bytes.with(index, (bytes[index] ?? 0) ^ flip)
  }),
  fc.tuple(fc.constantFrom(...honest), fc.nat()).map(([bytes, length]) => bytes.slice(0, length % (bytes.length + 1))),
  fc
    .tuple(fc.constantFrom(...honest), fc.uint8Array({ maxLength: 20 }))
    .map(([bytes, more]) => Uint8Array.from([...bytes, ...more])),
  fc.uint8Array({ maxLength: 300 }),
  fc
    .tuple(fc.constantFrom(0x00, 0x90, 0xff), fc.uint8Array({ minLength: 4, maxLength: 30 }))
    .map(([first, rest]) => Uint8Array.from([first, ...rest])),
)

const cards: Readonly<Record<string, () => VirtualCard>> = {
  ntag424: () => VirtualNtag424.fromState(personalised, { random: seededRandom('hostile commands') }),
  ntag21x: () => ntag21x().card,
  uid: () => uidCard('04A1B2C3D4E5F6').card,
}

function answerOf(card: VirtualCard, sent: Uint8Array): Uint8Array | null {
  const answer = new ReaderCommands().answer(sent, card) ?? card.exchange(sent)
  return answer.kind === 'answered' ? answer.response : null
}

/** What the till makes of it in a new presence. */
async function recognised(card: VirtualCard): Promise<unknown> {
  card.leaveField()
  card.enterField()
  return recogniseAnyCard({
    atr: card.atr,
    transmit: async (sent) => {
      const response = answerOf(card, sent)
      return response === null ? { kind: 'unknown', reason: 'mute' } : { kind: 'answered', response }
    },
  })
}

describe(`hostile commands, TOLEM_SEED=${seed}, TOLEM_MUTATIONS=${numRuns}`, { timeout }, () => {
  test.each(Object.keys(cards))(
    'to a card of the profile %s are answered, and leave it what it is',
    async (profile) => {
      const made = cards[profile]
      if (made === undefined) throw new Error(profile)
      const untouched = await recognised(made())
      let card = made()
      card.enterField()
      let sent = 0
      await fc.assert(
        fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 12 }), async (commands) => {
          for (const one of commands) {
            const response = answerOf(card, one)
            if (response === null) throw new Error('a card that is mute')
            expect(response.length).toBeGreaterThanOrEqual(2)
            expect(response.length).toBeLessThanOrEqual(answerBytesMax)
          }
          sent += commands.length
          if (sent < 500) return
          sent = 0
          expect(await recognised(card)).toEqual(untouched)
          // Wrong attempts at a key are counted for ever: a new card before it closes itself.
          card = made()
          card.enterField()
        }),
        { seed, numRuns },
      )
    },
  )
})
