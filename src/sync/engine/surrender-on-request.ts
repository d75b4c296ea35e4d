/**
 * The ledger asks for a slot whose card is at another till (money-rules.md, "Offline"). It is given up for good, in a
 * signed row, unless this till has sold on it and the ledger has not answered for that yet. A payment that its card has
 * left too early and that was put aside is no sale: it keeps nobody from paying elsewhere.
 */
import type { Journal } from '../journal/journal.ts'
import type { JournalTenderState } from '../journal/projection.ts'
import type { JournalRow } from '../journal/rows.ts'
import type { StatusEvent } from '../protocol/messages.ts'
import type { Randomness } from './ports.ts'

/**
 * In these the ledger has the sale, or nothing was sold. Of a `torn` tender nothing was sent: when its card comes back,
 * it is decided again, without network under the slots that this till has then, on line by the ledger. What a card that
 * counts itself may have paid (`maybe_debited`, `advised`) is none of them.
 */
const answeredStates: readonly JournalTenderState[] = ['torn', 'settled', 'awaiting_funds', 'not_paid']

/** The rows that answer the requests among these events. */
export function surrendersFor(journal: Journal, events: readonly StatusEvent[], randomness: Randomness): JournalRow[] {
  const wanted = new Map(
    events.flatMap(({ event }) => (event.kind === 'surrender_wanted' ? [[event.slotId, event.leaseId] as const] : [])),
  )
  return [...wanted].flatMap(([slotId, leaseId]): JournalRow[] => {
    const isFree = journal.spentOnSlot(slotId).every(({ state }) => answeredStates.includes(state))
    if (!isFree) return []
    // Given up, and the ledger never heard of it: nobody could sell it. Whoever asks again may take it now.
    if (journal.isSurrenderParked(slotId)) return [{ kind: 'parked_tried_again' }]
    if (journal.isSurrendered(slotId)) return []
    return [{ kind: 'slot_surrendered', surrenderId: randomness.uuid(), leaseId, slotId }]
  })
}
