/** Why the ledger cannot start, in one sentence with the remedy. */
export class StartFailure extends Error {
  /** For programs that run the command `key` (docs/integrator.md, "A ledger of your own"). */
  readonly code: KeyCommandCode

  constructor(sentence: string, code: KeyCommandCode = 'command_malformed') {
    super(sentence)
    this.code = code
  }
}

/** With what the command `key` refuses: the command itself, the key, the folder, what stands in the ledger. */
export const keyCommandCodes = [
  'command_malformed',
  'role_unknown',
  'role_not_here',
  'owner_malformed',
  'key_unreadable',
  'key_private',
  'key_malformed',
  'no_ledger',
  'folder_not_writable',
  'folder_in_use',
  'folder_damaged',
  'disk_full',
  'key_used',
  'owner_is_heard',
  'no_central_bank',
  'other_central_bank',
  'owner_is_taken',
] as const
export type KeyCommandCode = (typeof keyCommandCodes)[number]
