/**
 * Every debit of a card that the ledger has heard of (docs/design/25, "One history"). Tills present in any order; a
 * card that shows two histories was copied or restored: the first that came counts, what follows from the other does
 * not.
 */
import { toHex } from '../../src/voucher/cards/bytes.ts'
import { judgeHistory, type CardFinding } from '../../src/voucher/cards/tolem-applet/card-history.ts'
import { recordLayout } from '../../src/voucher/cards/tolem-applet/record.ts'
import { tiyn, type Tiyn } from '../../src/voucher/money.ts'
import type { Work } from '../context.ts'
import type { Tables } from '../store/schema.ts'
import { base64url, fromBase64url } from './certificates.ts'
import { countDebit, findHolding, leftOn } from './holdings.ts'
import type { ProvedDebit } from './proof.ts'

export type Standing = Tables['card_record']['standing']

interface KeptRecord {
  readonly hash: string
  readonly atc: bigint
  readonly tenderId: string
  readonly slotId: string
  readonly amount: Tiyn
  readonly input: Uint8Array
  readonly standing: Standing
}

export interface Filed {
  readonly standing: Standing
  /** Torn payments that wait no more, with this record or through it: whatever they are now has to be answered. */
  readonly proved: readonly ProvedTorn[]
}

export type ProvedTorn = Pick<KeptRecord, 'tenderId' | 'hash'>

/** Files a debit once. What was filed of it before stands, but for a torn one that its own record proves now. */
export async function fileDebit(
  work: Work,
  debit: ProvedDebit,
  of: { readonly tenderId: string; readonly terminalId: string; readonly slotId: string },
): Promise<Filed> {
  const { card, record, input, hash, isSigned } = debit
  const known = await recordWith(work, card.card, hash)
  if (known !== undefined && (known.standing !== 'waits' || !isSigned)) return { standing: known.standing, proved: [] }
  if (known === undefined) {
    await work.connection
      .insertInto('card_record')
      .values({
        ...{ card: card.card, hash, atc: record.atc, tender_id: of.tenderId, terminal_id: of.terminalId },
        ...{ slot_id: of.slotId, amount: record.amount, input: base64url(input), standing: 'waits', at: work.now },
      })
      .execute()
  }
  if (isSigned) await settleStanding(work, card.card, hash, await recordsAround(work, card.card, record.atc))
  const proved = await settleTorn(work, card.card, record.atc)
  const standing = (await recordWith(work, card.card, hash))?.standing
  if (standing === undefined) throw new Error('a record of a card vanished')
  return { standing, proved: proved.filter((one) => one.hash !== hash) }
}

/**
 * Each torn payment that a record names as the one before it did happen, and is judged as if its own record had come
 * now; then the one before it, if that is torn too. A torn payment may come after the record that proves it.
 */
async function settleTorn(work: Work, card: string, atc: number): Promise<readonly KeptRecord[]> {
  const settled: KeptRecord[] = []
  for (;;) {
    const around = await recordsAround(work, card, atc)
    const named = new Set(around.filter(({ standing }) => standing !== 'waits').map(previousOf))
    const one = around.find(({ standing, hash }) => standing === 'waits' && named.has(hash))
    if (one === undefined) return settled
    await settleStanding(work, card, one.hash, around)
    settled.push(one)
  }
}

function previousOf({ input }: KeptRecord): string {
  const record = recordLayout.decode(input)
  if (record === null) throw new Error('a record was kept that is none')
  return toHex(record.previousHash).toLowerCase()
}

/** Whether it shows another history than what counts, or follows from one that does. */
function isOfSecond(kept: KeptRecord, around: readonly KeptRecord[]): boolean {
  const { hash, input } = kept
  const previous = previousOf(kept)
  const others = around.filter(({ standing }) => standing === 'counts').map((one) => one.input)
  const torn = around.filter((one) => one.standing === 'waits' && one.hash !== hash).map((one) => one.input)
  const before = judgeHistory({ recordInputs: others, loads: [], tornInputs: torn })
  const after = judgeHistory({ recordInputs: [...others, input], loads: [], tornInputs: torn })
  return (
    convictions(after.findings) > convictions(before.findings) ||
    around.some((one) => one.hash === previous && one.standing === 'second')
  )
}

/** Two histories, seen at a number that both have, or where one does not follow from the other. */
function convictions(findings: readonly CardFinding[]): number {
  return findings.filter(({ kind }) => kind === 'forked' || kind === 'chain-broken').length
}

/** What counts was within what the card was given. */
async function settleStanding(work: Work, card: string, hash: string, around: readonly KeptRecord[]): Promise<void> {
  const kept = around.find((one) => one.hash === hash)
  if (kept === undefined) throw new Error('a record of a card vanished')
  const holding = await findHolding(work, card, kept.slotId)
  const left = holding === undefined ? undefined : leftOn(holding)
  const fits = left !== undefined && left.count > 0 && kept.amount <= left.amount
  const standing = isOfSecond(kept, around) ? 'second' : fits ? 'counts' : 'beyond'
  await work.connection
    .updateTable('card_record')
    .set({ standing })
    .where('card', '=', card)
    .where('hash', '=', hash)
    .execute()
  if (standing === 'counts' && holding !== undefined) await countDebit(work, holding, kept.amount)
}

async function recordWith({ connection }: Work, card: string, hash: string): Promise<KeptRecord | undefined> {
  const row = await connection
    .selectFrom('card_record')
    .selectAll()
    .where('card', '=', card)
    .where('hash', '=', hash)
    .executeTakeFirst()
  return row === undefined ? undefined : keptOf(row)
}

/**
 * Those with this number and the ones beside it, and the same around each torn one: what a record can agree with or
 * contradict. A card's whole life need not be read for each of its sales.
 */
async function recordsAround({ connection }: Work, card: string, atc: number): Promise<readonly KeptRecord[]> {
  const torn = await connection
    .selectFrom('card_record')
    .select('atc')
    .where('card', '=', card)
    .where('standing', '=', 'waits')
    .execute()
  const numbers = new Set([BigInt(atc), ...torn.map((row) => row.atc)].flatMap((one) => [one - 1n, one, one + 1n]))
  const rows = await connection
    .selectFrom('card_record')
    .selectAll()
    .where('card', '=', card)
    .where('atc', 'in', [...numbers])
    .orderBy('atc')
    .orderBy('hash')
    .execute()
  return rows.map(keptOf)
}

function keptOf(row: {
  readonly hash: string
  readonly atc: bigint
  readonly tender_id: string
  readonly slot_id: string
  readonly amount: bigint
  readonly input: string
  readonly standing: Standing
}): KeptRecord {
  return {
    hash: row.hash,
    atc: row.atc,
    tenderId: row.tender_id,
    slotId: row.slot_id,
    amount: tiyn(row.amount),
    input: fromBase64url(row.input),
    standing: row.standing,
  }
}
