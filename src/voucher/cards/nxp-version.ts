/**
 * GET_VERSION of NXP's chips: eight bytes of a type 2 tag (NTAG213/215/216 data sheet §10.1), or the first and third
 * frame of the DESFire command set (NT4H2421Gx §10.5.2). Which chip that is, recognition.ts names.
 */
export interface NxpVersion {
  readonly vendor: number
  readonly type: number
  readonly subtype: number
  readonly major: number
  readonly minor: number
  /** Bytes of memory: exactly so many, or more than the first and less than the second. */
  readonly storage: { readonly atLeast: number; readonly atMost: number }
  /** Null of a type 2 tag, which does not say. */
  readonly made: { readonly week: number; readonly year: number } | null
}

/** The byte 00 before everything else. Null: another length, so another command's answer. */
export function readType2Version(answer: Uint8Array): NxpVersion | null {
  return answer.length === 8 ? hardwareOf(answer.subarray(1), null) : null
}

/** @param hardware the first frame @param production the third: UID, batch, week and year */
export function readNativeVersion(hardware: Uint8Array, production: Uint8Array): NxpVersion | null {
  if (hardware.length !== 7) return null
  const [week, year] = production.subarray(-2)
  const isSaid = production.length === 14 && week !== undefined && year !== undefined
  return hardwareOf(hardware, isSaid ? { week: decimal(week & 0x7f), year: 2000 + decimal(year) } : null)
}

function hardwareOf(bytes: Uint8Array, made: NxpVersion['made']): NxpVersion {
  const [vendor = 0, type = 0, subtype = 0, major = 0, minor = 0, size = 0] = bytes
  const atLeast = 2 ** (size >> 1)
  // The lowest bit says that the true size lies between this power of two and the next.
  return {
    vendor,
    type,
    subtype,
    major,
    minor,
    storage: { atLeast, atMost: size % 2 === 0 ? atLeast : 2 * atLeast },
    made,
  }
}

/** Two decimal digits in one byte. */
function decimal(byte: number): number {
  return (byte >> 4) * 10 + (byte & 0x0f)
}
