/**
 * A command of ISO/IEC 14443-3 through a transparent session: PC/SC part 3, supplement 2.02.00 (April 2010), as ACS
 * documents it for ACR1252U and its module (ACM1252U-Y3 reference manual V1.03, §5.2.3). Each command has a session of
 * its own: a reader does not poll in one, so it would not see the card leave.
 *
 * To be confirmed on real readers; nothing of this was ever tried on one.
 */
import { concatBytes, fromHex, toHex } from './bytes.ts'
import type { CardChannel } from './card-channel.ts'
import { exchange, type Torn } from './exchange.ts'
import type { PassedThrough } from './pass-through.ts'
import { statusIsoOk } from './status.ts'
import { parseBerTlv, valueOfTag, type TlvObject } from './tolem-applet/ber-tlv.ts'

const startSession = fromHex('FFC20000028100')
/** ISO/IEC 14443 type A, layer 3: the card is activated anew, and no block of layer 4 is put around its commands. */
const switchToLayer3 = fromHex('FFC20002048F020003')
const endSession = fromHex('FFC20000028200')
/**
 * 65.8 ms; without it some readers wait 0.3 ms, and some refuse. Which byte of the microseconds is the first, is not
 * the same in all that is written about it: these four say the same either way.
 */
const waitingTime = fromHex('5F460400010100')

/** Which data object was wrong, and SW1 SW2 of that. */
const errorStatus = 0xc0
/** How many bits of the last byte are valid: 00, all of them. */
const lastBits = 0x92
/** CRC, collision, parity, framing: 00 00, none was wrong. */
const receptionStatus = 0x96
const cardAnswer = 0x97
/** In answer to an exchange: the card said nothing (6401), or the operation failed (6300). */
const nothingAnswered: ReadonlySet<string> = new Set(['6401', '6300'])

/** @param command at most 200 bytes, without CRC */
export async function throughSession<Step extends string>(
  channel: CardChannel,
  step: Step,
  command: Uint8Array,
): Promise<PassedThrough<Step>> {
  const begun = await ask(channel, step, startSession)
  const said = begun.kind === 'objects' ? await inSession(channel, step, command) : notBegun(begun)
  // Whatever was said: only now does the reader look for cards again. It may have begun, and its word of that be lost.
  await ask(channel, step, endSession)
  return said
}

/** A reader that knows no sessions refuses the first word of one, or the way in which we would speak in it. */
function notBegun<Step extends string>(begun: Exclude<Said<Step>, { kind: 'objects' }>): PassedThrough<Step> {
  return begun.kind === 'refused' ? { kind: 'not-passed' } : begun
}

async function inSession<Step extends string>(
  channel: CardChannel,
  step: Step,
  command: Uint8Array,
): Promise<PassedThrough<Step>> {
  const switched = await ask(channel, step, switchToLayer3)
  if (switched.kind !== 'objects') return notBegun(switched)
  const sent = concatBytes(waitingTime, Uint8Array.of(0x95, command.length), command)
  const answer = await ask(channel, step, concatBytes(fromHex('FFC20001'), Uint8Array.of(sent.length), sent))
  if (answer.kind === 'refused')
    return nothingAnswered.has(answer.status)
      ? { kind: 'refused' }
      : { kind: 'malformed', detail: `the reader says ${answer.status}` }
  if (answer.kind !== 'objects') return answer
  const { objects } = answer
  const data = valueOfTag(objects, cardAnswer)
  // Four bits without a CRC are how such a card says no.
  if (data === undefined || !isZero(objects, lastBits) || !isZero(objects, receptionStatus)) return { kind: 'refused' }
  return { kind: 'answered', data }
}

function isZero(objects: readonly TlvObject[], tag: number): boolean {
  return valueOfTag(objects, tag)?.every((byte) => byte === 0) ?? true
}

type Said<Step extends string> =
  | { readonly kind: 'objects'; readonly objects: readonly TlvObject[] }
  /** Not done: the reader does not know it, or nothing answered. `status`: SW1 SW2, hex. */
  | { readonly kind: 'refused'; readonly status: string }
  | { readonly kind: 'malformed'; readonly detail: string }
  | Torn<Step>

async function ask<Step extends string>(channel: CardChannel, step: Step, command: Uint8Array): Promise<Said<Step>> {
  const answer = await exchange(channel, step, command)
  if (answer.kind === 'torn') return answer
  if (answer.status.code !== statusIsoOk)
    return { kind: 'refused', status: answer.status.code.toString(16).toUpperCase().padStart(4, '0') }
  const parsed = parseBerTlv(answer.data)
  if (parsed.kind === 'malformed') return { kind: 'malformed', detail: `data objects: ${parsed.detail}` }
  const error = valueOfTag(parsed.objects, errorStatus)
  return error === undefined || toHex(error) === '009000'
    ? parsed
    : { kind: 'refused', status: toHex(error.subarray(1)) }
}
