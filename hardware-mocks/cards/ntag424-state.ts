/**
 * The EEPROM of a virtual NTAG 424 DNA as a plain, serialisable object, and the two states in which a card comes into
 * the world: from the factory, and personalised as docs/design/02 says. Bytes are upper-case hex.
 */
import type { CardKeys } from './key-diversification.ts'
import { FREE, NEVER, type FileSettings } from './ntag424-file-settings.ts'

export interface KeyState {
  /** 16 bytes. */
  readonly value: string
  readonly version: number
  /** TotFailCtr: failed authentications, less the decrement of each successful one (NT4H2421Gx §9). */
  readonly totalFailures: number
}

export interface FileState {
  readonly settings: FileSettings
  readonly content: string
  /** SDMReadCtr, 24 bits. */
  readonly readCounter: number
}

export interface Ntag424State {
  readonly kind: 'ntag424'
  /** 7 bytes. */
  readonly uid: string
  /** The maker's, 56 bytes; absent where it is the one that belongs to the UID (`signatureOfChip`). */
  readonly signature?: string
  /** Application keys 0 to 4. */
  readonly keys: readonly [KeyState, KeyState, KeyState, KeyState, KeyState]
  /** TotFailCtrLimit and TotFailCtrDecr; null when the feature is switched off (SetConfiguration 0Ah). */
  readonly failureLimit: { readonly limit: number; readonly decrement: number } | null
  readonly files: { readonly 1: FileState; readonly 2: FileState; readonly 3: FileState }
}

export type FileNumber = 1 | 2 | 3

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

const contentOf = (start: Uint8Array, size: number): string =>
  hex(Buffer.concat([start, Buffer.alloc(size - start.length)]))

/** As delivered: all keys zero, empty NDEF file that anybody may read and write (NT4H2421Gx §8.2.3, table 8). */
export function factoryCard(of: { readonly uid: Uint8Array }): Ntag424State {
  if (of.uid.length !== 7) throw new RangeError(`a UID of NTAG 424 DNA has 7 bytes, not ${of.uid.length}`)
  const zeroKey: KeyState = { value: '00'.repeat(16), version: 0, totalFailures: 0 }
  const capabilityContainer = Buffer.from('001720010000FF0406E104010000000506E10500808283', 'hex')
  return {
    kind: 'ntag424',
    uid: hex(of.uid),
    keys: [zeroKey, zeroKey, zeroKey, zeroKey, zeroKey],
    failureLimit: { limit: 1000, decrement: 10 },
    files: {
      1: {
        settings: {
          communication: 'plain',
          rights: { read: FREE, write: 0, readWrite: 0, change: 0 },
          dynamicMessaging: null,
        },
        content: contentOf(capabilityContainer, 32),
        readCounter: 0,
      },
      2: {
        settings: {
          communication: 'plain',
          rights: { read: FREE, write: FREE, readWrite: FREE, change: 0 },
          dynamicMessaging: null,
        },
        content: contentOf(Buffer.alloc(0), 256),
        readCounter: 0,
      },
      3: {
        settings: {
          communication: 'full',
          rights: { read: 2, write: 3, readWrite: 3, change: 0 },
          dynamicMessaging: null,
        },
        content: contentOf(Buffer.from('007E', 'hex'), 128),
        readCounter: 0,
      },
    },
  }
}

/** The NDEF message of docs/design/02 "File 2" with zeros where the card and the till will write. */
function ndefTemplate(): Buffer {
  const text = `tolem.invalid/s?e=${'0'.repeat(32)}&b=${'0'.repeat(64)}&m=${'0'.repeat(16)}`
  const payload = Buffer.concat([Buffer.of(0x04), Buffer.from(text, 'ascii')])
  const record = Buffer.concat([Buffer.of(0xd1, 0x01, payload.length, 0x55), payload])
  return Buffer.concat([Buffer.of(0x00, record.length), record])
}

/** As the issuing desk leaves it (docs/design/02); the caller brings the five keys. */
export function personalisedCard(of: { readonly uid: Uint8Array; readonly keys: CardKeys }): Ntag424State {
  const factory = factoryCard(of)
  const key = (value: Uint8Array): KeyState => ({ value: hex(value), version: 1, totalFailures: 0 })
  return {
    ...factory,
    keys: [key(of.keys[0]), key(of.keys[1]), key(of.keys[2]), key(of.keys[3]), key(of.keys[4])],
    files: {
      ...factory.files,
      2: {
        settings: {
          communication: 'mac',
          rights: { read: FREE, write: 3, readWrite: 0, change: 0 },
          dynamicMessaging: {
            mirrorsUid: true,
            mirrorsCounter: true,
            encryptsFileData: false,
            metaRead: 1,
            fileRead: 2,
            counterRetrieval: NEVER,
            uidOffset: null,
            counterOffset: null,
            piccDataOffset: 25,
            macInputOffset: 60,
            encryptedOffset: null,
            encryptedLength: null,
            macOffset: 127,
            counterLimit: null,
          },
        },
        content: contentOf(ndefTemplate(), 256),
        readCounter: 0,
      },
    },
  }
}
