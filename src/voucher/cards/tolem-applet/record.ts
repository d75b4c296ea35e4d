/**
 * What a card signs: the record of a debit, and that it remembers none (docs/design/22, "SPEND" and "RECOVER"). Both
 * are judged with public keys alone, at a till or at the ledger.
 */
import { equalBytes } from '../bytes.ts'
import { checkChain, type CardChain, type CardCertificate, type ChainFault } from './certificates.ts'
import { amountField, bytesField, layout, numberField, timeField, unsignedField, type ValueOf } from './layout.ts'
import { cardIdLength, referenceLength, serialLength } from './names.ts'
import { sha256, signatureLength, type P256PublicKey } from './p256.ts'

export const hashLength = 32
export const challengeLength = 16
export const spendMode = { offline: 0, online: 1 } as const
export const recordFlag = { pinVerified: 1 } as const

/** ISO 4217, KZT. */
export const currencyTenge = 0x0398

const recordFields = {
  cardId: bytesField(cardIdLength),
  cardSerial: bytesField(serialLength),
  keyEpoch: numberField(2),
  atc: numberField(4),
  previousHash: bytesField(hashLength),
  tenderId: bytesField(16),
  schemeRef: bytesField(referenceLength),
  slotRef: bytesField(referenceLength),
  validFrom: timeField,
  validUntil: timeField,
  amount: amountField,
  currency: numberField(2),
  /** FFFF of an account slot. */
  countAfter: numberField(2),
  /** FF×8 of an account slot. */
  amountAfter: unsignedField(8),
  merchantRef: bytesField(referenceLength),
  terminalRef: bytesField(referenceLength),
  terminalSerial: bytesField(serialLength),
  challenge: bytesField(challengeLength),
  terminalTime: timeField,
  decisionHash: bytesField(hashLength),
  termsHash: bytesField(hashLength),
  mode: numberField(1),
  flags: numberField(1),
}
export type SpendRecord = ValueOf<typeof recordFields>
/** The 284 bytes that the card signs. */
export const recordLayout = layout('TLMSPD01', recordFields)
export const recordLength = recordLayout.length + signatureLength

/** headHash after this record, and previousHash of the next. @param recordInput 284 bytes */
export function recordHash(recordInput: Uint8Array): Uint8Array {
  return sha256(recordInput)
}

export type RecordFault = 'record-malformed' | ChainFault | 'card-differs' | 'record-signature-wrong'

export type VerifiedRecord =
  | { readonly kind: 'verified'; readonly record: SpendRecord; readonly card: CardCertificate }
  | { readonly kind: 'refused'; readonly fault: RecordFault }

/**
 * Is this a debit by a card of ours? Faults are told in the order of their union. Whether it is of *this* tender is
 * for the caller to compare.
 *
 * @param record 348 bytes
 * @param rootKeys public keys of 64 bytes
 */
export function verifyRecord(record: Uint8Array, chain: CardChain, rootKeys: readonly Uint8Array[]): VerifiedRecord {
  const input = record.slice(0, recordLayout.length)
  const value = record.length === recordLength ? recordLayout.decode(input) : null
  if (value === null) return { kind: 'refused', fault: 'record-malformed' }
  const checked = checkChain(chain, rootKeys, value.terminalTime)
  if (checked.kind === 'refused') return checked
  const { card, cardKey } = checked
  const isThisCard =
    equalBytes(value.cardId, card.cardId) &&
    equalBytes(value.cardSerial, card.serial) &&
    value.keyEpoch === card.keyEpoch
  if (!isThisCard) return { kind: 'refused', fault: 'card-differs' }
  if (!cardKey.verify(input, record.subarray(recordLayout.length))) {
    return { kind: 'refused', fault: 'record-signature-wrong' }
  }
  return { kind: 'verified', record: value, card }
}

const statementFields = {
  cardId: bytesField(cardIdLength),
  cardSerial: bytesField(serialLength),
  keyEpoch: numberField(2),
  tenderId: bytesField(16),
  nonce: bytesField(16),
  atc: numberField(4),
  oldestAtc: numberField(4),
  headHash: bytesField(hashLength),
  terminalSerial: bytesField(serialLength),
}
/** "Not debited, as far as I remember." */
export type NotDebitedStatement = ValueOf<typeof statementFields>
export const statementLayout = layout('TLMNOD01', statementFields)

/** What the asker knows of a statement before it is made. */
export type AskedFor = Pick<NotDebitedStatement, 'cardId' | 'cardSerial' | 'tenderId' | 'nonce' | 'terminalSerial'>

/** Null: not this card's answer to this question. @param statement 178 bytes */
export function verifyStatement(
  statement: Uint8Array,
  asked: AskedFor,
  cardKey: P256PublicKey,
): NotDebitedStatement | null {
  const input = statement.slice(0, statementLayout.length)
  const value = statementLayout.decode(input)
  if (value === null || !cardKey.verify(input, statement.subarray(statementLayout.length))) return null
  const isAnswer = (['cardId', 'cardSerial', 'tenderId', 'nonce', 'terminalSerial'] as const).every((field) =>
    equalBytes(value[field], asked[field]),
  )
  return isAnswer ? value : null
}

/** Where the card stood when the till wrote its intent, as READ SLOTS said. */
export interface IntentState {
  readonly atc: number
  readonly headHash: Uint8Array
}

/**
 * Does the statement prove that the tender was never debited? Only if no record can have left the card's memory since
 * the intent (docs/design/22, "RECOVER").
 */
export function provesNotDebited(statement: NotDebitedStatement, intent: IntentState): boolean {
  const { atc, oldestAtc, headHash } = statement
  if (atc === intent.atc) return equalBytes(headHash, intent.headHash)
  return atc > intent.atc && oldestAtc > 0 && oldestAtc <= intent.atc + 1
}
