/**
 * The issuing desk makes a factory NTAG 424 DNA into a card of an issuer zone (docs/design/02, "Keys" and "File 2";
 * order after AN12196 §6: file, settings and the other keys while still authenticated with key 0, key 0 last).
 *
 * In this order, everything from the authentication on under key 0:
 * 1. select, GetVersion, Read_Sig: a chip that is not NXP's gets none of our keys and loses no attempt at its own
 *    (docs/design/24, "The maker's signature"); then AuthenticateEV2First with key 0;
 * 2. file 2: content, in the communication mode that its present rights ask for;
 * 3. keys 1 to 4, each after its version;
 * 4. file 3: closed to keys 2 and 3, which the factory lets use it;
 * 5. file 2: access rights and SDM;
 * 6. key 0, which ends the session; then one authentication with the new key 0 proves it, because the card's answer to
 *    that change carries no MAC.
 *
 * Torn anywhere, the call can be repeated with the same keys, and a card never gets stuck:
 * - before 6 the card still has the factory's key 0: repeat with `masterKeyOnCard: 'factory'`. A key that already has
 *   our version is not trusted but proven: changing it from itself to itself succeeds only if it is the same key.
 * - in 6 either key 0 may stand. Repeat with `'ours'`; if that is refused with CARD_AUTHENTICATION_FAILED, once with
 *   `'factory'`. Which one is tried first is the caller's, because each wrong one counts as a failed attempt for ever.
 *
 * A repeat resets SDMReadCtr only when file 2's settings are not ours yet; a card in use is never set back.
 */
import type { CardChannel, RandomBytes } from './card-channel.ts'
import { concatBytes, littleEndian } from './bytes.ts'
import { cardKeyNumber, isKeyGeneration } from './card-keys.ts'
import { Desk, isPersonalisedSettings, refusal } from './desk.ts'
import type { CardKeys, PersonalisationFailure } from './desk.ts'
import type { CommunicationMode } from './ev2.ts'
import { changeOtherKey, replaceMasterKey, verifyMasterKey } from './key-change.ts'
import type { VersionedKey } from './key-change.ts'
import { authenticateLocally } from './ntag424-authentication.ts'
import {
  blankNdefFile,
  ndefFileNumber,
  ndefFileSettings,
  proprietaryFileNumber,
  proprietaryFileSettings,
} from './ntag424-layout.ts'
import { askNtag424Originality, type Ntag424Originality } from './ntag424-originality.ts'
import { recogniseCard } from './ntag424-recognition.ts'

const factory: VersionedKey = { key: new Uint8Array(16), version: 0 }

const changeFileSettings = 0x5f
const writeData = 0x8d

const freeAccess = 0x0e
const keyZero = 0x00

export interface PersonalisationOrder {
  readonly keysOf: (uid: Uint8Array) => CardKeys
  /** The generation of these keys, 1 to 255; the factory's is 0. A card that has left the desk is re-keyed instead. */
  readonly keyVersion: number
  /** Which key 0 the card is believed to have: `ours` for a card that was torn at the very end, or to check one. */
  readonly masterKeyOnCard: 'factory' | 'ours'
}

export type Personalisation =
  | {
      readonly kind: 'personalised'
      readonly uid: Uint8Array
      /** SDMReadCtr was set to 0: the ledger starts a new counter epoch for this card. */
      readonly counterWasReset: boolean
    }
  | PersonalisationFailure

/**
 * Personalises the card on the reader, or completes a torn personalisation. Makes one authentication attempt, and one
 * more with the key that it has just written.
 */
export async function personaliseCard(
  channel: CardChannel,
  order: PersonalisationOrder,
  random: RandomBytes,
): Promise<Personalisation> {
  if (!isKeyGeneration(order.keyVersion)) throw new RangeError(`a key version is 1 to 255, not ${order.keyVersion}`)
  const card = await recogniseCard(channel)
  switch (card.kind) {
    case 'unsupported':
      return refusal('get-version', 'CARD_UNKNOWN', card.detail.reason)
    case 'torn':
      return { kind: 'torn', step: card.step, executed: 'unknown', reason: card.reason }
    case 'card-gone':
      return { kind: 'torn', step: card.step, executed: 'no', reason: card.reason }
    case 'ntag424':
  }
  const originality = await askNtag424Originality(channel, card.uid)
  if (originality.kind !== 'original') return notIssued(originality)

  const keys = order.keysOf(card.uid)
  const masterKey = order.masterKeyOnCard === 'factory' ? factory.key : keys.applicationMaster
  const authentication = await authenticateLocally(channel, masterKey, random, cardKeyNumber.applicationMaster)
  if (authentication.kind !== 'session') return authentication

  const prepared = await prepare(new Desk(channel, authentication.session), keys, order.keyVersion)
  if (prepared.kind !== 'prepared') return prepared
  if (order.masterKeyOnCard === 'factory') {
    const next = { key: keys.applicationMaster, version: order.keyVersion }
    const replaced = await replaceMasterKey(prepared.desk, next)
    if (replaced !== null) return replaced
    const verified = await verifyMasterKey(channel, keys.applicationMaster, random)
    if (verified !== null) return verified
  }
  return { kind: 'personalised', uid: card.uid, counterWasReset: prepared.counterWasReset }
}

/** Each NTAG 424 DNA answers Read_Sig: what does not is refused as well, and may be tried again. */
function notIssued(originality: Exclude<Ntag424Originality, { kind: 'original' }>): PersonalisationFailure {
  switch (originality.kind) {
    case 'torn':
      return originality
    case 'not-original':
      return refusal('read-signature', 'CARD_NOT_ORIGINAL', 'the signature is not the maker’s over this UID')
    case 'not-answered':
      return refusal('read-signature', 'CARD_ANSWER_MALFORMED', originality.detail)
  }
}

type Prepared =
  | { readonly kind: 'prepared'; readonly desk: Desk; readonly counterWasReset: boolean }
  | PersonalisationFailure

/** Steps 2 to 5. */
async function prepare(desk: Desk, keys: CardKeys, keyVersion: number): Promise<Prepared> {
  const settings = await desk.readSettings('read-settings')
  if (settings.kind !== 'data') return settings
  const mode = writingMode(settings.data)
  if (mode === null) return refusal('read-settings', 'CARD_NOT_BLANK', 'file-2-not-writable')

  const content = blankNdefFile()
  const header = concatBytes(Uint8Array.of(ndefFileNumber), littleEndian(0, 3), littleEndian(content.length, 3))
  const written = await desk.send('write-file', writeData, header, content, mode)
  if (written.kind !== 'data') return written

  for (const [keyNumber, key] of otherKeys(keys)) {
    const next = { key, version: keyVersion }
    const changed = await changeOtherKey(desk, keyNumber, { former: factory, next, strange: 'CARD_NOT_BLANK' })
    if (changed !== null) return changed
  }

  const closed = await desk.send(
    'change-settings',
    changeFileSettings,
    Uint8Array.of(proprietaryFileNumber),
    proprietaryFileSettings(),
    'full',
  )
  if (closed.kind !== 'data') return closed

  const counterWasReset = !isPersonalisedSettings(settings.data)
  if (counterWasReset) {
    const opened = await desk.send(
      'change-settings',
      changeFileSettings,
      Uint8Array.of(ndefFileNumber),
      ndefFileSettings(),
      'full',
    )
    if (opened.kind !== 'data') return opened
  }
  return { kind: 'prepared', desk, counterWasReset }
}

function otherKeys(keys: CardKeys): readonly (readonly [number, Uint8Array])[] {
  return [
    [cardKeyNumber.metaRead, keys.metaRead],
    [cardKeyNumber.fileRead, keys.fileRead],
    [cardKeyNumber.till, keys.till],
    [cardKeyNumber.reserved, keys.reserved],
  ]
}

/**
 * How key 0 may write this file: the file's own communication mode where a right names key 0, plain where only free
 * access allows it (NT4H2421Gx §8.2.3.3), null where nothing does. GetFileSettings answers type ‖ option ‖ rights (2,
 * low byte first) ‖ size …
 */
function writingMode(settings: Uint8Array): CommunicationMode | null {
  const [fileType, option, readWriteAndChange, readAndWrite] = settings
  if (fileType !== 0x00 || option === undefined || readWriteAndChange === undefined || readAndWrite === undefined)
    return null
  const writers = [readWriteAndChange >> 4, readAndWrite & 0x0f]
  if (writers.includes(keyZero)) return communicationModeOf(option)
  return writers.includes(freeAccess) ? 'plain' : null
}

function communicationModeOf(option: number): CommunicationMode {
  const bits = option & 0x03
  if (bits === 0x03) return 'full'
  return bits === 0x01 ? 'mac' : 'plain'
}
