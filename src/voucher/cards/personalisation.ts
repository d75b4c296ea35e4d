/**
 * The issuing desk makes a factory NTAG 424 DNA into a card of an issuer zone (docs/design/02, "Keys" and "File 2";
 * order after AN12196 §6: file, settings and the other keys while still authenticated with key 0, key 0 last).
 *
 * Everything happens under key 0, in this order:
 * 1. select, GetVersion, AuthenticateEV2First with key 0;
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
import { concatBytes, littleEndian, xorBytes } from './bytes.ts'
import { cardKeyNumber } from './card-keys.ts'
import { crc32WithoutInversion } from './crc32.ts'
import { unwrapResponse, wrapCommand } from './ev2.ts'
import type { CommunicationMode, Ev2Session } from './ev2.ts'
import { exchange } from './exchange.ts'
import type { Torn } from './exchange.ts'
import { authenticateLocally } from './ntag424-authentication.ts'
import type { AuthenticationFailure } from './ntag424-authentication.ts'
import {
  blankNdefFile,
  ndefFileNumber,
  ndefFileSettings,
  proprietaryFileNumber,
  proprietaryFileSettings,
  selectApplicationCommand,
} from './ntag424-layout.ts'
import { recogniseCard } from './ntag424-recognition.ts'
import { describeStatus, statusIsoOk } from './status.ts'

const factoryKey = new Uint8Array(16)
const factoryKeyVersion = 0x00

const getFileSettings = 0xf5
const changeFileSettings = 0x5f
const getKeyVersion = 0x64
const changeKey = 0xc4
const writeData = 0x8d

const freeAccess = 0x0e
const keyZero = 0x00

/** The five keys of one card, 16 bytes each: diversified, but for `metaRead`. */
export interface CardKeys {
  readonly applicationMaster: Uint8Array
  readonly metaRead: Uint8Array
  readonly fileRead: Uint8Array
  readonly till: Uint8Array
  readonly reserved: Uint8Array
}

export interface PersonalisationOrder {
  readonly keysOf: (uid: Uint8Array) => CardKeys
  /** 1 to 255; the factory's is 0. Raise it when an issuer zone's master keys change. */
  readonly keyVersion: number
  /** Which key 0 the card is believed to have: `ours` for a card that was torn at the very end, or to check one. */
  readonly masterKeyOnCard: 'factory' | 'ours'
}

export type PersonalisationStep =
  | 'select-application'
  | 'get-version'
  | 'authenticate'
  | 'read-settings'
  | 'write-file'
  | 'change-keys'
  | 'change-settings'
  | 'change-master-key'
  | 'verify'

export type PersonalisationRefusalCode =
  | 'CARD_UNKNOWN'
  | Extract<AuthenticationFailure, { kind: 'refused' }>['code']
  /** Keys, rights or key versions are neither the factory's nor ours: somebody else's card. */
  | 'CARD_NOT_BLANK'
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
  if (!Number.isInteger(order.keyVersion) || order.keyVersion < 1 || order.keyVersion > 255) {
    throw new RangeError(`a key version is 1 to 255, not ${order.keyVersion}`)
  }
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

  const keys = order.keysOf(card.uid)
  const masterKey = order.masterKeyOnCard === 'factory' ? factoryKey : keys.applicationMaster
  const authentication = await authenticateLocally(channel, masterKey, random, cardKeyNumber.applicationMaster)
  if (authentication.kind !== 'session') return authentication

  const prepared = await prepare(new Desk(channel, authentication.session), keys, order.keyVersion)
  if (prepared.kind !== 'prepared') return prepared
  if (order.masterKeyOnCard === 'factory') {
    const replaced = await replaceMasterKey(prepared.desk, keys.applicationMaster, order.keyVersion)
    if (replaced !== null) return replaced
    const verified = await verifyMasterKey(channel, keys.applicationMaster, random)
    if (verified !== null) return verified
  }
  return { kind: 'personalised', uid: card.uid, counterWasReset: prepared.counterWasReset }
}

type Prepared =
  | { readonly kind: 'prepared'; readonly desk: Desk; readonly counterWasReset: boolean }
  | PersonalisationFailure

/** Steps 2 to 5. */
async function prepare(desk: Desk, keys: CardKeys, keyVersion: number): Promise<Prepared> {
  const settings = await desk.send('read-settings', getFileSettings, Uint8Array.of(ndefFileNumber), nothing, 'mac')
  if (settings.kind !== 'data') return settings
  const mode = writingMode(settings.data)
  if (mode === null) return refusal('read-settings', 'CARD_NOT_BLANK', 'file-2-not-writable')

  const content = blankNdefFile()
  const header = concatBytes(Uint8Array.of(ndefFileNumber), littleEndian(0, 3), littleEndian(content.length, 3))
  const written = await desk.send('write-file', writeData, header, content, mode)
  if (written.kind !== 'data') return written

  for (const [keyNumber, key] of otherKeys(keys)) {
    const changed = await changeOtherKey(desk, keyNumber, key, keyVersion)
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

/** Null: the card now certainly has this key in this slot. */
async function changeOtherKey(
  desk: Desk,
  keyNumber: number,
  key: Uint8Array,
  keyVersion: number,
): Promise<PersonalisationFailure | null> {
  const slot = Uint8Array.of(keyNumber)
  const version = await desk.send('change-keys', getKeyVersion, slot, nothing, 'mac')
  if (version.kind !== 'data') return version
  const [present] = version.data
  if (version.data.length !== 1 || present === undefined) {
    return refusal('change-keys', 'CARD_ANSWER_MALFORMED', 'key-version-length')
  }
  if (present !== factoryKeyVersion && present !== keyVersion) {
    return refusal('change-keys', 'CARD_NOT_BLANK', `key-${keyNumber}-version-${present}`)
  }
  const presentKey = present === factoryKeyVersion ? factoryKey : key
  const changed = await desk.send('change-keys', changeKey, slot, otherKeyData(presentKey, key, keyVersion), 'full')
  if (changed.kind === 'refused' && changed.code === 'CARD_COMMAND_REFUSED') {
    return { ...changed, code: 'CARD_NOT_BLANK', detail: `key-${keyNumber}: ${changed.detail}` }
  }
  return changed.kind === 'data' ? null : changed
}

/**
 * ChangeKey data for a key other than the authenticated one: (new ⊕ present) ‖ version ‖ CRC32NK(new), 21 bytes
 * (NT4H2421Gx §10.6.1, AN12196 §6.16.1). The CRC makes the card notice a wrong present key.
 */
export function otherKeyData(presentKey: Uint8Array, newKey: Uint8Array, keyVersion: number): Uint8Array {
  return concatBytes(
    xorBytes(newKey, presentKey),
    Uint8Array.of(keyVersion),
    littleEndian(crc32WithoutInversion(newKey), 4),
  )
}

/** ChangeKey data for the authenticated key itself: new ‖ version, 17 bytes (AN12196 §6.16.2). */
export function authenticatedKeyData(newKey: Uint8Array, keyVersion: number): Uint8Array {
  return concatBytes(newKey, Uint8Array.of(keyVersion))
}

/** Null: the card says that it changed key 0. It says so in clear, so it is verified afterwards. */
async function replaceMasterKey(
  desk: Desk,
  key: Uint8Array,
  keyVersion: number,
): Promise<PersonalisationFailure | null> {
  const changed = await desk.send(
    'change-master-key',
    changeKey,
    Uint8Array.of(cardKeyNumber.applicationMaster),
    authenticatedKeyData(key, keyVersion),
    'full',
    'plain',
  )
  return changed.kind === 'data' ? null : changed
}

/** A fresh authentication with the new key 0, and the settings read under its MAC. */
async function verifyMasterKey(
  channel: CardChannel,
  key: Uint8Array,
  random: RandomBytes,
): Promise<PersonalisationFailure | null> {
  const selected = await exchange(channel, 'verify', selectApplicationCommand())
  if (selected.kind === 'torn') return selected
  if (selected.status.code !== statusIsoOk)
    return refusal('verify', 'CARD_NOT_VERIFIED', describeStatus(selected.status))
  const authentication = await authenticateLocally(channel, key, random, cardKeyNumber.applicationMaster)
  if (authentication.kind === 'torn') return { ...authentication, step: 'verify' }
  if (authentication.kind === 'refused') return refusal('verify', 'CARD_NOT_VERIFIED', authentication.detail)
  const settings = await new Desk(channel, authentication.session).send(
    'verify',
    getFileSettings,
    Uint8Array.of(ndefFileNumber),
    nothing,
    'mac',
  )
  if (settings.kind !== 'data') return settings
  return isPersonalisedSettings(settings.data) ? null : refusal('verify', 'CARD_NOT_VERIFIED', 'file-2-settings')
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

/** GetFileSettings differs from what ChangeFileSettings takes only by the type in front and the size (256) within. */
function isPersonalisedSettings(settings: Uint8Array): boolean {
  const wanted = ndefFileSettings()
  const expected = concatBytes(Uint8Array.of(0x00), wanted.subarray(0, 3), littleEndian(256, 3), wanted.subarray(3))
  return settings.length === expected.length && settings.every((byte, index) => byte === expected[index])
}

const nothing = new Uint8Array(0)

type DeskAnswer = { readonly kind: 'data'; readonly data: Uint8Array } | PersonalisationFailure

/** One authenticated session, whose counter rises with each command. */
class Desk {
  private readonly channel: CardChannel
  private session: Ev2Session

  constructor(channel: CardChannel, session: Ev2Session) {
    this.channel = channel
    this.session = session
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

function refusal(step: PersonalisationStep, code: PersonalisationRefusalCode, detail: string): PersonalisationRefusal {
  return { kind: 'refused', step, code, detail }
}
