/**
 * How things stand, as each role may see it: an agency its schemes and the tills that hold its leases, a merchant its
 * tills, a bank how many clients it has, the central bank and the auditor the whole.
 */
import type { Work } from '../context.ts'
import type { Caller } from '../http/operation.ts'
import { liveLeases, type StandingLease } from './leases.ts'
import { standingSchemes, type StandingScheme } from './schemes.ts'
import { standingTerminals, type StandingTerminal } from './terminals.ts'
import { clientsOfBank, issuedByCentralBank, walletsByKind } from './wallets.ts'

export const monitoringRoles = ['central-bank', 'auditor', 'bank', 'agency', 'merchant'] as const
export type MonitoringRole = (typeof monitoringRoles)[number]

export interface Node {
  readonly nodeId: string
  readonly startedAt: number
}

export interface Standing {
  readonly at: number
  readonly nodes: readonly Node[]
  readonly circulation: { readonly issued: bigint; readonly inCirculation: bigint } | null
  /** `balance` is null for who may only count them. */
  readonly wallets: readonly { readonly kind: string; readonly count: number; readonly balance: bigint | null }[]
  readonly schemes: readonly StandingScheme[]
  readonly leases: readonly StandingLease[]
  readonly terminals: readonly StandingTerminal[]
}

/** There is one process of the ledger (docs/design/04-ledger.md): it answers, so it is there. */
const nodeId = 'ledger-1'

export async function standingFor(
  work: Work,
  { role, owner }: { readonly role: MonitoringRole; readonly owner: Caller['owner'] },
  startedAt: number,
): Promise<Standing> {
  const nothing: Standing = {
    at: work.now,
    nodes: [],
    circulation: null,
    wallets: [],
    schemes: [],
    leases: [],
    terminals: [],
  }
  switch (role) {
    case 'central-bank':
    case 'auditor': {
      const wallets = await walletsByKind(work)
      const leases = await liveLeases(work, {})
      return {
        at: work.now,
        nodes: [{ nodeId, startedAt }],
        circulation: {
          issued: await issuedByCentralBank(work),
          inCirculation: wallets.reduce((sum, { balance }) => sum + balance, 0n),
        },
        wallets,
        schemes: await standingSchemes(work, undefined, leases),
        leases,
        terminals: await standingTerminals(work, leases, {}),
      }
    }
    case 'bank': {
      const clients = await clientsOfBank(work, owner)
      return { ...nothing, wallets: clients.map((kind) => ({ ...kind, balance: null })) }
    }
    case 'agency': {
      const leases = await liveLeases(work, { agencyId: owner })
      const schemes = await standingSchemes(work, owner, leases)
      return { ...nothing, schemes, leases, terminals: await standingTerminals(work, leases, { withLeaseOnly: true }) }
    }
    case 'merchant': {
      const leases = await liveLeases(work, { merchantId: owner })
      return { ...nothing, leases, terminals: await standingTerminals(work, leases, { merchantId: owner }) }
    }
    default:
      return role satisfies never
  }
}
