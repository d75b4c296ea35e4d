/**
 * Whose feed an event goes to. Each reader has one stream, so that its order is total: parties by their name, the two
 * watchers by their role. Tills are no readers here: they have their own feed (terminals/events.ts), and so a till that
 * was given a party's name reads nothing of that party.
 */
import type { AccountKind } from '../accounts/accounts.ts'
import type { Caller, Role } from '../http/operation.ts'

/** `owner:<name>` or `role:<role>`; no name has a colon. */
export type Stream = `owner:${string}` | 'role:central-bank' | 'role:auditor'

export const feedReaders = [
  'central-bank',
  'bank',
  'legal-entity',
  'agency',
  'merchant',
  'individual',
  'auditor',
] as const satisfies readonly Role[]

/** Who is told of what concerns the platform as a whole. */
export const watchers: readonly Stream[] = ['role:central-bank', 'role:auditor']

export function streamOf({ role, owner }: Pick<Caller, 'role' | 'owner'>): Stream {
  if (role === 'central-bank' || role === 'auditor') return `role:${role}`
  if (role === 'terminal') throw new Error('a terminal has a feed of its own')
  return `owner:${owner}`
}

export function streamOfOwner(owner: string): Stream {
  return `owner:${owner}`
}

const ofTheCentralBank: readonly AccountKind[] = ['central-bank-issue', 'central-bank-non-cash', 'non-cash-outside']

/** Whose feed tells of an account's money. */
export function streamOfAccount({ kind, owner }: { readonly kind: string; readonly owner: string }): Stream {
  return (ofTheCentralBank as readonly string[]).includes(kind) ? 'role:central-bank' : `owner:${owner}`
}
