/**
 * Equivalents that lose nothing a reader of the receipt needs. The tenge sign U+20B8 is not in KZ-1048, so there it is
 * written as the abbreviation that Kazakh and Russian price tags use.
 */
const tengeSign = '\u20b8'
const tengeAbbreviation = 'тг'

const spaces = /[\u00a0\u2000-\u200a\u202f\u205f\u3000\t]/gu
const invisible = /[\u00ad\u200b-\u200d\u2060\ufeff]/gu
const hyphens = /[\u2010\u2011\u2212]/gu
/** C0 and C1 controls: in a name from a catalogue they would be printer commands (a drawer that opens). */
const controls = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/gu
/** Shown where a character cannot be: visible, and never mistaken for a question mark. */
export const replacementCharacter = '\ufffd'

/**
 * Text as it can be laid out: composed (NFC), one kind of space and hyphen, no controls but the line feed. Intl formats
 * amounts with no-break spaces, which printers treat differently.
 */
export function prepareText(text: string): string {
  return text
    .normalize('NFC')
    .toWellFormed()
    .replace(/\r\n?/gu, '\n')
    .replace(spaces, ' ')
    .replace(invisible, '')
    .replace(hyphens, '-')
    .replace(controls, replacementCharacter)
}

/** The same text with the tenge sign spelled out, for a code page without it. */
export function spellTenge(text: string): string {
  return text.replaceAll(tengeSign, tengeAbbreviation)
}
