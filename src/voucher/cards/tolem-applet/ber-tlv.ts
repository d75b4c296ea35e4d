/**
 * BER-TLV as ISO/IEC 7816-4 §5.2.2 has it: tags of up to three bytes, lengths of up to three. What a card sends is
 * read with it once per level; nothing here calls itself, so no nesting can exhaust anything.
 */
export interface TlvObject {
  /** The tag's bytes as one number: 0x84, 0x9F65. */
  readonly tag: number
  readonly value: Uint8Array
}

export type BerTlvFault =
  | 'tag-cut'
  /** A fourth byte of a tag, which no tag of ISO/IEC 7816 has. */
  | 'tag-too-long'
  | 'length-cut'
  /** The indefinite form, or more than two bytes of length: neither stands in a short APDU. */
  | 'length-form'
  /** Ends before its own length. */
  | 'value-cut'

export type BerTlv =
  | { readonly kind: 'objects'; readonly objects: readonly TlvObject[] }
  | { readonly kind: 'malformed'; readonly detail: BerTlvFault }

/** All objects of one level, in their order. Fillers (00 and FF between objects) are skipped. */
export function parseBerTlv(bytes: Uint8Array): BerTlv {
  const objects: TlvObject[] = []
  let offset = 0
  while (offset < bytes.length) {
    const first = bytes[offset]
    if (first === 0x00 || first === 0xff) {
      offset += 1
      continue
    }
    const tag = readTag(bytes, offset)
    if (typeof tag === 'string') return { kind: 'malformed', detail: tag }
    const length = readLength(bytes, tag.next)
    if (typeof length === 'string') return { kind: 'malformed', detail: length }
    const end = length.next + length.number
    if (end > bytes.length) return { kind: 'malformed', detail: 'value-cut' }
    objects.push({ tag: tag.number, value: bytes.slice(length.next, end) })
    offset = end
  }
  return { kind: 'objects', objects }
}

/** The value of the first object with this tag. */
export function valueOfTag(objects: readonly TlvObject[], tag: number): Uint8Array | undefined {
  return objects.find((object) => object.tag === tag)?.value
}

interface NumberAt {
  readonly number: number
  readonly next: number
}

const tagBytesMost = 3

function readTag(bytes: Uint8Array, offset: number): NumberAt | BerTlvFault {
  let number = bytes[offset] ?? 0
  if ((number & 0x1f) !== 0x1f) return { number, next: offset + 1 }
  for (let index = 1; index < tagBytesMost; index += 1) {
    const byte = bytes[offset + index]
    if (byte === undefined) return 'tag-cut'
    number = number * 256 + byte
    if (byte < 0x80) return { number, next: offset + index + 1 }
  }
  return 'tag-too-long'
}

function readLength(bytes: Uint8Array, offset: number): NumberAt | BerTlvFault {
  const first = bytes[offset]
  if (first === undefined) return 'length-cut'
  if (first < 0x80) return { number: first, next: offset + 1 }
  if (first !== 0x81 && first !== 0x82) return 'length-form'
  const next = offset + 1 + (first & 0x0f)
  if (next > bytes.length) return 'length-cut'
  return { number: bytes.subarray(offset + 1, next).reduce((sum, byte) => sum * 256 + byte, 0), next }
}
