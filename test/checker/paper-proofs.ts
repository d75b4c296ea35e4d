/**
 * Which sales the paper proves: a code that the terminal signed, and that the card's own log confirms. A card that only
 * says who it is confirms nothing: there the terminal's signature is the proof that there is.
 */
import type { CardMessage } from './card-logs.ts'
import type { LedgerRow } from './ledger-database.ts'
import type { PaperSlip } from './paper.ts'
import { claimsToBeReceipt, decodeReceiptCode, isGenuine, type ReceiptCode } from './receipt-code.ts'

/** One tender that the paper proves, on however many slips. */
export interface ProvedTender {
  readonly code: ReceiptCode
  readonly slips: readonly number[]
}

export interface UnprovedCode {
  readonly slip: number
  /**
   * - `damaged`: not in the one form that a terminal writes.
   * - `terminal_unknown`: the ledger knows no key of that terminal.
   * - `signature_wrong`: none of the terminal's keys signed it.
   * - `card_never_said_it`: no card's log has a message with this binding and this MAC.
   */
  readonly reason: 'damaged' | 'terminal_unknown' | 'signature_wrong' | 'card_never_said_it'
  /** Null when the code cannot be read. */
  readonly tenderId: string | null
}

export interface PaperProofs {
  /** By the hash of the terms. */
  readonly proved: ReadonlyMap<string, ProvedTender>
  readonly unproved: readonly UnprovedCode[]
}

export function proofsOnPaper(
  slips: readonly PaperSlip[],
  messages: readonly CardMessage[],
  principals: readonly LedgerRow<'principal'>[],
): PaperProofs {
  const said = new Set(messages.map((message) => `${message.binding}/${message.mac}`))
  const proved = new Map<string, { code: ReceiptCode; slips: number[] }>()
  const unproved: UnprovedCode[] = []
  for (const slip of slips) {
    for (const text of new Set(slip.codes.filter(claimsToBeReceipt))) {
      const code = decodeReceiptCode(text)
      const reason = code === undefined ? 'damaged' : faultOf(code, principals, said)
      if (code === undefined || reason !== undefined) {
        unproved.push({ slip: slip.number, reason: reason ?? 'damaged', tenderId: code?.terms.tenderId ?? null })
        continue
      }
      const known = proved.get(code.termsHash) ?? { code, slips: [] }
      known.slips.push(slip.number)
      proved.set(code.termsHash, known)
    }
  }
  return { proved, unproved }
}

function faultOf(
  code: ReceiptCode,
  principals: readonly LedgerRow<'principal'>[],
  said: ReadonlySet<string>,
): UnprovedCode['reason'] | undefined {
  // A terminal that was enrolled again has earlier keys: what it signed with them stays signed.
  const keys = principals.filter(({ role, owner }) => role === 'terminal' && owner === code.terminalId)
  if (keys.length === 0) return 'terminal_unknown'
  if (
    !isGenuine(
      code,
      keys.map((key) => key.jwk),
    )
  )
    return 'signature_wrong'
  if (code.mac === null) return undefined
  return said.has(`${code.termsHash.toUpperCase()}/${code.mac}`) ? undefined : 'card_never_said_it'
}
