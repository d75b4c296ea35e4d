/** Which card is this? An ATR cannot tell an NTAG 424 DNA from a DESFire; GetVersion can (docs/design/02, step 2). */
import type { CardChannel } from './card-channel.ts'
import { uidLength } from './card-keys.ts'
import { exchange } from './exchange.ts'
import type { CardAnswer, Torn } from './exchange.ts'
import { selectApplicationCommand } from './ntag424-layout.ts'
import { describeStatus, nativeCommand, statusIsoOk, statusMoreFrames, statusOk } from './status.ts'

export type RecognitionStep = 'select-application' | 'get-version'

/** NT4H2421Gx §10.5.2: hardware type 04 (NTAG), major version 30 (424 DNA). */
const hardwareTypeNtag = 0x04
const hardwareMajor424 = 0x30
const hardwareInformationLength = 7

const getVersion = 0x60
const additionalFrame = 0xaf

export interface Ntag424Card {
  readonly kind: 'ntag424'
  /** 7 bytes, said in clear: only an authentication under this card's own key makes it more than a claim. */
  readonly uid: Uint8Array
}

/** Everything found out about a card that is not ours to use; the cashier is told CARD_UNKNOWN. */
export interface UnsupportedCard {
  readonly kind: 'unsupported'
  readonly detail: {
    readonly reason: 'other-hardware' | 'no-application' | 'no-version' | 'version-malformed' | 'random-uid'
    readonly atr: Uint8Array
    /** ISOSelectFile's status in words, and whether it says that the application is there. */
    readonly selectStatus: string
    readonly isSelected: boolean
    /** Null where the card answers no GetVersion. */
    readonly hardware: {
      readonly vendor: number
      readonly type: number
      readonly major: number
      readonly minor: number
    } | null
  }
}

export type Recognition =
  | Ntag424Card
  | UnsupportedCard
  /** The card left during a command. */
  | { readonly kind: 'torn'; readonly step: RecognitionStep; readonly reason: string }
  /** The card left between two commands. */
  | { readonly kind: 'card-gone'; readonly step: RecognitionStep; readonly reason: string }

/**
 * Selects the application and reads the version in its three frames. Changes nothing on any card. Leaves an NTAG 424
 * with its application selected and not authenticated.
 */
export async function recogniseCard(channel: CardChannel): Promise<Recognition> {
  const selected = await exchange(channel, 'select-application', selectApplicationCommand())
  if (selected.kind === 'torn') return gone(selected)
  const unsupported = (reason: UnsupportedCard['detail']['reason'], hardware: UnsupportedCard['detail']['hardware']) =>
    ({
      kind: 'unsupported',
      detail: {
        reason,
        atr: channel.atr,
        selectStatus: describeStatus(selected.status),
        isSelected: selected.status.code === statusIsoOk,
        hardware,
      },
    }) as const

  const frames: Uint8Array[] = []
  for (const instruction of [getVersion, additionalFrame, additionalFrame]) {
    const frame: CardAnswer | Torn<RecognitionStep> = await exchange(
      channel,
      'get-version',
      nativeCommand(instruction, new Uint8Array(0)),
    )
    if (frame.kind === 'torn') return gone(frame)
    const isLast = frames.length === 2
    if (frame.status.code !== (isLast ? statusOk : statusMoreFrames)) {
      return unsupported(frames.length === 0 ? 'no-version' : 'version-malformed', hardwareOf(frames[0]))
    }
    frames.push(frame.data)
  }

  const hardware = hardwareOf(frames[0])
  if (hardware === null) return unsupported('version-malformed', null)
  if (hardware.type !== hardwareTypeNtag || hardware.major !== hardwareMajor424)
    return unsupported('other-hardware', hardware)
  if (selected.status.code !== statusIsoOk) return unsupported('no-application', hardware)
  const uid = (frames[2] ?? new Uint8Array(0)).slice(0, uidLength)
  if (uid.length !== uidLength) return unsupported('version-malformed', hardware)
  if (uid.every((byte) => byte === 0)) return unsupported('random-uid', hardware)
  return { kind: 'ntag424', uid }
}

function hardwareOf(frame: Uint8Array | undefined): UnsupportedCard['detail']['hardware'] {
  if (frame?.length !== hardwareInformationLength) return null
  const [vendor = 0, type = 0, , major = 0, minor = 0] = frame
  return { vendor, type, major, minor }
}

function gone({ step, executed, reason }: Torn<RecognitionStep>): Recognition {
  return { kind: executed === 'no' ? 'card-gone' : 'torn', step, reason }
}
