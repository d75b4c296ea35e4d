/**
 * Customer displays of two rows of twenty places: what their bytes are. Data, as the printers' profiles are. A display
 * is used only where the settings name it with its profile: no usage tells what a display understands.
 */
import { prepareText } from '../printer/text-preparation.ts'
import type { DisplayRow } from '../ports.ts'

export const displayColumns = 20

interface DisplayProfile {
  /** The character set that is chosen before the first text, or null for ASCII alone. */
  readonly codePage: { readonly name: 'cp866'; readonly slot: number } | null
  readonly source: string
}

const commands =
  'ESC @, US MD1, US $ as in the command table of the POS-X XP8200 manual, p. 12 ("EPSON command mode"), which ' +
  'Epson’s DM displays and their like share'

export const displayProfiles = {
  'escpos-ascii': { codePage: null, source: commands },
  'escpos-cp866': {
    codePage: { name: 'cp866', slot: 17 },
    source: `${commands}; ESC t 17: Epson DM-D110 specification, p. 45`,
  },
} as const satisfies Readonly<Record<string, DisplayProfile>>
export type DisplayProfileId = keyof typeof displayProfiles
export const displayProfileIds = Object.keys(displayProfiles) as [DisplayProfileId, ...DisplayProfileId[]]

/** How a display takes a run of bytes by output reports. Manufacturers keep it to themselves: settings say it. */
export interface ReportFraming {
  /** 0: the display does not number its reports. */
  readonly reportId: number
  /** Bytes of a report, without its id. */
  readonly reportBytes: number
  /** `first`: the first byte says how many follow; `none`: what is left is zeros, which displays pass over. */
  readonly length: 'none' | 'first'
}

/** Empties the display and chooses its character set. */
export function displayStart(profileId: DisplayProfileId): Uint8Array {
  const { codePage }: DisplayProfile = displayProfiles[profileId]
  const choose = codePage === null ? [] : [0x1b, 0x74, codePage.slot]
  // ESC @; US MD1: a row that is full does not scroll.
  return Uint8Array.of(0x1b, 0x40, 0x1f, 0x01, ...choose)
}

/** Both rows, whole, each at its place: whatever stood there before. */
export function displayBytes(rows: readonly DisplayRow[], profileId: DisplayProfileId): Uint8Array {
  const { codePage }: DisplayProfile = displayProfiles[profileId]
  return Uint8Array.from(
    [1, 2].flatMap((row) => [
      0x1f,
      0x24,
      1,
      row,
      ...laidOut(rows[row - 1] ?? { left: '', right: '' }, codePage === null ? ascii : cp866),
    ]),
  )
}

/** The bytes as output reports, each with its id first. */
export function asReports(bytes: Uint8Array, framing: ReportFraming): Uint8Array[] {
  const { reportId, reportBytes, length } = framing
  const dataBytes = length === 'first' ? reportBytes - 1 : reportBytes
  return Array.from({ length: Math.ceil(bytes.length / dataBytes) }, (_, index) => {
    const data = bytes.slice(index * dataBytes, (index + 1) * dataBytes)
    const report = new Uint8Array(1 + reportBytes)
    report[0] = reportId
    if (length === 'first') report[1] = data.length
    report.set(data, reportBytes - dataBytes + 1)
    return report
  })
}

type Repertoire = ReadonlyMap<string, number>

const ascii: Repertoire = new Map(
  Array.from({ length: 0x5f }, (_, index) => [String.fromCharCode(0x20 + index), 0x20 + index]),
)
const cp866: Repertoire = new Map([
  ...ascii,
  ...Array.from(
    new TextDecoder('ibm866').decode(Uint8Array.from({ length: 0x80 }, (_, index) => 0x80 + index)),
    (character, index): [string, number] => [character, 0x80 + index],
  ).filter(([character]) => /^\p{Script=Cyrillic}$/u.test(character)),
])

/** One row: `right` at the right edge, `left` before it with a blank between, shortened where it must be. */
function laidOut({ left, right }: DisplayRow, repertoire: Repertoire): readonly number[] {
  const end = shown(right, repertoire).slice(0, displayColumns)
  const room = end.length === 0 ? displayColumns : Math.max(0, displayColumns - end.length - 1)
  const begin = shown(left, repertoire).slice(0, room)
  const blanks = Array.from({ length: displayColumns - begin.length - end.length }, () => 0x20)
  return [...begin, ...blanks, ...end]
}

/**
 * A text with a letter that the display has not (Kazakh ones, ₸) is shown in Latin letters as a whole: half a word in
 * another script would read worse. What has no Latin letters either is a question mark.
 */
function shown(text: string, repertoire: Repertoire): readonly number[] {
  const prepared = [...prepareText(text).replaceAll('\n', ' ').trim()]
  const isWhole = prepared.every((character) => repertoire.has(character))
  const letters = isWhole ? prepared : prepared.flatMap((character) => [...latinOf(character)])
  return letters.map((character) => repertoire.get(character) ?? 0x3f)
}

/** Kazakh's own letters by their places in the Latin alphabet of 2021, without its marks; Russian ones as usual. */
const latin: Readonly<Record<string, string>> = {
  а: 'a',
  ә: 'a',
  б: 'b',
  в: 'v',
  г: 'g',
  ғ: 'g',
  д: 'd',
  е: 'e',
  ё: 'yo',
  ж: 'j',
  з: 'z',
  и: 'i',
  й: 'i',
  к: 'k',
  қ: 'q',
  л: 'l',
  м: 'm',
  н: 'n',
  ң: 'n',
  о: 'o',
  ө: 'o',
  п: 'p',
  р: 'r',
  с: 's',
  т: 't',
  у: 'u',
  ұ: 'u',
  ү: 'u',
  ф: 'f',
  х: 'h',
  һ: 'h',
  ц: 'ts',
  ч: 'ch',
  ш: 'sh',
  щ: 'sch',
  ъ: '',
  ы: 'y',
  і: 'i',
  ь: '',
  э: 'e',
  ю: 'yu',
  я: 'ya',
  '₸': 'tg',
  '«': '"',
  '»': '"',
  '–': '-',
  '—': '-',
  '’': "'",
  '№': 'No',
  '…': '...',
}

function latinOf(character: string): string {
  const small = character.toLowerCase()
  const letters = latin[small]
  if (letters === undefined) {
    // A letter of a Latin alphabet with a mark loses the mark.
    return character.normalize('NFD').replaceAll(/\p{M}/gu, '')
  }
  return small === character ? letters : letters.slice(0, 1).toUpperCase() + letters.slice(1)
}
