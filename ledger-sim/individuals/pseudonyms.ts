/**
 * What stands for a person where a name or account would say too much: for those who watch the whole platform, and for
 * a payee whose payer wants no name shown.
 */
import type { Account } from '../accounts/accounts.ts'
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

/**
 * Balances for those who watch: accounts of people, and their non-cash at banks, under pseudonyms.
 *
 * @param isOfOneOwner who asks for somebody by name would learn the pseudonym: then people are left out
 */
export function withoutPeople(
  keys: LedgerKeys,
  accounts: readonly Account[],
  isOfOneOwner: boolean,
): readonly Account[] {
  const people = new Set(accounts.filter(({ kind }) => kind === 'individual').map(({ owner }) => owner))
  const shown = isOfOneOwner ? accounts.filter(({ owner }) => !people.has(owner)) : accounts
  return shown
    .map((account) => {
      if (!people.has(account.owner)) return account
      const isPersons = account.kind === 'individual'
      const pseudonym = isPersons
        ? accountPseudonym(keys, account.accountId)
        : keys.keyedHash('account-pseudonym', account.accountId)
      return { ...account, accountId: pseudonym, owner: pseudonym, name: '' }
    })
    .toSorted((first, second) => (first.accountId < second.accountId ? -1 : 1))
}
