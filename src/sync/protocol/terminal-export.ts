/**
 * A terminal's export: what it sold and the ledger has not answered yet, signed, to be handed over by somebody else
 * (money-rules.md, "Who pays": till destroyed or stolen; docs/design/13-export.md).
 *
 * A file is a list of parts, one a line, each small enough for one request and signed by itself. A part carries the
 * heads of all rows since a head that the ledger knows, so that nobody has to believe that its items stand in the
 * till's one chain: it can be computed.
 */
import { z } from 'zod'
import { instantSchema, nameSchema, uuidSchema } from '../../voucher/identifiers.ts'
import { addTiyn, tiynSchema, zeroTiyn } from '../../voucher/money.ts'
import { canonicalText, hashOf } from './canonical.ts'
import { rowHeadSchema, whereChainBreaks, type RowHead } from './journal-chain.ts'
import { lossCodes } from './loss-codes.ts'
import { publicJwkSchema, signTagged, verifyTagged, type SigningKey, type VerifyingKey } from './keys.ts'
import { refusalCodes } from '../../voucher/reasons.ts'
import {
  arrivalSchema,
  journalPositionSchema,
  presentmentSchema,
  signatureSchema,
  syncItemIdOf,
  syncItemSchema,
  type JournalPosition,
  type SyncItem,
} from './messages.ts'

/** What one part may hold. The ledger takes 16 MiB in one request (ledger-sim/http/handle.ts); this leaves room. */
export const exportPartLimits = { items: 200, rows: 10_000, open: 1_000, bytes: 8 * 1024 * 1024 } as const

/**
 * Tenders that are in the middle of something: nothing is claimed for them, and they are named. `sale_open`: paid, of a
 * sale that was never completed, which nobody pays.
 */
const openTenderSchema = z.strictObject({
  tenderId: uuidSchema,
  state: z.enum(['in_progress', 'unknown', 'torn', 'held', 'reversing', 'sale_open']),
  amount: tiynSchema,
  advice: presentmentSchema
    .pick({ terms: true, decidedAt: true, evidence: true })
    .optional()
    .describe(
      'Where its card may have paid by itself (docs/design/25-policy-card.md): what the card was to sign. It is ' +
        'heard of a till that was ended; a till in service asks the card itself.',
    ),
})
export type OpenTender = z.infer<typeof openTenderSchema>

const exportPartSchema = z.strictObject({
  version: z.literal(1),
  terminalId: nameSchema,
  merchantId: nameSchema,
  ledgerKey: publicJwkSchema.describe(
    'Whose answer the one who hands it over may believe: the ledger that this till was enrolled at.',
  ),
  madeAt: instantSchema,
  part: z.int().min(1).describe('From 1.'),
  isLast: z.boolean(),
  after: journalPositionSchema
    .nullable()
    .describe('The row before the first of `rows`: a countersigned head, the end of the part before, or none.'),
  rows: z.array(rowHeadSchema).max(exportPartLimits.rows),
  items: z.array(syncItemSchema).max(exportPartLimits.items).describe('In the order of their rows.'),
  unreadable: z
    .array(z.string().max(100))
    .describe('Items whose rows can no longer be read: named, and claimed by their receipts.'),
  open: z.array(openTenderSchema).max(exportPartLimits.open).describe('In the last part only.'),
  /** For people, and checked all the same. */
  sums: z.strictObject({
    presentments: z.int().min(0),
    amount: tiynSchema,
    reversals: z.int().min(0),
    surrenders: z.int().min(0),
    refunds: z.int().min(1).optional().describe('Absent where there are none.'),
    captures: z.int().min(1).optional(),
  }),
})
export type ExportPart = z.infer<typeof exportPartSchema>

export const signedExportPartSchema = z.strictObject({ content: exportPartSchema, signature: signatureSchema })
export type SignedExportPart = z.infer<typeof signedExportPartSchema>

/**
 * The ledger's word on each item of a part, in the order in which they were applied, and on what was unresolved.
 * `in_review`: the till was in other hands, and its agency looks at the sale first.
 */
export const exportAnswerSchema = z.strictObject({
  terminalId: nameSchema,
  part: z.int(),
  results: z.array(
    z.strictObject({
      itemId: z.string(),
      kind: z.enum(['presentment', 'reversal', 'surrender', 'refund', 'capture']),
      arrival: arrivalSchema,
      state: z.enum([
        'settled',
        'held',
        'awaiting_funds',
        'in_review',
        'refused',
        'not_paid',
        'reversed',
        'done',
        'awaiting_proof',
      ]),
      amount: tiynSchema,
      refusal: z.enum(refusalCodes).nullable(),
      loss: z.enum(lossCodes).nullable(),
    }),
  ),
  open: z.array(
    z.strictObject({
      tenderId: uuidSchema,
      state: z.enum([
        'not_seen',
        'deciding',
        'requested',
        'held',
        'settled',
        'awaiting_funds',
        'in_review',
        'refused',
        'not_paid',
        'reversed',
        'awaiting_proof',
      ]),
    }),
  ),
})
export type ExportAnswer = z.infer<typeof exportAnswerSchema>

/**
 * - `not_an_export`: some other text.
 * - `version_not_known`: made by a later terminal.
 * - `damaged`: ours by its beginning, unreadable, or not in the one form that a terminal writes.
 * - `chain_broken`: a row does not follow from the one before it.
 * - `item_not_in_chain`: an item is not what its row in the chain says, or an advice is of another tender.
 * - `sums_wrong`: counts or amounts are not those of the items.
 * - `signature_wrong`: not signed with that terminal's key.
 */
export type ExportFault =
  | 'not_an_export'
  | 'version_not_known'
  | 'damaged'
  | 'chain_broken'
  | 'item_not_in_chain'
  | 'sums_wrong'
  | 'signature_wrong'

export type ReadExportPart =
  | { readonly kind: 'part'; readonly signed: SignedExportPart }
  | { readonly kind: 'fault'; readonly code: ExportFault; readonly detail: string }

const tag = 'tolem/terminal-export/1'

export function signExportPart(content: ExportPart, key: SigningKey): SignedExportPart {
  return { content, signature: signTagged(key, tag, content) }
}

export function isSignedBy({ content, signature }: SignedExportPart, key: VerifyingKey): boolean {
  return verifyTagged(key, tag, content, signature)
}

/** One line of a file, without its end. */
export function exportLineOf(signed: SignedExportPart): string {
  return canonicalText(signed)
}

/** Reads one line of a file, without judging who signed. Never throws. */
export function readExportLine(line: string): ReadExportPart {
  const value = jsonOrUndefined(line)
  const version = versionIn(value)
  if (version === undefined) return fault('not_an_export', 'the line is no part of a till’s export')
  if (version !== 1) return fault('version_not_known', `the export is of version ${version}`)
  const parsed = signedExportPartSchema.safeParse(value)
  if (!parsed.success) return fault('damaged', parsed.error.issues[0]?.path.join('/') ?? '')
  // One part has one text: what does not come out the same again was not written by a terminal.
  if (exportLineOf(parsed.data) !== line) return fault('damaged', 'not in the form that a till writes')
  const signature = Buffer.from(parsed.data.signature, 'base64url').toString('base64url')
  if (signature !== parsed.data.signature) return fault('damaged', 'signature')
  return checkExportPart(parsed.data)
}

/** What can be checked of a part by itself: its chain, its items in the chain, its sums. */
export function checkExportPart(signed: SignedExportPart): ReadExportPart {
  const { content } = signed
  const breaksAt = whereChainBreaks(content.after, content.rows)
  if (breaksAt !== undefined) return fault('chain_broken', `row ${breaksAt} does not follow from the one before it`)
  const heads = new Map(content.rows.map((row) => [row.sequence, row]))
  let before = 0
  for (const item of content.items) {
    const { sequence } = item.position
    if (sequence <= before || !isRowOf(item, heads.get(sequence)))
      return fault('item_not_in_chain', `${syncItemIdOf(item)} is not what row ${sequence} says`)
    before = sequence
  }
  for (const { tenderId, amount, advice } of content.open) {
    if (advice === undefined) continue
    const { terms, evidence } = advice
    const isOfTender = terms.tenderId === tenderId && terms.amount === amount
    if (!isOfTender || evidence.cardProof.profile !== 'tolem-applet')
      return fault('item_not_in_chain', `the advice of ${tenderId} is of another tender`)
  }
  if (canonicalText(sumsOf(content.items)) !== canonicalText(content.sums))
    return fault('sums_wrong', 'the sums are not those of the items')
  return { kind: 'part', signed }
}

export function sumsOf(items: readonly SyncItem[]): ExportPart['sums'] {
  const presented = items.flatMap((item) => (item.kind === 'presentment' ? [item.terms.amount] : []))
  const refunds = items.filter(({ kind }) => kind === 'refund').length
  const captures = items.filter(({ kind }) => kind === 'capture').length
  return {
    presentments: presented.length,
    amount: presented.length === 0 ? zeroTiyn : addTiyn(...presented),
    reversals: items.filter(({ kind }) => kind === 'reversal').length,
    surrenders: items.filter(({ kind }) => kind === 'surrender').length,
    ...(refunds === 0 ? {} : { refunds }),
    ...(captures === 0 ? {} : { captures }),
  }
}

/** Where the journal stood at the end of a part; null when it has no rows at all. */
export function endOf({ after, rows }: Pick<ExportPart, 'after' | 'rows'>): JournalPosition | null {
  const last = rows.at(-1)
  return last === undefined ? after : { epoch: last.epoch, sequence: last.sequence, hash: last.hash }
}

/** The hash of the row's payload follows from the item: nothing of it can be another than the journal has. */
function isRowOf(item: SyncItem, row: RowHead | undefined): boolean {
  if (row === undefined || row.hash !== item.position.hash || row.epoch !== item.position.epoch) return false
  if (item.kind === 'capture' && item.sold !== undefined && item.sold.at !== row.at) return false
  return payloadsOf(item).some(
    (payload) => row.kind === payload.kind && row.payloadHash === hashOf('tolem/journal-payload/1', payload),
  )
}

/** The journal's own rows (journal/rows.ts) that an item may come of: the chain has the hash of one of them. */
function payloadsOf(item: SyncItem) {
  switch (item.kind) {
    case 'presentment': {
      const { terms, evidence, leaseId, decidedAt } = item
      const { tenderId } = terms
      if (leaseId !== undefined) return [{ kind: 'approved_offline', tenderId, evidence, leaseId, decidedAt }]
      // The card has paid by itself, or may have.
      return ['approved_by_card', 'debit_advised'].map((kind) => ({ kind, tenderId, evidence, decidedAt }))
    }
    case 'reversal':
      return [{ kind: 'reversal_requested', tenderId: item.tenderId, reason: item.reason }]
    case 'capture': {
      const { at: _closedAt, ...sold } = item.sold ?? {}
      return [{ kind: 'capture_requested', tenderId: item.tenderId, ...(item.sold === undefined ? {} : { sold }) }]
    }
    case 'surrender': {
      const { surrenderId, leaseId, slotId } = item
      return [{ kind: 'slot_surrendered', surrenderId, leaseId, slotId }]
    }
    case 'refund': {
      const { refundId, tenderId, amount, lines, reason } = item
      return [{ kind: 'refund_requested', refundId, tenderId, amount, lines, reason }]
    }
    default:
      return item satisfies never
  }
}

function fault(code: ExportFault, detail: string): ReadExportPart {
  return { kind: 'fault', code, detail }
}

function versionIn(value: unknown): number | undefined {
  const read = z
    .object({ content: z.object({ version: z.int(), terminalId: z.string() }), signature: z.string() })
    .safeParse(value)
  return read.success ? read.data.content.version : undefined
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
