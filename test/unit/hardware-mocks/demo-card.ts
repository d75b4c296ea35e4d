import type { CardLogEntry } from '../../../hardware-mocks/cards/card-memory.ts'
import { deriveKeys } from '../../../hardware-mocks/cards/key-diversification.ts'
import { personalisedCard } from '../../../hardware-mocks/cards/ntag424-state.ts'
import { VirtualNtag424 } from '../../../hardware-mocks/cards/ntag424.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import type { VirtualCard } from '../../../hardware-mocks/cards/virtual-card.ts'
import type { Air } from './reader-side.ts'

export const UID = Buffer.from('04A1B2C3D4E5F6', 'hex')

const master = (name: string): Buffer => Buffer.from(name.padEnd(16, '.'), 'ascii')

/** Masters of these tests only. */
export const KEYS = deriveKeys({
  masters: {
    application: master('application'),
    metaRead: master('meta read'),
    fileRead: master('file read'),
    till: master('till'),
    reserved: master('reserved'),
  },
  uid: UID,
})

export const PERSONALISED = personalisedCard({ uid: UID, keys: KEYS })

/** A personalised card in the field, its log, and the way to it. */
export function laidCard(state = PERSONALISED, seed = 'card'): { card: VirtualNtag424; log: CardLogEntry[]; air: Air } {
  const log: CardLogEntry[] = []
  const memory = { save: () => {}, append: (entry: CardLogEntry) => void log.push(entry) }
  const card = VirtualNtag424.fromState(state, { random: seededRandom(seed), memory })
  card.enterField()
  return { card, log, air: airOf(card) }
}

export function airOf(card: VirtualCard): Air {
  return (command) => {
    const answer = card.exchange(command)
    if (answer.kind !== 'answered') throw new Error(answer.kind)
    return Buffer.from(answer.response)
  }
}
