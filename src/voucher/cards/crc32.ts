/**
 * CRC32NK of ChangeKey: CRC-32 of IEEE 802.3 without its final inversion, which is also called JAMCRC
 * (NT4H2421Gx §10.6.1; AN12196 §6.16.1 gives an example).
 */
import { crc32 } from 'node:zlib'

export function crc32WithoutInversion(data: Uint8Array): number {
  return ~crc32(data) >>> 0
}
