/** Where a virtual card keeps what outlives the field, and what it writes into its own log. */

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
  | AppletLogEntry

/** What a tolem-applet did for good (docs/design/22): written after the change is kept, before the answer leaves. */
export type AppletLogEntry =
  | {
      readonly kind: 'debit'
      readonly atc: number
      /** 16 bytes. */
      readonly tenderId: string
      /** Decimal, tiyn. */
      readonly amount: string
      /** 348 bytes: the signed record itself; what stands beside it is for people who read the log. */
      readonly record: string
    }
  | {
      readonly kind: 'script'
      readonly counter: number
      /** 244 bytes. */
      readonly receipt: string
    }

/** Both calls return when the change is kept. A `save` that throws has kept nothing, or everything. */
export interface CardMemory<State> {
  save(state: State): void
  append(entry: CardLogEntry): void
}
