/** The way to a card that lies on a reader. */
import type { CardPresence, CardReaderPort } from '../../drivers/ports.ts'
import type { CardChannel } from '../../voucher/cards/card-channel.ts'

/** How long one command may take at the card; after it the device host is started anew. */
export const apduTimeoutMs = 3_000

export interface PresentCards {
  readonly reader: CardReaderPort
  /** Presences that lie on a reader now. */
  readonly presence: (presenceId: string) => CardPresence | undefined
}

/** @returns undefined when the card has left */
export function channelTo({ reader, presence }: PresentCards, presenceId: string): CardChannel | undefined {
  const present = presence(presenceId)
  if (present === undefined) return undefined
  const { atr, readerName } = present
  return { atr, readerName, transmit: (command) => reader.transmit(presenceId, command, apduTimeoutMs) }
}
