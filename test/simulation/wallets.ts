/**
 * Customers with a wallet: they read the QR off the screen and pay at once, late, twice, or never. What they know is
 * what their wallet was told; the auditor holds it against the ledger's rows.
 */
import type Database from 'better-sqlite3'
import { newId, type Work } from '../../ledger-sim/context.ts'
import { payRequest } from '../../ledger-sim/payments/request-payments.ts'
import { demoIndividuals } from '../../ledger-sim/scenarios/demo.ts'
import type { SeededRandom } from './random.ts'
import type { VirtualTime } from './virtual-time.ts'

export interface WalletParts {
  readonly time: VirtualTime
  readonly random: SeededRandom
  /** Nothing while the ledger is down. */
  readonly act: (work: (work: Work) => Promise<void>) => Promise<void>
  readonly note: (what: string) => void
}

/** A payment that a wallet was told is set aside. */
export interface WalletPayment {
  readonly payer: string
  readonly amount: bigint
}

export class Wallets {
  /** By request. */
  readonly paid = new Map<string, WalletPayment>()
  readonly #parts: WalletParts
  readonly #seen = new Set<string>()

  constructor(parts: WalletParts) {
    this.#parts = parts
  }

  /** A QR is on a screen. Each is looked at once, by one customer. */
  shown(text: string): void {
    const { time, random } = this.#parts
    if (this.#seen.has(text)) return
    this.#seen.add(text)
    const payer = random.pick(demoIndividuals)
    const choice = random.fraction()
    if (choice < 0.15) return
    const afterMs = choice < 0.85 ? random.between(1_000, 30_000) : random.between(30_000, 10 * 60_000)
    time.at(time.now + afterMs, () => void this.#pay(text, payer))
    // Pressed twice, or by two people at one table.
    if (random.chance(0.2)) {
      const other = random.pick(demoIndividuals)
      time.at(time.now + afterMs + random.between(0, 5_000), () => void this.#pay(text, other))
    }
  }

  async #pay(text: string, payer: string): Promise<void> {
    const { requestId, amount } = read(text)
    await this.#parts.act(async (work) => {
      const caller = { keyId: '', role: 'individual', owner: payer } as const
      const { kind } = await payRequest(work, caller, { paymentId: newId(work), requestId, payer })
      this.#parts.note(`${payer} ${kind}`)
      if (kind === 'held') this.paid.set(requestId, { payer, amount })
    })
  }
}

/** EMV: two digits of tag, two of length. */
function read(text: string): { readonly requestId: string; readonly amount: bigint } {
  const fields = new Map<string, string>()
  for (let at = 0; at < text.length;) {
    const length = Number(text.slice(at + 2, at + 4))
    fields.set(text.slice(at, at + 2), text.slice(at + 4, at + 4 + length))
    at += 4 + length
  }
  const [tenge = '', tiyn = ''] = (fields.get('54') ?? '').split('.')
  return { requestId: (fields.get('26') ?? '').slice(-36), amount: BigInt(tenge) * 100n + BigInt(tiyn) }
}

/** What each wallet holds. */
export function walletBalances(database: Database.Database): ReadonlyMap<string, bigint> {
  const rows = database.prepare(`SELECT account_id AS id, balance FROM account WHERE kind = 'individual'`).all()
  return new Map((rows as { id: string; balance: bigint | number }[]).map(({ id, balance }) => [id, BigInt(balance)]))
}

export interface WalletSources {
  readonly paid: ReadonlyMap<string, WalletPayment>
  /** What each wallet held before the first sale. */
  readonly before: ReadonlyMap<string, bigint>
  /** What merchants kept of each tender. */
  readonly kept: ReadonlyMap<string, bigint>
  /** A till that forgot them cannot be asked to give them up. */
  readonly forgotten: ReadonlySet<string>
}

/** Every tiyn that left a wallet was paid by its owner, once, for a QR that they read, and is with a merchant. */
export function auditWallets(database: Database.Database, sources: WalletSources, found: string[]): void {
  const { paid, before, kept, forgotten } = sources
  for (const [requestId, amount] of kept) {
    if (amount === 0n || !isRequest(database, requestId)) continue
    const payment = paid.get(requestId)
    if (payment === undefined) found.push(`NO_WALLET ${requestId}: ${amount} kept, and no wallet paid it`)
    else if (payment.amount < amount)
      found.push(`QR_AMOUNT ${requestId}: the QR asked for ${payment.amount}, kept ${amount}`)
  }
  for (const [owner, balance] of walletBalances(database)) {
    const own = [...paid].filter(([, { payer }]) => payer === owner)
    const due = own.reduce((sum, [requestId]) => sum + (kept.get(requestId) ?? 0n), 0n)
    const gone = (before.get(owner) ?? 0n) - balance
    if (gone !== due) found.push(`WALLET ${owner}: ${gone} is gone, merchants keep ${due} of it`)
  }
  const held = database.prepare(`SELECT reference AS id, amount FROM hold WHERE state = 'pending'`).all()
  for (const { id, amount } of held as { id: string; amount: bigint }[])
    if (!forgotten.has(id)) found.push(`HELD ${id}: ${amount} of a wallet is set aside, and every till has closed`)
  const twice = database
    .prepare(
      `SELECT payment_request.sale_hash AS sale, count(*) AS times, json_group_array(tender_id) AS tenders
       FROM payment_request JOIN tender USING (tender_id) WHERE state = 'settled' GROUP BY 1 HAVING count(*) > 1`,
    )
    .all() as { sale: string; times: bigint; tenders: string }[]
  for (const { sale, times, tenders } of twice)
    if (!(JSON.parse(tenders) as string[]).some((tenderId) => forgotten.has(tenderId)))
      found.push(`DUPLICATE sale ${sale}: paid ${times} times by QR`)
}

export function isRequest(database: Database.Database, tenderId: string): boolean {
  return database.prepare('SELECT 1 FROM payment_request WHERE tender_id = ?').get(tenderId) !== undefined
}
