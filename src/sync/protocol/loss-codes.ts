/** Why a delivered sale is not paid by the agency (money-rules.md, "Who pays"): the closed list. */
export const lossCodes = [
  'PROOF_MISSING_OR_FORGED',
  'CHAIN_BROKEN',
  'BLOCKED_BEFORE_SALE',
  'SOLD_AFTER_LEASE',
  'SLOT_ALREADY_USED',
  'PRESENTED_TOO_LATE',
  'TERMINAL_LOST',
] as const
export type LossCode = (typeof lossCodes)[number]
