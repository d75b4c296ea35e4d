/** A card that plays back recorded exchanges, for the tests of the card profiles. */
import { fromHex, toHex } from '../../../src/voucher/cards/bytes.ts'
import type { CardChannel, ChannelAnswer, RandomBytes } from '../../../src/voucher/cards/card-channel.ts'

export interface Exchange {
  readonly command: string
  readonly response: string
}

export const desfireLikeAtr = fromHex('3B8180018080')

export interface ScriptedCard extends CardChannel {
  /** Everything that was sent, as hex. */
  readonly sent: readonly string[]
}

/** Answers the n-th command with `answerOf(n, command)`; past the end the card is gone. */
export function playbackCard(
  answerOf: (index: number, command: Uint8Array) => ChannelAnswer | undefined,
  atr: Uint8Array = desfireLikeAtr,
): ScriptedCard {
  const sent: string[] = []
  return {
    atr,
    sent,
    async transmit(command) {
      sent.push(toHex(command))
      return answerOf(sent.length - 1, command) ?? { kind: 'notSent', reason: 'no-card' }
    },
  }
}

/**
 * Plays exactly these exchanges: a command that was not recorded at its place is answered 911C, so that the test
 * fails at the comparison of `sent`.
 */
export function scriptedCard(exchanges: readonly Exchange[], atr?: Uint8Array): ScriptedCard {
  return playbackCard((index, command) => {
    const exchange = exchanges[index]
    if (exchange === undefined) return undefined
    return answered(exchange.command === toHex(command) ? exchange.response : '911C')
  }, atr)
}

export function answered(response: string): ChannelAnswer {
  return { kind: 'answered', response: fromHex(response) }
}

/** Gives these values in turn, and fails the test when asked for more or for another length. */
export function scriptedRandom(...values: readonly string[]): RandomBytes {
  const left = values.map(fromHex)
  return (length) => {
    const next = left.shift()
    if (next?.length !== length) throw new Error(`unexpected request for ${length} random bytes`)
    return next
  }
}
