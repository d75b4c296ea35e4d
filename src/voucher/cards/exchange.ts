/** One command of a profile: what the channel said, read as a step of a presence that may tear. */
import type { CardChannel } from './card-channel.ts'
import { splitAnswer } from './status.ts'
import type { CardStatus } from './status.ts'

/**
 * The presence ended at this step. `executed: 'unknown'`: the card may have carried the command out;
 * `'no'`: it certainly did not. What follows for the tender: docs/design/02, "Tear cases".
 */
export interface Torn<Step extends string> {
  readonly kind: 'torn'
  readonly step: Step
  readonly executed: 'unknown' | 'no'
  readonly reason: string
}

export interface CardAnswer {
  readonly kind: 'answered'
  readonly response: Uint8Array
  /** `response` without SW1 SW2. */
  readonly data: Uint8Array
  readonly status: CardStatus
}

/**
 * Sends one command. An answer of under two bytes is no answer: PC/SC reports a card pulled away in mid-command as a
 * success with nothing in it.
 */
export async function exchange<Step extends string>(
  channel: CardChannel,
  step: Step,
  command: Uint8Array,
): Promise<CardAnswer | Torn<Step>> {
  const answer = await channel.transmit(command)
  switch (answer.kind) {
    case 'notSent':
      return { kind: 'torn', step, executed: 'no', reason: answer.reason }
    case 'unknown':
      return { kind: 'torn', step, executed: 'unknown', reason: answer.reason }
    case 'answered': {
      const split = splitAnswer(answer.response)
      if (split === null) return { kind: 'torn', step, executed: 'unknown', reason: 'short-response' }
      return { kind: 'answered', response: answer.response, ...split }
    }
  }
}
