/**
 * How a reader hands a command of ISO/IEC 14443-3 on to a card that has no other language, an NTAG21x for one. Readers
 * are told apart by the name that PC/SC gives them. What a maker documents stands here; every other reader is asked,
 * and says itself what it does not know.
 */

/** `direct-transmit`: by the PN532 in it (`FF 00`); `transparent-session`: PC/SC part 3, supplement 2.02 (`FF C2`). */
export type HandingOn = 'direct-transmit' | 'transparent-session'

interface ReaderFamily {
  /** What is in the name of each of its readers. */
  readonly named: readonly string[]
  readonly handsOn: HandingOn
  readonly source: string
}

/**
 * HID's OMNIKEY are none of these: the guides of 5022 (PLT-03092 A.1) and 5023 (A.1) have taken MIFARE Ultralight out,
 * and an NTAG21x speaks as one. Nothing is promised of them; they are asked like any other reader.
 */
export const readerFamilies: readonly ReaderFamily[] = [
  { named: ['ACR122U'], handsOn: 'direct-transmit', source: 'ACS, ACR122U API V2.04, §6.1' },
  {
    named: ['ACR1252', 'ACM1252'],
    handsOn: 'transparent-session',
    source: 'ACS, ACR1252U API V1.09, §5.4; ACM1252U-Y3 reference manual V1.03, §5.2.3',
  },
  {
    named: ['ACR1552'],
    handsOn: 'transparent-session',
    source: 'ACS, ACR1552U reference manual, §5.3.5, by two public programs that quote it',
  },
]

/** Null: nobody has said. @param readerName as PC/SC has it; null where nobody knows it */
export function handingOnOf(readerName: string | null): HandingOn | null {
  if (readerName === null) return null
  const name = readerName.toUpperCase()
  return readerFamilies.find(({ named }) => named.some((part) => name.includes(part)))?.handsOn ?? null
}
