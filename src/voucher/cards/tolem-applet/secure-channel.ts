/**
 * An open channel with an applet card: protected commands one after the other, long answers fetched whole
 * (docs/design/22, "The secure channel" and GET DATA). Whatever is not authentic is an unknown outcome, and ends it.
 */
import type { CardChannel } from '../card-channel.ts'
import { concatBytes } from '../bytes.ts'
import { exchange } from '../exchange.ts'
import type { Torn } from '../exchange.ts'
import { lastCounter, unwrapped, wrapped, type ChannelKeys } from './channel-crypto.ts'
import { refusal, type AppletRefusal, type AppletRefusalCode, type AppletStep } from './failure.ts'
import { describeAppletStatus, pinTriesIn, statusOk } from './status.ts'

const getData = 0xca
const chunkLength = 235
/** No answer of the profile is longer. */
const answerMost = 785

export interface ProtectedCommand {
  readonly step: AppletStep
  readonly instruction: number
  readonly p1?: number
  readonly p2?: number
  readonly plaintext?: Uint8Array
}

/** What the card said inside the channel: authentic, whatever it is. */
export interface ProtectedAnswer {
  readonly kind: 'answered'
  readonly status: number
  /** Whole; empty with any status but 9000. */
  readonly data: Uint8Array
}

export class SecureChannel {
  private readonly channel: CardChannel
  private readonly keys: ChannelKeys
  private counter = 0
  private hasEnded = false

  constructor(channel: CardChannel, keys: ChannelKeys) {
    this.channel = channel
    this.keys = keys
  }

  /** One command and the whole of its answer. After a tear every further one is torn too: start again with SELECT. */
  async ask(command: ProtectedCommand): Promise<ProtectedAnswer | Torn<AppletStep>> {
    const { step } = command
    const first = await this.send(command)
    if (first.kind === 'torn') return first
    if (first.status !== statusOk || first.data.length === 0) {
      return first.data.length === 0 ? first : this.broken(step, 'data-with-refusal')
    }
    const total = lengthIn(first.data)
    if (total === null) return this.broken(step, 'answer-length')
    const chunks = [first.data.subarray(2)]
    for (let offset = chunkLength; offset < total; offset += chunkLength) {
      const next = await this.send({ step, instruction: getData, p1: offset >> 8, p2: offset & 0xff })
      // The command itself has reached the card, whatever became of this one.
      if (next.kind === 'torn') return { ...next, executed: 'unknown' }
      if (next.status !== statusOk || lengthIn(next.data) !== total) return this.broken(step, 'chunk')
      chunks.push(next.data.subarray(2))
    }
    if (chunks.some((chunk, index) => chunk.length !== Math.min(chunkLength, total - index * chunkLength))) {
      return this.broken(step, 'chunk-length')
    }
    return { kind: 'answered', status: statusOk, data: concatBytes(...chunks) }
  }

  private async send(command: ProtectedCommand): Promise<ProtectedAnswer | Torn<AppletStep>> {
    const { step, instruction, p1 = 0, p2 = 0, plaintext = new Uint8Array(0) } = command
    if (this.hasEnded || this.counter === lastCounter) {
      return { kind: 'torn', step, executed: 'no', reason: 'channel-ended' }
    }
    this.counter += 1
    const apdu = wrapped(this.keys, this.counter, [instruction, p1, p2], plaintext)
    const answer = await exchange(this.channel, step, apdu)
    if (answer.kind === 'torn') {
      this.hasEnded = true
      return answer
    }
    if (answer.status.code !== statusOk) return this.broken(step, describeAppletStatus(answer.status.code))
    const opened = unwrapped(this.keys, this.counter, answer.data)
    return opened === null ? this.broken(step, 'answer-not-authentic') : { kind: 'answered', ...opened }
  }

  private broken(step: AppletStep, reason: string): Torn<AppletStep> {
    this.hasEnded = true
    return { kind: 'torn', step, executed: 'unknown', reason }
  }
}

/** The total length in front of a chunk; null where there is none that can be. */
function lengthIn(data: Uint8Array): number | null {
  const [high, low] = data
  if (high === undefined || low === undefined) return null
  const total = high * 256 + low
  return total === 0 || total > answerMost ? null : total
}

const codes: Readonly<Record<number, AppletRefusalCode>> = {
  0x6983: 'CARD_PIN_BLOCKED',
  0x6984: 'CARD_PIN_NOT_SET',
  0x6a84: 'CARD_SCRIPT_REFUSED',
  0x6a88: 'CARD_SLOT_UNKNOWN',
  0x6a89: 'CARD_ALREADY_DEBITED',
  0x9a01: 'CARD_BLOCKED',
  0x9a03: 'CARD_TIME_REFUSED',
  0x9a04: 'CARD_SLOT_NOT_VALID',
  0x9a05: 'CARD_SLOT_NOT_VALID',
  0x9a06: 'CARD_ONLINE_ONLY',
  0x9a07: 'CARD_CAP_EXCEEDED',
  0x9a08: 'CARD_ALLOWANCE_USED',
  0x9a09: 'CARD_ALLOWANCE_USED',
  0x9a0a: 'CARD_PIN_NEEDED',
  0x9a10: 'CARD_SCRIPT_REFUSED',
  0x9a11: 'CARD_SCRIPT_REFUSED',
  0x9a12: 'CARD_SCRIPT_REFUSED',
  0x9a13: 'CARD_SCRIPT_REFUSED',
}

/** An inner status other than 9000, as a refusal. */
export function refusalOf(step: AppletStep, status: number): AppletRefusal {
  const pinTriesLeft = pinTriesIn(status)
  const detail = describeAppletStatus(status)
  if (pinTriesLeft !== null) return { ...refusal(step, 'CARD_PIN_WRONG', detail), pinTriesLeft }
  return refusal(step, codes[status] ?? 'CARD_COMMAND_REFUSED', detail)
}
