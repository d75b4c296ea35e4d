/** For each card profile a till with its ledger, a card of that profile in a customer's hand, and the card's log. */
import type { CardLogEntry } from '../../hardware-mocks/cards/card-memory.ts'
import { FaultyCard } from '../../hardware-mocks/cards/faults.ts'
import { personalisedCard } from '../../hardware-mocks/cards/ntag424-state.ts'
import { VirtualNtag424 } from '../../hardware-mocks/cards/ntag424.ts'
import { seededRandom } from '../../hardware-mocks/cards/random.ts'
import type { VirtualCard } from '../../hardware-mocks/cards/virtual-card.ts'
import type { Core } from '../../src/terminal/core/core.ts'
import { ntag21x, riskTaken, uidCard } from '../fixtures/identified-cards.ts'
import { chip, issueChip, pin } from '../integration/payment/counting-chip.ts'
import { enrolUid, issueNtag21x, publishNext, takesNtag21xCards } from '../integration/payment/identified-desk.ts'
import type { PreparedWorld, WalkWorld } from '../integration/payment/prepared-world.ts'
import type { TornProfile } from './names.ts'
import { proofsOf, type Proofs } from './proofs.ts'

export interface TornCard extends Pick<Proofs, 'isOffline' | 'isDebit' | 'heldIn'> {
  readonly world: WalkWorld
  readonly faulty: FaultyCard
  /** Commands that a reader has sent it so far, whether they came to it or not. */
  sent(): number
  /** The label under which it is laid on the reader, and that of a stranger's card. */
  readonly label: string
  readonly another: string
  /** For a card that asks for one. */
  readonly pin?: string
  /** What its own log says that it has signed, each upper-case hex. */
  says(): readonly string[]
}

/** Whose food voucher the cards that are no applet pay from. */
const holder = 'Family 01'
const another = 'Family 02'
/** A label of the world's that nobody else uses here. */
const shown = 'Forged Family 01'

/** @param sabotage what is planted in each core that starts */
export function openTornCard(
  prepared: PreparedWorld,
  profile: TornProfile,
  seed: string,
  sabotage?: (core: Core) => void,
): Promise<TornCard> {
  const opened: Making['opened'] = async (card) => {
    const faulty = card instanceof FaultyCard ? card : new FaultyCard(card, { random: seededRandom(`faults ${seed}`) })
    let sent = 0
    const exchange = faulty.exchange.bind(faulty)
    faulty.exchange = (command) => {
      sent += 1
      return exchange(command)
    }
    const world = await prepared.open(sabotage, (own, label) => (label === shown ? faulty : own))
    return { world, faulty, sent: () => sent, label: shown, another }
  }
  return makers[profile]({ prepared, opened })
}

interface Making {
  readonly prepared: PreparedWorld
  readonly opened: (card: VirtualCard) => Promise<Pick<TornCard, 'world' | 'faulty' | 'sent' | 'label' | 'another'>>
}

/** How a card of the profile proves payments, in this log. */
const by = (profile: TornProfile, log: readonly CardLogEntry[] = []) => {
  const { saidIn, ...proofs } = proofsOf[profile]
  return { ...proofs, says: () => log.flatMap(saidIn) }
}

const makers: Readonly<Record<TornProfile, (making: Making) => Promise<TornCard>>> = {
  uid: async ({ opened }) => {
    const { card } = uidCard('04A1B2C3D4E5F6')
    const made = await opened(card)
    await publishNext(made.world, 'food-voucher', ({ caps }) => ({
      cards: { accepts: ['uid', 'ntag424'], uidOffline: riskTaken(caps) },
    }))
    await enrolUid(made.world, card, holder)
    return { ...made, ...by('uid') }
  },
  ntag21x: async ({ opened }) => {
    const { card } = ntag21x()
    const made = await opened(card)
    await takesNtag21xCards(made.world)
    await issueNtag21x(made.world, card, holder)
    return { ...made, ...by('ntag21x') }
  },
  ntag424: async ({ prepared, opened }) => {
    const log: CardLogEntry[] = []
    const own = prepared.secrets.cards.find(({ label }) => label === holder)
    if (own === undefined) throw new Error(`nobody is called ${holder}`)
    const keys = Object.fromEntries(Object.entries(own.keys).map(([number, key]) => [number, Buffer.from(key, 'hex')]))
    const state = personalisedCard({ uid: Buffer.from(own.uid, 'hex'), keys: keys as never })
    const memory = { save: () => undefined, append: (entry: CardLogEntry) => void log.push(entry) }
    const card = VirtualNtag424.fromState(state, { random: seededRandom('card'), memory })
    return { ...(await opened(card)), ...by('ntag424', log) }
  },
  'tolem-applet': async ({ opened }) => {
    const issued = chip()
    const made = await opened(issued.faulty)
    await issueChip(made.world, issued)
    return { ...made, ...by('tolem-applet', issued.log), pin }
  },
}
