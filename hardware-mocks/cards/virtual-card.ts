/**
 * What every virtual card is to a virtual reader: something that lies in the field, is powered by it, and answers
 * command APDUs, or does not.
 */

/**
 * What happened to one command.
 * - `answered`: the bytes on the air, status word included; may be shorter than a status word when a fault cut them.
 * - `torn`: the card left the field during this command. Whether it executed is in the card's own log.
 * - `mute`: no answer will ever come in this presence.
 */
export type CardAnswer =
  | { readonly kind: 'answered'; readonly response: Uint8Array }
  | { readonly kind: 'torn' }
  | { readonly kind: 'mute' }

export interface VirtualCard {
  /** Answer to reset as a PC/SC reader makes it up (PC/SC part 3). */
  readonly atr: Uint8Array
  /** What the anti-collision shows, and what a reader's `FF CA` answers. */
  readonly uid: Uint8Array
  /**
   * It stands for the card and for what a reader makes of it: the reader's own commands (class FF) go to it too.
   */
  readonly takesReaderCommands?: boolean
  /** How long the card takes for one command, in milliseconds; half of it passes before it executes. */
  readonly delayMs: number
  /** Into the field. */
  enterField(): void
  /** Out of the field: everything that is not EEPROM is gone. */
  leaveField(): void
  /** Field off and on again without moving the card. */
  reset(): void
  exchange(command: Uint8Array): CardAnswer
}
