/**
 * The memory of NTAG213, NTAG215 and NTAG216 (NXP NTAG213/215/216 data sheet §8.5 and §8.8), and where the issuing
 * desk puts what (docs/design/24-card-profiles.md, "NTAG21x"). A page has 4 bytes; the user's begin with page 4.
 */
export interface Ntag21xModel {
  readonly name: 'NTAG213' | 'NTAG215' | 'NTAG216'
  /** From page 4 on. */
  readonly userBytes: number
  /** CFG0; CFG1, PWD and PACK are the three pages after it. */
  readonly configurationPage: number
}

export const firstUserPage = 4

/** By the storage size of GET_VERSION. */
const models: Readonly<Record<number, Ntag21xModel>> = {
  0x0f: { name: 'NTAG213', userBytes: 144, configurationPage: 0x29 },
  0x11: { name: 'NTAG215', userBytes: 504, configurationPage: 0x83 },
  0x13: { name: 'NTAG216', userBytes: 888, configurationPage: 0xe3 },
}

/** GET_VERSION: 00 04 04 02 01 00 SS 03. Null for every other chip, also one of another maker (facts §1.1). */
export function ntag21xModelOf(version: Uint8Array): Ntag21xModel | null {
  const expected = [0x00, 0x04, 0x04, 0x02, 0x01, 0x00, null, 0x03]
  const isNtag21x =
    version.length === expected.length && expected.every((byte, index) => byte === null || version[index] === byte)
  return isNtag21x ? (models[version[6] ?? 0] ?? null) : null
}
