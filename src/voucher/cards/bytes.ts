/** The few operations on byte strings that every card protocol here needs. */

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** For what is no secret: a MAC is compared in constant time (aes.ts). */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index])
}

/** `left` and `right` must be equally long: callers check lengths of what a card sent before they come here. */
export function xorBytes(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length !== right.length) throw new RangeError(`cannot XOR ${left.length} with ${right.length} bytes`)
  return left.map((byte, index) => byte ^ (right[index] ?? 0))
}

export function rotateLeftOneByte(bytes: Uint8Array): Uint8Array {
  return concatBytes(bytes.subarray(1), bytes.subarray(0, 1))
}

/** `value` as `length` bytes, least significant byte first: the order of every number in native NTAG 424 commands. */
export function littleEndian(value: number, length: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** (8 * length)) {
    throw new RangeError(`${value} does not fit ${length} bytes`)
  }
  return Uint8Array.from({ length }, (_, index) => Math.floor(value / 2 ** (8 * index)) % 256)
}

export function littleEndianToNumber(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte, index) => sum + byte * 2 ** (8 * index), 0)
}

/** Upper case, as the card writes it (docs/design/02, "Hex in the file is upper case"). */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase()
}

/** For constants and already checked text only: throws on anything but whole bytes of hex. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9A-Fa-f]*$/.test(text)) throw new RangeError('not hex')
  return Uint8Array.from({ length: text.length / 2 }, (_, index) =>
    Number.parseInt(text.slice(index * 2, index * 2 + 2), 16),
  )
}

/** One byte per character; throws on anything outside ASCII. */
export function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => {
    const code = character.charCodeAt(0)
    if (code > 0x7f) throw new RangeError('not ASCII')
    return code
  })
}
