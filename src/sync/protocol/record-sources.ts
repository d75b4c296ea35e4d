/**
 * What a decision record names beside its package: the package's version, its hotlist and the lease that holds the
 * slot, each with a hash of its own and its age. The package's hash covers them already; named apart, two records can
 * be compared, and a checker needs only the part that it asks about.
 */
import { z } from 'zod'
import { hashSchema, instantSchema, uuidSchema, type Hash } from '../../voucher/identifiers.ts'
import type { TerminalPackage } from '../../voucher/package.ts'
import { hashOf } from './canonical.ts'

export const recordSourcesSchema = z.strictObject({
  packageVersion: z.int().min(1).describe('Of the package under which it was decided.'),
  /** Tag `tolem/hotlist/1`, over the list as the package carries it. */
  hotlist: z.strictObject({ hash: hashSchema, issuedAt: instantSchema }),
  /** Of the payer's slot; null where no lease of this till holds it. Tag `tolem/lease/1`, over the lease likewise. */
  lease: z.strictObject({ leaseId: uuidSchema, hash: hashSchema, presentUntil: instantSchema }).nullable(),
})
export type RecordSources = z.infer<typeof recordSourcesSchema>

interface Hashes {
  readonly hotlist: Hash
  readonly leases: ReadonlyMap<string, Hash>
}

/** A package is immutable, and a lease of a school has thousands of slots: hashed once, not at each tap. */
const hashed = new WeakMap<TerminalPackage, Hashes>()

/**
 * Does beforehand what the first record under this package would have to wait for.
 *
 * @param known of leases that are no longer here as they were signed
 */
export function hashParts(of: TerminalPackage, known: ReadonlyMap<string, Hash> = new Map()): Hashes {
  const before = hashed.get(of)
  if (before !== undefined) return before
  const hashes = {
    hotlist: hashOf('tolem/hotlist/1', of.hotlist),
    leases: new Map(
      of.leases.map((lease) => [lease.leaseId, known.get(lease.leaseId) ?? hashOf('tolem/lease/1', lease)]),
    ),
  }
  hashed.set(of, hashes)
  return hashes
}

/** @returns undefined when the package has no such lease */
export function recordSourcesOf(of: TerminalPackage, leaseId: string | null): RecordSources | undefined {
  const hashes = hashParts(of)
  const lease = of.leases.find((candidate) => candidate.leaseId === leaseId)
  const hash = leaseId === null ? undefined : hashes.leases.get(leaseId)
  if (leaseId !== null && (lease === undefined || hash === undefined)) return undefined
  return {
    packageVersion: of.version,
    hotlist: { hash: hashes.hotlist, issuedAt: of.hotlist.issuedAt },
    lease:
      lease === undefined || hash === undefined
        ? null
        : { leaseId: lease.leaseId, hash, presentUntil: lease.presentUntil },
  }
}
