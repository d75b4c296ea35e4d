/**
 * The debit, and what is asked after a tear (docs/design/22, "SPEND", "RECOVER"; money-rules.md, "Journal": a torn
 * card). The order of a payment: `planSpend`, the plan fsynced in the intent row, `spend`; after a tear `recover`,
 * until it says whether the card was debited.
 */
import { concatBytes, equalBytes } from '../bytes.ts'
import type { Torn } from '../exchange.ts'
import { refusal, type AppletFailure, type AppletRefusal, type AppletStep } from './failure.ts'
import { bytesField, layout, numberField, amountField, timeField } from './layout.ts'
import { referenceLength } from './names.ts'
import type { P256PublicKey } from './p256.ts'
import type { AppletPresence } from './presence.ts'
import {
  challengeLength,
  currencyTenge,
  hashLength,
  provesNotDebited,
  recordFlag,
  recordLayout,
  recordLength,
  spendMode,
  verifyStatement,
  type IntentState,
} from './record.ts'
import { refusalOf } from './secure-channel.ts'
import { slotFlag, type AppletSlot, type CardContent } from './slots.ts'
import { statusOk } from './status.ts'

const answerRecord = 0x01
const answerNotDebited = 0x02

const countOfAccount = 0xffff
const amountOfAccount = (1n << 64n) - 1n
const lastAtc = 0xffff_ffff

const orderLayout = layout('', {
  tenderId: bytesField(16),
  slotRef: bytesField(referenceLength),
  amount: amountField,
  challenge: bytesField(challengeLength),
  terminalTime: timeField,
  decisionHash: bytesField(hashLength),
  termsHash: bytesField(hashLength),
  mode: numberField(1),
  reserved: numberField(1),
})

export interface SpendOrder {
  /** 16 bytes (`tenderIdBytes`). */
  readonly tenderId: Uint8Array
  /** As the card said it in this presence. */
  readonly slot: AppletSlot
  /** Tiyn, above 0. */
  readonly amount: bigint
  /** 16 fresh random bytes: the terminal's, or the ledger's where it gave one. */
  readonly challenge: Uint8Array
  /** Trusted time, milliseconds since 1970. */
  readonly terminalTime: number
  readonly decisionHash: Uint8Array
  readonly termsHash: Uint8Array
  readonly isOnline: boolean
  /** A VERIFY PIN of this presence succeeded. */
  readonly isPinVerified: boolean
}

/** What an intent row keeps: enough to recognise the card's record, and to prove its absence. */
export interface SpendPlan {
  readonly cardId: Uint8Array
  readonly tenderId: Uint8Array
  /** Where the card stands before. */
  readonly before: IntentState
  /** The 130 bytes that are sent. */
  readonly command: Uint8Array
  /** The 284 bytes that the card will sign. Their SHA-256 is the next record's previous hash if they were debited. */
  readonly expectedInput: Uint8Array
}

export type Planned = { readonly kind: 'planned'; readonly plan: SpendPlan } | AppletRefusal

/**
 * What will be said and signed. Everything in a record is known before it exists, so a till compares and parses
 * nothing. Refused is what the card would refuse by its own word: more than the slot has, or a counter that is used up.
 *
 * @param content as `readSlots` answered in this presence
 */
export function planSpend(
  { card, terminal }: Pick<AppletPresence, 'card' | 'terminal'>,
  content: Pick<CardContent, 'atc' | 'headHash'>,
  order: SpendOrder,
): Planned {
  const { tenderId, slot, amount, challenge, terminalTime, decisionHash, termsHash } = order
  const isAccount = (slot.flags & slotFlag.account) !== 0
  if (!isAccount && (amount > slot.amountLeft || slot.countLeft === 0)) {
    return refusal('spend', 'CARD_ALLOWANCE_USED', 'the slot does not have that')
  }
  if (content.atc === lastAtc) return refusal('spend', 'CARD_COMMAND_REFUSED', 'counter used up')
  const mode = order.isOnline ? spendMode.online : spendMode.offline
  const common = { tenderId, slotRef: slot.slotRef, amount, challenge, terminalTime, decisionHash, termsHash, mode }
  const plan: SpendPlan = {
    cardId: card.cardId,
    tenderId,
    before: { atc: content.atc, headHash: content.headHash },
    command: orderLayout.encode({ ...common, reserved: 0 }),
    expectedInput: recordLayout.encode({
      ...common,
      cardId: card.cardId,
      cardSerial: card.serial,
      keyEpoch: card.keyEpoch,
      atc: content.atc + 1,
      previousHash: content.headHash,
      schemeRef: slot.schemeRef,
      validFrom: slot.validFrom,
      validUntil: slot.validUntil,
      currency: currencyTenge,
      countAfter: isAccount ? countOfAccount : slot.countLeft - 1,
      amountAfter: isAccount ? amountOfAccount : slot.amountLeft - amount,
      merchantRef: terminal.merchantRef,
      terminalRef: terminal.terminalRef,
      terminalSerial: terminal.serial,
      flags: order.isPinVerified ? recordFlag.pinVerified : 0,
    }),
  }
  return { kind: 'planned', plan }
}

/**
 * The plan that these bytes are of: they hold all of it, so an intent row keeps nothing else.
 *
 * @param expectedInput 284 bytes
 * @throws RangeError for bytes that no card signs
 */
export function spendPlanOf(expectedInput: Uint8Array): SpendPlan {
  const value = recordLayout.decode(expectedInput)
  if (value === null) throw new RangeError('not the signed bytes of a record')
  const { cardId, tenderId, atc, previousHash } = value
  return {
    cardId,
    tenderId,
    before: { atc: atc - 1, headHash: previousHash },
    command: orderLayout.encode({ ...value, reserved: 0 }),
    expectedInput,
  }
}

export interface Debited {
  readonly kind: 'debited'
  /** 348 bytes: the expected ones and the card's signature, verified. */
  readonly record: Uint8Array
}

/**
 * Debits the card. A refusal is authentic and means that nothing was debited. Everything else that is no record of this
 * very order is torn, also an authentic answer with other bytes: nobody is declined who may have paid.
 */
export async function spend(presence: AppletPresence, plan: SpendPlan): Promise<Debited | AppletFailure> {
  if (!equalBytes(presence.card.cardId, plan.cardId)) return refusal('spend', 'CARD_OTHER', 'other-card-id')
  const answer = await presence.channel.ask({ step: 'spend', instruction: 0x40, plaintext: plan.command })
  if (answer.kind === 'torn') return answer
  if (answer.status !== statusOk) return refusalOf('spend', answer.status)
  const record = recordIn(answer.data)
  if (record === null || !isExpected(record, plan, presence.cardKey)) return unknown('spend', 'record-differs')
  return { kind: 'debited', record }
}

export type Recovered =
  | Debited
  /** Proved by the card's signed statement, 178 bytes. The tender may be tried again or closed. */
  | { readonly kind: 'not-debited'; readonly statement: Uint8Array }
  /** The card does not remember that far back: the tender stays torn, its record or the next one settles it. */
  | { readonly kind: 'forgotten'; readonly statement: Uint8Array }
  /** The card debited something else under this id: a discrepancy, never a payment of this sale. */
  | { readonly kind: 'other-record'; readonly record: Uint8Array }
  | AppletFailure

/**
 * Was this tender debited? Changes nothing on the card, so it may be asked as often as wanted.
 *
 * @param plan as the intent row has it, from whatever life of the till
 * @param nonce 16 fresh random bytes
 */
export async function recover(presence: AppletPresence, plan: SpendPlan, nonce: Uint8Array): Promise<Recovered> {
  const { card, terminal, cardKey } = presence
  if (!equalBytes(card.cardId, plan.cardId)) return refusal('recover', 'CARD_OTHER', 'other-card-id')
  const answer = await presence.channel.ask({
    step: 'recover',
    instruction: 0x42,
    plaintext: concatBytes(plan.tenderId, nonce),
  })
  if (answer.kind === 'torn') return answer
  if (answer.status !== statusOk) return refusalOf('recover', answer.status)

  const record = recordIn(answer.data)
  if (record !== null) {
    return isExpected(record, plan, cardKey) ? { kind: 'debited', record } : { kind: 'other-record', record }
  }
  const statement = answer.data.slice(1)
  if (answer.data[0] !== answerNotDebited) return refusal('recover', 'CARD_ANSWER_MALFORMED', 'neither-of-two')
  const said = verifyStatement(
    statement,
    {
      cardId: card.cardId,
      cardSerial: card.serial,
      tenderId: plan.tenderId,
      nonce,
      terminalSerial: terminal.serial,
    },
    cardKey,
  )
  if (said === null) return refusal('recover', 'CARD_NOT_AUTHENTIC', 'statement')
  return { kind: provesNotDebited(said, plan.before) ? 'not-debited' : 'forgotten', statement }
}

/**
 * One of the records that the card keeps. A till gets those of its own merchant, a desk all.
 *
 * @param back 0 is the last one
 */
export async function readRecord(
  presence: AppletPresence,
  back: number,
): Promise<{ readonly kind: 'record'; readonly record: Uint8Array } | { readonly kind: 'none' } | AppletFailure> {
  const answer = await presence.channel.ask({ step: 'read-record', instruction: 0x44, p2: back })
  if (answer.kind === 'torn') return answer
  if (answer.status === statusNoRecord) return { kind: 'none' }
  if (answer.status !== statusOk) return refusalOf('read-record', answer.status)
  const record = recordIn(answer.data)
  return record === null ? refusal('read-record', 'CARD_ANSWER_MALFORMED', 'record') : { kind: 'record', record }
}

const statusNoRecord = 0x6a83

/** Null: no record by its form. */
function recordIn(data: Uint8Array): Uint8Array | null {
  return data.length === 1 + recordLength && data[0] === answerRecord ? data.slice(1) : null
}

function isExpected(record: Uint8Array, plan: SpendPlan, cardKey: P256PublicKey): boolean {
  const input = record.subarray(0, recordLayout.length)
  return equalBytes(input, plan.expectedInput) && cardKey.verify(input, record.subarray(recordLayout.length))
}

function unknown(step: AppletStep, reason: string): Torn<AppletStep> {
  return { kind: 'torn', step, executed: 'unknown', reason }
}
