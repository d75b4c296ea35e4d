import type { PcscFailure } from 'nfc-pcsc'
import type { EscapeFailure, TransmitResult } from '../ports.ts'

/** Programs that are usually found to hold a card, for the person who has to close them. */
const usualCulprits = 'often scdaemon (GnuPG), NCALayer or another e-signature program, or a browser with OpenSC'

/** pcsc-mini's name of the PC/SC failure, also when nfc-pcsc has wrapped it. */
export function failureCode(error: PcscFailure): string {
  let innermost = error
  while (innermost.previous) innermost = innermost.previous
  return innermost.code ?? innermost.name
}

/** One line for a person: the name of the failure and, where it is known, what usually causes it. */
export function describeFailure(error: PcscFailure): string {
  const code = failureCode(error)
  switch (code) {
    case 'SharingViolation':
      return `another program holds the card: ${usualCulprits}`
    case 'UnresponsiveCard':
      return 'the card does not answer; lay it flat on the reader'
    case 'UnsupportedCard':
      return 'the reader cannot talk to this kind of card'
    case 'NoService':
      return 'NoService: the service is not running'
    case 'CommError':
      return 'CommError: the service stopped'
    default:
      return code
  }
}

/**
 * What a failed transmit says about the command. Only failures before anything was sent are `notSent`; everything
 * else, a failure never seen before included, leaves the card's state unknown (facts/cards-and-readers.md §0.1).
 */
export function resultOfFailure(error: PcscFailure): TransmitResult {
  const code = failureCode(error)
  const detail = describeFailure(error)
  switch (code) {
    case 'card_not_connected': // nfc-pcsc has no connection
    case 'CardWasReleased': // the binding's stand-in: the card left while the command was queued
      return { kind: 'notSent', reason: 'no-card', detail }
    case 'ShortResponse':
      return { kind: 'unknown', reason: 'short-response', detail: error.previous?.message ?? error.message }
    case 'ResetCard':
      return { kind: 'unknown', reason: 'reset-by-other', detail: 'another program reset the card' }
    case 'NotTransacted':
    case 'RemovedCard':
    case 'NoSmartCard':
      return { kind: 'unknown', reason: 'card-left', detail }
    default:
      return { kind: 'unknown', reason: 'reader-error', detail }
  }
}

/**
 * What a failed escape command says. Where CCID drivers take none, libccid says NotTransacted (CCID, src/ifdhandler.c,
 * `IFDHControl`: "ifd exchange (Escape command) not allowed") and others UnsupportedFeature (vpcd), or
 * InvalidParameter and its like (Windows).
 */
export function escapeFailureOf(error: PcscFailure): EscapeFailure {
  switch (failureCode(error)) {
    case 'CardIsThere':
      return 'card-there'
    case 'NotWanted':
      return 'busy'
    case 'SharingViolation':
      return 'held'
    case 'UnknownReader':
    case 'ReaderUnavailable':
    case 'NoService':
    case 'CommError':
      return 'no-reader'
    case 'NotTransacted':
    case 'UnsupportedFeature':
    case 'InvalidParameter':
    case 'InvalidValue':
      return 'refused'
    default:
      return 'reader-error'
  }
}
