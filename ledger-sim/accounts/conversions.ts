/**
 * Conversions between non-cash tenge and Digital Tenge. Both sides are booked in one set of legs, so that what appears
 * on one is gone from the other (issue "Exact truth", Methods: two-tier).
 */
import type { Tiyn } from '../../src/voucher/money.ts'
import type { Work } from '../context.ts'
import { leaveSettlementMessage } from '../transfers/settlement-messages.ts'
import { findAccount, openAccount, type Account, type AccountKind } from './accounts.ts'
import { post, type Posted } from './transfers.ts'

export const issueAccount = 'central-bank.issue'
export const centralBankNonCash = 'central-bank.non-cash'
export const outsideNonCash = 'non-cash.outside'

export function reserveAccountOf(bank: string): string {
  return `${bank}.reserve`
}

export function bankNonCashOf(bank: string): string {
  return `${bank}.non-cash`
}

/** The non-cash account of a client at a bank. */
export function clientNonCashOf(bank: string, owner: string): string {
  return `${bank}.client.${owner}`
}

/** The two accounts that money comes from, and the central bank's own. */
export async function openCentralBank(work: Work, centralBank: string): Promise<void> {
  await openAccount(work, {
    accountId: issueAccount,
    currency: 'DT',
    kind: 'central-bank-issue',
    owner: centralBank,
    name: 'DT issued',
  })
  await openAccount(work, {
    accountId: centralBankNonCash,
    currency: 'KZT',
    kind: 'central-bank-non-cash',
    owner: centralBank,
    name: 'Non-cash taken for DT',
  })
  await openAccount(work, {
    accountId: outsideNonCash,
    currency: 'KZT',
    kind: 'non-cash-outside',
    owner: centralBank,
    name: 'Non-cash from outside of the platform',
  })
}

/** A bank's three accounts: DT, its reserve at the central bank, its own non-cash. */
export async function openBank(work: Work, bank: string, name: string): Promise<void> {
  await openAccount(work, { accountId: bank, currency: 'DT', kind: 'bank', owner: bank, name })
  await openAccount(work, {
    accountId: reserveAccountOf(bank),
    currency: 'KZT',
    kind: 'bank-reserve',
    owner: bank,
    name,
  })
  await openAccount(work, { accountId: bankNonCashOf(bank), currency: 'KZT', kind: 'bank-non-cash', owner: bank, name })
}

/** Non-cash that comes to an account from outside of the platform: a settlement message in life. */
export async function depositNonCash(work: Work, accountId: string, amount: Tiyn, reference: string): Promise<Posted> {
  return post(work, [{ debit: outsideNonCash, credit: accountId, amount, kind: 'non-cash-deposit' }], reference)
}

/** "Conversion of non-cash KZT to the DT at the bank–CB level": reserve → central bank, issue → bank. */
export async function issueToBank(work: Work, bank: string, amount: Tiyn, reference: string): Promise<Posted> {
  const reserve = reserveAccountOf(bank)
  const posted = await post(
    work,
    [
      { debit: reserve, credit: centralBankNonCash, amount, kind: 'issue-non-cash' },
      { debit: issueAccount, credit: bank, amount, kind: 'issue' },
    ],
    reference,
  )
  if (posted.kind === 'posted') await settle(work, bank, 'issue', amount, reference)
  return posted
}

/** "Conversion of the DT to non-cash KZT at the bank–CB level": bank → issue, central bank → reserve. */
export async function redeemFromBank(work: Work, bank: string, amount: Tiyn, reference: string): Promise<Posted> {
  const reserve = reserveAccountOf(bank)
  const posted = await post(
    work,
    [
      { debit: bank, credit: issueAccount, amount, kind: 'issue-return' },
      { debit: centralBankNonCash, credit: reserve, amount, kind: 'issue-return-non-cash' },
    ],
    reference,
  )
  if (posted.kind === 'posted') await settle(work, bank, 'redemption', amount, reference)
  return posted
}

async function settle(
  work: Work,
  bank: string,
  direction: 'issue' | 'redemption',
  amount: Tiyn,
  transferId: string,
): Promise<void> {
  const centralBank = await findAccount(work, centralBankNonCash)
  if (centralBank === undefined) throw new Error('no central bank')
  await leaveSettlementMessage(work, {
    transferId,
    bank,
    reserveAccount: reserveAccountOf(bank),
    centralBank: centralBank.owner,
    centralBankAccount: centralBankNonCash,
    direction,
    amount,
  })
}

/** Non-cash to DT at a bank, of a legal entity or an individual: the client's non-cash → bank, DT → client. */
export async function sellToClient(
  work: Work,
  bank: string,
  client: Pick<Account, 'accountId' | 'owner'>,
  amount: Tiyn,
  reference: string,
): Promise<Posted> {
  return post(
    work,
    [
      { debit: clientNonCashOf(bank, client.owner), credit: bankNonCashOf(bank), amount, kind: 'sale-of-dt-non-cash' },
      { debit: bank, credit: client.accountId, amount, kind: 'sale-of-dt' },
    ],
    reference,
  )
}

/** Marked money and escrow never become non-cash before they reach a merchant (money-rules.md, "Marked money"). */
export const redeemable: readonly AccountKind[] = ['legal-entity', 'merchant', 'individual']

/** DT to non-cash at a bank, of an account that is `redeemable`: DT → bank, the bank's non-cash → client. */
export async function buyFromClient(
  work: Work,
  bank: string,
  client: Account,
  amount: Tiyn,
  reference: string,
): Promise<Posted> {
  if (!redeemable.includes(client.kind)) throw new Error(`${client.accountId} holds money that stays DT`)
  return post(
    work,
    [
      { debit: client.accountId, credit: bank, amount, kind: 'redemption-of-dt' },
      {
        debit: bankNonCashOf(bank),
        credit: clientNonCashOf(bank, client.owner),
        amount,
        kind: 'redemption-of-dt-non-cash',
      },
    ],
    reference,
  )
}

/** Makes the client's non-cash account at the bank when there is none. */
export async function needClientNonCash(work: Work, bank: string, owner: string): Promise<string> {
  const accountId = clientNonCashOf(bank, owner)
  if ((await findAccount(work, accountId)) === undefined) {
    const name = `${owner} at ${bank}`
    await openAccount(work, { accountId, currency: 'KZT', kind: 'bank-client', owner, name, bank })
  }
  return accountId
}

/**
 * The non-cash account to which money comes from outside. A client's at a bank is opened with its first money, where
 * that bank serves a DT account of theirs.
 *
 * @returns undefined where there is no such account, and no such client
 */
export async function nonCashForDeposit(work: Work, accountId: string): Promise<Account | undefined> {
  const known = await findAccount(work, accountId)
  if (known !== undefined) return known.currency === 'KZT' ? known : undefined
  const [bank = '', owner] = accountId.split('.client.', 2)
  if (owner === undefined || clientNonCashOf(bank, owner) !== accountId) return undefined
  const served = await work.connection
    .selectFrom('account')
    .select('account_id')
    .where('owner', '=', owner)
    .where('bank', '=', bank)
    .where('currency', '=', 'DT')
    .limit(1)
    .executeTakeFirst()
  return served === undefined ? undefined : findAccount(work, await needClientNonCash(work, bank, owner))
}
