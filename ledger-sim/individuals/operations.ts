/** Everything that this part of the ledger can be asked. */
import { accountCardOperations } from './account-card-operations.ts'
import { individualAccountOperations } from './account-operations.ts'
import { oversightOperations } from './oversight-operations.ts'
import { personTransferOperations } from './transfer-operations.ts'

export const individualOperations = [
  ...individualAccountOperations,
  ...accountCardOperations,
  ...personTransferOperations,
  ...oversightOperations,
]
