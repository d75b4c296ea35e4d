/**
 * Erases the sealed card keys of leases whose `sellUntil` has passed, whether or not the ledger was heard
 * (architecture.md, "Cards"; docs/adr/0041). By the time that selling goes by, and only while that is trusted: a clock
 * that was set ahead in a running till erases nothing.
 */
import { isStorageFault } from '../journal/data-folder.ts'
import type { Journal } from '../journal/journal.ts'
import { holdsCardKeys } from '../journal/stored-package.ts'
import type { TerminalPackage } from '../../voucher/package.ts'
import type { Scheduler } from './ports.ts'
import type { TrustedTime } from './trusted-time.ts'

const everyMs = 60_000

export interface KeyErasureParts {
  readonly journal: Journal
  readonly time: TrustedTime
  readonly scheduler: Scheduler
  readonly activePackage: () => { readonly package: TerminalPackage } | undefined
}

export class KeyErasure {
  readonly #parts: KeyErasureParts
  #timer: unknown

  constructor(parts: KeyErasureParts) {
    this.#parts = parts
  }

  /** Erases what is due now, and each minute. */
  start(): void {
    try {
      this.#erase()
    } catch (error) {
      // On a full disk nothing is erased; tried again.
      if (!isStorageFault(error)) throw error
    }
    this.#timer = this.#parts.scheduler.setTimeout(() => this.start(), everyMs)
  }

  stop(): void {
    if (this.#timer !== undefined) this.#parts.scheduler.clearTimeout(this.#timer)
  }

  #erase(): void {
    const { journal, time, activePackage } = this.#parts
    const ended = time.trusted ? leasesToErase(activePackage()?.package, time.now()) : []
    if (ended.length > 0) journal.eraseCardKeys(new Set(ended))
    else journal.emptyLogOfErased()
  }
}

/** Selling ends after `sellUntil`, not at it (leased-slots.ts). */
function leasesToErase(active: TerminalPackage | undefined, now: number): readonly string[] {
  return (active?.leases ?? [])
    .filter((lease) => now > lease.sellUntil && holdsCardKeys(lease))
    .map(({ leaseId }) => leaseId)
}
