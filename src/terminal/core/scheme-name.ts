import type { Texts } from '../../voucher/identifiers.ts'
import type { TerminalPackage } from '../../voucher/package.ts'
import { dtByQr, dtByQrName } from '../../voucher/tender.ts'

/** What paid, by the id under which the journal has it; the id itself where no package of today names it. */
export function schemeName(schemeId: string, active: TerminalPackage | undefined): Texts {
  if (schemeId === dtByQr) return dtByQrName
  return active?.schemes.find((scheme) => scheme.schemeId === schemeId)?.name ?? sameInAll(schemeId)
}

/** For ids and addresses that no language changes. */
export function sameInAll(text: string): Texts {
  return { kk: text, ru: text, en: text }
}
