/**
 * On what ground the auditor may ask who somebody is, and after how long the bank of the client hears of it. Decided by
 * us: the grounds are the kinds that bank secrecy knows everywhere; the delays leave an inquiry its time and still end.
 */
import { z } from 'zod'
import { dayMs } from './tiers.ts'

export const legalBases = ['court_order', 'prosecutor_sanction', 'financial_monitoring'] as const
export const legalBasisSchema = z.enum(legalBases)
export type LegalBasis = (typeof legalBases)[number]

export const tellAfterMs: Readonly<Record<LegalBasis, number>> = {
  court_order: 30 * dayMs,
  prosecutor_sanction: 60 * dayMs,
  financial_monitoring: 180 * dayMs,
}
