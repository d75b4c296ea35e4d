/**
 * Transfers that clients named by ids of their own, from the moment that they are done: what status, reversal and
 * refund look at. Whether an id is new is not decided here but by its row in `operation` (`http/idempotent.ts`).
 */
import type { Insertable } from 'kysely'
import { tiyn, type Tiyn } from '../../src/voucher/money.ts'
import type { TransferKind } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import type { Tables } from '../store/schema.ts'
import { rowsStatement } from '../store/statement.ts'

/** The kind of the leg that moves from payer to payee; of a conversion, its DT. */
export const clientTransferKinds = [
  'non-cash-deposit',
  'issue',
  'issue-return',
  'sale-of-dt',
  'redemption-of-dt',
  'cash-supply',
  'cash-deposit',
  'cash-withdrawal',
  'scheme-funding',
  'payment',
  'payment-to-individual',
  'payment-to-government',
] as const satisfies readonly TransferKind[]
export type ClientTransferKind = (typeof clientTransferKinds)[number]

/** Of these the payee can give back, and their maker can disown them. Conversions and deposits stand. */
export const returnable: readonly ClientTransferKind[] = ['payment', 'payment-to-individual', 'payment-to-government']

export interface NewClientTransfer {
  /** The client's own. */
  readonly transferId: string
  readonly kind: ClientTransferKind
  /** The owner of the key that asked for it. */
  readonly madeBy: string
  /** Accounts. */
  readonly payer: string
  readonly payee: string
  readonly amount: Tiyn
  /** What the payer wrote. */
  readonly purpose?: string
  readonly paymentReference?: string
}

export interface ClientTransfer extends Omit<NewClientTransfer, 'purpose' | 'paymentReference'> {
  readonly purpose: string | null
  readonly paymentReference: string | null
  readonly state: 'done' | 'reversed'
  /** By refunds, without what a reversal gave back. */
  readonly refunded: Tiyn
  readonly at: number
}

/** Called in the transaction that books their legs. */
export async function keepClientTransfers(
  { connection, now }: Work,
  transfers: readonly NewClientTransfer[],
): Promise<void> {
  const rows = transfers.map((transfer) => ({
    transfer_id: transfer.transferId,
    kind: transfer.kind,
    made_by: transfer.madeBy,
    payer: transfer.payer,
    payee: transfer.payee,
    amount: transfer.amount,
    purpose: transfer.purpose ?? null,
    payment_reference: transfer.paymentReference ?? null,
    state: 'done' as const,
    refunded: 0,
    at: now,
  }))
  await transfersKept(connection, rows)
}

const transfersKept = rowsStatement(
  [
    'transfer_id',
    'kind',
    'made_by',
    'payer',
    'payee',
    'amount',
    'purpose',
    'payment_reference',
    'state',
    'refunded',
    'at',
  ],
  (connection, rows: readonly Insertable<Tables['client_transfer']>[]) =>
    connection.insertInto('client_transfer').values(rows),
)

export async function findClientTransfer(
  { connection }: Work,
  transferId: string,
): Promise<ClientTransfer | undefined> {
  const row = await connection
    .selectFrom('client_transfer')
    .selectAll()
    .where('transfer_id', '=', transferId)
    .executeTakeFirst()
  if (row === undefined) return undefined
  return {
    transferId,
    kind: row.kind as ClientTransferKind,
    madeBy: row.made_by,
    payer: row.payer,
    payee: row.payee,
    amount: tiyn(row.amount),
    purpose: row.purpose,
    paymentReference: row.payment_reference,
    state: row.state,
    refunded: tiyn(row.refunded),
    at: Number(row.at),
  }
}
