/** The list of payments whose card left too early. Follows from the journal alone, so it changes only when it does. */
import type { Journal, TenderRecord } from '../../sync/journal/journal.ts'
import { tornStates } from '../../sync/journal/projection.ts'
import type { TerminalPackage } from '../../voucher/package.ts'
import { shortId } from '../../voucher/receipt.ts'
import type { TornRecord } from '../contract/torn.ts'
import { schemeName } from './scheme-name.ts'

/** A bad card is torn again and again: so many rows are looked at for the payments that ended. */
const tearsLookedAt = 60
const endedShown = 10

/** What is open or was given up, all of it, and how the last ones ended; the newest tear first. */
export function tornView(journal: Journal, active: TerminalPackage | undefined): readonly TornRecord[] {
  const open = journal.tendersInState(...tornStates, 'advised')
  const tears = new Map<string, number>()
  for (const { tenderId, at } of journal.tears.newest(tearsLookedAt)) if (!tears.has(tenderId)) tears.set(tenderId, at)
  const isOpen = new Set(open.map(({ tenderId }) => tenderId))
  const ended = [...tears.keys()]
    .filter((tenderId) => !isOpen.has(tenderId))
    .slice(0, endedShown)
    .flatMap((tenderId) => journal.tender(tenderId) ?? [])
    // Its card is back, and the screen or the list of open payments speaks of it.
    .filter(({ state }) => state !== 'in_progress' && state !== 'unknown')
  // Older than the tears that were looked at: since it was given up, at the latest.
  const tornAt = ({ tenderId, since }: TenderRecord): number => tears.get(tenderId) ?? since
  return [...open, ...ended]
    .map((tender) => ({
      tenderId: tender.tenderId,
      saleNumber: shortId(tender.saleId),
      at: tornAt(tender),
      amount: tender.amount,
      schemeName: schemeName(tender.schemeId ?? '', active),
      cardLastFour: (tender.card ?? '').slice(-4),
      state: tender.state,
    }))
    .toSorted((one, other) => other.at - one.at)
}
