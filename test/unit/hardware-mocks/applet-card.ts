/** A virtual applet card in a field, its EEPROM and its log, for tests. */
import type { CardLogEntry } from '../../../hardware-mocks/cards/card-memory.ts'
import { blankApplet, type AppletState } from '../../../hardware-mocks/cards/applet-state.ts'
import { VirtualApplet } from '../../../hardware-mocks/cards/applet.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import {
  authority,
  CARD_ID,
  cardCertificate,
  issuerCertificate,
  keyPair,
  nextAuthority,
  NOW,
  number,
} from './applet-terminal.ts'
import { airOf } from './demo-card.ts'
import { hex, type Air } from './reader-side.ts'

const cardKey = keyPair('card')

/** Active, with these slots and this PIN, at the time of activation a month ago. */
export function activeApplet(of: { readonly slots?: readonly Buffer[]; readonly pin?: Buffer } = {}): AppletState {
  const slots = of.slots ?? []
  return {
    ...blankApplet({ uid: null, cardKind: 1 }),
    state: 'active',
    cardId: hex(CARD_ID),
    activeKey: hex(cardKey.private),
    cardCertificate: hex(cardCertificate({ publicKey: cardKey.public })),
    issuerCertificate: hex(issuerCertificate()),
    authorityKeys: [hex(authority.public), hex(nextAuthority.public)],
    lowestTime: hex(number(NOW - 30 * 86_400_000, 8)),
    slots: Array.from({ length: 32 }, (_, index) => (slots[index] === undefined ? null : hex(slots[index]))),
    pin: of.pin === undefined ? null : hex(of.pin),
  }
}

/** `saves` counts the atomic steps. */
export function laidApplet(
  state: AppletState = activeApplet(),
  seed = 'applet',
): { readonly card: VirtualApplet; readonly air: Air; readonly log: CardLogEntry[]; readonly saves: () => number } {
  const log: CardLogEntry[] = []
  let saves = 0
  const memory = {
    save: () => {
      saves += 1
    },
    append: (entry: CardLogEntry) => void log.push(entry),
  }
  const card = VirtualApplet.fromState(state, { random: seededRandom(seed), memory })
  card.enterField()
  return { card, air: airOf(card), log, saves: () => saves }
}
