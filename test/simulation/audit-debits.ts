/**
 * The auditor's questions about cards that count themselves: from the cards' own logs and memory, the cashiers'
 * notebooks and the ledger's rows (money-rules.md, "Offline": the card is always the debit authority; "Journal": a torn
 * card; docs/design/25-policy-card.md). What a card signed is read by the checker's own reader, and scripts and slots
 * here anew, by the layouts of docs/design/22.
 */
import type Database from 'better-sqlite3'
import { createHash } from 'node:crypto'
import { debitedTwice, oddDebits, type CardDebit } from '../checker/card-debits.ts'

/** What one card says of itself. */
export interface CardTruth {
  readonly label: string
  /** By which the ledger calls it. */
  readonly name: string
  /** Every SPEND, in its order. */
  readonly debits: readonly CardDebit[]
  /** By counter, what it answered to each script: 244 bytes, hex. */
  readonly receipts: ReadonlyMap<number, string>
  /** What it holds: 91 bytes each, hex. */
  readonly slots: readonly string[]
  readonly scriptCounter: number
  readonly triesGivenBack: number
  /** How often its agency asked for that. */
  readonly ordersOfTries: number
}

export interface DebitSources {
  readonly cards: readonly CardTruth[]
  /** What merchants received for each tender, less what was disowned. */
  readonly net: ReadonlyMap<string, bigint>
  /** The same, less what was refunded. */
  readonly left: ReadonlyMap<string, bigint>
  /** By tender that a screen called paid, whether its customer left with the goods. */
  readonly goods: ReadonlyMap<string, 'given' | 'kept'>
  /** Of tills that were put back: nobody can ask them for these (money-rules.md, "Journal": a rollback). */
  readonly forgotten: ReadonlySet<string>
  /** Whether the ledger has on file that the merchant bears it, for a reason that is true. */
  readonly isMerchantsLoss: (tenderId: string) => boolean
}

interface TenderRow {
  readonly state: string
  readonly termsHash: string | null
}

/** What became of every debit that a card made. */
export type DebitOutcome = 'settled' | 'given_back' | 'advised' | 'merchants_loss' | 'forgotten'
export type DebitOutcomes = Record<DebitOutcome, number>

/** @returns how many ended how; what ended otherwise is found */
export function auditDebits(database: Database.Database, sources: DebitSources, found: string[]): DebitOutcomes {
  const outcomes: DebitOutcomes = { settled: 0, given_back: 0, advised: 0, merchants_loss: 0, forgotten: 0 }
  const all = sources.cards.flatMap(({ debits }) => debits)
  for (const { place, detail } of debitedTwice(all)) found.push(`DEBITED_TWICE ${place}: ${detail}`)
  for (const { debits } of sources.cards) for (const odd of oddDebits(debits)) found.push(`CARD_HISTORY ${odd}`)
  for (const card of sources.cards) {
    for (const debit of card.debits) {
      const outcome = outcomeOf(database, card, debit, sources, found)
      if (outcome !== undefined) outcomes[outcome] += 1
    }
    if (card.triesGivenBack > card.ordersOfTries)
      found.push(`PIN_TRIES ${card.label}: given back ${card.triesGivenBack} times, asked for ${card.ordersOfTries}`)
  }
  auditHoldings(database, sources.cards, sources.left, found)
  return outcomes
}

/** One settled tender, one give-back to the card, or an advice that its card's next record will decide. */
function outcomeOf(
  database: Database.Database,
  card: CardTruth,
  { tenderId, amount, termsHash, hash, atc }: CardDebit,
  { net, goods, forgotten, isMerchantsLoss }: DebitSources,
  found: string[],
): DebitOutcome | undefined {
  const tell = (code: string, detail: string): undefined =>
    void found.push(`${code} ${tenderId}: ${card.label} debited ${amount} as number ${atc}, ${detail}`)
  if (forgotten.has(tenderId)) return 'forgotten'
  const row = database
    .prepare('SELECT state, terms_hash AS termsHash FROM tender WHERE tender_id = ?')
    .get(tenderId) as TenderRow | undefined
  if (row === undefined) return tell('DEBIT_LOST', 'the ledger never heard of it')
  if (row.termsHash !== null && row.termsHash.toUpperCase() !== termsHash)
    return tell('DEBIT_OTHER_TERMS', 'the ledger has other terms')
  const paid = net.get(tenderId) ?? 0n
  switch (row.state) {
    case 'settled':
      return paid === amount ? 'settled' : tell('DEBIT_UNPAID', `settled, and ${paid} moved`)
    case 'reversed':
      if (paid !== 0n) return tell('DEBIT_UNPAID', `reversed, and ${paid} is with the merchant`)
      // The ledger owes the card what it counted down, and knows that by the card's record alone.
      return standingOf(database, card.name, hash) === 'counts'
        ? 'given_back'
        : tell('NO_WAY_BACK', 'reversed, and its record is not on file')
    case 'awaiting_proof': {
      // What the next record says of the one before it decides (docs/design/25, "One history").
      const next = card.debits.find((later) => later.atc === atc + 1)
      const isProved = next !== undefined && (standingOf(database, card.name, next.hash) ?? 'waits') !== 'waits'
      if (isProved) return tell('DEBIT_OPEN', 'awaits a proof that the ledger has')
      return standingOf(database, card.name, hash) === 'waits'
        ? 'advised'
        : tell('DEBIT_OPEN', 'awaits a proof of other bytes')
    }
    case 'not_paid':
      if (!isMerchantsLoss(tenderId)) return tell('DEBIT_UNPAID', 'nobody pays, for no reason that is true')
      // Else its customer has neither the goods nor the allowance, and the merchant no money either.
      if (goods.get(tenderId) === 'kept') return tell('DEBIT_FOR_NOTHING', 'not paid, and the goods stayed')
      return 'merchants_loss'
    default:
      return tell('DEBIT_OPEN', `the ledger says ${row.state}`)
  }
}

function standingOf(database: Database.Database, card: string, hash: string): string | undefined {
  const row = database
    .prepare('SELECT standing FROM card_record WHERE card = ? AND hash = ?')
    .get(card, hash.toLowerCase()) as { standing: string } | undefined
  return row?.standing
}

interface HoldingRow {
  readonly slotId: string
  readonly schemeId: string
  readonly left: bigint
  readonly uses: bigint
}

interface Left {
  amount: bigint
  uses: bigint
}

/**
 * What the ledger believes to be on a card is what is there, less what the card has not been told, and what it has done
 * and the ledger has not heard; the money for all of that lies in the card's escrow; and nothing is promised twice.
 */
function auditHoldings(
  database: Database.Database,
  cards: readonly CardTruth[],
  kept: ReadonlyMap<string, bigint>,
  found: string[],
): void {
  const promised = new Map<string, Left>()
  for (const card of cards) {
    const rows = database
      .prepare(
        `SELECT slot_id AS slotId, scheme_id AS schemeId,
           loaded_amount - removed_amount - debited_amount AS left,
           loaded_count - removed_count - debited_count AS uses
         FROM card_slot WHERE card = ? AND state = 'open'`,
      )
      .all(card.name) as HoldingRow[]
    const needed = new Map<string, bigint>()
    for (const row of rows) {
      const truth = leftOf(database, card, row.slotId)
      if (truth.amount !== row.left || truth.uses !== row.uses)
        found.push(
          `CARD_BOOKS ${card.label} ${row.slotId}: ${truth.amount} in ${truth.uses}, ` +
            `the ledger says ${row.left} in ${row.uses}`,
        )
      needed.set(row.schemeId, (needed.get(row.schemeId) ?? 0n) + truth.amount)
      const all = promised.get(row.slotId) ?? { amount: 0n, uses: 0n }
      promised.set(row.slotId, { amount: all.amount + truth.amount, uses: all.uses + truth.uses })
    }
    for (const [schemeId, amount] of needed) {
      const escrow = database
        .prepare(`SELECT balance FROM card_escrow JOIN account USING (account_id) WHERE card = ? AND scheme_id = ?`)
        .get(card.name, schemeId) as { balance: bigint } | undefined
      if ((escrow?.balance ?? 0n) < amount)
        found.push(`ESCROW_SHORT ${card.label}: ${amount} of ${schemeId} may come, ${escrow?.balance} lies there`)
    }
  }
  for (const [slotId, left] of promised) auditAllowance(database, slotId, left, kept, found)
}

/** What cards may still be debited for and what was paid are together no more than the beneficiary is allowed. */
function auditAllowance(
  database: Database.Database,
  slotId: string,
  { amount, uses }: Left,
  kept: ReadonlyMap<string, bigint>,
  found: string[],
): void {
  const allowed = database
    .prepare('SELECT amount_allowed AS amount, count_allowed AS uses FROM slot WHERE slot_id = ?')
    .get(slotId) as Left
  const tenders = database.prepare('SELECT tender_id AS id FROM tender WHERE slot_id = ?').all(slotId)
  const paid = (tenders as { id: string }[]).map(({ id }) => kept.get(id) ?? 0n).filter((sum) => sum > 0n)
  const sum = paid.reduce((total, one) => total + one, 0n)
  if (amount + sum > allowed.amount || uses + BigInt(paid.length) > allowed.uses)
    found.push(
      `PROMISED_TWICE ${slotId}: cards hold ${amount} in ${uses}, paid ${sum} in ${paid.length}, ` +
        `allowed ${allowed.amount} in ${allowed.uses}`,
    )
}

const scriptHeadBytes = 38
const signatureBytes = 64
const loadSlot = 0x01
const removeSlot = 0x02

function leftOf(database: Database.Database, card: CardTruth, slotId: string): Left {
  const slotRef = referenceOf('TLMSLT01', slotId)
  const left: Left = { amount: 0n, uses: 0n }
  const add = (amount: bigint, uses: bigint): void => {
    left.amount += amount
    left.uses += uses
  }
  for (const slot of card.slots) {
    const bytes = Buffer.from(slot, 'hex')
    if (bytes.toString('hex', 16, 32) === slotRef) add(bytes.readBigUInt64BE(50), BigInt(bytes.readUInt16BE(48)))
  }
  for (const { slotRef: of, hash, amount } of card.debits)
    if (of.toLowerCase() === slotRef && standingOf(database, card.name, hash) !== 'counts') add(amount, 1n)
  const scripts = database.prepare('SELECT counter, script, receipt FROM card_script WHERE card = ?').all(card.name)
  for (const { counter, script, receipt } of scripts as { counter: bigint; script: string; receipt: string | null }[]) {
    for (const { type, value } of itemsOf(Buffer.from(script, 'base64url'))) {
      const isNotTold = Number(counter) > card.scriptCounter
      if (type === loadSlot && isNotTold && value.toString('hex', 16, 32) === slotRef)
        add(value.readBigUInt64BE(50), BigInt(value.readUInt16BE(48)))
      if (type !== removeSlot || isNotTold || receipt !== null || value.toString('hex') !== slotRef) continue
      const said = Buffer.from(card.receipts.get(Number(counter)) ?? '', 'hex')
      if (said.length > 0) add(said.readBigUInt64BE(108), BigInt(said.readUInt16BE(106)))
    }
  }
  return left
}

function* itemsOf(script: Buffer): Generator<{ readonly type: number; readonly value: Buffer }> {
  for (let at = scriptHeadBytes; at < script.length - signatureBytes;) {
    const length = script.readUInt8(at + 1)
    yield { type: script.readUInt8(at), value: script.subarray(at + 2, at + 2 + length) }
    at += 2 + length
  }
}

function referenceOf(tag: string, name: string): string {
  return createHash('sha256').update(tag).update(name).digest('hex').slice(0, 32)
}
