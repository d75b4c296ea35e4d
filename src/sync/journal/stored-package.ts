/**
 * The active package as it lies on the disk: as the ledger signed it, and later without the sealed card keys of leases
 * that are over (docs/adr/0041). Either text is proved by a row of the chain.
 */
import type { Hash } from '../../voucher/identifiers.ts'
import { terminalPackageSchema, type Lease, type TerminalPackage } from '../../voucher/package.ts'
import { canonicalText, hashOf, hashOfText } from '../protocol/canonical.ts'
import { hashParts } from '../protocol/record-sources.ts'
import type { RowOf } from './rows.ts'

/** As long as the key was, and no box: a card with a blank is still one that proves itself (leased-slots.ts). */
const blankOf = (sealed: string): string => 'A'.repeat(sealed.length)

/** Whether a card key of it can still be opened. */
export function holdsCardKeys(lease: Lease): boolean {
  return lease.slots.some(({ cards }) =>
    cards.some(({ sealedTillKey: sealed }) => sealed !== undefined && sealed !== blankOf(sealed)),
  )
}

function withoutCardKeys(lease: Lease): Lease {
  const slots = lease.slots.map(({ slot, cards }) => ({
    slot,
    cards: cards.map(({ card, sealedTillKey: sealed }) =>
      sealed === undefined ? { card } : { card, sealedTillKey: blankOf(sealed) },
    ),
  }))
  return { ...lease, slots }
}

/**
 * What is stored when the keys of these leases are erased, and the row that vouches for it.
 *
 * @param erased of the same package, before
 */
export function erasing(
  active: TerminalPackage,
  leaseIds: ReadonlySet<string>,
  erased: RowOf<'card_keys_erased'> | undefined,
): { readonly text: string; readonly row: RowOf<'card_keys_erased'> } {
  const { packageId, version } = active
  const known = erasedLeases(erased)
  const { leases: hashes } = hashParts(active, known)
  const ended = active.leases.filter(({ leaseId }) => leaseIds.has(leaseId) || known.has(leaseId))
  const text = canonicalText({
    ...active,
    leases: active.leases.map((lease) => (leaseIds.has(lease.leaseId) ? withoutCardKeys(lease) : lease)),
  })
  const leases = ended.map(({ leaseId }) => ({ leaseId, hash: hashes.get(leaseId)! }))
  return { text, row: { kind: 'card_keys_erased', packageId, version, leases, textHash: textHashOf(text) } }
}

/** Undefined when it is not the package of that hash. */
export function packageIn(json: string, hash: string): TerminalPackage | undefined {
  // It is stored as it is hashed; earlier versions stored it as it came.
  return readWhere(
    json,
    (value) => hashOfText('tolem/package/1', json) === hash || hashOf('tolem/package/1', value) === hash,
  )
}

/** Undefined when it is not what was left by that row. */
export function packageLeftBy(row: RowOf<'card_keys_erased'>, json: string): TerminalPackage | undefined {
  const found = readWhere(json, () => textHashOf(json) === row.textHash)
  // What is signed of a decision names a lease by the hash that the ledger knows.
  if (found !== undefined) hashParts(found, erasedLeases(row))
  return found
}

const erasedLeases = (row: RowOf<'card_keys_erased'> | undefined): ReadonlyMap<string, Hash> =>
  new Map(row?.leases.map(({ leaseId, hash }) => [leaseId, hash]))

const textHashOf = (text: string): Hash => hashOfText('tolem/package-without-keys/1', text)

function readWhere(json: string, isIt: (value: unknown) => boolean): TerminalPackage | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return isIt(value) ? terminalPackageSchema.parse(value) : undefined
  } catch {
    return undefined
  }
}
