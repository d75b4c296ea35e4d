/** Payments, returns, status, settlement messages and statements (docs/design/18-platform-api.md, "Moves"). */
import { paymentOperations } from './payment-operations.ts'
import { questionOperations } from './question-operations.ts'
import { returnOperations } from './return-operations.ts'
import { statementOperations } from './statement-operations.ts'

export const moveOperations = [...paymentOperations, ...returnOperations, ...questionOperations, ...statementOperations]
