/** Is one of our applets on this card? SELECT says so, and nothing that tells cards apart (docs/design/22). */
import type { CardChannel } from '../card-channel.ts'
import { cbdcApplication, voucherApplication } from '../application-names.ts'
import { concatBytes, equalBytes } from '../bytes.ts'
import { exchange } from '../exchange.ts'
import type { Torn } from '../exchange.ts'
import { parseBerTlv, valueOfTag, type TlvObject } from './ber-tlv.ts'
import { cardKind, type CardKind } from './certificates.ts'
import type { AppletStep } from './failure.ts'
import { keyIdLength } from './p256.ts'
import { describeAppletStatus, statusOk } from './status.ts'

const versionOfProfile = 0x01
const challengeLength = 16
const noKey = new Uint8Array(keyIdLength)

const fciTemplate = 0x6f
const applicationName = 0x84
const proprietary = 0xa5
const tagOf = { version: 0xc0, kind: 0xc1, keyIds: 0xc2, challenge: 0xc3 } as const

export interface AppletCard {
  readonly kind: 'applet'
  readonly cardKind: CardKind
  /** What the card answered to SELECT, without its status: part of what both sides sign. */
  readonly selectAnswer: Uint8Array
  /** Ids of the terminal authority keys that it takes certificates of; empty before personalisation. */
  readonly authorityKeyIds: readonly Uint8Array[]
}

export type AppletRecognition =
  | AppletCard
  | {
      readonly kind: 'unsupported'
      readonly reason: 'no-application' | 'answer-malformed' | 'other-version'
      readonly detail: string
    }
  | Torn<AppletStep>

/** Selects the voucher application, or else the CBDC one. Changes nothing; a challenge is fresh with each call. */
export async function recogniseApplet(channel: CardChannel): Promise<AppletRecognition> {
  let status = ''
  for (const [application, kind] of [
    [voucherApplication, cardKind.voucher],
    [cbdcApplication, cardKind.cbdc],
  ] as const) {
    const answer = await exchange<AppletStep>(channel, 'select', selectCommand(application))
    if (answer.kind === 'torn') return answer
    if (answer.status.code === statusOk) return readSelectAnswer(answer.data, application, kind)
    status = describeAppletStatus(answer.status.code)
  }
  return { kind: 'unsupported', reason: 'no-application', detail: status }
}

function selectCommand(application: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0x00, 0xa4, 0x04, 0x00, application.length), application, Uint8Array.of(0x00))
}

/** @param application the name that was selected: the card has to repeat it */
export function readSelectAnswer(data: Uint8Array, application: Uint8Array, kind: CardKind): AppletRecognition {
  const malformed = (detail: string): AppletRecognition => ({ kind: 'unsupported', reason: 'answer-malformed', detail })
  const template = objectsIn(data)
  if (typeof template === 'string') return malformed(template)
  const information = objectsIn(valueOfTag(template, fciTemplate))
  if (typeof information === 'string') return malformed(information)
  const own = objectsIn(valueOfTag(information, proprietary))
  if (typeof own === 'string') return malformed(own)
  const [version, saidKind, keyIds, challenge] = [tagOf.version, tagOf.kind, tagOf.keyIds, tagOf.challenge].map((tag) =>
    valueOfTag(own, tag),
  )
  if (version?.length !== 1) return malformed('version')
  if (version[0] !== versionOfProfile) return { kind: 'unsupported', reason: 'other-version', detail: `${version[0]}` }
  if (!equalBytes(valueOfTag(information, applicationName) ?? noKey, application)) return malformed('application-name')
  if (saidKind?.length !== 1 || saidKind[0] !== kind) return malformed('kind')
  if (keyIds?.length !== 2 * keyIdLength) return malformed('key-ids')
  if (challenge?.length !== challengeLength) return malformed('challenge')
  return {
    kind: 'applet',
    cardKind: kind,
    selectAnswer: data,
    authorityKeyIds: [keyIds.slice(0, keyIdLength), keyIds.slice(keyIdLength)].filter((id) => !equalBytes(id, noKey)),
  }
}

function objectsIn(bytes: Uint8Array | undefined): readonly TlvObject[] | string {
  if (bytes === undefined) return 'object-missing'
  const parsed = parseBerTlv(bytes)
  return parsed.kind === 'objects' ? parsed.objects : parsed.detail
}
