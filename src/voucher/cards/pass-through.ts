/**
 * Commands of ISO/IEC 14443-3 cards through a reader: an ACR122U's PN532 hands them on as they are (`D4 42`,
 * InCommunicateThru; ACR122U API V2.04 §6.1), other readers in a transparent session (`transparent-session.ts`); which
 * does what: `reader-families.ts`. Reading and writing of pages is the same at all of them (PC/SC part 3 §3.2.2.1.8 and
 * §3.2.2.1.9; ACR122U API V2.04 §5; shared/facts/cards-and-readers.md §1.2).
 */
import type { CardChannel } from './card-channel.ts'
import { concatBytes } from './bytes.ts'
import { exchange } from './exchange.ts'
import type { CardAnswer, Torn } from './exchange.ts'
import { handingOnOf, type HandingOn } from './reader-families.ts'
import { describeStatus, statusIsoOk, type CardStatusName } from './status.ts'
import { throughSession } from './transparent-session.ts'

const inCommunicateThru = Uint8Array.of(0xd4, 0x42)
const answerStart = [0xd5, 0x43] as const
/**
 * PN532 user manual §7.1: 01, no answer in time; 02, no CRC. A card that does not know a command is silent, or says so
 * with four bits that have no CRC. To be confirmed on real readers: both are taken alike.
 */
const refusals: readonly number[] = [0x01, 0x02]
/** How a reader that has a PN532 says that it does not know the command; any other status is of this one exchange. */
const notSupported: readonly CardStatusName[] = [
  'ISO_FUNCTION_NOT_SUPPORTED',
  'ISO_INSTRUCTION_NOT_SUPPORTED',
  'ISO_CLASS_NOT_SUPPORTED',
]

export type PassedThrough<Step extends string> =
  | { readonly kind: 'answered'; readonly data: Uint8Array }
  /** The card lies there and does not do it, or went away just then: a reader cannot tell. */
  | { readonly kind: 'refused' }
  /** The reader hands nothing on, in neither way. */
  | { readonly kind: 'not-passed' }
  /** Not what such a reader answers, or bits were lost on the way. */
  | { readonly kind: 'malformed'; readonly detail: string }
  | Torn<Step>

/** A reader of which nobody has said how it does it is asked one way and then the other. @param command without CRC */
export async function passThrough<Step extends string>(
  channel: CardChannel,
  step: Step,
  command: Uint8Array,
): Promise<PassedThrough<Step>> {
  const known = handingOnOf(channel.readerName ?? null)
  if (known === 'transparent-session') return throughSession(channel, step, command)
  const direct = await directTransmit(channel, step, command, known)
  return known === null && direct.kind === 'not-passed' ? throughSession(channel, step, command) : direct
}

/**
 * `FF 00` means something to readers with a PN532 alone. What others say to it no standard fixes: 6300, 6700, 6B00,
 * 6F00 and more are all in use. So at a reader that nobody has described each status of a refusal (ISO/IEC 7816-4
 * §5.6: 6X, and no data) says that this is not its way, as each refusal does to the first word of a session. What is
 * left of an answer that was lost on the way is none: it would make less of the card than it is.
 */
function isNotItsWay({ status, data }: CardAnswer, known: HandingOn | null): boolean {
  return known === null ? status.code >> 12 === 6 && data.length === 0 : notSupported.includes(status.name)
}

async function directTransmit<Step extends string>(
  channel: CardChannel,
  step: Step,
  command: Uint8Array,
  known: HandingOn | null,
): Promise<PassedThrough<Step>> {
  const frame = concatBytes(inCommunicateThru, command)
  const answer = await exchange(channel, step, concatBytes(Uint8Array.of(0xff, 0x00, 0x00, 0x00, frame.length), frame))
  if (answer.kind === 'torn') return answer
  if (isNotItsWay(answer, known)) return { kind: 'not-passed' }
  if (answer.status.code !== statusIsoOk) return { kind: 'malformed', detail: describeStatus(answer.status) }
  const [first, second, error, ...data] = answer.data
  if (first !== answerStart[0] || second !== answerStart[1] || error === undefined)
    return { kind: 'malformed', detail: 'not a PN532 answer' }
  if (refusals.includes(error)) return { kind: 'refused' }
  return error === 0
    ? { kind: 'answered', data: Uint8Array.from(data) }
    : { kind: 'malformed', detail: `PN532 error ${error}` }
}

export type PageRead<Step extends string> =
  | { readonly kind: 'read'; readonly data: Uint8Array }
  | { readonly kind: 'malformed'; readonly detail: string }
  | Torn<Step>

/** Four pages, 16 bytes, from `page` on: `FF B0 00 pp 10`. */
export async function readPages<Step extends string>(
  channel: CardChannel,
  step: Step,
  page: number,
): Promise<PageRead<Step>> {
  const answer = await exchange(channel, step, Uint8Array.of(0xff, 0xb0, 0x00, page, 16))
  if (answer.kind === 'torn') return answer
  if (answer.status.code !== statusIsoOk) return { kind: 'malformed', detail: describeStatus(answer.status) }
  if (answer.data.length !== 16) return { kind: 'malformed', detail: `${answer.data.length} bytes for 16` }
  return { kind: 'read', data: answer.data }
}

export type PageWritten<Step extends string> =
  | { readonly kind: 'written' }
  | { readonly kind: 'refused'; readonly detail: string }
  | Torn<Step>

/** One page of 4 bytes: `FF D6 00 pp 04`. */
export async function writePage<Step extends string>(
  channel: CardChannel,
  step: Step,
  page: number,
  data: Uint8Array,
): Promise<PageWritten<Step>> {
  if (data.length !== 4) throw new RangeError(`a page has 4 bytes, not ${data.length}`)
  const answer = await exchange(channel, step, concatBytes(Uint8Array.of(0xff, 0xd6, 0x00, page, 4), data))
  if (answer.kind === 'torn') return answer
  return answer.status.code === statusIsoOk
    ? { kind: 'written' }
    : { kind: 'refused', detail: describeStatus(answer.status) }
}
