/**
 * What a byte from 0x80 up means on paper. A printer's `ESC t n` selects a *slot*, and which page lies in which slot
 * differs between models (facts/virtual-hardware-and-printers.md §3.4): hence the profiles.
 */

export type CodePageName = 'cp437' | 'cp858' | 'cp866' | 'cp1251' | 'kz1048'

/** The letters of KZ-1048 (RK1048) that differ from CP1251: sixteen, and no tenge sign among them. */
const kazakhLetters: Readonly<Record<number, string>> = {
  0x8d: 'Қ',
  0x8e: 'Һ',
  0x9d: 'қ',
  0x9e: 'һ',
  0xa1: 'Ұ',
  0xa2: 'ұ',
  0xa3: 'Ә',
  0xa5: 'Ө',
  0xaa: 'Ғ',
  0xaf: 'Ү',
  0xb4: 'ө',
  0xba: 'ғ',
  0xbc: 'ә',
  0xbd: 'Ң',
  0xbe: 'ң',
  0xbf: 'ү',
}

const cp437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀' +
  'αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0'
const cp858 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈ€ÍÎÏ┘┌█▄¦Ì▀' +
  'ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0'

const upperHalf = Uint8Array.from({ length: 128 }, (_, index) => 0x80 + index)

/** `null`: the page has no character there. */
type CodePage = readonly (string | null)[]

const fromDecoder = (label: string): CodePage =>
  [...new TextDecoder(label).decode(upperHalf)].map((character) =>
    // WHATWG maps undefined bytes to C1 controls; paper has no such thing.
    character >= '\u0080' && character <= '\u009f' ? null : character,
  )

const cp1251 = fromDecoder('windows-1251')
const pages: Readonly<Record<CodePageName, CodePage>> = {
  cp437: [...cp437],
  cp858: [...cp858],
  cp866: fromDecoder('ibm866'),
  cp1251,
  kz1048: cp1251.map((character, index) => kazakhLetters[0x80 + index] ?? character),
}

/**
 * The character that `byte` (0x20 to 0xFF) prints, or `null` where the page has none. The lower half is ASCII on
 * every page.
 */
export function characterOf(page: CodePageName, byte: number): string | null {
  if (byte < 0x7f) return String.fromCharCode(byte)
  if (byte === 0x7f) return null
  return pages[page][byte - 0x80] ?? null
}

export type PrinterProfileName = 'kazakh' | 'budget'

/** Which page lies in which `ESC t` slot, and how the model calls itself. */
export interface PrinterProfile {
  readonly name: PrinterProfileName
  readonly model: string
  readonly slots: ReadonlyMap<number, CodePageName>
}

/**
 * `kazakh` has KZ-1048 at slot 53, like Epson's TM-T20III or TM-m30III. `budget` has CP858 there, like the POS-5890
 * family: Kazakh sent to slot 53 comes out as garbage, and a good driver never sends it.
 */
export const printerProfiles: Readonly<Record<PrinterProfileName, PrinterProfile>> = {
  kazakh: {
    name: 'kazakh',
    model: 'TOLEM-VP80K',
    slots: new Map<number, CodePageName>([
      [0, 'cp437'],
      [17, 'cp866'],
      [19, 'cp858'],
      [46, 'cp1251'],
      [53, 'kz1048'],
    ]),
  },
  budget: {
    name: 'budget',
    model: 'TOLEM-VP58B',
    slots: new Map<number, CodePageName>([
      [0, 'cp437'],
      [17, 'cp866'],
      [19, 'cp858'],
      [53, 'cp858'],
      [73, 'cp1251'],
    ]),
  },
}
