/**
 * KZ-1048 (STRK1048-2002, RK1048): Windows-1251 with sixteen other letters. The table exists to know *before* printing
 * what the printer cannot print, because the encoder writes `?` for such a character and says nothing.
 */
const differencesFromWindows1251: Readonly<Record<number, string>> = {
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

function buildRepertoire(): ReadonlyMap<string, number> {
  const windows1251 = new TextDecoder('windows-1251', { fatal: true })
  const repertoire = new Map<string, number>()
  for (let byte = 0x20; byte <= 0xff; byte++) {
    // 7F is a control, 98 is unassigned in both sets, A0 and AD (no-break space, soft hyphen) print differently
    // from model to model; `text-preparation.ts` replaces the latter two.
    if (byte === 0x7f || byte === 0x98 || byte === 0xa0 || byte === 0xad) continue
    repertoire.set(differencesFromWindows1251[byte] ?? windows1251.decode(Uint8Array.of(byte)), byte)
  }
  return repertoire
}

/** Every character that KZ-1048 prints, with its byte. */
export const kz1048Repertoire = buildRepertoire()

/** The characters of `text` that KZ-1048 lacks, each once, in order of appearance. */
export function missingFromKz1048(text: string): string[] {
  return [...new Set([...text].filter((character) => !kz1048Repertoire.has(character)))]
}
