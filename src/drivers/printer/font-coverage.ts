/**
 * Which characters a TrueType font draws, from its `cmap` table (OpenType specification 1.9, "cmap", formats 4 and 12).
 * The renderer draws nothing at all for a character that its font lacks; a receipt must not lose one unnoticed.
 */
export function readCoverage(font: Uint8Array): ReadonlySet<number> {
  const view = new DataView(font.buffer, font.byteOffset, font.byteLength)
  const cmap = findTable(view, 'cmap')
  const covered = new Set<number>()
  const subtableCount = view.getUint16(cmap + 2)
  for (let index = 0; index < subtableCount; index++) {
    const record = cmap + 4 + index * 8
    const platform = view.getUint16(record)
    if (platform !== 0 && platform !== 3) continue
    const subtable = cmap + view.getUint32(record + 4)
    const format = view.getUint16(subtable)
    if (format === 4) addSegments(view, subtable, covered)
    if (format === 12) addGroups(view, subtable, covered)
  }
  if (covered.size === 0) throw new Error('The font has no Unicode character map of format 4 or 12')
  return covered
}

function findTable(view: DataView, name: string): number {
  const tableCount = view.getUint16(4)
  for (let index = 0; index < tableCount; index++) {
    const record = 12 + index * 16
    const tag = String.fromCharCode(...[0, 1, 2, 3].map((offset) => view.getUint8(record + offset)))
    if (tag === name) return view.getUint32(record + 8)
  }
  throw new Error(`The font has no table ${name}`)
}

function addSegments(view: DataView, subtable: number, covered: Set<number>): void {
  const doubledCount = view.getUint16(subtable + 6)
  const ends = subtable + 14
  const starts = ends + doubledCount + 2
  const deltas = starts + doubledCount
  const rangeOffsets = deltas + doubledCount
  for (let offset = 0; offset < doubledCount; offset += 2) {
    const end = view.getUint16(ends + offset)
    const start = view.getUint16(starts + offset)
    const delta = view.getUint16(deltas + offset)
    const rangeOffset = view.getUint16(rangeOffsets + offset)
    for (let character = start; character <= end && character !== 0xffff; character++) {
      const glyph =
        rangeOffset === 0
          ? (character + delta) & 0xffff
          : view.getUint16(rangeOffsets + offset + rangeOffset + (character - start) * 2)
      if (glyph !== 0) covered.add(character)
    }
  }
}

function addGroups(view: DataView, subtable: number, covered: Set<number>): void {
  const groupCount = view.getUint32(subtable + 12)
  for (let index = 0; index < groupCount; index++) {
    const group = subtable + 16 + index * 12
    const startGlyph = view.getUint32(group + 8)
    for (let character = view.getUint32(group); character <= view.getUint32(group + 4); character++) {
      if (startGlyph + character - view.getUint32(group) !== 0) covered.add(character)
    }
  }
}
