/** Who sees more than its own. */
import type { Caller } from '../http/operation.ts'

export function seesAll({ role }: Caller): boolean {
  return role === 'central-bank' || role === 'auditor'
}
