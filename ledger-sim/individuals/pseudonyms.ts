/**
 * What stands for a person where a name or account would say too much: for those who watch the whole platform, and for
 * a payee whose payer wants no name shown.
 */
import { accountOfOwner, findAccount, type Account } from '../accounts/accounts.ts'
import type { Work } from '../context.ts'
import type { LedgerKeys } from '../keys.ts'

/** The longest account id has 63 characters; all pseudonyms are equally long. */
const paddedLength = 64
/** Nonce, padded id and tag in base64url. */
const pseudonymPattern = /^[A-Za-z0-9_-]{123}$/
const purpose = 'tolem/account-pseudonym/1'

/**
 * For the central bank and the auditor, the same for both, so that they can speak of one account. It is the account id
 * itself, encrypted: the ledger finds the account again without a table, and nobody else does. Encrypting the same id
 * gives the same text, since the nonce is a keyed hash of what is encrypted.
 */
export function accountPseudonym(keys: LedgerKeys, accountId: string): string {
  const nonce = new Uint8Array(Buffer.from(keys.keyedHash('account-pseudonym', accountId), 'hex').subarray(0, 12))
  return keys.wrap(Buffer.from(accountId.padEnd(paddedLength)), purpose, () => nonce)
}

/** @returns undefined for what is no pseudonym of this ledger */
export function accountOfPseudonym(keys: LedgerKeys, pseudonym: string): string | undefined {
  if (!pseudonymPattern.test(pseudonym)) return undefined
  try {
    const accountId = Buffer.from(keys.unwrap(pseudonym, purpose)).toString('utf8').trimEnd()
    return accountPseudonym(keys, accountId) === pseudonym ? accountId : undefined
  } catch {
    return undefined
  }
}

/** Always the same for one payee and one payer; of two payees neither can tell that the other has the same payer. */
export function payerPseudonym(keys: LedgerKeys, payee: string, payer: string): string {
  return keys.keyedHash('payer-for-payee', `${payee}/${payer}`).slice(0, 32)
}

type Named = Pick<Account, 'accountId' | 'kind' | 'owner'>

/** The account that somebody who watches all means: a person's by its pseudonym only, any other by its id. */
export async function findWatched(work: Work, named: string): Promise<Account | undefined> {
  const persons = accountOfPseudonym(work.keys, named)
  const account = await findAccount(work, persons ?? named)
  if (account === undefined || (persons === undefined && (await isPersons(work, account)))) return undefined
  return account
}

/** Which of these accounts somebody who watches all sees under another name, and under which. */
export async function watchedNames(work: Work, accounts: readonly Named[]): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>()
  for (const account of new Map(accounts.map((one) => [one.accountId, one])).values())
    if (await isPersons(work, account)) names.set(account.accountId, watchedName(work.keys, account))
  return names
}

/** The account of a person, or a person's non-cash at a bank. */
async function isPersons(work: Work, { kind, owner }: Named): Promise<boolean> {
  if (kind === 'individual') return true
  return kind === 'bank-client' && (await accountOfOwner(work, owner, 'individual')) !== undefined
}

/** Of a person: non-cash is found again by nobody, its id has the owner's name in it. */
function watchedName(keys: LedgerKeys, { accountId, kind }: Named): string {
  return kind === 'individual' ? accountPseudonym(keys, accountId) : keys.keyedHash('account-pseudonym', accountId)
}

/**
 * Balances for those who watch: accounts of people, and their non-cash at banks, under pseudonyms.
 *
 * @param isOfOneOwner who asks for somebody by name would learn the pseudonym: then people are left out
 */
export function withoutPeople<One extends Account>(
  keys: LedgerKeys,
  accounts: readonly One[],
  isOfOneOwner: boolean,
): readonly One[] {
  const people = new Set(accounts.filter(({ kind }) => kind === 'individual').map(({ owner }) => owner))
  const isHidden = ({ kind, owner }: Account): boolean =>
    kind === 'individual' || (kind === 'bank-client' && people.has(owner))
  const shown = isOfOneOwner ? accounts.filter((account) => !isHidden(account)) : accounts
  return shown
    .map((account) => {
      if (!isHidden(account)) return account
      const pseudonym = watchedName(keys, account)
      return { ...account, accountId: pseudonym, owner: pseudonym, name: '' }
    })
    .toSorted((first, second) => (first.accountId < second.accountId ? -1 : 1))
}
