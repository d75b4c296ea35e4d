/**
 * A card that counts itself comes back, and this till does not know of some of its payments whether it made them: it is
 * asked before anything else (docs/design/22-tolem-applet.md, "RECOVER"; money-rules.md, "Journal": a torn card).
 */
import type { KeyRing } from '../../sync/engine/key-ring.ts'
import type { Randomness } from '../../sync/engine/ports.ts'
import type { Journal, TenderRecord } from '../../sync/journal/journal.ts'
import { isWanted } from '../../sync/journal/late-debits.ts'
import type { JournalRow } from '../../sync/journal/rows.ts'
import { recover, spendPlanOf, type Recovered } from '../../voucher/cards/tolem-applet/spend.ts'
import type { AppletProof } from '../../voucher/tender.ts'
import { bytesOf, textOf, type OpenedCard } from './applet-presence.ts'
import { paidByCard } from './tender-rows.ts'

export interface TornDebitParts {
  readonly journal: Journal
  readonly keys: Pick<KeyRing, 'signing'>
  readonly randomness: Pick<Randomness, 'bytes'>
}

const nonceLength = 16

/** What the card says of one payment. Changes nothing on it. */
export async function askWhetherDebited(
  { randomness }: TornDebitParts,
  { presence }: OpenedCard,
  debit: AppletProof,
): Promise<Recovered> {
  return recover(presence, spendPlanOf(bytesOf(debit.record)), randomness.bytes(nonceLength))
}

/** The card's record, and whose signature it bears. */
export function proofOf({ presence }: OpenedCard, record: Uint8Array): AppletProof {
  const { cardCertificate, issuerCertificate } = presence.chain
  return {
    profile: 'tolem-applet',
    record: textOf(record),
    cardCertificate: textOf(cardCertificate),
    issuerCertificate: textOf(issuerCertificate),
  }
}

/**
 * Settles what was left open with this card. What the card cannot tell stays as it is.
 *
 * @returns the tenders that the card has paid, and that their sales still have room for; `torn`: the card has to be
 *   presented again
 */
export async function settleTornDebits(
  parts: TornDebitParts,
  opened: OpenedCard,
): Promise<readonly TenderRecord[] | 'torn'> {
  const { journal, keys } = parts
  const open = journal.tendersInState('maybe_debited', 'advised').filter(({ card }) => card === opened.card)
  const paid: TenderRecord[] = []
  for (const tender of open) {
    const { tenderId, state } = tender
    const { debit } = journal.intentOf(tenderId).row
    if (debit === undefined) throw new Error('a debit without the bytes of its intent')
    const said = await askWhetherDebited(parts, opened, debit)
    if (said.kind === 'torn') return 'torn'
    // The ledger may have answered meanwhile, or the cashier have given it up.
    if (journal.tender(tenderId)?.state !== state) continue
    if (said.kind === 'debited') {
      // Its sale went on without it: what the card has paid goes back, once the ledger has the card's record.
      const hasRoom = isWanted(journal, tender)
      const row = paidByCard(journal, keys.signing, tenderId, proofOf(opened, said.record))
      journal.commit(row, ...(hasRoom ? [] : [disowned(tenderId)]))
      if (hasRoom) paid.push(tender)
    } else if (said.kind === 'not-debited') {
      journal.commit(
        state === 'advised'
          ? disowned(tenderId)
          : { kind: 'tender_not_debited', tenderId, statement: textOf(said.statement) },
      )
    }
  }
  return paid
}

const disowned = (tenderId: string): JournalRow => ({ kind: 'reversal_requested', tenderId, reason: 'interrupted' })
