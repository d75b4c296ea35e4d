/**
 * The auditor's queue: what the rules found, written in the transaction of the payment that completed it. An alert
 * stops no payment and is told to nobody but the auditor, whose feed names it.
 */
import type { TransferKind } from '../accounts/transfers.ts'
import { newId, type Work } from '../context.ts'
import { tell } from '../feed/outbox.ts'
import type { Caller } from '../http/operation.ts'
import { alertRules, type AlertRule, type Movement } from './alert-rules.ts'
import { idsOfAccountsOf, type Person } from './people.ts'
import { accountPseudonym } from './pseudonyms.ts'
import type { Page } from './received.ts'
import { limitsOf } from './tiers.ts'

/** What people buy at a merchant is not looked at. */
const watchedKinds: readonly TransferKind[] = ['individual-transfer', 'redemption-of-dt', 'cash-withdrawal']

/**
 * By all accounts that the person has, so that what is parted over several is seen together; the alert is about the one
 * that completed it. What a rule named once it does not name again: an alert of a rule needs evidence that is new.
 */
export async function raiseAlerts(work: Work, person: Person, watches: AlertRule['watches']): Promise<void> {
  const rules = alertRules.filter((rule) => rule.watches === watches)
  const longest = Math.max(...rules.map(({ windowMs }) => windowMs))
  const movements = await movementsOf(work, person.owner, work.now - longest)
  const named = await evidenceOf(work, person.owner, work.now - longest)
  for (const rule of rules) {
    const fresh = movements.filter(
      ({ id, at }) => at > work.now - rule.windowMs && named.get(rule.rule)?.has(id) !== true,
    )
    const evidence = rule.find(fresh)
    if (evidence !== undefined) await write(work, rule, person.accountId, evidence)
  }
}

/** What moved between the person and others; between the person's own accounts nothing did. */
async function movementsOf({ connection }: Work, owner: string, since: number): Promise<readonly Movement[]> {
  const accounts = idsOfAccountsOf({ connection }, owner)
  const moved = (own: 'debit' | 'credit', other: 'debit' | 'credit') =>
    connection
      .selectFrom('transfer')
      .innerJoin('account', 'account.account_id', other)
      .innerJoin('individual', 'individual.account_id', own)
      .select(['transfer_id', 'reference', 'owner', 'tier', 'amount', 'transfer.at'])
      .where('transfer.kind', 'in', watchedKinds)
      .where('transfer.at', '>', BigInt(since))
      .where(own, 'in', accounts)
      .where(other, 'not in', accounts)
      .execute()
  const sent = (await moved('debit', 'credit')).map((row) => ({ ...row, direction: 'out' as const }))
  const received = (await moved('credit', 'debit')).map((row) => ({ ...row, direction: 'in' as const }))
  return [...sent, ...received]
    .toSorted((first, second) => Number(first.at - second.at) || (first.transfer_id < second.transfer_id ? -1 : 1))
    .map(({ reference: id, direction, owner: counterpart, tier, amount, at }) => ({
      id,
      direction,
      counterpart,
      amount,
      single: limitsOf[tier].single,
      at: Number(at),
    }))
}

async function evidenceOf(
  { connection }: Work,
  owner: string,
  since: number,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const rows = await connection
    .selectFrom('alert')
    .select(['rule', 'evidence'])
    .where('account_id', 'in', idsOfAccountsOf({ connection }, owner))
    .where('at', '>', BigInt(since))
    .execute()
  const named = new Map<string, Set<string>>()
  for (const { rule, evidence } of rows) {
    const ids = named.get(rule) ?? new Set()
    named.set(rule, ids)
    for (const id of JSON.parse(evidence) as string[]) ids.add(id)
  }
  return named
}

async function write(work: Work, rule: AlertRule, accountId: string, evidence: readonly string[]): Promise<void> {
  const { connection, now } = work
  const { newest } = await connection
    .selectFrom('alert')
    .select((row) => row.fn.max('number').as('newest'))
    .executeTakeFirstOrThrow()
  const alertId = newId(work)
  await connection
    .insertInto('alert')
    .values({
      alert_id: alertId,
      number: BigInt(newest ?? 0) + 1n,
      rule: rule.rule,
      version: rule.version,
      account_id: accountId,
      evidence: JSON.stringify(evidence),
      at: now,
      state: 'open',
    })
    .execute()
  tell(work, ['role:auditor'], { kind: 'alert', code: 'UNUSUAL_MOVEMENTS', subject: alertId })
}

export interface ListedAlert {
  readonly cursor: string
  readonly alertId: string
  readonly rule: string
  readonly version: number
  /** A pseudonym. */
  readonly account: string
  readonly evidence: readonly string[]
  readonly at: number
  readonly state: 'open' | 'cleared' | 'escalated'
  readonly reason: string | null
  readonly decidedAt: number | null
}

/** Oldest first, decided ones too. */
export async function listAlerts({ connection, keys }: Work, { after, limit }: Page): Promise<readonly ListedAlert[]> {
  const rows = await connection
    .selectFrom('alert')
    .selectAll()
    .where('number', '>', after)
    .orderBy('number')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    cursor: row.number.toString(),
    alertId: row.alert_id,
    rule: row.rule,
    version: Number(row.version),
    account: accountPseudonym(keys, row.account_id),
    evidence: JSON.parse(row.evidence) as string[],
    at: Number(row.at),
    state: row.state,
    reason: row.reason,
    decidedAt: row.decided_at === null ? null : Number(row.decided_at),
  }))
}

export type AlertDecided = 'decided' | 'not_found' | 'decided_before'

/** Once: what was cleared stays cleared. */
export async function decideAlert(
  { connection, now }: Work,
  caller: Caller,
  alertId: string,
  decision: 'cleared' | 'escalated',
  reason: string,
): Promise<AlertDecided> {
  const alert = await connection.selectFrom('alert').select('state').where('alert_id', '=', alertId).executeTakeFirst()
  if (alert === undefined) return 'not_found'
  if (alert.state !== 'open') return 'decided_before'
  await connection
    .updateTable('alert')
    .set({ state: decision, reason, decided_by: caller.keyId, decided_at: now })
    .where('alert_id', '=', alertId)
    .execute()
  return 'decided'
}
