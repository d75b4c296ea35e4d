/**
 * A customer whose card asks for its PIN: types it, types a wrong one, has forgotten it, lifts the card meanwhile, or
 * takes their time (docs/design/26, "The PIN").
 */
import type { Command } from '../../src/terminal/contract/commands.ts'
import type { Snapshot } from '../../src/terminal/contract/index.ts'
import type { SeededRandom } from './random.ts'

type AskingTap = Extract<Snapshot['tap'], { state: 'pin' }>

/** What happens next, and how long it takes until the next look. */
export type AtPad =
  | { readonly kind: 'command'; readonly command: Command; readonly thenMs: number }
  /** The card is lifted after so many milliseconds: in the middle of whatever it does then. */
  | { readonly kind: 'command_and_lift'; readonly command: Command; readonly afterMs: number }
  | { readonly kind: 'lift' | 'lay' }
  | { readonly kind: 'wait'; readonly forMs: number }

/** @param pin of the card that lies there; undefined where whoever holds it does not know it */
export function atPad({ cardLies }: AskingTap, pin: string | undefined, random: SeededRandom): AtPad {
  const choice = random.fraction()
  if (!cardLies)
    return choice < 0.8 ? { kind: 'lay' } : { kind: 'command', command: { command: 'cancel_payment' }, thenMs: 500 }
  if (pin === undefined || choice < 0.07)
    return { kind: 'command', command: { command: 'cancel_payment' }, thenMs: 500 }
  if (choice < 0.13) return { kind: 'lift' }
  if (choice < 0.2) return { kind: 'wait', forMs: random.between(1_000, 40_000) }
  const isWrong = choice < 0.34
  const wrong = String((Number(pin) % 9_000_000) + 1_000)
  const command = { command: 'give_pin', pin: isWrong ? wrong : pin } as const
  if (random.chance(0.15)) return { kind: 'command_and_lift', command, afterMs: random.between(5, 150) }
  return { kind: 'command', command, thenMs: random.between(800, 3_000) }
}
