import { engineVersion } from '../../voucher/decide.ts'
import type { Journal } from '../journal/journal.ts'
import { verifyTagged, type VerifyingKey } from '../protocol/keys.ts'
import type { SignedPackage } from '../protocol/messages.ts'

/**
 * A package is taken whole or not at all, never an older one, only the ledger's, only ours
 * (architecture.md, "Trust").
 */
export function isAcceptable(
  till: { readonly journal: Journal; readonly ledgerKey: VerifyingKey; readonly terminalId: string },
  signed: SignedPackage,
  haveVersion: number,
): boolean {
  return (
    verifyTagged(till.ledgerKey, 'tolem/package/1', signed.package, signed.signature) &&
    signed.package.terminalId === till.terminalId &&
    signed.package.version > haveVersion &&
    !till.journal.knowsPackage(signed.package) &&
    signed.package.engineVersion === engineVersion
  )
}
