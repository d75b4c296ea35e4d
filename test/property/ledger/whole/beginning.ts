/** The world of the stories as the model has it. */
import { schoolMorning } from '../../../integration/ledger/demo-ledger.ts'
import { nothingGone } from './gone-state.ts'
import { dayMs, type AccountKind, type Whole } from './state.ts'
import {
  agencyOfHolder,
  allSchemeIds,
  allowedPolicyAgeMs,
  beneficiaryOf,
  firstFrom,
  firstPlace,
  holders,
  merchants,
  moreOf,
  owners,
  policyOf,
  schemes,
  tillIds,
  type WholeWorld,
} from './world.ts'

const kindOf: Readonly<Record<string, AccountKind>> = {
  'central-bank-issue': 'issue',
  'central-bank-non-cash': 'taken',
  'bank-non-cash': 'own-non-cash',
  'bank-client': 'client-non-cash',
  'bank-reserve': 'reserve',
  'bank-cash': 'vault',
  scheme: 'marked',
  escrow: 'marked',
}

/** The model at the beginning of each story: who is there, and what they have. */
export async function modelOf(world: WholeWorld): Promise<Whole> {
  const accounts: Whole['accounts'] = new Map()
  const rows = await world.rows('account')
  const bankOf = (owner: string): string =>
    String(rows.find((row) => row['owner'] === owner && row['kind'] === 'agency')?.['bank'] ?? '')
  for (const row of rows) {
    const [kind, owner, name] = [String(row['kind']), String(row['owner']), String(row['name'])]
    const bank = String(row['bank'] ?? (kind === 'scheme' ? bankOf(owner) : ''))
    const account = { kind: kindOf[kind] ?? (kind as AccountKind), owner, name, bank }
    accounts.set(String(row['account_id']), { ...account, balance: row['balance'] as bigint })
  }
  const people: Whole['people'] = new Map()
  for (const row of await world.rows('individual')) {
    const tier = row['tier'] as 'full'
    people.set(String(row['account_id']), { tier, openedAs: tier, spent: [], code: null })
  }
  const keys: Whole['keys'] = new Map(
    owners.map((owner) => [world.as(owner).key.keyId, { owner, heardUntil: null, follows: null, graceMs: 0 }]),
  )
  return {
    now: schoolMorning,
    keys,
    accounts,
    people,
    holds: new Map(),
    ids: new Map(),
    transfers: new Map(),
    numbers: new Map(),
    numbersAsked: new Map(),
    lookups: new Map(),
    watched: [],
    alerts: [],
    rules: new Map(),
    assignments: new Map(),
    shares: new Map(),
    debts: [],
    freed: new Set(),
    directPayments: new Map(),
    schemes: new Map(
      allSchemeIds.map((schemeId) => {
        const { agency, category, count, amount, agencyBears } = schemes[schemeId]
        const {
          perTap = null,
          carries: carriesAtMost = null,
          returnsBy = null,
          activateUntil = null,
        } = moreOf(schemeId)
        const published = { status: 'active', policy: policyOf(schemeId) } as const
        const first = { at: 0, ...published, carries: carriesAtMost !== null, returnsBy }
        const { bridge = null } = moreOf(schemeId)
        const who = { bridge, perTap, carriesAtMost, activateUntil, where: moreOf(schemeId).where ?? null }
        const allowed = { countAllowed: count, amountAllowed: amount, agencyBears, allowedPolicyAgeMs }
        const times = { periodMs: 3 * dayMs, firstFrom, policy: policyOf(schemeId) }
        return [
          schemeId,
          {
            agency,
            category,
            merchants: who.where === null ? merchants : [],
            ...allowed,
            ...times,
            ...who,
            states: [first],
          },
        ]
      }),
    ),
    entitled: allSchemeIds.flatMap((scheme) =>
      holders
        .map((holder, index) => ({
          scheme,
          beneficiary: beneficiaryOf(scheme, index),
          holder,
          since: 0,
          endedAt: null,
        }))
        .slice(0, scheme === 'groceries' ? 3 : 2),
    ),
    places: new Map(merchants.map((merchant) => [merchant, firstPlace])),
    activated: new Set(),
    agencyOf: new Map(holders.map((holder, index) => [holder, agencyOfHolder[index] ?? ''])),
    cardNames: world.cardNames,
    cards: new Map(
      world.cards.map(({ pseudonym }, index) => [
        pseudonym,
        { holder: holders[index] ?? '', replacedBy: null, states: [{ at: 0, blocked: false }] },
      ]),
    ),
    slots: new Map(),
    leases: new Map(),
    policies: new Map(),
    tills: new Map(
      tillIds.map((tillId, index) => [
        tillId,
        { merchant: merchants[index] ?? '', isSuspended: false, fetchedAt: 0, surrendered: new Set(), rows: new Map() },
      ]),
    ),
    tenders: new Map(),
    refunds: new Map(),
    surrenders: new Map(),
    requestPayments: new Map(),
    discrepancies: [],
    gone: nothingGone(),
    met: new Map(),
  }
}
