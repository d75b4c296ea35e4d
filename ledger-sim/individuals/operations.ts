/** Everything that this part of the ledger can be asked. */
import { individualAccountOperations } from './account-operations.ts'
import { oversightOperations } from './oversight-operations.ts'
import { personTransferOperations } from './transfer-operations.ts'

export const individualOperations = [
  ...individualAccountOperations,
  ...personTransferOperations,
  ...oversightOperations,
]
