/** Every version of every rule, as it was registered: sales of before keep the version of their time. */
import { toJson } from '../../src/sync/protocol/canonical.ts'
import type { Hash } from '../../src/voucher/identifiers.ts'
import { findAccount } from '../accounts/accounts.ts'
import type { Work } from '../context.ts'
import type { Caller } from '../http/operation.ts'
import { breachOf, contradictionIn, ruleHashOf, ruleSchema, type Rule } from './rule.ts'

/** Whose account takes tax, and who may write tax rules beside the central bank. */
export const taxAuthority = 'tax-authority'

export type Registered =
  | { readonly kind: 'done'; readonly arrival: 'created' | 'exists'; readonly hash: Hash }
  /** This kind of rule is not for this caller to write. */
  | { readonly kind: 'not_for_caller' }
  /** The account that it names is not there, or not of those that it may name. */
  | { readonly kind: 'no_such_account'; readonly account: string }
  | { readonly kind: 'contradiction'; readonly detail: string }
  /** The id is another owner's, the version is not the next one, or says something else. */
  | { readonly kind: 'exists_with_different_terms'; readonly detail: string }

/**
 * The first version may be in force since long ago, for nobody can have been assigned to it. A later one begins after
 * now: no sale of before gets another rule by it.
 */
export async function registerRule(work: Work, caller: Caller, rule: Rule): Promise<Registered> {
  if (!mayWrite(caller, rule)) return { kind: 'not_for_caller' }
  const account = await accountFault(work, caller, rule)
  if (account !== undefined) return { kind: 'no_such_account', account }
  const detail = contradictionIn(rule)
  if (detail !== undefined) return { kind: 'contradiction', detail }
  const hash = ruleHashOf(rule)
  const known = await storedVersions(work, rule.ruleId)
  const newest = known.at(-1)
  if (newest !== undefined && newest.owner !== caller.owner)
    return { kind: 'exists_with_different_terms', detail: `${rule.ruleId} is taken` }
  const same = known.find(({ version }) => version === BigInt(rule.version))
  if (same !== undefined) {
    if (same.hash === hash) return { kind: 'done', arrival: 'exists', hash }
    return { kind: 'exists_with_different_terms', detail: `version ${rule.version} says something else` }
  }
  if (rule.version !== known.length + 1)
    return { kind: 'exists_with_different_terms', detail: `the next version is ${known.length + 1}` }
  if (newest !== undefined) {
    const breach = rule.from <= work.now ? 'a later version begins after now' : breachOf(ruleOf(newest), rule)
    if (breach !== undefined) return { kind: 'contradiction', detail: breach }
  }
  await work.connection
    .insertInto('rule_version')
    .values({
      rule_id: rule.ruleId,
      version: rule.version,
      kind: rule.kind,
      owner: caller.owner,
      hash,
      content: toJson(rule),
      in_force_from: rule.from,
      at: work.now,
    })
    .execute()
  return { kind: 'done', arrival: 'created', hash }
}

function mayWrite({ role, owner }: Caller, { kind }: Rule): boolean {
  switch (kind) {
    case 'vat':
      return role === 'central-bank' || owner === taxAuthority
    case 'cashback':
      return role === 'bank'
    default:
      return kind satisfies never
  }
}

/** Tax goes to the tax authority, whoever writes the rule; a bank gives of its own. @returns the wrong account */
async function accountFault(work: Work, caller: Caller, rule: Rule): Promise<string | undefined> {
  const [accountId, owner, kind] =
    rule.kind === 'vat'
      ? ([rule.taxAccount, taxAuthority, 'legal-entity'] as const)
      : ([rule.sponsorAccount, caller.owner, 'bank'] as const)
  const account = await findAccount(work, accountId)
  return account?.owner === owner && account.kind === kind && account.currency === 'DT' ? undefined : accountId
}

export interface StoredRule {
  readonly rule_id: string
  readonly version: bigint
  readonly owner: string
  readonly hash: string
  readonly content: string
}

/** In the order of versions; of one rule or of all. */
export async function storedVersions({ connection }: Work, ruleId?: string): Promise<readonly StoredRule[]> {
  const all = connection
    .selectFrom('rule_version')
    .select(['rule_id', 'version', 'owner', 'hash', 'content'])
    .orderBy('rule_id')
    .orderBy('version')
  return (ruleId === undefined ? all : all.where('rule_id', '=', ruleId)).execute()
}

// Immutable text that each sale of a merchant asks for.
const parsed = new Map<string, Rule>()
const parsedLimit = 256

export function ruleOf({ hash, content }: Pick<StoredRule, 'hash' | 'content'>): Rule {
  const known = parsed.get(hash)
  if (known !== undefined) return known
  const rule = ruleSchema.parse(JSON.parse(content))
  if (parsed.size >= parsedLimit) parsed.clear()
  parsed.set(hash, rule)
  return rule
}
