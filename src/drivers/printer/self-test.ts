import type { PrintBlock, PrintDocument } from './document.ts'
import type { PrinterProfile } from './profile.ts'

/** The nine pairs of letters that Kazakh has beside Russian. */
const kazakhLetters = 'Әә Ғғ Ққ Ңң Өө Ұұ Үү Һһ Іі'
/** Each letter of the Kazakh alphabet that differs from Russian is in it; invented. */
const kazakhSentence = 'Көгершін Әсел Ғани ұлымен Һәм Қуаныш Іңкәр үңгірде'
/** Read back by who tests: names no till and no sale. As a receipt's, it is ASCII, so that the printer may draw it. */
const qrPayload = 'TOLEM TEST 0123456789'

/**
 * The page by which a person sees whether a profile fits the printer: the Kazakh letters, the tenge sign, the width of
 * a line, what is sent as text and what is drawn. Printed by `npm run till -- test-page` (docs/field-tester.md).
 */
export function selfTestDocument(profile: PrinterProfile): PrintDocument {
  const { kz1048Slot, language } = profile
  const letters = kz1048Slot === null ? 'raster' : `KZ-1048, ESC t ${kz1048Slot}`
  return {
    blocks: [
      { kind: 'text', text: 'TÖLEM', align: 'center', bold: true, size: 'double' },
      { kind: 'text', text: profile.name, align: 'center', bold: true },
      { kind: 'row', left: profile.id, right: language === 'escpos' ? 'ESC/POS' : 'StarPRNT' },
      { kind: 'row', left: letters, right: `${profile.columns} / ${profile.dots}` },
      ...ruler(profile.columns),
      { kind: 'text', text: kazakhLetters },
      { kind: 'text', text: kazakhLetters, bold: true },
      { kind: 'text', text: kazakhSentence },
      { kind: 'text', text: 'Съешь ещё этих мягких булок. The quick brown fox.' },
      { kind: 'row', left: 'Барлығы · Итого · Total', right: '1\u00a0234\u202f567,50\u00a0\u20b8', bold: true },
      { kind: 'text', text: '\u20b8 = \u20b8', size: 'double' },
      { kind: 'rule' },
      { kind: 'qr', payload: qrPayload },
      { kind: 'copyMark', text: 'КӨШІРМЕ' },
      { kind: 'cut' },
    ],
  }
}

/** Tens above units: the last column stands under the edge of the paper if the profile's width is right. */
function ruler(columns: number): PrintBlock[] {
  const places = Array.from({ length: columns }, (_, index) => index + 1)
  const tens = places.map((place) => (place % 10 === 0 ? String(place / 10) : ' ')).join('')
  return [
    { kind: 'text', text: tens },
    { kind: 'text', text: places.map((place) => place % 10).join('') },
  ]
}
