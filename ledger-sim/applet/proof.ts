/**
 * What an applet card's record proves of a sale (docs/design/25, "Proof"): that this card debited this amount, for this
 * tender, merchant, terminal and decision. Every field is held against what the ledger makes of them itself.
 */
import { cardBindingOf } from '../../src/sync/protocol/card-binding.ts'
import type { Evidence } from '../../src/sync/protocol/messages.ts'
import { equalBytes, toHex } from '../../src/voucher/cards/bytes.ts'
import { checkChain } from '../../src/voucher/cards/tolem-applet/certificates.ts'
import { merchantRef, terminalRef } from '../../src/voucher/cards/tolem-applet/names.ts'
import {
  currencyTenge,
  recordHash,
  recordLayout,
  verifyRecord,
  type SpendRecord,
} from '../../src/voucher/cards/tolem-applet/record.ts'
import type { RefusalCode } from '../../src/voucher/reasons.ts'
import type { AppletProof, TenderTerms } from '../../src/voucher/tender.ts'
import type { Work } from '../context.ts'
import { findCard, type Card } from '../schemes/cards.ts'
import type { Terminal } from '../terminals/terminals.ts'
import { appletPseudonym, findApplet } from './cards.ts'
import { fromBase64url, wasCertifiedThen } from './certificates.ts'

export interface ProvedDebit {
  readonly card: Card
  readonly record: SpendRecord
  /** The 284 bytes. */
  readonly input: Uint8Array
  /** Of them, hex. */
  readonly hash: string
  /** False of the expected bytes of a torn payment: then a later record of the card has to prove them. */
  readonly isSigned: boolean
}

export type CheckedDebit =
  | { readonly kind: 'proved'; readonly debit: ProvedDebit }
  | { readonly kind: 'fault'; readonly refusal: RefusalCode; readonly detail: string }

export async function checkDebit(
  work: Work,
  terminal: Terminal,
  terms: TenderTerms,
  { cardProof, record: decision }: Evidence & { readonly cardProof: AppletProof },
): Promise<CheckedDebit> {
  const fault = (refusal: RefusalCode, detail: string): CheckedDebit => ({ kind: 'fault', refusal, detail })
  const bytes = fromBase64url(cardProof.record)
  const input = bytes.slice(0, recordLayout.length)
  const isSigned = bytes.length > recordLayout.length
  const opened = isSigned ? verify(work, bytes, cardProof) : expected(work, input, cardProof)
  if (typeof opened === 'string') return fault('CARD_PROOF_FORGED', opened)
  const card = await findCard(work, appletPseudonym(work, opened.cardId))
  const applet = card?.profile === 'tolem-applet' ? await findApplet(work, card.card) : undefined
  if (card === undefined || applet === undefined) return fault('CARD_UNKNOWN', 'no such card was registered')
  if (!equalBytes(opened.cardSerial, applet.serial) || opened.keyEpoch !== applet.keyEpoch)
    return fault('CARD_PROOF_FORGED', 'the certificate is not the one of this card')

  const binding = cardBindingOf(terms, decision)
  const differing = Object.entries(binding).find(([name, own]) => !isSame(opened[name as keyof SpendRecord], own))
  if (differing !== undefined) return fault('CARD_BINDING_MISMATCH', `the card signed another ${differing[0]}`)
  if (opened.currency !== currencyTenge) return fault('CARD_BINDING_MISMATCH', 'the card signed another currency')
  const isHere =
    equalBytes(opened.merchantRef, merchantRef(terminal.merchantId)) &&
    equalBytes(opened.terminalRef, terminalRef(terminal.terminalId))
  if (!isHere) return fault('CARD_BINDING_MISMATCH', 'the card was debited by another till')
  const { terminalId } = terminal
  if (!(await wasCertifiedThen(work, { serial: opened.terminalSerial, terminalId, at: opened.terminalTime })))
    return fault('CARD_BINDING_MISMATCH', 'this till had no such certificate then')
  const slot = decision.input.slots.find(({ slotId }) => slotId === terms.payerSlot)
  const isAsRead =
    slot?.countAllowed === opened.countAfter + 1 && slot.amountAllowed === opened.amountAfter + opened.amount
  if (!isAsRead) return fault('CARD_BINDING_MISMATCH', 'the decision was made of another slot than the card debited')
  const hash = toHex(recordHash(input)).toLowerCase()
  return { kind: 'proved', debit: { card, record: opened, input, hash, isSigned } }
}

const rootsOf = ({ keys }: Work): readonly Uint8Array[] => [keys.applet.root.publicKey.bytes]

/** @returns what is wrong, in a word */
function verify(work: Work, bytes: Uint8Array, proof: AppletProof): SpendRecord | string {
  const verified = verifyRecord(bytes, chainOf(proof), rootsOf(work))
  return verified.kind === 'verified' ? verified.record : verified.fault
}

/** What a till would have presented: of a card of ours, but for the card's own word. */
function expected(work: Work, input: Uint8Array, proof: AppletProof): SpendRecord | string {
  const record = recordLayout.decode(input)
  if (record === null) return 'record-malformed'
  const chain = checkChain(chainOf(proof), rootsOf(work), record.terminalTime)
  if (chain.kind === 'refused') return chain.fault
  const { cardId, serial, keyEpoch } = chain.card
  const isThisCard =
    equalBytes(record.cardId, cardId) && equalBytes(record.cardSerial, serial) && record.keyEpoch === keyEpoch
  return isThisCard ? record : 'card-differs'
}

function chainOf({ cardCertificate, issuerCertificate }: AppletProof) {
  return { cardCertificate: fromBase64url(cardCertificate), issuerCertificate: fromBase64url(issuerCertificate) }
}

function isSame(said: SpendRecord[keyof SpendRecord], own: SpendRecord[keyof SpendRecord]): boolean {
  return said instanceof Uint8Array && own instanceof Uint8Array ? equalBytes(said, own) : said === own
}
