/** One line of a card's own log, the truth for whoever checks a till from outside. Bytes are upper-case hex. */
export type CardLogEntry =
  | { readonly kind: 'field'; readonly isOn: boolean }
  | { readonly kind: 'command'; readonly command: string; readonly answer: string }
  | {
      readonly kind: 'sun'
      /** SDMReadCtr in this message. */
      readonly counter: number
      /** The hex digits with which the MAC input begins: with the Tölem layout, the 64 of the binding. */
      readonly bindingHex: string
      readonly mac: string
      /** All characters the MAC was made over. */
      readonly macInput: string
    }

/** Where a card's EEPROM and log live. Both calls return when the change is kept. */
export interface CardMemory<State> {
  save(state: State): void
  append(entry: CardLogEntry): void
}
