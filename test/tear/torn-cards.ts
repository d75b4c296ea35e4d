/** For each card profile a till with its ledger, a card of that profile in a customer's hand, and the card's log. */
import type { CardLogEntry } from '../../hardware-mocks/cards/card-memory.ts'
import { FaultyCard } from '../../hardware-mocks/cards/faults.ts'
import { personalisedCard } from '../../hardware-mocks/cards/ntag424-state.ts'
import { VirtualNtag424 } from '../../hardware-mocks/cards/ntag424.ts'
import { seededRandom } from '../../hardware-mocks/cards/random.ts'
import type { VirtualCard } from '../../hardware-mocks/cards/virtual-card.ts'
import type { Core } from '../../src/terminal/core/core.ts'
import type { Evidence } from '../../src/sync/protocol/messages.ts'
import { ntag21x, riskTaken, uidCard } from '../fixtures/identified-cards.ts'
import { chip, issueChip, pin } from '../integration/payment/counting-chip.ts'
import { enrolUid, issueNtag21x, publishNext, takesNtag21xCards } from '../integration/payment/identified-desk.ts'
import type { PreparedWorld, WalkWorld } from '../integration/payment/prepared-world.ts'
import type { TornProfile } from './names.ts'

export interface TornCard {
  readonly world: WalkWorld
  readonly faulty: FaultyCard
  /** Commands that a reader has sent it so far, whether they came to it or not. */
  sent(): number
  /** The label under which it is laid on the reader, and that of a stranger's card. */
  readonly label: string
  readonly another: string
  /** For a card that asks for one. */
  readonly pin?: string
  /** Without network a till takes it too: torn there, and synced afterwards. */
  readonly isOffline: boolean
  /** Of such a card only: each of these took money from it. Of an NTAG 424 DNA they are proofs and take nothing. */
  readonly isDebit: boolean
  /** What its own log says that it has signed, each upper-case hex. */
  says(): readonly string[]
  /** The same of what a till holds; undefined of a card that signs nothing. */
  heldIn(evidence: Evidence): string | undefined
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

const signsNothing = { isDebit: false, says: () => [], heldIn: () => undefined } as const

const makers: Readonly<Record<TornProfile, (making: Making) => Promise<TornCard>>> = {
  uid: async ({ opened }) => {
    const { card } = uidCard('04A1B2C3D4E5F6')
    const made = await opened(card)
    await publishNext(made.world, 'food-voucher', ({ caps }) => ({
      cards: { accepts: ['uid', 'ntag424'], uidOffline: riskTaken(caps) },
    }))
    await enrolUid(made.world, card, holder)
    return { ...made, ...signsNothing, isOffline: true }
  },
  ntag21x: async ({ opened }) => {
    const { card } = ntag21x()
    const made = await opened(card)
    await takesNtag21xCards(made.world)
    await issueNtag21x(made.world, card, holder)
    return { ...made, ...signsNothing, isOffline: false }
  },
  ntag424: async ({ prepared, opened }) => {
    const log: CardLogEntry[] = []
    const own = prepared.secrets.cards.find(({ label }) => label === holder)
    if (own === undefined) throw new Error(`nobody is called ${holder}`)
    const keys = Object.fromEntries(Object.entries(own.keys).map(([number, key]) => [number, Buffer.from(key, 'hex')]))
    const state = personalisedCard({ uid: Buffer.from(own.uid, 'hex'), keys: keys as never })
    const memory = { save: () => undefined, append: (entry: CardLogEntry) => void log.push(entry) }
    const card = VirtualNtag424.fromState(state, { random: seededRandom('card'), memory })
    return {
      ...(await opened(card)),
      isOffline: true,
      isDebit: false,
      says: () => log.flatMap((entry) => (entry.kind === 'sun' ? [entry.bindingHex.toUpperCase()] : [])),
      heldIn: ({ cardProof }) => (cardProof.profile === 'ntag424' ? cardProof.sun.b.toUpperCase() : undefined),
    }
  },
  'tolem-applet': async ({ opened }) => {
    const issued = chip()
    const made = await opened(issued.faulty)
    await issueChip(made.world, issued)
    return {
      ...made,
      pin,
      isOffline: true,
      isDebit: true,
      says: () => issued.log.flatMap((entry) => (entry.kind === 'debit' ? [entry.record] : [])),
      heldIn: ({ cardProof }) =>
        cardProof.profile === 'tolem-applet'
          ? Buffer.from(cardProof.record, 'base64url').toString('hex').toUpperCase()
          : undefined,
    }
  },
}
