/** Everything that the ledger can be asked. */
import { accountOperations } from './accounts/operations.ts'
import { appletOperations } from './applet/operations.ts'
import { doorOperations } from './http/operations.ts'
import { feedOperations } from './feed/operations.ts'
import type { Operation } from './http/operation.ts'
import { individualOperations } from './individuals/operations.ts'
import { groupOperations } from './leases/group-operations.ts'
import { leaseOperations } from './leases/operations.ts'
import { monitoringOperations } from './monitoring/operations.ts'
import { claimOperations } from './payments/claim-operations.ts'
import { discrepancyOperations } from './payments/discrepancy-operations.ts'
import { walletOperations } from './payments/wallet-operations.ts'
import { ruleOperations } from './rules/operations.ts'
import { rekeyingOperations } from './schemes/rekeying-operations.ts'
import { schemeOperations } from './schemes/operations.ts'
import { terminalOperations } from './terminals/operations.ts'
import { moveOperations } from './transfers/operations.ts'

export const operations: readonly Operation[] = [
  ...doorOperations,
  ...accountOperations,
  ...moveOperations,
  ...individualOperations,
  ...schemeOperations,
  ...rekeyingOperations,
  ...appletOperations,
  ...groupOperations,
  ...leaseOperations,
  ...terminalOperations,
  ...walletOperations,
  ...claimOperations,
  ...discrepancyOperations,
  ...ruleOperations,
  ...feedOperations,
  ...monitoringOperations,
]
