import type { Event, ReaderStatus } from '../../src/drivers/ports.ts'
import type { VirtualCard } from '../cards/virtual-card.ts'
import type { DrawnLatency } from './latency.ts'
import type { ReaderCommands } from './reader-commands.ts'

/** A reader as a hand knows it: cards are laid on it and pulled away. Who talks to them is on its other side. */
export interface CardPlace {
  readonly name: string
  /** Of the reader and the air, for each command, on top of the card's own. */
  delayMs: number
  /** How long this kind of reader takes, beside `delayMs`. */
  readonly latency: DrawnLatency
  /** What kind of reader it is: which of its own commands it knows. */
  readonly commands: ReaderCommands
  /** What lies here. */
  readonly card: VirtualCard | null
  /** The card has gone: pulled, or torn away by a fault. */
  readonly onDidRemove: Event<unknown>
  status(): ReaderStatus
  /** Rejects, and has the card removed, where nobody is there to read it. */
  lay(card: VirtualCard): void | Promise<void>
  pull(): VirtualCard | null
  /** Its cable; absent where nobody can pull that. */
  plug?(): void
  unplug?(): void
  dispose(): void
}
