/**
 * A reversal: the terminal disowns an attempt that it never completed, in whatever state the ledger has it. Of an
 * unknown id it writes a tombstone, so that whatever arrives later moves nothing (money-rules.md, "Identity").
 */
import { syncItemIdOf, type Reversal, type SignedItemResult } from '../../src/sync/protocol/messages.ts'
import { subtractTiyn, zeroTiyn } from '../../src/voucher/money.ts'
import { fileDisowned } from '../applet/present.ts'
import type { Work } from '../context.ts'
import { schemeAccountOf } from '../schemes/schemes.ts'
import { recordPosition } from '../terminals/heads.ts'
import type { Terminal } from '../terminals/terminals.ts'
import { takeBackAppeals } from './appeal-payments.ts'
import { closeAppealsOf } from './appeals.ts'
import { settleWaiting } from './awaiting-funds.ts'
import { undoRequest } from './payment-requests.ts'
import { fileDiscrepancy } from './discrepancies.ts'
import { keepEvidence } from './evidence.ts'
import { refundedBefore } from './refunds.ts'
import { notYoursResult, tenderResult } from './results.ts'
import { withdrawReview } from './review-holds.ts'
import { freeWhenCovered, payBack } from './settlement.ts'
import { claimTombstone, findTender, settleTender, type Tender } from './tenders.ts'

/** @param created the signer's time in seconds of the request that carried it */
export async function reverse(
  work: Work,
  terminal: Terminal,
  item: Reversal,
  created: number,
): Promise<SignedItemResult> {
  const { tenderId } = item
  const itemId = syncItemIdOf(item)
  const isFirst = await claimTombstone(work, tenderId, terminal.terminalId)
  const tender = await findTender(work, tenderId)
  if (tender === undefined) throw new Error(`tender ${tenderId} vanished`)
  if (tender.terminalId !== terminal.terminalId) return notYoursResult(work, itemId)
  await keepEvidence(work, tenderId, 'reversal', item)
  if ((await recordPosition(work, terminal.terminalId, item.position, created)) === 'conflict') {
    // Moving money back to who paid harms nobody, so the reversal holds; that the journal forked is on file.
    await fileDiscrepancy(work, {
      terminalId: terminal.terminalId,
      tenderId,
      code: 'CHAIN_BROKEN',
      owner: 'merchant',
      amount: 0n,
      evidence: { position: item.position },
    })
  }
  if (isFirst) return tenderResult(work, tender, 'created', itemId)
  const disowned = await disown(work, terminal, tender)
  return tenderResult(work, disowned, tender.state === 'reversed' ? 'exists' : 'created', itemId)
}

/** Takes back whatever was paid under this id, in whatever state it is; nothing under it moves from now on. */
export async function disown(work: Work, terminal: Terminal, tender: Tender): Promise<Tender> {
  const { tenderId } = tender
  // What an agency paid beside it is disowned too.
  const backBeside = tender.state === 'not_paid' ? (await refundedBefore(work, tenderId)).amount : zeroTiyn
  await takeBackAppeals(work, tenderId, backBeside)
  await closeAppealsOf(work, tenderId)
  if (tender.state === 'reversed') return tender

  await undo(work, tender)
  if (tender.state === 'not_paid') await fileDisowned(work, terminal, tenderId)
  const outcome = { state: 'reversed', paidBy: null, refusal: null, loss: null } as const
  await settleTender(work, tenderId, outcome)
  if (tender.terms !== null && tender.state !== 'refused') {
    await work.judgeFreed()
    await settleWaiting(work, tender.terms.schemeId)
  }
  return { ...tender, ...outcome, at: work.now }
}

async function undo(work: Work, tender: Tender): Promise<void> {
  const { terms, tenderId, request } = tender
  // A refund before took its part back already.
  if (request !== null) return undoRequest(work, tender, request, (await refundedBefore(work, tenderId)).amount)
  if (terms === null) throw new Error(`tender ${tenderId} has a state but no terms`)
  if (tender.state === 'settled') {
    await payBack(work, {
      tenderId,
      slotId: terms.payerSlot,
      schemeId: terms.schemeId,
      payeeAccount: terms.payeeAccount,
      // A refund before took its part back already.
      amount: subtractTiyn(terms.amount, (await refundedBefore(work, tenderId)).amount),
    })
  }
  if (tender.state === 'awaiting_funds') {
    const { payerSlot, schemeId, amount } = terms
    await freeWhenCovered(work, tenderId, payerSlot, schemeAccountOf(schemeId), amount)
  }
  if (tender.state === 'in_review') await withdrawReview(work, tender)
}
