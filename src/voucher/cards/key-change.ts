/** How keys of an NTAG 424 DNA are changed under its key 0: at its personalisation, and when it is re-keyed. */
import type { CardChannel, RandomBytes } from './card-channel.ts'
import { concatBytes, littleEndian, xorBytes } from './bytes.ts'
import { cardKeyNumber } from './card-keys.ts'
import { crc32WithoutInversion } from './crc32.ts'
import { Desk, isPersonalisedSettings, nothing, refusal } from './desk.ts'
import type { PersonalisationFailure, PersonalisationRefusalCode } from './desk.ts'
import { exchange } from './exchange.ts'
import { authenticateLocally } from './ntag424-authentication.ts'
import { selectApplicationCommand } from './ntag424-layout.ts'
import { describeStatus, statusIsoOk } from './status.ts'

const getKeyVersion = 0x64
const changeKey = 0xc4

/** A key, 16 bytes, and the version that the card shows for it. */
export interface VersionedKey {
  readonly key: Uint8Array
  readonly version: number
}

/**
 * A key that already has the new version is not trusted but proven: changing it from itself to itself succeeds only if
 * it is the same key.
 *
 * @param strange what the card is called whose key is neither
 * @returns null: the card now certainly has this key in this slot
 */
export async function changeOtherKey(
  desk: Desk,
  keyNumber: number,
  of: { readonly former: VersionedKey; readonly next: VersionedKey; readonly strange: PersonalisationRefusalCode },
): Promise<PersonalisationFailure | null> {
  const { former, next, strange } = of
  const slot = Uint8Array.of(keyNumber)
  const version = await desk.send('change-keys', getKeyVersion, slot, nothing, 'mac')
  if (version.kind !== 'data') return version
  const [present] = version.data
  if (version.data.length !== 1 || present === undefined) {
    return refusal('change-keys', 'CARD_ANSWER_MALFORMED', 'key-version-length')
  }
  const held = [former, next].find((one) => one.version === present)
  if (held === undefined) return refusal('change-keys', strange, `key-${keyNumber}-version-${present}`)
  const data = otherKeyData(held.key, next.key, next.version)
  const changed = await desk.send('change-keys', changeKey, slot, data, 'full')
  if (changed.kind === 'refused' && changed.code === 'CARD_COMMAND_REFUSED') {
    return { ...changed, code: strange, detail: `key-${keyNumber}: ${changed.detail}` }
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
export async function replaceMasterKey(
  desk: Desk,
  { key, version }: VersionedKey,
): Promise<PersonalisationFailure | null> {
  const changed = await desk.send(
    'change-master-key',
    changeKey,
    Uint8Array.of(cardKeyNumber.applicationMaster),
    authenticatedKeyData(key, version),
    'full',
    'plain',
  )
  return changed.kind === 'data' ? null : changed
}

/** A fresh authentication with the new key 0, and the settings read under its MAC. */
export async function verifyMasterKey(
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
  const settings = await new Desk(channel, authentication.session).readSettings('verify')
  if (settings.kind !== 'data') return settings
  return isPersonalisedSettings(settings.data) ? null : refusal('verify', 'CARD_NOT_VERIFIED', 'file-2-settings')
}
