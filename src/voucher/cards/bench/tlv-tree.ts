/** What a card answered, as BER-TLV objects within each other (ISO/IEC 7816-4 §5.2.2), read level by level. */
import { parseBerTlv } from '../tolem-applet/ber-tlv.ts'

export interface TlvNode {
  /** The tag's bytes as one number: 0x84, 0x9F65. */
  readonly tag: number
  readonly value: Uint8Array
  /** Empty of a primitive object, of one whose value is no TLV, and below the deepest level that is looked at. */
  readonly children: readonly TlvNode[]
}

/** Directories of payment cards go four deep. */
const depthMost = 8

/** Null: not TLV from the first byte to the last. */
export function tlvTree(bytes: Uint8Array): readonly TlvNode[] | null {
  return treeOf(bytes, 1)
}

function treeOf(bytes: Uint8Array, depth: number): readonly TlvNode[] | null {
  const parsed = parseBerTlv(bytes)
  if (parsed.kind === 'malformed' || parsed.objects.length === 0) return null
  return parsed.objects.map(({ tag, value }) => ({
    tag,
    value,
    children: isConstructed(tag) && depth < depthMost ? (treeOf(value, depth + 1) ?? []) : [],
  }))
}

/** Bit 6 of the tag's first byte (§5.2.2.1). */
function isConstructed(tag: number): boolean {
  let first = tag
  while (first > 0xff) first = Math.floor(first / 256)
  return (first & 0x20) !== 0
}

/** The values of all objects with this tag, at whatever level, in their order. */
export function valuesOfTag(nodes: readonly TlvNode[], tag: number): readonly Uint8Array[] {
  return nodes.flatMap((node) => [...(node.tag === tag ? [node.value] : []), ...valuesOfTag(node.children, tag)])
}

export interface TlvLine {
  /** 0 at the top. */
  readonly depth: number
  readonly tag: number
  readonly value: Uint8Array
  readonly isTemplate: boolean
}

/** Each object on a line of its own, an object before what is in it. */
export function tlvLines(nodes: readonly TlvNode[], depth = 0): readonly TlvLine[] {
  return nodes.flatMap(({ tag, value, children }) => [
    { depth, tag, value, isTemplate: children.length > 0 },
    ...tlvLines(children, depth + 1),
  ])
}

/**
 * Any bytes may happen to read as TLV, a UID as well: an answer is shown as TLV where its first object is a template,
 * or has a tag with a name (`tlvTagNames`).
 */
export function meantAsTlv(bytes: Uint8Array): readonly TlvNode[] | null {
  const tree = tlvTree(bytes)
  const [first] = tree ?? []
  return first !== undefined && (first.children.length > 0 || first.tag in tlvTagNames) ? tree : null
}

/**
 * Tags by their names in ISO/IEC 7816-4 (Tables 10, 12 and 13), EMV Book 3 Annex A, and docs/design/22 (C0 to C3, of
 * the applet's own).
 */
export const tlvTagNames = {
  0x4f: 'application_identifier',
  0x50: 'application_label',
  0x61: 'application_template',
  0x62: 'file_control_parameters',
  0x64: 'file_management_data',
  0x6f: 'file_control_information',
  0x70: 'record_template',
  0x77: 'response_template',
  0x80: 'file_size_or_response',
  0x83: 'file_identifier',
  0x84: 'dedicated_file_name',
  0x87: 'application_priority',
  0x88: 'short_file_identifier',
  0xa5: 'proprietary_information',
  0x9f38: 'processing_options_list',
  0x5f2d: 'language_preference',
  0x9f11: 'issuer_code_table',
  0x9f12: 'application_preferred_name',
  0xbf0c: 'issuer_discretionary_data',
  0xc0: 'tolem_version',
  0xc1: 'tolem_kind',
  0xc2: 'tolem_key_ids',
  0xc3: 'tolem_challenge',
} as const satisfies Readonly<Record<number, string>>
export type TlvTagName = (typeof tlvTagNames)[keyof typeof tlvTagNames]

export function tlvTagName(tag: number): TlvTagName | null {
  return (tlvTagNames as Readonly<Record<number, TlvTagName>>)[tag] ?? null
}
