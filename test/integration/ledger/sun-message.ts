/** A card that proves each sale, computing its own message. */
import { encryptCbc } from '../../../hardware-mocks/cards/aes.ts'
import { sunMac } from '../../../src/voucher/cards/sun.ts'
import { sunMacInput } from '../../../src/voucher/cards/ntag424-layout.ts'
import type { Sun } from '../../../src/voucher/tender.ts'

interface CountingTag {
  readonly uid: Uint8Array
  readonly fileReadKey: Uint8Array
  readonly metaReadKey: Uint8Array
  counter: number
}

/** The message that the card shows for one tender; the counter rises with each. */
export function readCard(card: CountingTag, termsHash: string, counter = (card.counter += 1)): Sun {
  const count = Buffer.from([counter & 0xff, (counter >> 8) & 0xff, counter >> 16])
  const picc = Buffer.concat([Buffer.of(0xc7), card.uid, count, Buffer.alloc(5, 0x5a)])
  const b = termsHash.toUpperCase()
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex').toUpperCase()
  const mac = sunMac(card.fileReadKey, { uid: card.uid, counter }, sunMacInput(b))
  return { e: hex(encryptCbc(card.metaReadKey, picc)), b, m: hex(mac) }
}
