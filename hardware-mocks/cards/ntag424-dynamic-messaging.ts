/**
 * Secure Dynamic Messaging: what a file looks like on the air when nobody is authenticated, NT4H2421Gx §9.3. Offsets
 * and keys come from the file's settings; nothing here knows the Tölem layout.
 */
import { encryptBlock, encryptCbc, truncatedCmac, cmac } from './aes.ts'
import { FREE, NEVER, NOT_MIRRORED, type DynamicMessaging } from './ntag424-file-settings.ts'

export interface DynamicFile {
  readonly content: Buffer
  /** What was put in: for the card's own log. Null without SDMMAC. */
  readonly mac: { readonly input: Buffer; readonly value: Buffer; readonly offset: number } | null
}

const asciiHex = (bytes: Uint8Array): Buffer => Buffer.from(Buffer.from(bytes).toString('hex').toUpperCase(), 'ascii')

function lsbFirst(counter: number): Buffer {
  const bytes = Buffer.alloc(3)
  bytes.writeUIntLE(counter, 0, 3)
  return bytes
}

function msbFirst(counter: number): Buffer {
  const bytes = Buffer.alloc(3)
  bytes.writeUIntBE(counter, 0, 3)
  return bytes
}

/** The session keys of one counter value, §9.3.9.1. SV2 carries only what is mirrored, zero-padded to whole blocks. */
export function dynamicMessagingKeys(
  key: Uint8Array,
  of: { readonly uid: Uint8Array | null; readonly counter: number | null },
): { readonly encryption: Buffer; readonly mac: Buffer } {
  const context = Buffer.concat([
    of.uid ?? Buffer.alloc(0),
    of.counter === null ? Buffer.alloc(0) : lsbFirst(of.counter),
  ])
  const vector = (label: string): Buffer => {
    const unpadded = Buffer.concat([Buffer.from(label, 'hex'), context])
    return Buffer.concat([unpadded, Buffer.alloc((16 - (unpadded.length % 16)) % 16)])
  }
  return { encryption: cmac(key, vector('C33C00010080')), mac: cmac(key, vector('3CC300010080')) }
}

/** §9.3.4: tag ‖ UID ‖ counter ‖ random padding, encrypted with the meta-read key. */
function encryptedPiccData(
  settings: DynamicMessaging,
  key: Uint8Array,
  of: { readonly uid: Uint8Array; readonly counter: number; readonly padding: Uint8Array },
): Buffer {
  const tag = (settings.mirrorsUid ? 0x87 : 0) | (settings.mirrorsCounter ? 0x40 : 0)
  const plain = Buffer.concat([
    Buffer.of(tag),
    settings.mirrorsUid ? of.uid : Buffer.alloc(0),
    settings.mirrorsCounter ? lsbFirst(of.counter) : Buffer.alloc(0),
    of.padding,
  ])
  return encryptCbc(key, plain.subarray(0, 16))
}

/**
 * The file as read without authentication. `padding`: at least 15 random bytes, of which PICCData takes what it needs.
 */
export function renderDynamicFile(
  settings: DynamicMessaging,
  content: Uint8Array,
  of: {
    readonly uid: Uint8Array
    readonly counter: number
    readonly padding: Uint8Array
    readonly keys: readonly Uint8Array[]
  },
): DynamicFile {
  const rendered = Buffer.from(content)
  if (settings.uidOffset !== null) rendered.set(asciiHex(of.uid), settings.uidOffset)
  if (settings.counterOffset !== null && settings.counterOffset !== NOT_MIRRORED) {
    rendered.set(asciiHex(msbFirst(of.counter)), settings.counterOffset)
  }
  if (settings.piccDataOffset !== null && settings.metaRead < FREE) {
    rendered.set(asciiHex(encryptedPiccData(settings, of.keys[settings.metaRead]!, of)), settings.piccDataOffset)
  }
  if (settings.fileRead === NEVER) return { content: rendered, mac: null }

  const session = dynamicMessagingKeys(of.keys[settings.fileRead]!, {
    uid: settings.mirrorsUid ? of.uid : null,
    counter: settings.mirrorsCounter ? of.counter : null,
  })
  if (settings.encryptedOffset !== null && settings.encryptedLength !== null) {
    const plain = Buffer.from(content).subarray(
      settings.encryptedOffset,
      settings.encryptedOffset + settings.encryptedLength / 2,
    )
    const initialVector = encryptBlock(session.encryption, Buffer.concat([lsbFirst(of.counter), Buffer.alloc(13)]))
    rendered.set(asciiHex(encryptCbc(session.encryption, plain, initialVector)), settings.encryptedOffset)
  }
  const input = Buffer.from(rendered.subarray(settings.macInputOffset!, settings.macOffset!))
  const value = truncatedCmac(session.mac, input)
  rendered.set(asciiHex(value), settings.macOffset!)
  return { content: rendered, mac: { input, value, offset: settings.macOffset! } }
}
