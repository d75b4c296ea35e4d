/**
 * The settings of one file of an NTAG 424 DNA: NT4H2421Gx §8.2.3 (access rights), §10.7.1 table 69 and 71
 * (ChangeFileSettings), §10.7.2 table 73 (GetFileSettings). All offsets are bytes from the start of the file.
 */

export type CommunicationMode = 'plain' | 'mac' | 'full'

/** 0 to 4: that application key · 14: free · 15: never. */
export type AccessCondition = number

export const FREE: AccessCondition = 0xe
export const NEVER: AccessCondition = 0xf

export interface AccessRights {
  readonly read: AccessCondition
  readonly write: AccessCondition
  readonly readWrite: AccessCondition
  readonly change: AccessCondition
}

/** Secure Dynamic Messaging of one file. A null offset means that the settings carry no such field. */
export interface DynamicMessaging {
  readonly mirrorsUid: boolean
  readonly mirrorsCounter: boolean
  readonly encryptsFileData: boolean
  readonly metaRead: AccessCondition
  readonly fileRead: AccessCondition
  readonly counterRetrieval: AccessCondition
  readonly uidOffset: number | null
  readonly counterOffset: number | null
  readonly piccDataOffset: number | null
  readonly macInputOffset: number | null
  readonly encryptedOffset: number | null
  readonly encryptedLength: number | null
  readonly macOffset: number | null
  readonly counterLimit: number | null
}

export interface FileSettings {
  readonly communication: CommunicationMode
  readonly rights: AccessRights
  readonly dynamicMessaging: DynamicMessaging | null
}

/** `FFFFFF` as counter offset: counted, but not mirrored (§9.3.3). */
export const NOT_MIRRORED = 0xffffff

export const PICC_DATA_LENGTH = 32
export const UID_LENGTH = 14
export const COUNTER_LENGTH = 6
export const MAC_LENGTH = 16

const MODE_CODES: Readonly<Record<CommunicationMode, number>> = { plain: 0, mac: 1, full: 3 }

const isKey = (condition: AccessCondition): boolean => condition <= 4

export type SettingsProblem = 'length' | 'parameter'

/** Reads what ChangeFileSettings carries after the file number; says which of the card's errors it deserves. */
export function parseFileSettings(
  bytes: Uint8Array,
  file: { readonly size: number; readonly readCounter: number },
): FileSettings | SettingsProblem {
  const data = Buffer.from(bytes)
  if (data.length < 3) return 'length'
  const option = data[0]!
  if ((option & 0b1011_1100) !== 0) return 'parameter'
  const communication = (['plain', 'mac', 'plain', 'full'] as const)[option & 0b11]!
  const rights: AccessRights = {
    readWrite: data[1]! >> 4,
    change: data[1]! & 0xf,
    read: data[2]! >> 4,
    write: data[2]! & 0xf,
  }
  if (![rights.readWrite, rights.change, rights.read, rights.write].every(isKnownCondition)) return 'parameter'
  if ((option & 0x40) === 0) return data.length === 3 ? { communication, rights, dynamicMessaging: null } : 'length'
  const dynamicMessaging = parseDynamicMessaging(data.subarray(3), file)
  return typeof dynamicMessaging === 'string' ? dynamicMessaging : { communication, rights, dynamicMessaging }
}

function isKnownCondition(condition: AccessCondition): boolean {
  return isKey(condition) || condition === FREE || condition === NEVER
}

function parseDynamicMessaging(
  data: Buffer,
  file: { readonly size: number; readonly readCounter: number },
): DynamicMessaging | SettingsProblem {
  if (data.length < 3) return 'length'
  const options = data[0]!
  const mirrorsUid = (options & 0x80) !== 0
  const mirrorsCounter = (options & 0x40) !== 0
  const limitsCounter = (options & 0x20) !== 0
  const encryptsFileData = (options & 0x10) !== 0
  const counterRetrieval = data[1]! & 0xf
  const metaRead = data[2]! >> 4
  const fileRead = data[2]! & 0xf
  if ((options & 0b1110) !== 0 || (options & 1) === 0 || data[1]! >> 4 !== NEVER) return 'parameter'
  if (![counterRetrieval, metaRead].every(isKnownCondition)) return 'parameter'
  if (!isKey(fileRead) && fileRead !== NEVER) return 'parameter'

  let position = 3
  let isShort = false
  const take = (isPresent: boolean): number | null => {
    if (!isPresent) return null
    if (position + 3 > data.length) {
      isShort = true
      return null
    }
    position += 3
    return data.readUIntLE(position - 3, 3)
  }
  const hasMac = fileRead !== NEVER
  const settings: DynamicMessaging = {
    mirrorsUid,
    mirrorsCounter,
    encryptsFileData,
    metaRead,
    fileRead,
    counterRetrieval,
    uidOffset: take(mirrorsUid && metaRead === FREE),
    counterOffset: take(mirrorsCounter && metaRead === FREE),
    piccDataOffset: take(isKey(metaRead)),
    macInputOffset: take(hasMac),
    encryptedOffset: take(hasMac && encryptsFileData),
    encryptedLength: take(hasMac && encryptsFileData),
    macOffset: take(hasMac),
    counterLimit: take(limitsCounter),
  }
  if (isShort || position !== data.length) return 'length'
  return isConsistent(settings, limitsCounter, file) ? settings : 'parameter'
}

interface Region {
  readonly start: number
  readonly length: number
}

function areDisjoint(regions: readonly (Region | null)[]): boolean {
  const present = regions.filter((region) => region !== null).toSorted((left, right) => left.start - right.start)
  return present.every((region, index) => {
    const next = present[index + 1]
    return next === undefined || region.start + region.length <= next.start
  })
}

const regionAt = (start: number | null, length: number): Region | null =>
  start === null || start === NOT_MIRRORED ? null : { start, length }

/** The conditions of table 69 and 71, apart from those on single fields. */
function isConsistent(
  settings: DynamicMessaging,
  limitsCounter: boolean,
  file: { readonly size: number; readonly readCounter: number },
): boolean {
  if (settings.metaRead !== NEVER && !settings.mirrorsUid && !settings.mirrorsCounter) return false
  if (settings.metaRead === NEVER && settings.mirrorsUid) return false
  if (settings.counterRetrieval !== NEVER && !settings.mirrorsCounter) return false
  if (settings.encryptsFileData && (settings.fileRead === NEVER || !settings.mirrorsUid || !settings.mirrorsCounter)) {
    return false
  }
  if (limitsCounter && (!settings.mirrorsCounter || (settings.counterLimit ?? 0) <= file.readCounter)) return false
  const encrypted = regionAt(settings.encryptedOffset, settings.encryptedLength ?? 0)
  const mac = regionAt(settings.macOffset, MAC_LENGTH)
  const regions = [
    regionAt(settings.uidOffset, UID_LENGTH),
    regionAt(settings.counterOffset, COUNTER_LENGTH),
    regionAt(settings.piccDataOffset, PICC_DATA_LENGTH),
    encrypted,
    mac,
  ]
  if (!areDisjoint(regions)) return false
  if (regions.some((region) => region !== null && region.start + region.length > file.size)) return false
  if (mac !== null && settings.macInputOffset! > mac.start) return false
  if (encrypted !== null) {
    if (encrypted.length < 32 || encrypted.length % 32 !== 0) return false
    if (encrypted.start < settings.macInputOffset! || encrypted.start + encrypted.length > mac!.start) return false
  }
  return true
}

/** What GetFileSettings answers: type, option, rights, size, then the fields that the settings carry. */
export function encodeFileSettings(settings: FileSettings, size: number): Buffer {
  const { rights, dynamicMessaging } = settings
  const threeBytes = (value: number): Buffer => {
    const bytes = Buffer.alloc(3)
    bytes.writeUIntLE(value, 0, 3)
    return bytes
  }
  const head = Buffer.concat([
    Buffer.of(
      0x00,
      MODE_CODES[settings.communication] | (dynamicMessaging === null ? 0 : 0x40),
      (rights.readWrite << 4) | rights.change,
      (rights.read << 4) | rights.write,
    ),
    threeBytes(size),
  ])
  if (dynamicMessaging === null) return head
  const options =
    (dynamicMessaging.mirrorsUid ? 0x80 : 0) |
    (dynamicMessaging.mirrorsCounter ? 0x40 : 0) |
    (dynamicMessaging.counterLimit === null ? 0 : 0x20) |
    (dynamicMessaging.encryptsFileData ? 0x10 : 0) |
    1
  const fields = [
    dynamicMessaging.uidOffset,
    dynamicMessaging.counterOffset,
    dynamicMessaging.piccDataOffset,
    dynamicMessaging.macInputOffset,
    dynamicMessaging.encryptedOffset,
    dynamicMessaging.encryptedLength,
    dynamicMessaging.macOffset,
    dynamicMessaging.counterLimit,
  ].filter((field) => field !== null)
  return Buffer.concat([
    head,
    Buffer.of(
      options,
      (NEVER << 4) | dynamicMessaging.counterRetrieval,
      (dynamicMessaging.metaRead << 4) | dynamicMessaging.fileRead,
    ),
    ...fields.map(threeBytes),
  ])
}
