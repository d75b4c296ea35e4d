/** What a PC/SC reader answers by itself, without asking the card: ACR122U API V2.04 §4.1, PC/SC part 3 §3.2.2.1. */
import type { VirtualCard } from '../cards/virtual-card.ts'

const READER_CLASS = 0xff

/** Null: not for the reader, hand it to the card. */
export function answerPseudoApdu(command: Uint8Array, card: VirtualCard): Uint8Array | null {
  if (command[0] !== READER_CLASS || card.takesReaderCommands === true) return null
  const failed = Buffer.from('6300', 'hex')
  if (command[1] !== 0xca || command[3] !== 0x00) return failed
  if (command[2] === 0x00) return Buffer.concat([card.uid, Buffer.from('9000', 'hex')])
  // The ATS is not modelled: a reader says the same of a card that has none.
  return command[2] === 0x01 ? Buffer.from('6A81', 'hex') : failed
}
