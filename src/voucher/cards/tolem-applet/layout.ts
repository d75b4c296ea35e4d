/**
 * Fixed byte layouts, most significant byte first (docs/design/22, "Conventions"). One definition encodes and decodes,
 * so that the two cannot drift apart; the fields stand in it in the order of the document's table.
 */
import { asciiBytes, concatBytes } from '../bytes.ts'

/** A field of so many bytes. `decode` is null where the bytes are no value of the field. */
export interface Field<Value> {
  readonly length: number
  /** Throws on a value that does not fit: ours are checked before, a card's come by `decode`. */
  encode(value: Value): Uint8Array
  decode(bytes: Uint8Array): Value | null
}

export function bytesField(length: number): Field<Uint8Array> {
  return {
    length,
    encode: (value) => {
      if (value.length !== length) throw new RangeError(`${length} bytes expected, not ${value.length}`)
      return value
    },
    decode: (bytes) => bytes.slice(),
  }
}

/** A number below 2^32, in 1, 2 or 4 bytes. */
export function numberField(length: 1 | 2 | 4): Field<number> {
  const wide = unsignedField(length)
  return {
    length,
    encode: (value) => wide.encode(BigInt(value)),
    decode: (bytes) => Number(wide.decode(bytes)),
  }
}

/** Any unsigned number of so many bytes. */
export function unsignedField(length: number): Field<bigint> {
  return {
    length,
    encode: (value) => {
      if (value < 0n || value >= 1n << BigInt(8 * length)) throw new RangeError(`${value} does not fit ${length} bytes`)
      return Uint8Array.from({ length }, (_, index) => Number((value >> BigInt(8 * (length - 1 - index))) & 0xffn))
    },
    decode: (bytes) => bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n),
  }
}

/** 8 bytes of tiyn, the first of them 00. */
export const largestAmount = (1n << 56n) - 1n

export const amountField: Field<bigint> = {
  length: 8,
  encode: (value) => {
    if (value > largestAmount) throw new RangeError(`not an amount for a card: ${value}`)
    return unsignedField(8).encode(value)
  },
  decode: (bytes) => (bytes[0] === 0 ? unsignedField(8).decode(bytes) : null),
}

/** The last moment that JavaScript can name; a later one on a card is none that we wrote. */
const latestInstant = 8_640_000_000_000_000n

/** Milliseconds since 1970-01-01T00:00:00Z, in 8 bytes. */
export const timeField: Field<number> = {
  length: 8,
  encode: (value) => unsignedField(8).encode(BigInt(value)),
  decode: (bytes) => {
    const value = unsignedField(8).decode(bytes)
    return value === null || value > latestInstant ? null : Number(value)
  },
}

type Fields = Readonly<Record<string, Field<unknown>>>
export type ValueOf<Of extends Fields> = {
  readonly [Name in keyof Of]: Of[Name] extends Field<infer Value> ? Value : never
}

export interface Layout<Value> {
  /** In bytes, the tag included. */
  readonly length: number
  encode(value: Value): Uint8Array
  /** Null: another length, another tag, or a field that is none. */
  decode(bytes: Uint8Array): Value | null
}

/**
 * @param tag the ASCII letters that open it; empty for what is part of something else
 * @param fields in the order of the bytes
 */
export function layout<Of extends Fields>(tag: string, fields: Of): Layout<ValueOf<Of>> {
  const start = asciiBytes(tag)
  // What `Fields` says of a value is settled by ValueOf for every caller; inside, each field meets its own value only.
  const entries = Object.entries(fields) as readonly (readonly [string, Field<unknown>])[]
  const length = entries.reduce((sum, [, field]) => sum + field.length, start.length)
  return {
    length,
    encode: (value) => concatBytes(start, ...entries.map(([name, field]) => field.encode(value[name]))),
    decode: (bytes) => {
      if (bytes.length !== length || start.some((byte, index) => bytes[index] !== byte)) return null
      const value: Record<string, unknown> = {}
      let offset = start.length
      for (const [name, field] of entries) {
        const decoded = field.decode(bytes.subarray(offset, offset + field.length))
        if (decoded === null) return null
        value[name] = decoded
        offset += field.length
      }
      return value as ValueOf<Of>
    },
  }
}
