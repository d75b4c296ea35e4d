/** A card that counts itself, and the agency's desk that makes it, over a prepared world's ledger. */
import assert from 'node:assert/strict'
import { blankApplet } from '../../../hardware-mocks/cards/applet-state.ts'
import { VirtualApplet } from '../../../hardware-mocks/cards/applet.ts'
import type { CardLogEntry } from '../../../hardware-mocks/cards/card-memory.ts'
import { FaultyCard } from '../../../hardware-mocks/cards/faults.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { demoAgency, demoCanteen, foodVoucher } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { demoPseudonym } from '../../../ledger-sim/scenarios/demo.ts'
import { entitle } from '../../../ledger-sim/schemes/beneficiaries.ts'
import { fundScheme } from '../../../ledger-sim/schemes/funding.ts'
import { publishScheme } from '../../../ledger-sim/schemes/schemes.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import type { Work } from '../../../ledger-sim/context.ts'
import type { Scheme } from '../../../src/voucher/scheme.ts'
import { issueAtDesk } from '../../fixtures/applet-desk.ts'
import { testKey } from '../cards/applet-world.ts'
import { worldSeed, type WalkWorld } from './prepared-world.ts'
/** Eight digits, so that nothing else has them by chance. */
export const pin = '73918264'
export const schemeId = 'card-food'
const key = testKey('desk of the stories')

/** 25 000 ₸ of food a month; above 200 ₸ the card asks for its PIN. */
export const cardFood = (from: number): Scheme => ({
  ...foodVoucher(from),
  schemeId,
  name: { kk: 'Карта', ru: 'Карта', en: 'Food on the card' },
  merchants: [demoCanteen],
  cards: { accepts: ['tolem-applet'] },
  offline: { ...foodVoucher(from).offline, policy: 'card', pinAbove: tiyn(20_000n) },
  order: 9,
})

export interface Issued {
  readonly faulty: FaultyCard
  readonly log: CardLogEntry[]
  name: string
}

export function chip(): Issued {
  const log: CardLogEntry[] = []
  const memory = { save: () => {}, append: (entry: CardLogEntry) => void log.push(entry) }
  const random = seededRandom('chip')
  const made = VirtualApplet.fromState(blankApplet({ uid: null, cardKind: 1 }), { random, memory })
  return { faulty: new FaultyCard(made, { random: seededRandom('chip faults') }), log, name: '' }
}

/** The scheme, funded; a card that the agency's desk has made for a holder and given a PIN. */
export async function issueChip(world: WalkWorld, card: Issued): Promise<void> {
  await world.atLedger(async (work) => {
    await openScheme(work, cardFood(work.now))
    await issued(work, card, 'A card holder', [schemeId])
  })
  await world.time.runUntil(world.time.now + 60_000)
}

export async function openScheme(work: Work, scheme: Scheme): Promise<void> {
  assert.equal(await publishScheme(work, scheme), 'published')
  await fundScheme(work, demoAgency, scheme.schemeId, tiyn(10_000_000n), `funded-${scheme.schemeId}`)
}

/** @param schemes what its holder is entitled to */
export async function issued(work: Work, card: Issued, name: string, schemes: readonly string[]): Promise<void> {
  const holder = demoPseudonym(worldSeed, 'holder', name)
  const random = seededRandom(`issuing desk of ${name}`)
  card.name = await issueAtDesk(work, card.faulty, { agencyId: demoAgency, holder, pin, random, key })
  // Entitled last: what the card may spend it fetches at a till.
  for (const of of schemes)
    await entitle(work, { schemeId: of, beneficiary: demoPseudonym(worldSeed, of, name), holder })
}
