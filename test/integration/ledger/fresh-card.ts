import { cardPseudonym } from '../../../src/sync/protocol/card-pseudonym.ts'
import type { DemoLedger, TestCard } from './demo-ledger.ts'

/** A card as the issuing desk personalises it: with the keys that belong to its UID. It is nobody's yet. */
export function freshCardOf({ ports: { keys }, card }: DemoLedger, number: number): TestCard {
  const uid = Uint8Array.of(0x04, 0xee, 0xee, 0xee, 0xee, 0xee, number)
  return {
    label: `new card ${number}`,
    pseudonym: cardPseudonym(keys.cardReferenceKey, uid),
    uid,
    fileReadKey: keys.diversify(uid, 2),
    metaReadKey: card('Pupil 01').metaReadKey,
    tillKey: keys.diversify(uid, 3),
    counter: 0,
  }
}
