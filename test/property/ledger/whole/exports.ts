/** Heads that tills show, exports that their merchants hand over, and what each has to be answered. */
import { signExportPart, sumsOf } from '../../../../src/sync/protocol/terminal-export.ts'
import { syncItemIdOf, type JournalPosition } from '../../../../src/sync/protocol/messages.ts'
import { p256, type TestTill } from '../../../integration/ledger/demo-ledger.ts'
import type { GoneStep } from './gone-requests.ts'
import { isGone, showsRow } from './gone-state.ts'
import { journalOf, nowhere } from './journals.ts'
import { pick } from './pick.ts'
import { hourMs, meet, need, refused, type Verdict, type Whole } from './state.ts'
import type { Item } from './till.ts'
import { standing } from './tills.ts'
import { file, judgeFreed } from './vouchers.ts'
import { owners, roleOf, type WholeWorld } from './world.ts'

export interface Asking {
  readonly world: WholeWorld
  readonly whole: Whole
  note(what: string, path: string, expected: Verdict): void
  same(actual: unknown, expected: Verdict): void
}

const heads = '/v1/terminal/heads'

/** Whatever a till asks whose keys are heard no more. */
export async function isNotHeard({ note, same }: Asking, till: TestTill): Promise<void> {
  const expected = refused('key_unknown')
  note(till.terminalId, heads, expected)
  same((await till.post(heads, { head: nowhere, unsynced: 0 })).body, expected)
}

export async function showHead(asking: Asking, till: TestTill): Promise<void> {
  const { whole, note, same } = asking
  const row = journalOf(till).at(-1)?.row
  if (row === undefined) return
  if (isGone(whole, till.terminalId)) return isNotHeard(asking, till)
  const { epoch, sequence, hash } = row
  const expected = shown(whole, till.terminalId, { epoch, sequence, hash })
  note(`${till.terminalId} ${sequence}`, heads, expected)
  same((await till.post(heads, { head: { epoch, sequence, hash }, unsynced: 0 })).body, expected)
}

/** Another row at its place is told once an hour. */
function shown(whole: Whole, till: string, { sequence, hash }: JournalPosition): Verdict {
  const { rows } = need(whole.tills, till)
  const known = rows.get(sequence)
  if (known === undefined || known === hash) {
    rows.set(sequence, hash)
    showsRow(whole, till, sequence)
    return { kind: 'countersigned' }
  }
  const { accusedAt } = whole.gone
  if ((accusedAt.get(till) ?? 0) <= whole.now - hourMs) {
    file(whole, { till, tender: null, code: 'ROLLBACK_DETECTED', owner: 'merchant', amount: 0n })
    accusedAt.set(till, whole.now)
  }
  meet(whole, 'a copied journal shows its head')
  return { kind: 'rollback_detected' }
}

const path = '/v1/terminal-exports'
const odd = { anotherMerchant: 0, anotherKey: 1, withoutARow: 2, twoParts: 20 } as const

/** @param waiting what the till has not handed over */
export async function exportAll(
  asking: Asking,
  till: TestTill,
  waiting: readonly Item[],
  { which, whom, stray }: GoneStep,
): Promise<void> {
  const journal = journalOf(till)
  const rows = journal.map(({ row }) => row)
  const isWanted = (item: Item): boolean => which % 3 === 0 || waiting.includes(item)
  const wanted = journal.map(({ item }) => item).filter(isWanted)
  const first = (wanted[0]?.item.position.sequence ?? rows.length) - 1
  // From the beginning on, from before the first item, or from a later row.
  const before = which % 2 === 0 ? undefined : rows[pick([first - 1, first - 1, rows.length - 2], whom)]
  const after = before === undefined ? null : { epoch: before.epoch, sequence: before.sequence, hash: before.hash }
  const isLater = ({ sequence }: { readonly sequence: number }): boolean => sequence > (after?.sequence ?? 0)
  const later = rows.filter(isLater)
  const items = wanted.filter(({ item }) => isLater(item.position))
  const edge = later[Math.floor(later.length / 2) - 1]
  if (stray !== odd.twoParts || edge === undefined)
    return handOver(asking, till, { part: 1, isLast: true, after, later, items }, { whom, stray })
  // The item of the first part's last row cannot be read any more: only the row says where the next part begins.
  const { epoch, sequence, hash } = edge
  const former = { after, later: later.filter((row) => row.sequence <= sequence) }
  const next = { later: later.filter((row) => row.sequence > sequence), after: { epoch, sequence, hash } }
  const itemsBefore = items.filter(({ item }) => item.position.sequence < sequence)
  const itemsNext = items.filter(({ item }) => item.position.sequence > sequence)
  await handOver(asking, till, { part: 1, isLast: false, ...former, items: itemsBefore }, { whom, stray })
  await handOver(asking, till, { part: 2, isLast: true, ...next, items: itemsNext }, { whom, stray })
  meet(asking.whole, 'an export of two parts')
}

interface Part {
  readonly part: number
  readonly isLast: boolean
  readonly after: JournalPosition | null
  readonly later: readonly JournalPosition[]
  readonly items: readonly Item[]
}

async function handOver(
  { world, whole, note, same }: Asking,
  till: TestTill,
  { part, isLast, after, later, items }: Part,
  { whom, stray }: Pick<GoneStep, 'whom' | 'stray'>,
): Promise<void> {
  const { merchant } = need(whole.tills, till.terminalId)
  const last = isLast ? [...whole.tenders].slice(-2) : []
  const open = last.map(([tenderId, { asked, sold }]) => {
    return { tenderId, state: 'unknown', amount: asked?.amount ?? sold?.amount ?? 0n } as const
  })
  const sync = items.map(({ item }) => item)
  const content = {
    ...{ version: 1, terminalId: till.terminalId, merchantId: merchant, madeAt: whole.now, part, isLast },
    ledgerKey: till.ledger.ports.keys.signing.jwk,
    ...{ after, rows: stray === odd.withoutARow ? later.slice(1) : later, items: sync, unreadable: [], open },
    sums: sumsOf(sync),
  } as unknown as Parameters<typeof signExportPart>[0]
  const signed = signExportPart(content, stray === odd.anotherKey ? p256('somebody else') : till.key)
  const by = stray === odd.anotherMerchant ? pick(owners, whom) : merchant
  // Without the first of its rows what is left does not follow, or an item has none.
  const isWhole = stray !== odd.withoutARow || later.length === 0 || (later.length === 1 && items.length === 0)
  const shape = {
    by,
    part,
    till: till.terminalId,
    isWhole,
    isSigned: stray !== odd.anotherKey,
    after,
    rows: content.rows,
  }
  const expected = imported(whole, { ...shape, items, open: open.map(({ tenderId }) => tenderId) })
  note(`${by} ${path} of ${till.terminalId}: ${items.length} items, ${content.rows.length} rows`, path, expected)
  same((await world.as(by).post(path, signed)).body, expected)
}

interface Export {
  readonly by: string
  readonly till: string
  readonly part: number
  readonly isSigned: boolean
  readonly isWhole: boolean
  readonly after: JournalPosition | null
  readonly rows: readonly JournalPosition[]
  readonly items: readonly Item[]
  readonly open: readonly string[]
}

function imported(whole: Whole, { by, till, part, isSigned, isWhole, after, rows, items, open }: Export): Verdict {
  if (roleOf(by) !== 'merchant') return refused('role_not_allowed')
  const { merchant, rows: known } = need(whole.tills, till)
  if (merchant !== by || !isSigned || !isWhole) return refused('rule_violated')
  const seen = rows.filter(({ sequence }) => known.has(sequence))
  if (seen.some(({ sequence, hash }) => known.get(sequence) !== hash)) {
    meet(whole, 'an export of a copied journal')
    file(whole, { till, tender: null, code: 'CHAIN_BROKEN', owner: 'merchant', amount: 0n })
    need(whole.tills, till).isSuspended = true
    return refused('rule_violated')
  }
  const isAnchored = after === null ? seen.length > 0 || known.size === 0 : known.get(after.sequence) === after.hash
  if (!isAnchored) {
    meet(whole, 'an export does not go on from what the ledger knows')
    return refused('rule_violated')
  }
  // What was disowned is disowned before anything is paid.
  const inOrder = items.toSorted((one, other) => placeOf(one) - placeOf(other))
  const results = inOrder.map((item) => applied(whole, till, item))
  const end = rows.at(-1) ?? after
  if (end !== null && !known.has(end.sequence)) known.set(end.sequence, end.hash)
  meet(whole, isGone(whole, till) ? 'an export of a till that is gone' : 'an export of a till in service')
  return { terminalId: till, part, results, open: open.map((id) => standsAt(whole, till, id)) }
}

const placeOf = ({ item }: Item): number => (item.kind === 'reversal' ? 1 : 2)

function applied(whole: Whole, till: string, { item, answer }: Item): Verdict {
  const { arrival, state, amount, refusal, loss } = answer(whole)
  judgeFreed(whole)
  const itemId = syncItemIdOf(item)
  const tender = item.kind === 'presentment' ? whole.tenders.get(itemId) : undefined
  const isInReview = tender?.state === 'in_review' && tender.till === till
  if (isInReview) meet(whole, 'a sale of an export is in review')
  const said = { arrival, state: isInReview ? 'in_review' : state, amount, refusal }
  return { itemId, kind: item.kind, ...said, ...(loss !== undefined && { loss }) }
}

function standsAt(whole: Whole, till: string, tenderId: string): Verdict {
  const tender = whole.tenders.get(tenderId)
  return { tenderId, state: tender?.till === till ? standing(whole, tender).state : 'not_seen' }
}
