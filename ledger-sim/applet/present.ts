/**
 * A presentment of a card that counts itself, or the advice of a torn one (docs/design/25, "One sale" and "Who pays").
 * The card is the debit: nothing is authorised here, and each debit that is proved is filed, whoever pays for it.
 */
import type { JournalPosition, SignedItemResult } from '../../src/sync/protocol/messages.ts'
import type { Work } from '../context.ts'
import { closeAppealsOf, isPaidBeside } from '../payments/appeals.ts'
import { fileDiscrepancy } from '../payments/discrepancies.ts'
import { keepEvidence } from '../payments/evidence.ts'
import { notYoursResult, tenderResult } from '../payments/results.ts'
import {
  arrivalAt,
  claimTender,
  findTender,
  settleTender,
  type Tender,
  type TenderOutcome,
} from '../payments/tenders.ts'
import { lossBorneBy, type LossBearing } from '../payments/loss-bearing.ts'
import { setCardStatus } from '../schemes/cards.ts'
import { doWhatIsDue } from '../schemes/returning.ts'
import { appendEvent } from '../terminals/events.ts'
import { recordPosition } from '../terminals/heads.ts'
import { findTerminal, type Terminal } from '../terminals/terminals.ts'
import { firstShownOf, isSigned, signedShownOf, type CardPresentment } from './advice.ts'
import { findHolding } from './holdings.ts'
import { checkDebit, type ProvedDebit } from './proof.ts'
import { fileDebit, type Filed, type ProvedTorn } from './records.ts'
import { whoPaysOnCard } from './who-pays.ts'

/** @param created the signer's time in seconds of the request that carried it */
export async function presentOnCard(
  work: Work,
  terminal: Terminal,
  item: CardPresentment,
  created: number,
): Promise<SignedItemResult> {
  const { terms } = item
  const { tenderId } = terms
  await doWhatIsDue(work)
  const decidedAt = item.evidence.record.input.trustedTime
  const { isNew, tender } = await claimTender(work, terms, terminal.terminalId, decidedAt)
  if (tender.terminalId !== terminal.terminalId) return notYoursResult(work, tenderId)
  await keepEvidence(work, tenderId, 'presentment', item)
  const arrival = isNew ? 'created' : arrivalAt(tender, terms)
  if (arrival !== 'created' && arrival !== 'exists') {
    await fileDifference(work, terminal, item, arrival)
    // The card was debited under an id that was disowned before: it is owed that.
    if (arrival === 'reversed_before_arrival') await fileOnly(work, terminal, item)
    return tenderResult(work, tender, arrival, tenderId)
  }
  const wasDisowned = isSigned(item) && (await isDisownedByLedger(work, tender))
  if (!isNew && !wasDisowned && !(await isOpen(work, tender))) {
    if (tender.state === 'reversed') await fileOnly(work, terminal, item)
    return tenderResult(work, tender, arrival, tenderId)
  }
  const outcome = await judgeOnCard(work, terminal, item, {
    presentedAt: work.now,
    wasDisowned,
    notPaid: lossBorneBy(work, terminal, item),
    isKnownPosition: async (position) =>
      (await recordPosition(work, terminal.terminalId, position, created)) !== 'conflict',
  })
  await settleTender(work, tenderId, outcome)
  if (outcome.state !== 'not_paid') await closeAppealsOf(work, tenderId)
  return tenderResult(work, { ...tender, ...outcome, at: work.now }, arrival, tenderId)
}

/** Its till has not said so itself (`isForNobody`): it may still show that the card has paid a sale. */
async function isDisownedByLedger({ connection }: Work, { tenderId, state }: Tender): Promise<boolean> {
  if (state !== 'reversed') return false
  const own = await connection
    .selectFrom('evidence')
    .select('kind')
    .where('tender_id', '=', tenderId)
    .where('kind', '=', 'reversal')
    .executeTakeFirst()
  return own === undefined
}

/** A torn payment that nothing had proved, or an authorisation that was refused: the goods are given all the same. */
async function isOpen(work: Work, { tenderId, state, loss }: Tender): Promise<boolean> {
  if (state === 'not_paid' && loss === 'PROOF_NEVER_CAME') return !(await isPaidBeside(work, tenderId))
  return state === 'awaiting_proof' || state === 'refused'
}

async function fileDifference(
  work: Work,
  { terminalId }: Terminal,
  item: CardPresentment,
  arrival: string,
): Promise<void> {
  const { terms, position } = item
  const { tenderId, amount } = terms
  const code = arrival.toUpperCase()
  await fileDiscrepancy(work, { terminalId, tenderId, code, owner: 'merchant', amount, evidence: { position } })
}

/** Nobody is paid for it: its tender was reversed. What follows from the record is the same. */
async function fileOnly(work: Work, terminal: Terminal, item: CardPresentment): Promise<void> {
  const checked = await checkDebit(work, terminal, item.terms, item.evidence)
  if (checked.kind !== 'proved') return
  const { tenderId, payerSlot } = item.terms
  const { debit } = checked
  const filed = await fileDebit(work, debit, { tenderId, terminalId: terminal.terminalId, slotId: payerSlot })
  await afterFiling(work, debit.card.card, filed)
}

/**
 * Its till disowns it, and nobody had been paid: of a journal that had forked not even the record was filed. The card
 * has counted it down all the same, and is owed that. What was filed has had its consequences.
 */
export async function fileDisowned(work: Work, terminal: Terminal, tenderId: string): Promise<void> {
  const filed = await work.connection
    .selectFrom('card_record')
    .select('hash')
    .where('tender_id', '=', tenderId)
    .executeTakeFirst()
  if (filed !== undefined) return
  for (const item of await signedShownOf(work, tenderId)) await fileOnly(work, terminal, item)
}

interface Hearing {
  readonly presentedAt: number
  /** The ledger had disowned it for a till that was ended: what it took off the card may have gone back to it. */
  readonly wasDisowned: boolean
  readonly notPaid: LossBearing
  readonly isKnownPosition: (position: JournalPosition) => Promise<boolean>
}

/** Proves the debit, files it, and asks the table. */
async function judgeOnCard(
  work: Work,
  terminal: Terminal,
  item: CardPresentment,
  { presentedAt, wasDisowned, notPaid, isKnownPosition }: Hearing,
): Promise<TenderOutcome> {
  const { terms, evidence, position } = item
  const checked = await checkDebit(work, terminal, terms, evidence)
  if (checked.kind === 'fault') return notPaid('PROOF_MISSING_OR_FORGED', checked.refusal, checked.detail)
  if (!(await isKnownPosition(position)))
    return notPaid('CHAIN_BROKEN', null, 'another row was seen at this place of the journal')
  const { debit } = checked
  const { tenderId, payerSlot } = terms
  const filed = await fileDebit(work, debit, { tenderId, terminalId: terminal.terminalId, slotId: payerSlot })
  if (filed.standing === 'waits') return waitForProof(work, debit.card.card, payerSlot, notPaid)
  const proof = { debit, standing: filed.standing, presentedAt, wasDisowned }
  const outcome = isForNobody(terminal, debit) ? disowned : await whoPaysOnCard(work, terminal, item, proof, notPaid)
  await afterFiling(work, debit.card.card, filed)
  return outcome
}

const disowned = { state: 'reversed', paidBy: null, refusal: null, loss: null } as const

/**
 * A torn payment that was given up, or was in the middle, at a till that was ended: its sale went on without it, or was
 * never completed. A till in service says so itself when it hears that the card has paid; here nobody would, and what
 * the card was debited goes back to it. What that till has of it with the card's own signature may still come.
 */
function isForNobody({ status }: Terminal, debit: Pick<ProvedDebit, 'isSigned'>): boolean {
  return status === 'revoked' && !debit.isSigned
}

/** As long as the card's escrow has money for it. */
async function waitForProof(work: Work, card: string, slotId: string, notPaid: LossBearing): Promise<TenderOutcome> {
  const holding = await findHolding(work, card, slotId)
  if (holding?.state === 'open' && work.now < holding.dueAt)
    return { state: 'awaiting_proof', paidBy: null, refusal: null, loss: null }
  return notPaid('PROOF_NEVER_CAME', null, 'torn, and no record of the card has proved it in time')
}

/** A card with two histories is blocked. What a record has proved of torn payments is judged now. */
async function afterFiling(work: Work, card: string, { standing, proved }: Filed): Promise<void> {
  if (standing === 'second' || standing === 'beyond') await setCardStatus(work, card, 'blocked')
  for (const one of proved) await settleProved(work, one)
}

async function settleProved(work: Work, { tenderId, hash }: ProvedTorn): Promise<void> {
  const tender = await findTender(work, tenderId)
  const terminal = tender === undefined ? undefined : await findTerminal(work, tender.terminalId)
  if (tender === undefined || terminal === undefined) throw new Error(`torn tender ${tenderId} vanished`)
  if (!(await isOpen(work, tender))) return
  const advice = await firstShownOf(work, tenderId, hash)
  if (advice === undefined) throw new Error(`what was shown of torn tender ${tenderId} vanished`)
  const outcome = await judgeOnCard(work, terminal, advice.item, {
    presentedAt: advice.at,
    wasDisowned: false,
    notPaid: lossBorneBy(work, terminal, advice.item),
    isKnownPosition: async () => true,
  })
  await settleTender(work, tenderId, outcome)
  if (outcome.state !== 'not_paid') await closeAppealsOf(work, tenderId)
  const item = await tenderResult(work, { ...tender, ...outcome, at: work.now }, 'exists', tenderId)
  await appendEvent(work, terminal.terminalId, { kind: 'item', item })
}
