/**
 * An authorisation: the goods are not given yet, so it may be refused, and a refusal is final for its id
 * (money-rules.md, "One payment"). Everything happens in one transaction: proof, replay, the ledger's own decision,
 * the slot, the money.
 */
import type { Authorisation, SignedItemResult } from '../../src/sync/protocol/messages.ts'
import { termsHashOf } from '../../src/sync/protocol/canonical.ts'
import { profileForDecision } from '../../src/voucher/card-rules.ts'
import type { DecisionInput } from '../../src/voucher/decide.ts'
import type { RefusalCode } from '../../src/voucher/reasons.ts'
import type { AnyScheme } from '../../src/voucher/scheme.ts'
import { slotIdOf } from '../../src/voucher/slot.ts'
import { placeOf, type MerchantPlace } from '../../src/voucher/where.ts'
import type { Work } from '../context.ts'
import { askForSurrender } from '../leases/ask-for-surrender.ts'
import { findLease } from '../leases/leases.ts'
import { activationStanding, recordActivation } from '../schemes/activations.ts'
import { entitlementsOf } from '../schemes/beneficiaries.ts'
import { bridgeOver } from '../schemes/bridges.ts'
import { needSlot } from '../schemes/carrying.ts'
import { findMerchant } from '../schemes/merchants.ts'
import { doWhatIsDue } from '../schemes/returning.ts'
import { findScheme, schemeAccountOf } from '../schemes/schemes.ts'
import { bridgeSlotIdOf, chargeBridges, fitsIn, useSlot, type SlotState } from '../schemes/slots.ts'
import type { Terminal } from '../terminals/terminals.ts'
import { checkCardProof, counterStanding, isOfOtherTerms, useCounter, type Proven } from './card-proof.ts'
import { fileDiscrepancy } from './discrepancies.ts'
import { keepEvidence } from './evidence.ts'
import { decideSafely, replay } from './replay.ts'
import { notYoursResult, tenderResult } from './results.ts'
import { pay } from './settlement.ts'
import { arrivalAt, claimTender, settleTender, type TenderOutcome } from './tenders.ts'

/** The till's clock and the ledger's may differ by this much before the ledger judges by its own. */
const clockToleranceMs = 120_000

export async function authorise(work: Work, terminal: Terminal, request: Authorisation): Promise<SignedItemResult> {
  const { terms, evidence } = request
  await doWhatIsDue(work)
  const decidedAt = evidence.record.input.trustedTime
  const { isNew, tender } = await claimTender(work, terms, terminal.terminalId, decidedAt)
  if (tender.terminalId !== terminal.terminalId) return notYoursResult(work, terms.tenderId)
  await keepEvidence(work, terms.tenderId, 'authorisation', request)
  if (!isNew) return tenderResult(work, tender, arrivalAt(tender, terms), terms.tenderId)

  const outcome = await decideAuthorisation(work, terminal, request)
  await settleTender(work, terms.tenderId, outcome)
  return tenderResult(work, { ...tender, ...outcome, at: work.now }, 'created', terms.tenderId)
}

async function decideAuthorisation(work: Work, terminal: Terminal, request: Authorisation): Promise<TenderOutcome> {
  const { terms, evidence } = request
  const proof = await checkCardProof(work, evidence.cardProof, termsHashOf(terms), 'present')
  const cardRefusal = await cardRefusalOf(work, proof, terms.tenderId)
  if (cardRefusal !== undefined) return refused(cardRefusal)
  if (proof.kind !== 'proven') throw new Error('a refused proof has a code')
  await useCounter(work, proof, terms.tenderId)

  const merchant = await findMerchant(work, terminal.merchantId)
  if (merchant?.merchant.accountId !== terms.payeeAccount) return refused('MERCHANT_NOT_ALLOWED')
  const replayed = await replay(work, terminal, terms, evidence, proof.card)
  if (replayed.kind === 'fault') {
    if (replayed.fault === 'package_unknown') return refused('PACKAGE_MISSING')
    await fileDiscrepancy(work, {
      terminalId: terminal.terminalId,
      tenderId: terms.tenderId,
      code: 'DECISION_MISMATCH',
      owner: 'merchant',
      amount: terms.amount,
      evidence: { fault: replayed.fault, detail: replayed.detail },
    })
    return refused('DECISION_MISMATCH')
  }
  return decideByOwnFacts(work, terminal, request, {
    proof,
    place: placeOf(merchant.merchant),
    recorded: replayed.input,
  })
}

async function cardRefusalOf(
  work: Work,
  proof: Awaited<ReturnType<typeof checkCardProof>>,
  tenderId: string,
): Promise<RefusalCode | undefined> {
  if (proof.card?.status === 'blocked') return 'CARD_BLOCKED'
  if (proof.kind === 'refused') return proof.code
  const standing = await counterStanding(work, proof, tenderId)
  if (standing === 'replayed') return 'CARD_PROOF_REPLAYED'
  if (standing === 'behind') return 'CARD_COUNTER_WENT_BACK'
  return isOfOtherTerms(proof) ? 'CARD_BINDING_MISMATCH' : undefined
}

interface OwnFacts {
  readonly proof: Proven
  /** Of the merchant, now. */
  readonly place: MerchantPlace
  readonly recorded: DecisionInput
}

/** The recorded decision was right by what the till knew; this is by what the ledger knows now. */
async function decideByOwnFacts(
  work: Work,
  terminal: Terminal,
  { terms, evidence }: Authorisation,
  { proof, place, recorded }: OwnFacts,
): Promise<TenderOutcome> {
  const scheme = await findScheme(work, terms.schemeId)
  const entitlement = (await entitlementsOf(work, proof.card.holder)).find((own) => own.schemeId === terms.schemeId)
  if (scheme === undefined || entitlement === undefined) return refused('NO_ENTITLEMENT')
  const standing = await activationStanding(work, scheme, entitlement.beneficiary)
  if (standing === 'lapsed') return refused('ACTIVATION_LAPSED')
  const state = await slotNamed(work, scheme, entitlement.beneficiary, terms.payerSlot)
  if (state === undefined) return refused('NO_ENTITLEMENT')

  const { decision, part } = evidence.record
  const earlier = decision.verdict === 'approve' ? decision.parts.slice(0, part).flatMap((paid) => paid.lines) : []
  const isNear = Math.abs(recorded.trustedTime - work.now) <= clockToleranceMs
  const verdict = decideSafely({
    ...recorded,
    mode: 'online',
    merchantPlace: place,
    trustedTime: isNear ? recorded.trustedTime : work.now,
    card: {
      card: proof.card.card,
      blocked: proof.card.status === 'blocked',
      ...profileForDecision(proof.card.profile),
    },
    schemes: [scheme],
    slots: [state.slot],
    localSpends: [],
    leases: [],
    covered: [...recorded.covered, ...earlier],
  })
  if (verdict === undefined) return refused('DECISION_MISMATCH')
  if (verdict.verdict === 'refuse') return refused(verdict.code)
  const own = verdict.parts[0]
  if (own === undefined || own.slotId !== terms.payerSlot) return refused('NO_ENTITLEMENT')
  if (own.amount < terms.amount) return refused(own.reducedBy ?? 'ALLOWANCE_USED')
  if (!fitsIn(state.slot, terms.amount)) return refused('ALLOWANCE_USED')
  const outcome = await payAuthorised(work, terminal, terms, state)
  if (standing === 'due' && outcome.state === 'settled') {
    const { terminalId } = terminal
    const { tenderId } = terms
    const { beneficiary } = entitlement
    await recordActivation(work, scheme.schemeId, { beneficiary, card: proof.card.card, terminalId, tenderId })
  }
  return outcome
}

/** The slot of the beneficiary, or the bridge of one, that the terms name. */
async function slotNamed(
  work: Work,
  scheme: AnyScheme,
  beneficiary: string,
  payerSlot: string,
): Promise<SlotState | undefined> {
  const named = scheme.periods
    .map(({ periodId }) => ({ periodId, slotId: slotIdOf(scheme.schemeId, beneficiary, periodId) }))
    .find(({ slotId }) => slotId === payerSlot || bridgeSlotIdOf(slotId) === payerSlot)
  if (named === undefined) return undefined
  const state = await needSlot(work, scheme, beneficiary, named.periodId)
  return state === undefined || named.slotId === payerSlot ? state : bridgeOver(work, state)
}

async function payAuthorised(
  work: Work,
  terminal: Terminal,
  terms: Authorisation['terms'],
  state: SlotState,
): Promise<TenderOutcome> {
  const lease = state.leaseId === null ? undefined : await findLease(work, state.leaseId)
  if (lease !== undefined && lease.terminalId !== terminal.terminalId) {
    await askForSurrender(work, terms.payerSlot)
    return refused('LEASED_ELSEWHERE')
  }
  const payer = lease?.escrowAccount ?? schemeAccountOf(terms.schemeId)
  const { tenderId, payeeAccount, amount } = terms
  if ((await pay(work, { tenderId, payer, payeeAccount, amount })) === 'short') return refused('INSUFFICIENT_FUNDS')
  await useSlot(work, terms.payerSlot, tenderId, amount)
  if (state.bridgeOf !== null) await lendAgainst(work, state.bridgeOf)
  return { state: 'settled', paidBy: lease === undefined ? 'agency' : 'escrow', refusal: null, loss: null }
}

/** The till that holds the slot is asked for it, so that it can be told how much less it allows. */
async function lendAgainst(work: Work, slotId: string): Promise<void> {
  await askForSurrender(work, slotId)
  await chargeBridges(work, [slotId])
}

function refused(code: RefusalCode): TenderOutcome {
  return { state: 'refused', paidBy: null, refusal: code, loss: null }
}
