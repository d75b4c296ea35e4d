/**
 * How a card profile talks to a card: one command at a time, within one presence. The shape is that of
 * `src/drivers/ports.ts` without its identifiers, so that profiles stay pure and import nothing of ours.
 */
export type ChannelAnswer =
  | { readonly kind: 'answered'; readonly response: Uint8Array }
  /** The card may or may not have executed the command (money-rules.md, "Journal": a torn card). */
  | { readonly kind: 'unknown'; readonly reason: string }
  /** The command certainly never reached the card. */
  | { readonly kind: 'notSent'; readonly reason: string }

export interface CardChannel {
  readonly atr: Uint8Array
  /** As PC/SC names the reader; absent where nobody knows it. */
  readonly readerName?: string
  transmit(command: Uint8Array): Promise<ChannelAnswer>
}

/** Random bytes come from a port: the simulator gives seeded ones. */
export type RandomBytes = (length: number) => Uint8Array
