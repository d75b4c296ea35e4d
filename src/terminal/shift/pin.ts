/**
 * A cashier's PIN: four to eight digits, kept as a slow hash, with a growing wait after five wrong ones
 * (architecture.md, "Trust"). The hash hinders a look at the file, it does not make four digits long: who can read the
 * journal's file can also try them all (docs/adr/0019).
 */
import type { CashierRecord } from '../../sync/journal/shifts.ts'
import type { StoredPin } from '../../sync/journal/rows.ts'

export type PinCost = Pick<StoredPin, 'cost' | 'blockSize' | 'parallelization'>
/** Lower-case hex of 32 bytes. @param salt lower-case hex of 16 bytes */
export type PinHash = (pin: string, salt: string, cost: PinCost) => string

/** 32 MiB, and about a fifth of a second on a till. */
const pinCost: PinCost = { cost: 2 ** 15, blockSize: 8, parallelization: 3 }

export function storedPin(pin: string, salt: Uint8Array, hash: PinHash): StoredPin {
  const saltHex = Buffer.from(salt).toString('hex')
  return { ...pinCost, salt: saltHex, hash: hash(pin, saltHex, pinCost) }
}

/** Whoever measures how long it takes learns nothing: what is compared are hashes of what was typed. */
export function isPin(typed: string, stored: StoredPin, hash: PinHash): boolean {
  return hash(typed, stored.salt, stored) === stored.hash
}

const freeTries = 5
const firstWaitMs = 30_000
const waitMaxMs = 15 * 60_000

/** Until when no PIN of this cashier is taken: half a minute from the fifth wrong one on, doubled by each further. */
export function pinWaitsUntil({ wrongPins, wrongAt }: Pick<CashierRecord, 'wrongPins' | 'wrongAt'>): number {
  if (wrongPins < freeTries) return 0
  return wrongAt + Math.min(waitMaxMs, firstWaitMs * 2 ** (wrongPins - freeTries))
}
