/**
 * The seeds at which `npm run sim -- --bugs --counting-cards --json` first found each bug in the handling of cards that
 * count themselves. They are renewed as those of `bugs-found.ts` are.
 */
import type { PlantedCardBugName } from './planted-card-bugs.ts'

export const showsOfCards: Readonly<Record<PlantedCardBugName, number>> = {
  'torn-debit-forgotten': 1,
  'advice-never-sent': 1,
  'record-of-another': 1,
  'statement-is-record': 1,
  'late-debit-kept': 1,
  'tries-without-end': 1,
  'debit-paid-twice': 1,
}
