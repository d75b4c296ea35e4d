/**
 * What the ledger has seen of each terminal's journal. A terminal that shows less, or another row at the same place,
 * has been restored or cloned (money-rules.md, "Journal").
 */
import { z } from 'zod'
import { toJson } from '../../src/sync/protocol/canonical.ts'
import { signTagged } from '../../src/sync/protocol/keys.ts'
import type { headAnswerSchema, headRequestSchema, JournalPosition } from '../../src/sync/protocol/messages.ts'
import type { Work } from '../context.ts'
import { fileDiscrepancy } from '../payments/discrepancies.ts'
import { statement } from '../store/statement.ts'

type Place = Pick<JournalPosition, 'epoch' | 'sequence'>

interface SeenHead {
  readonly position: JournalPosition
  /** The signer's time in seconds of the request that carried it. */
  readonly created: number
}

interface Moved {
  readonly terminalId: string
  readonly epoch: bigint
  readonly sequence: bigint
  readonly hash: string
  readonly created: bigint
}

/** To a later place only (`isLater`). */
const headMoved = statement((connection, { terminalId, epoch, sequence, hash, created }: Moved) =>
  connection
    .updateTable('terminal')
    .set(({ eb, ref }) => ({
      head_epoch: epoch,
      head_sequence: sequence,
      head_hash: hash,
      head_created: eb.case().when('head_created', '>', created).then(ref('head_created')).else(created).end(),
    }))
    .where('terminal_id', '=', terminalId)
    .where('status', '<>', 'revoked')
    .where(({ eb, or, and }) =>
      or([eb('head_epoch', '<', epoch), and([eb('head_epoch', '=', epoch), eb('head_sequence', '<', sequence)])]),
    ),
)

/**
 * Remembers a row of the terminal's journal, and moves its head there. A terminal that was ended keeps its last head:
 * what it had shown while it was heard decides what waits in review (revocation.ts).
 *
 * @param created the signer's time in seconds of the request that carried it
 * @returns `conflict` when another row was seen at that place
 */
export async function recordPosition(
  work: Work,
  terminalId: string,
  position: JournalPosition,
  created: number,
): Promise<'recorded' | 'conflict'> {
  if ((await rememberPosition(work, terminalId, position)) === 'conflict') return 'conflict'
  const { epoch, sequence, hash } = position
  const to = { epoch: BigInt(epoch), sequence: BigInt(sequence), hash, created: BigInt(created) }
  await headMoved(work.connection, { terminalId, ...to })
  return 'recorded'
}

const remembered = statement(
  (connection, { terminalId, epoch, sequence, hash }: { terminalId: string } & JournalPosition) =>
    connection
      .insertInto('journal_position')
      .values({ terminal_id: terminalId, epoch, sequence, hash })
      .onConflict((conflict) => conflict.doNothing())
      .returning('hash'),
)

/** Remembers a row without saying that the journal stands there. */
export async function rememberPosition(
  work: Work,
  terminalId: string,
  position: JournalPosition,
): Promise<'recorded' | 'conflict'> {
  const { epoch, sequence, hash } = position
  const [inserted] = await remembered(work.connection, { terminalId, epoch, sequence, hash })
  return inserted !== undefined || (await isKnownPosition(work, terminalId, position)) ? 'recorded' : 'conflict'
}

export async function isKnownPosition(work: Work, terminalId: string, position: JournalPosition): Promise<boolean> {
  return (await positionAt(work, terminalId, position)) === position.hash
}

export async function hasShownAnything({ connection }: Work, terminalId: string): Promise<boolean> {
  const row = await connection
    .selectFrom('journal_position')
    .select('hash')
    .where('terminal_id', '=', terminalId)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** The rows that the ledger has seen between two of the terminal's journal, both included. */
export async function knownPositions(
  { connection }: Work,
  terminalId: string,
  first: Pick<JournalPosition, 'epoch' | 'sequence'>,
  last: Pick<JournalPosition, 'epoch' | 'sequence'>,
): Promise<readonly JournalPosition[]> {
  const rows = await connection
    .selectFrom('journal_position')
    .select(['epoch', 'sequence', 'hash'])
    .where('terminal_id', '=', terminalId)
    .where('epoch', '>=', BigInt(first.epoch))
    .where('epoch', '<=', BigInt(last.epoch))
    .where('sequence', '>=', BigInt(first.sequence))
    .where('sequence', '<=', BigInt(last.sequence))
    .execute()
  return rows.map(({ epoch, sequence, hash }) => ({ epoch: Number(epoch), sequence: Number(sequence), hash }))
}

/**
 * Answers a terminal that shows where its journal stands. A later head proves nothing by itself: a restored journal may
 * have grown past what it lost. An older one proves nothing either: the network may have kept the message back. So the
 * terminal shows the row that it has at the last place seen, and is asked for it when it shows another (the answer that
 * named the place may have been lost). It is accused by what it signed about that very place, never by a clock.
 */
export async function showHead(
  work: Work,
  terminalId: string,
  { head, before }: Pick<z.output<typeof headRequestSchema>, 'head' | 'before'>,
  created: number,
): Promise<z.output<typeof headAnswerSchema>> {
  const seen = await headOf(work, terminalId)
  const known = await positionAt(work, terminalId, head)
  const isAnother = known !== undefined && known !== head.hash
  // A new epoch is a new beginning: the rollback was noticed.
  const hasToContinue = before !== undefined && head.epoch <= seen.position.epoch && !isSamePlace(head, seen.position)
  if (hasToContinue && !isAnother && !isSamePlace(before, seen.position)) {
    const { epoch, sequence } = seen.position
    return { kind: 'show_row', at: { epoch, sequence } }
  }
  const isForked = hasToContinue && isSamePlace(before, seen.position) && before.hash !== seen.position.hash
  if (isAnother || isForked || (before === undefined && isOlderByClock(head, created, seen))) {
    await accuse(work, terminalId, { shown: head, seen: seen.position, ...(isForked ? { before } : {}) })
    return { kind: 'rollback_detected', seen: seen.position }
  }
  await recordPosition(work, terminalId, head, created)
  return {
    kind: 'countersigned',
    signature: signTagged(work.keys.signing, 'tolem/journal-head/1', { terminalId, head }),
  }
}

/**
 * Two machines with one journal find each other's rows at each sync: once an hour it is told, or the sums that are lost
 * over it could not be found among thousands of the same word. What is found meanwhile is counted with the one that was
 * told, which keeps the first and the last of them.
 */
const accusedAgainAfterMs = 3_600_000

async function accuse(work: Work, terminalId: string, evidence: Readonly<Record<string, unknown>>): Promise<void> {
  const told = await work.connection
    .selectFrom('discrepancy')
    .select(['discrepancy_id', 'evidence'])
    .where('terminal_id', '=', terminalId)
    .where('code', '=', 'ROLLBACK_DETECTED')
    .where('at', '>', BigInt(work.now - accusedAgainAfterMs))
    .orderBy('at', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (told !== undefined) return countAgain(work, told.discrepancy_id, told.evidence, evidence)
  const accusation = { tenderId: null, code: 'ROLLBACK_DETECTED', owner: 'merchant', amount: 0n } as const
  await fileDiscrepancy(work, { terminalId, ...accusation, evidence })
}

async function countAgain(
  work: Work,
  discrepancyId: string,
  told: string,
  last: Readonly<Record<string, unknown>>,
): Promise<void> {
  const first = foundAgainSchema.parse(JSON.parse(told))
  const again = { ...last, times: (first.again?.times ?? 0) + 1, at: work.now }
  await work.connection
    .updateTable('discrepancy')
    .set({ evidence: toJson({ ...first, again }) })
    .where('discrepancy_id', '=', discrepancyId)
    .execute()
}

const foundAgainSchema = z.looseObject({ again: z.looseObject({ times: z.int() }).optional() })

async function positionAt({ connection }: Work, terminalId: string, at: JournalPosition): Promise<string | undefined> {
  const row = await connection
    .selectFrom('journal_position')
    .select('hash')
    .where('terminal_id', '=', terminalId)
    .where('epoch', '=', BigInt(at.epoch))
    .where('sequence', '=', BigInt(at.sequence))
    .executeTakeFirst()
  return row?.hash
}

async function headOf({ connection }: Work, terminalId: string): Promise<SeenHead> {
  const row = await connection
    .selectFrom('terminal')
    .select(['head_epoch', 'head_sequence', 'head_hash', 'head_created'])
    .where('terminal_id', '=', terminalId)
    .executeTakeFirstOrThrow()
  return {
    position: { epoch: Number(row.head_epoch), sequence: Number(row.head_sequence), hash: row.head_hash },
    created: Number(row.head_created),
  }
}

/**
 * For terminals that do not show the row: an older head is a restored journal, unless the message was signed before the
 * later head was shown and is only late.
 */
function isOlderByClock(head: JournalPosition, created: number, seen: SeenHead): boolean {
  return isLater(seen.position, head) && created > seen.created
}

function isSamePlace(first: Place, second: Place): boolean {
  return first.epoch === second.epoch && first.sequence === second.sequence
}

/** A new epoch begins after a detected rollback and starts its sequence anew. */
function isLater(first: JournalPosition, second: JournalPosition): boolean {
  return first.epoch > second.epoch || (first.epoch === second.epoch && first.sequence > second.sequence)
}
