/**
 * Everything that a card says of itself without being authenticated, for the field tester (docs/design/28): what its
 * ATR and ATS mean, which chip it is, which applications answer, and by which of our profiles a till would take it.
 * That verdict is the till's own (`recognition.ts`), on the same card in the same presence.
 *
 * Changes nothing on any card and authenticates at none: no counter of failed attempts moves.
 */
import { concatBytes, fromHex, toHex } from '../bytes.ts'
import { readAtr, storageNames, type AtrReading } from '../atr.ts'
import { readAts } from '../ats.ts'
import type { CardChannel } from '../card-channel.ts'
import { exchange, type CardAnswer } from '../exchange.ts'
import { checkOriginality } from '../ntag21x.ts'
import { askNtag424Originality } from '../ntag424-originality.ts'
import { readNativeVersion, readType2Version, type NxpVersion } from '../nxp-version.ts'
import { passThrough } from '../pass-through.ts'
import {
  getVersionOfType2,
  hardwareNameOf,
  recogniseAnyCard,
  type2NameOf,
  type AnyRecognition,
} from '../recognition.ts'
import { nativeCommand, statusIsoOk, statusMoreFrames, statusOk } from '../status.ts'
import { cardKind } from '../tolem-applet/certificates.ts'
import { readUid } from '../uid.ts'
import { tlvTree, valuesOfTag } from './tlv-tree.ts'
import { knownApplications, type BenchProfile, type KnownApplication, type ProfileObstacle } from './vocabulary.ts'

export interface FoundApplication {
  readonly application: KnownApplication
  readonly isFound: boolean
  /** SW1 SW2 of SELECT. */
  readonly status: number
  /** Of a list of payment applications: the names (AID, hex) that it holds. */
  readonly lists: readonly string[]
}

export interface CardIdentity {
  /** As it is printed on its data sheet, in no language; null for what is not known. */
  readonly name: string | null
  /** It left before it was asked everything: what is not known here was not asked. */
  readonly isPartial: boolean
  readonly atr: AtrReading
  /**
   * What the reader heard when the card came; random ones are made up by the card for each presence, and that of a card
   * of type B may be.
   */
  readonly uid: {
    readonly kind: 'own' | 'random' | 'type_b' | 'malformed' | 'none'
    readonly bytes: Uint8Array
  } | null
  /** Null: the reader gives none, or the card has none. */
  readonly ats: ReturnType<typeof readAts> | null
  readonly version: NxpVersion | null
  /** Empty of a storage card, which has none. */
  readonly applications: readonly FoundApplication[]
  /** Of our applet: a blank one takes no certificate yet. */
  readonly applet: { readonly kind: 'voucher' | 'cbdc'; readonly isBlank: boolean } | null
  /** NXP's signature, of NTAG21x and NTAG 424 DNA; null where it was not asked. */
  readonly originality: 'original' | 'not_original' | 'not_read' | null
  /** Each profile: null takes it. */
  readonly profiles: Readonly<Record<BenchProfile, ProfileObstacle | null>>
  /** The till's own word on it, in English: its logs have it too. */
  readonly tillSays: string
}

const getAts = fromHex('FFCA010000')
const additionalFrame = 0xaf
const getVersion = 0x60

/** Never rejects. */
export async function identifyCard(channel: CardChannel): Promise<CardIdentity> {
  const found = await recogniseAnyCard(channel)
  const draft: Draft = {
    atr: readAtr(channel.atr),
    uid: null,
    ats: null,
    version: null,
    type2Version: null,
    hidesType2: false,
    applications: [],
    originality: null,
  }
  const isWhole = found.kind !== 'torn' && found.kind !== 'card-gone' && (await askAll(channel, draft, found))
  return identityOf(draft, found, !isWhole)
}

interface Draft extends Pick<CardIdentity, 'atr'> {
  uid: CardIdentity['uid']
  ats: CardIdentity['ats']
  version: NxpVersion | null
  type2Version: Uint8Array | null
  hidesType2: boolean
  applications: FoundApplication[]
  originality: CardIdentity['originality']
}

/** @returns false when the card left */
async function askAll(channel: CardChannel, draft: Draft, found: AnyRecognition): Promise<boolean> {
  const uid = await readUid(channel)
  if (uid.kind === 'torn') return false
  if (uid.kind === 'uid') draft.uid = { kind: 'own', bytes: uid.uid }
  else if (uid.fault === 'no-uid') draft.uid = { kind: 'none', bytes: new Uint8Array(0) }
  else draft.uid = { kind: uid.fault === 'type-b' ? 'type_b' : uid.fault, bytes: uid.bytes }
  const storage = draft.atr.kind === 'read' ? draft.atr.storage : null
  if (storage !== null) return askStorageCard(channel, draft, found)
  const ats = await exchange(channel, 'get-ats', getAts)
  if (ats.kind === 'torn') return false
  if (ats.status.code === statusIsoOk && ats.data.length > 0) draft.ats = readAts(ats.data)
  return (
    (await askVersion(channel, draft)) &&
    (await askSignature(channel, draft, found)) &&
    (await askApplications(channel, draft))
  )
}

async function askStorageCard(channel: CardChannel, draft: Draft, found: AnyRecognition): Promise<boolean> {
  const isType2 = draft.atr.kind === 'read' && storageNames[draft.atr.storage?.name ?? 0] === 'MIFARE Ultralight'
  if (!isType2) return true
  const version = await passThrough(channel, 'get-version', getVersionOfType2)
  if (version.kind === 'torn') return false
  draft.hidesType2 = version.kind === 'not-passed'
  if (version.kind !== 'answered') return true
  draft.type2Version = version.data
  draft.version = readType2Version(version.data)
  if (found.kind !== 'ntag21x') return true
  const original = await checkOriginality(channel, found.uid)
  if (original.kind === 'torn') return false
  draft.originality =
    original.kind === 'original' ? 'original' : original.code === 'CARD_NOT_ORIGINAL' ? 'not_original' : 'not_read'
  return true
}

async function askVersion(channel: CardChannel, draft: Draft): Promise<boolean> {
  const frames: Uint8Array[] = []
  for (const instruction of [getVersion, additionalFrame, additionalFrame]) {
    const frame = await exchange(channel, 'get-version', nativeCommand(instruction, new Uint8Array(0)))
    if (frame.kind === 'torn') return false
    if (frame.status.code !== (frames.length === 2 ? statusOk : statusMoreFrames)) return true
    frames.push(frame.data)
  }
  const [hardware, , production] = frames
  if (hardware !== undefined && production !== undefined) draft.version = readNativeVersion(hardware, production)
  return true
}

/** The application is selected still, and nobody authenticated. */
async function askSignature(channel: CardChannel, draft: Draft, found: AnyRecognition): Promise<boolean> {
  if (found.kind !== 'ntag424') return true
  const asked = await askNtag424Originality(channel, found.uid)
  if (asked.kind === 'torn') return false
  draft.originality = ({ original: 'original', 'not-original': 'not_original', 'not-answered': 'not_read' } as const)[
    asked.kind
  ]
  return true
}

async function askApplications(channel: CardChannel, draft: Draft): Promise<boolean> {
  for (const [application, name] of Object.entries(knownApplications) as [KnownApplication, Uint8Array][]) {
    const select = concatBytes(Uint8Array.of(0x00, 0xa4, 0x04, 0x00, name.length), name, Uint8Array.of(0x00))
    const answer = await exchange(channel, 'select', select)
    if (answer.kind === 'torn') return false
    draft.applications.push(foundBy(application, answer))
  }
  return true
}

/** EMV Book 1 §12.2.3: the directory's entries name each application under tag 4F. */
const listedApplication = 0x4f

function foundBy(application: KnownApplication, { data, status }: CardAnswer): FoundApplication {
  const isFound = status.code === statusIsoOk
  const lists = isFound ? valuesOfTag(tlvTree(data) ?? [], listedApplication).map(toHex) : []
  return { application, isFound, status: status.code, lists }
}

function identityOf(draft: Draft, found: AnyRecognition, isPartial: boolean): CardIdentity {
  const { atr, uid, ats, version, applications, originality } = draft
  const applet =
    found.kind === 'tolem-applet'
      ? ({
          kind: found.applet.cardKind === cardKind.voucher ? 'voucher' : 'cbdc',
          isBlank: found.applet.authorityKeyIds.length === 0,
        } as const)
      : null
  const tillSays = 'name' in found ? found.name : `left: ${found.reason}`
  const of = (profile: BenchProfile): ProfileObstacle | null => obstacleOf(profile, draft, found)
  return {
    name: nameOf(draft, found),
    isPartial,
    atr,
    uid,
    ats,
    version,
    applications,
    applet,
    originality,
    profiles: { ntag424: of('ntag424'), 'tolem-applet': of('tolem-applet'), ntag21x: of('ntag21x'), uid: of('uid') },
    tillSays,
  }
}

function nameOf({ atr, version, type2Version }: Draft, found: AnyRecognition): string | null {
  if (found.kind === 'ntag21x' || found.kind === 'ntag424' || found.kind === 'tolem-applet') return found.name
  if (type2Version !== null) return type2NameOf(type2Version)
  const storage = atr.kind === 'read' ? atr.storage : null
  if (storage !== null) return storageNames[storage.name] ?? null
  return version === null ? null : (hardwareNameOf(version) ?? null)
}

/** Null: the till takes the card by this profile. */
function obstacleOf(profile: BenchProfile, draft: Draft, found: AnyRecognition): ProfileObstacle | null {
  if (found.kind === profile) return null
  if (found.kind === 'unreadable' || found.kind === 'torn' || found.kind === 'card-gone') return 'unreadable'
  const isFound = (name: KnownApplication): boolean =>
    draft.applications.some(({ application, isFound: is }) => application === name && is)
  switch (profile) {
    case 'uid':
      if (found.kind === 'random-uid') return draft.uid?.kind === 'type_b' ? 'type_b' : 'random_uid'
      if (found.kind !== 'unsupported') return 'proves_more'
      return draft.uid?.kind === 'own' ? 'plays_ours' : 'no_uid'
    case 'ntag21x':
      return draft.hidesType2 ? 'reader_hides_it' : 'other_chip'
    case 'ntag424': {
      const isChip = draft.version !== null && hardwareNameOf(draft.version) === 'NTAG 424 DNA'
      if (!isChip) return 'other_chip'
      return found.kind === 'random-uid' ? 'random_uid' : 'no_application'
    }
    case 'tolem-applet':
      return isFound('tolem_voucher') || isFound('tolem_cbdc') ? 'other_version' : 'no_application'
    default:
      return profile satisfies never
  }
}
