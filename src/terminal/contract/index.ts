/** Everything the UI may import of ours. */
export * from './bridge.ts'
export * from './commands.ts'
export * from './shift.ts'
export * from './snapshot.ts'
export { addTiyn, formatTenge, tiyn, tiynSchema, zeroTiyn, type Tiyn } from '../../voucher/money.ts'
export { languages, type Language, type Texts } from '../../voucher/identifiers.ts'
export { refusalCodes, type RefusalCode } from '../../voucher/reasons.ts'
export { lossCodes } from '../../sync/protocol/loss-codes.ts'
