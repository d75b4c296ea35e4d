/**
 * Lamps and buzzer of an ACR122U (ACS, ACR122U API V2.04, §6.2 "Bi-color LED and Buzzer Control", §6.7 "Set Buzzer
 * Output Enable for Card Detection"). As its maker sends it out it beeps when it sees a card; people take that for the
 * end and lift the card, and the payment is torn. So it is silent there, and beeps with the result
 * (docs/design/08-reader.md, "Lamps and buzzer"). Other readers are told nothing.
 */
import type { CardPresence, CardReaderPort, Disposable } from '../../drivers/ports.ts'
import type { Snapshot } from '../contract/snapshot.ts'
import { answerMaxMs, beepOnDetection, isAcr122u, isDone } from './acr122u.ts'
import type { ReaderSetUp } from './reader-set-up.ts'

/** When it beeps: with the result, when it sees a card, or never. The lamps show the result all the same. */
export const readerBeeps = ['result', 'detection', 'never'] as const
export type ReaderBeeps = (typeof readerBeeps)[number]

/**
 * The reader answers when the lamps have done: the next command waits that long.
 *
 * @param state P2: bits 4 and 6 red blinks from on, bits 5 and 7 the green one
 * @param onTenths, offTenths T1 and T2, in tenths of a second
 */
function blink(state: number, onTenths: number, offTenths: number, times: number, beeps: boolean): Uint8Array {
  return Uint8Array.of(0xff, 0x00, 0x40, state, 0x04, onTenths, offTenths, times, beeps ? 0x01 : 0x00)
}

const results = {
  approved: { state: 0b1010_0000, onTenths: 2, offTenths: 1, times: 1 },
  refused: { state: 0b0101_0000, onTenths: 1, offTenths: 1, times: 2 },
} as const
type Result = keyof typeof results

export class ReaderSignals implements Disposable {
  readonly #reader: CardReaderPort
  readonly #beeps: ReaderBeeps
  readonly #setUp: Pick<ReaderSetUp, 'wasTold'>
  readonly #subscriptions: readonly Disposable[]
  readonly #lying = new Set<string>()
  /** Readers that were told when to beep since they were plugged in. */
  readonly #told = new Set<string>()
  #shown: string = ''

  /**
   * Subscribes before the till does: what it says to a reader that was just plugged in goes first.
   *
   * @param setUp knows which readers have heard without a card when to beep; the others hear it with their first one
   */
  constructor(reader: CardReaderPort, beeps: ReaderBeeps, setUp: Pick<ReaderSetUp, 'wasTold'>) {
    this.#reader = reader
    this.#setUp = setUp
    this.#beeps = beeps
    this.#subscriptions = [
      reader.onDidInsert((presence) => this.#inserted(presence)),
      reader.onDidRemove(({ presenceId }) => this.#lying.delete(presenceId)),
      reader.onDidChangeStatus(({ readers }) => {
        for (const name of this.#told) if (!readers.includes(name)) this.#told.delete(name)
      }),
    ]
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose()
  }

  /** Shows what the screen shows of a payment, once, where a card still lies. Waits for nothing. */
  follow({ tap }: Pick<Snapshot, 'tap'>): void {
    if (tap.state === this.#shown) return
    this.#shown = tap.state
    if (tap.state !== 'approved' && tap.state !== 'refused') return
    this.#show(tap.state)
  }

  #show(result: Result): void {
    const { state, onTenths, offTenths, times } = results[result]
    const command = blink(state, onTenths, offTenths, times, this.#beeps === 'result')
    for (const presenceId of this.#lying) this.#say(presenceId, command)
  }

  #inserted({ presenceId, readerName }: CardPresence): void {
    if (!isAcr122u(readerName)) return
    this.#lying.add(presenceId)
    if (!this.#told.has(readerName) && !this.#setUp.wasTold(readerName))
      void this.#tellWhenToBeep(presenceId, readerName)
  }

  /** Again with the next card, should this one have left too early. */
  async #tellWhenToBeep(presenceId: string, readerName: string): Promise<void> {
    this.#told.add(readerName)
    const result = await this.#reader.transmit(presenceId, beepOnDetection(this.#beeps === 'detection'), answerMaxMs)
    if (result.kind !== 'answered' || !isDone(result.response)) this.#told.delete(readerName)
  }

  /** A lamp that fails is nobody's trouble: what the reader has to tell, the next card's commands tell. */
  #say(presenceId: string, command: Uint8Array): void {
    void this.#reader.transmit(presenceId, command, answerMaxMs)
  }
}
