/** Why a delivered sale is not paid by the agency (money-rules.md, "Who pays"): the closed list. */
export const lossCodes = [
  'PROOF_MISSING_OR_FORGED',
  'CHAIN_BROKEN',
  'BLOCKED_BEFORE_SALE',
  'SOLD_AFTER_LEASE',
  'SLOT_ALREADY_USED',
  'PRESENTED_TOO_LATE',
  /** Its pool had paid out its whole sum (docs/design/23-pools.md). */
  'POOL_USED_UP',
  /** Two histories of one card (docs/design/25-policy-card.md): this sale is of the one that came second. */
  'CARD_FORKED',
  /** A torn payment of which no record of the card came in time. */
  'PROOF_NEVER_CAME',
  /** A payment by QR: what the wallet had set aside went back before the till took it. */
  'HOLD_ENDED',
  'TERMINAL_LOST',
] as const
export type LossCode = (typeof lossCodes)[number]
