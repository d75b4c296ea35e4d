/** Everything that the ledger can be asked. */
import type { Operation } from './http/operation.ts'
import { terminalOperations } from './terminals/operations.ts'

export const operations: readonly Operation[] = [...terminalOperations]
