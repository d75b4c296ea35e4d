/** How names stand on the card: references of 16 bytes (docs/design/22, "Conventions"). */
import { asciiBytes, fromHex, toHex } from '../bytes.ts'
import { sha256 } from './p256.ts'

export const referenceLength = 16
export const cardIdLength = 16
export const serialLength = 8

export const schemeRef = referenceWith('TLMSCH01')
export const slotRef = referenceWith('TLMSLT01')
export const merchantRef = referenceWith('TLMMER01')
export const terminalRef = referenceWith('TLMTER01')
export const issuerRef = referenceWith('TLMISS01')

function referenceWith(tag: string): (name: string) => Uint8Array {
  return (name) => sha256(asciiBytes(tag), new TextEncoder().encode(name)).slice(0, referenceLength)
}

/** The 16 bytes of a UUID; throws on other text. */
export function tenderIdBytes(tenderId: string): Uint8Array {
  const hex = tenderId.replaceAll('-', '')
  if (hex.length !== 32) throw new RangeError('not a UUID')
  return fromHex(hex)
}

/** Lower case, with hyphens, as ids are written everywhere. */
export function tenderIdText(bytes: Uint8Array): string {
  const hex = toHex(bytes).toLowerCase()
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
