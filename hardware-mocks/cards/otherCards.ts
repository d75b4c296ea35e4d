/** Cards that people also hold to a reader and that a till must refuse, or survive. */
import { parseCommandApdu } from './command-apdu.ts'
import type { RandomSource } from './random.ts'
import type { CardAnswer, VirtualCard } from './virtual-card.ts'

const ISO_DEP_ATR = '3B8180018080'

/** The ATR that a reader makes up for a storage card, PC/SC part 3 §3.1.3.2.3.1; `name` is the card name NN NN. */
export function storageCardAtr(name: number): Uint8Array {
  const atr = Buffer.from('3B8F8001804F0CA000000306030000000000000000', 'hex').subarray(0, 20)
  atr.writeUInt16BE(name, 13)
  const checksum = atr.subarray(1, 19).reduce((sum, byte) => sum ^ byte, 0)
  atr[19] = checksum
  return atr
}

interface CardDescription {
  readonly atr: Uint8Array
  readonly uid: Uint8Array
  readonly exchange: (command: Uint8Array) => CardAnswer
  readonly reset?: () => void
}

function describedCard(of: CardDescription): VirtualCard {
  const reset = of.reset ?? (() => {})
  return { atr: of.atr, uid: of.uid, delayMs: 0, enterField: reset, leaveField: reset, reset, exchange: of.exchange }
}

const answered = (responseHex: string): CardAnswer => ({ kind: 'answered', response: Buffer.from(responseHex, 'hex') })

/** A MIFARE Classic 1K: a reader answers its UID (`FF CA`) and nothing else. UID of 4 or 7 bytes. */
export function mifareClassicCard(of: { readonly uid: Uint8Array }): VirtualCard {
  return describedCard({ atr: storageCardAtr(0x0001), uid: of.uid, exchange: () => answered('6300') })
}

/** A blank MIFARE DESFire EV3: the ATR of an NTAG 424 DNA, another GetVersion, and no application of ours. */
export function desfireEv3Card(of: { readonly uid: Uint8Array }): VirtualCard {
  const parts = ['04010133001A0591AF', '04010103001A0591AF', `${Buffer.from(of.uid).toString('hex')}CD65935D4009229100`]
  let next: number | null = null
  return describedCard({
    atr: Buffer.from(ISO_DEP_ATR, 'hex'),
    uid: of.uid,
    reset: () => {
      next = null
    },
    exchange: (bytes) => {
      const command = parseCommandApdu(bytes)
      if (command === null) return answered('6700')
      if (command.cla === 0x00) return answered(command.ins === 0xa4 ? '6A82' : '6D00')
      if (command.cla !== 0x90) return answered('6E00')
      const part = command.ins === 0x60 ? 0 : command.ins === 0xaf ? next : null
      next = part === null || part === parts.length - 1 ? null : part + 1
      return answered(part === null ? '911C' : parts[part]!)
    },
  })
}

/** Answers to reset and then never to anything. */
export function muteCard(of: { readonly uid: Uint8Array }): VirtualCard {
  return describedCard({ atr: Buffer.from(ISO_DEP_ATR, 'hex'), uid: of.uid, exchange: () => ({ kind: 'mute' }) })
}

/** Answers each command with 0 to 63 random bytes. */
export function garbageCard(of: { readonly uid: Uint8Array; readonly random: RandomSource }): VirtualCard {
  return describedCard({
    atr: Buffer.from(ISO_DEP_ATR, 'hex'),
    uid: of.uid,
    exchange: () => ({ kind: 'answered', response: of.random(of.random(1)[0]! & 0x3f) }),
  })
}
