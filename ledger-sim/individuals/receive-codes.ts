/** The QR by which a person is paid. A new one ends the one before it: who kept that one reaches nobody any more. */
import { toHex } from '../../src/voucher/cards/bytes.ts'
import { receiveQr } from '../../src/voucher/receive-qr.ts'
import type { Work } from '../context.ts'
import type { Caller } from '../http/operation.ts'
import { personOfCaller } from './people.ts'

/** @returns the text of the QR; undefined when the account is not the caller's to be paid at */
export async function newReceiveCode(
  work: Work,
  caller: Caller,
  accountId: string,
  codeId: string,
): Promise<string | undefined> {
  const { connection, now, random } = work
  if ((await personOfCaller(work, caller, accountId)) === undefined) return undefined
  const token = toHex(random(16)).toLowerCase()
  await connection
    .insertInto('receive_code')
    .values({ account_id: accountId, code_id: codeId, token, at: now })
    .onConflict((conflict) => conflict.column('account_id').doUpdateSet({ code_id: codeId, token, at: now }))
    .execute()
  return receiveQr(token)
}
