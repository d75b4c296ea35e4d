/** The holder's PIN, which only the card knows and counts (docs/design/22, "VERIFY PIN, CHANGE PIN"). */
import { asciiBytes, concatBytes } from '../bytes.ts'
import type { AppletFailure, AppletStep } from './failure.ts'
import type { AppletPresence } from './presence.ts'
import { refusalOf } from './secure-channel.ts'
import { statusOk } from './status.ts'

const blockLength = 8

/** 4 to 8 digits. */
export function isPin(text: string): boolean {
  return /^[0-9]{4,8}$/.test(text)
}

export type PinAnswer = { readonly kind: 'verified' } | AppletFailure

/** One try. Never called again by itself with the same digits: every wrong one is counted by the card. */
export async function verifyPin(presence: AppletPresence, pin: string): Promise<PinAnswer> {
  return ask(presence, 'verify-pin', 0x20, 0x00, pinBlock(pin))
}

/** By the holder, who knows the old one. */
export async function changePin(presence: AppletPresence, oldPin: string, newPin: string): Promise<PinAnswer> {
  return ask(presence, 'change-pin', 0x24, 0x00, concatBytes(pinBlock(oldPin), pinBlock(newPin)))
}

/** At the issuing desk, after a script of this channel that said ALLOW NEW PIN: the first one, or one forgotten. */
export async function setPin(presence: AppletPresence, pin: string): Promise<PinAnswer> {
  return ask(presence, 'change-pin', 0x24, 0x01, pinBlock(pin))
}

async function ask(
  { channel }: AppletPresence,
  step: AppletStep,
  instruction: number,
  p1: number,
  plaintext: Uint8Array,
): Promise<PinAnswer> {
  const answer = await channel.ask({ step, instruction, p1, plaintext })
  if (answer.kind === 'torn') return answer
  return answer.status === statusOk ? { kind: 'verified' } : refusalOf(step, answer.status)
}

/** The digits in ASCII, filled with FF. Throws on what is no PIN: `isPin` is asked before. */
function pinBlock(pin: string): Uint8Array {
  if (!isPin(pin)) throw new RangeError('a PIN has 4 to 8 digits')
  const block = new Uint8Array(blockLength).fill(0xff)
  block.set(asciiBytes(pin))
  return block
}
