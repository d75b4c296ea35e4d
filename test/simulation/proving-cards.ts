/** The demonstration's cards, which prove each sale (docs/design/02), and forged ones with the UID of a genuine one. */
import { personalisedCard } from '../../hardware-mocks/cards/ntag424-state.ts'
import { VirtualNtag424 } from '../../hardware-mocks/cards/ntag424.ts'
import type { DemoWorld } from '../../ledger-sim/scenarios/demo.ts'
import type { SeededRandom } from './random.ts'

/** @param onDidSign each binding that a card's log shows, upper-case hex */
export function provingCards(
  world: DemoWorld,
  random: SeededRandom,
  onDidSign: (binding: string) => void,
): ReadonlyMap<string, VirtualNtag424> {
  return new Map(
    world.cards.map(({ label, uid, keys }) => {
      const card = personalisedCard({
        uid: hex(uid),
        keys: { 0: hex(keys[0]), 1: hex(keys[1]), 2: hex(keys[2]), 3: hex(keys[3]), 4: hex(keys[4]) },
      })
      const memory = {
        save: () => undefined,
        append: (entry: { readonly kind: string; readonly bindingHex?: string }) => {
          if (entry.kind === 'sun' && entry.bindingHex !== undefined) onDidSign(entry.bindingHex)
        },
      }
      return [label, VirtualNtag424.fromState(card, { random: (length) => random.bytes(length), memory })]
    }),
  )
}

/** What it signs is in no genuine card's log. */
export function forgedProvingCard(world: DemoWorld, label: string, random: SeededRandom): VirtualNtag424 {
  const original = world.cards.find((card) => card.label === label)
  if (original === undefined) throw new Error(`no card ${label}`)
  const key = (): Uint8Array => random.bytes(16)
  const card = personalisedCard({
    uid: hex(original.uid),
    keys: { 0: key(), 1: key(), 2: key(), 3: key(), 4: key() },
  })
  const memory = { save: () => undefined, append: () => undefined }
  return VirtualNtag424.fromState(card, { random: (length) => random.bytes(length), memory })
}

function hex(text: string): Uint8Array {
  return Buffer.from(text, 'hex')
}
