/**
 * The part of nfc-pcsc 0.8.1 that we use (it ships no types), and the part of its binding (`pcsclite/index.cjs`) that
 * shows through.
 */
declare module 'nfc-pcsc' {
  import type { EventEmitter } from 'node:events'

  /** A failure of the binding (`code`: pcsc-mini's name for it), or nfc-pcsc's own with that one in `previous`. */
  export interface PcscFailure extends Error {
    readonly code?: string
    readonly previous?: PcscFailure
  }

  export interface Card {
    readonly atr?: Buffer
    readonly standard?: string
    readonly type?: string
    readonly uid?: string
  }

  /** The binding's reader below an nfc-pcsc reader. */
  export interface BindingReader extends EventEmitter<{
    status: [{ state: number; atr?: Buffer }]
    /** The stand-in's: PC/SC has said that a card is there, which is not connected yet. */
    heard: []
    /** The stand-in's: the card is told as gone and come, and nobody saw it leave: a reset by others. */
    unseen: []
    /** The stand-in's: it did leave, as its own look has shown. */
    left: []
  }> {
    readonly SCARD_STATE_EMPTY: number
    /** The stand-in's: to the reader itself, while it has no card. Rejects with a `PcscFailure`. */
    escape(command: Uint8Array, isWanted: () => boolean): Promise<Buffer>
  }

  export interface ReaderEvents {
    card: [Card]
    'card.off': [Card]
    error: [PcscFailure]
    end: []
  }

  export class Reader extends EventEmitter<ReaderEvents> {
    readonly name: string
    readonly reader: BindingReader
    autoProcessing: boolean
    /** Throws at once when no card is connected; rejects when PC/SC reports a failure. */
    transmit(command: Buffer, responseLengthMax: number): Promise<Buffer>
    close(): void
  }

  export class NFC extends EventEmitter<{ reader: [Reader]; error: [PcscFailure] }> {
    /** `service` is the stand-in's: whether PC/SC answers. */
    readonly pcsc: EventEmitter<{ service: [boolean] }> & {
      /** The stand-in's: how often PC/SC's service has died under this process. */
      readonly outages: number
    }
    close(): void
  }

  const library: { readonly NFC: typeof NFC }
  export default library
}
