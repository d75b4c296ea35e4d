/**
 * Which card is this, of all that people hold to a reader? Said by what the card says (ATR, GetVersion, UID), with the
 * name by which people know it, and with the profile by which the product can use it. Sources:
 * shared/facts/cards-and-readers.md §1.1, docs/design/24-card-profiles.md "Recognition".
 *
 * A profile that proves less is never a way round one that proves more: a card of our own application never counts by
 * its UID alone, and the ledger keeps of each card by which profile it was registered.
 */
import { storageCardOf, storageNames, type StorageCard } from './atr.ts'
import type { CardChannel } from './card-channel.ts'
import { ntag21xModelOf, type Ntag21xModel } from './ntag21x-layout.ts'
import { recogniseCard, type Ntag424Card, type RecognitionStep, type UnsupportedCard } from './ntag424-recognition.ts'
import { passThrough } from './pass-through.ts'
import type { AppletStep } from './tolem-applet/failure.ts'
import { recogniseApplet, type AppletCard } from './tolem-applet/recognition.ts'
import { readUid } from './uid.ts'

export type AnyRecognitionStep = RecognitionStep | AppletStep | 'get-uid' | 'get-version'

/** An NTAG21x by its GET_VERSION; whether NXP made it, its signature says (`originality.ts`). */
export interface Ntag21xCard {
  readonly kind: 'ntag21x'
  /** 7 bytes. */
  readonly uid: Uint8Array
  readonly model: Ntag21xModel
}

/** Any card with a UID of its own. */
export interface UidCard {
  readonly kind: 'uid'
  /** 4, 7 or 10 bytes. */
  readonly uid: Uint8Array
  /** The reader hands no command on to it, so it may be one that proves more: an NTAG21x. */
  readonly isHidden?: true
}

type Named<Card> = Card & {
  /** How people call it, or `not supported: …`, `not readable: …`: for tester and logs. Never holds the UID. */
  readonly name: string
}

export type AnyRecognition =
  | Named<Ntag424Card>
  | Named<Ntag21xCard>
  | Named<UidCard>
  /** Who it is, it says to a certified terminal alone. */
  | Named<{ readonly kind: 'tolem-applet'; readonly applet: AppletCard }>
  /** Its UID changes at each tap, or, of a card of type B, may do so. */
  | Named<{ readonly kind: 'random-uid' }>
  | Named<{ readonly kind: 'unreadable' }>
  | Named<{ readonly kind: 'unsupported' }>
  | { readonly kind: 'torn'; readonly step: AnyRecognitionStep; readonly reason: string }
  | { readonly kind: 'card-gone'; readonly step: AnyRecognitionStep; readonly reason: string }

/** Changes nothing on any card. */
export async function recogniseAnyCard(channel: CardChannel): Promise<AnyRecognition> {
  const storage = storageCardOf(channel.atr)
  if (storage !== null) return recogniseStorageCard(channel, storage)
  const card = await recogniseCard(channel)
  switch (card.kind) {
    case 'ntag424':
      return { ...card, name: 'NTAG 424 DNA' }
    case 'unsupported':
      return recogniseProcessorCard(channel, card.detail)
    default:
      return card
  }
}

const ultralightName = 0x0003

const iso14443a = 0x03

async function recogniseStorageCard(channel: CardChannel, { standard, name }: StorageCard): Promise<AnyRecognition> {
  if (standard !== iso14443a) return unsupported(`storage card of standard ${hex(standard)}`)
  const known = storageNames[name] ?? `storage card ${hex(name, 4)}`
  if (name !== ultralightName) return byUid(channel, known)
  const version = await passThrough(channel, 'get-version', getVersionOfType2)
  switch (version.kind) {
    case 'torn':
      return gone(version)
    case 'refused':
      return byUid(channel, known)
    case 'not-passed': {
      const hidden = await byUid(channel, known)
      return hidden.kind === 'uid' ? { ...hidden, isHidden: true } : hidden
    }
    case 'malformed':
      return unreadable(version.detail)
    case 'answered':
  }
  if (version.data.length !== versionLength) return unreadable(`${version.data.length} bytes of version`)
  const model = ntag21xModelOf(version.data)
  if (model === null) return byUid(channel, type2NameOf(version.data))
  const read = await readUid(channel)
  if (read.kind === 'torn') return gone(read)
  if (read.kind === 'fault' || read.uid.length !== 7) return unsupported(`${model.name} without a UID of 7 bytes`)
  return { kind: 'ntag21x', uid: read.uid, model, name: model.name }
}

/** GET_VERSION of NFC Forum type 2 tags (NTAG213/215/216 data sheet §10.1). */
export const getVersionOfType2 = Uint8Array.of(0x60)
const versionLength = 8
const nxp = 0x04

/** Of a card that answers GET_VERSION and is no NTAG21x. */
export function type2NameOf(version: Uint8Array): string {
  const [, vendor = 0, type = 0, , major = 0] = version
  if (vendor !== nxp) return `card of NFC Forum type 2 of maker ${hex(vendor)}`
  return type === 0x03 && major === 0x01 ? 'MIFARE Ultralight EV1' : `NXP card of NFC Forum type 2, ${hex(type)}`
}

/** Hardware type and major version of the DESFire command set (proxmark3 `getCardType`; facts §1.1). */
const hardwareNames: Readonly<Record<string, string>> = {
  '01/01': 'MIFARE DESFire EV1',
  '01/12': 'MIFARE DESFire EV2',
  '01/22': 'MIFARE DESFire EV2 XL',
  '01/33': 'MIFARE DESFire EV3',
  '01/A0': 'MIFARE DUOX',
  '02/22': 'MIFARE Plus EV2',
  '04/10': 'NTAG 413 DNA',
  '04/30': 'NTAG 424 DNA',
  '08/30': 'MIFARE DESFire Light',
}

/** Undefined: NXP's command set, and no chip that is known here. */
export function hardwareNameOf({ type, major }: { readonly type: number; readonly major: number }): string | undefined {
  return hardwareNames[`${hex(type)}/${hex(major)}`]
}

async function recogniseProcessorCard(
  channel: CardChannel,
  { reason, hardware, isSelected }: UnsupportedCard['detail'],
): Promise<AnyRecognition> {
  const name = hardware === null ? 'card of ISO/IEC 14443-4' : (hardwareNameOf(hardware) ?? unknownHardware(hardware))
  switch (reason) {
    case 'random-uid':
      return { kind: 'random-uid', name }
    case 'version-malformed':
      return unreadable('its version')
    case 'no-application':
      return unsupported(`${name} without the application`)
    case 'no-version':
    case 'other-hardware':
      // What lets its application be selected is or plays an NTAG 424 DNA, and proves itself or does not pay.
      return isSelected ? unsupported(`${name} with the application`) : byAppletOrUid(channel, name)
    default:
      return reason satisfies never
  }
}

function unknownHardware({ type, major, vendor }: { type: number; major: number; vendor: number }): string {
  return `card of hardware ${hex(type)}/${hex(major)} of maker ${hex(vendor)}`
}

/** A card with our applet counts by that alone, whatever its UID: a random one more often than not. */
async function byAppletOrUid(channel: CardChannel, known: string): Promise<AnyRecognition> {
  const applet = await recogniseApplet(channel)
  if (applet.kind === 'torn') return gone(applet)
  if (applet.kind === 'applet') return { kind: 'tolem-applet', applet, name: 'Tölem applet' }
  switch (applet.reason) {
    case 'no-application':
      return byUid(channel, known)
    case 'answer-malformed':
      return unreadable(`Tölem applet, ${applet.detail}`)
    case 'other-version':
      return unsupported(`Tölem applet of version ${applet.detail}`)
  }
}

async function byUid(channel: CardChannel, name: string): Promise<AnyRecognition> {
  const read = await readUid(channel)
  if (read.kind === 'torn') return gone(read)
  if (read.kind === 'uid') return { kind: 'uid', uid: read.uid, name }
  switch (read.fault) {
    case 'random':
      return { kind: 'random-uid', name }
    case 'type-b':
      return { kind: 'random-uid', name: `${name}, type B` }
    case 'malformed':
    case 'no-uid':
      return unsupported(`${name}: ${read.fault}, ${read.detail}`)
  }
}

/** It may be one of ours: held again, it may say so. */
function unreadable(what: string): AnyRecognition {
  return { kind: 'unreadable', name: `not readable: ${what}` }
}

function unsupported(what: string): AnyRecognition {
  return { kind: 'unsupported', name: `not supported: ${what}` }
}

function gone(torn: {
  readonly step: AnyRecognitionStep
  readonly executed: 'unknown' | 'no'
  readonly reason: string
}): AnyRecognition {
  const { step, executed, reason } = torn
  return { kind: executed === 'no' ? 'card-gone' : 'torn', step, reason }
}

function hex(number: number, digits = 2): string {
  return number.toString(16).toUpperCase().padStart(digits, '0')
}
