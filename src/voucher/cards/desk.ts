/** A card on the issuing desk: one authenticated session of an NTAG 424 DNA, and why an act of the desk ends early. */
import type { CardChannel } from './card-channel.ts'
import { concatBytes, littleEndian } from './bytes.ts'
import { unwrapResponse, wrapCommand } from './ev2.ts'
import type { CommunicationMode, Ev2Session } from './ev2.ts'
import { exchange } from './exchange.ts'
import type { Torn } from './exchange.ts'
import type { AuthenticationFailure } from './ntag424-authentication.ts'
import { ndefFileNumber, ndefFileSettings } from './ntag424-layout.ts'
import { describeStatus } from './status.ts'

const getFileSettings = 0xf5

/** The five keys of one card, 16 bytes each: diversified, but for `metaRead`. */
export interface CardKeys {
  readonly applicationMaster: Uint8Array
  readonly metaRead: Uint8Array
  readonly fileRead: Uint8Array
  readonly till: Uint8Array
  readonly reserved: Uint8Array
}

export type PersonalisationStep =
  | 'select-application'
  | 'get-version'
  | 'read-signature'
  | 'authenticate'
  | 'read-settings'
  | 'write-file'
  | 'change-keys'
  | 'change-settings'
  | 'change-master-key'
  | 'verify'

export type PersonalisationRefusalCode =
  | 'CARD_UNKNOWN'
  /** NXP has not made this chip, by the signature that it gives. */
  | 'CARD_NOT_ORIGINAL'
  | Extract<AuthenticationFailure, { kind: 'refused' }>['code']
  /** Keys, rights or key versions are neither the factory's nor ours: somebody else's card. */
  | 'CARD_NOT_BLANK'
  /** A card to be re-keyed whose rights or key versions are of neither generation: not issued by us, or not wholly. */
  | 'CARD_NOT_AS_ISSUED'
  /** The card refused a command; the detail says which status. */
  | 'CARD_COMMAND_REFUSED'
  /** All steps went through and the card still does not show our settings. Do not issue it. */
  | 'CARD_NOT_VERIFIED'

export interface PersonalisationRefusal {
  readonly kind: 'refused'
  readonly step: PersonalisationStep
  readonly code: PersonalisationRefusalCode
  readonly detail: string
}

export type PersonalisationFailure = PersonalisationRefusal | Torn<PersonalisationStep>

export const nothing = new Uint8Array(0)

export type DeskAnswer = { readonly kind: 'data'; readonly data: Uint8Array } | PersonalisationFailure

/** One authenticated session, whose counter rises with each command. */
export class Desk {
  private readonly channel: CardChannel
  private session: Ev2Session

  constructor(channel: CardChannel, session: Ev2Session) {
    this.channel = channel
    this.session = session
  }

  /** GetFileSettings of the NDEF file. */
  readSettings(step: PersonalisationStep): Promise<DeskAnswer> {
    return this.send(step, getFileSettings, Uint8Array.of(ndefFileNumber), nothing, 'mac')
  }

  /** `answerMode` differs from `mode` only where the command ends the session. */
  async send(
    step: PersonalisationStep,
    instruction: number,
    header: Uint8Array,
    data: Uint8Array,
    mode: CommunicationMode,
    answerMode: CommunicationMode = mode,
  ): Promise<DeskAnswer> {
    const command = wrapCommand(this.session, instruction, header, data, mode)
    if (command.kind !== 'wrapped') return refusal(step, 'CARD_COMMAND_REFUSED', command.kind)
    this.session = command.session
    const answer = await exchange(this.channel, step, command.apdu)
    if (answer.kind === 'torn') return answer
    const response = unwrapResponse(command.session, answer.response, answerMode)
    switch (response.kind) {
      case 'data':
        return response
      case 'status':
        return refusal(step, 'CARD_COMMAND_REFUSED', describeStatus(response.status))
      case 'malformed':
        return refusal(step, 'CARD_ANSWER_MALFORMED', response.detail)
    }
  }
}

export function refusal(
  step: PersonalisationStep,
  code: PersonalisationRefusalCode,
  detail: string,
): PersonalisationRefusal {
  return { kind: 'refused', step, code, detail }
}

/** GetFileSettings differs from what ChangeFileSettings takes only by the type in front and the size (256) within. */
export function isPersonalisedSettings(settings: Uint8Array): boolean {
  const wanted = ndefFileSettings()
  const expected = concatBytes(Uint8Array.of(0x00), wanted.subarray(0, 3), littleEndian(256, 3), wanted.subarray(3))
  return settings.length === expected.length && settings.every((byte, index) => byte === expected[index])
}
