/** How a step with an applet card can end badly: as values, whatever the card says. */
import type { Torn } from '../exchange.ts'

export type AppletStep =
  | 'select'
  | 'present-certificate'
  | 'open-channel'
  | 'identify'
  | 'read-slots'
  | 'verify-pin'
  | 'change-pin'
  | 'spend'
  | 'recover'
  | 'read-record'
  | 'update'
  | 'personalise'
  | 'activate'

export type AppletRefusalCode =
  /** None of our applications on it, or a version that is not ours. */
  | 'CARD_UNKNOWN'
  /** An answer that no card of this profile gives. */
  | 'CARD_ANSWER_MALFORMED'
  /** The card does not take this terminal: certificate ended or unknown. It has said nothing of its own. */
  | 'TERMINAL_NOT_ACCEPTED'
  /** Chain or signature is wrong: no card of ours, whatever it says. */
  | 'CARD_NOT_AUTHENTIC'
  | 'CARD_CERTIFICATE_ENDED'
  /** Not the card of the tender that is recovered. */
  | 'CARD_OTHER'
  | 'CARD_BLOCKED'
  | 'CARD_PIN_NEEDED'
  | 'CARD_PIN_WRONG'
  | 'CARD_PIN_BLOCKED'
  | 'CARD_PIN_NOT_SET'
  | 'CARD_TIME_REFUSED'
  | 'CARD_SLOT_UNKNOWN'
  | 'CARD_SLOT_NOT_VALID'
  | 'CARD_ONLINE_ONLY'
  | 'CARD_CAP_EXCEEDED'
  | 'CARD_ALLOWANCE_USED'
  /** This tender was debited before: ask RECOVER. */
  | 'CARD_ALREADY_DEBITED'
  /** The card refused the issuer's script; the detail says why. */
  | 'CARD_SCRIPT_REFUSED'
  /** Personalised already, and not with what was asked for now. */
  | 'CARD_NOT_BLANK'
  /** The issuer gave no certificate for the card's key. */
  | 'CARD_NOT_CERTIFIED'
  /** The detail says which status. */
  | 'CARD_COMMAND_REFUSED'

/**
 * Nothing was debited or changed by the step, but tries of a PIN. Only what is authentic refuses a SPEND: inside the
 * channel, or by the card being none of ours.
 */
export interface AppletRefusal {
  readonly kind: 'refused'
  readonly step: AppletStep
  readonly code: AppletRefusalCode
  /** For the log and the detail line: never a key, an id of a card or a PIN. */
  readonly detail: string
  /** With CARD_PIN_WRONG: how many are left. */
  readonly pinTriesLeft?: number
}

export type AppletFailure = Torn<AppletStep> | AppletRefusal

export function refusal(step: AppletStep, code: AppletRefusalCode, detail: string): AppletRefusal {
  return { kind: 'refused', step, code, detail }
}
