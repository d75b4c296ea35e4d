/** Merchants and the tiles of their tills. */
import type { z } from 'zod'
import { toJson } from '../../src/sync/protocol/canonical.ts'
import { merchantSchema, terminalPackageSchema, type Merchant } from '../../src/voucher/package.ts'
import { placeOf, type MerchantPlace } from '../../src/voucher/where.ts'
import { openAccount, type NewAccount } from '../accounts/accounts.ts'
import type { Work } from '../context.ts'
import { announcePackagesOfMerchant } from '../terminals/events.ts'
import { statement } from '../store/statement.ts'

const tilesSchema = terminalPackageSchema.pick({ catalogue: true, categories: true })
/** What a till of this merchant shows: tiles, and the categories in which a bare amount may be rung up. */
export type Tiles = z.infer<typeof tilesSchema>

/**
 * Opens the merchant's account with it, at the bank that registers it, or takes the one that this bank has opened for
 * it before, whatever name that has. Said again with other names, another place or other tiles, they change; its
 * account never does, for it is what its tills' sales are paid to, and no other bank speaks for it.
 */
export async function registerMerchant(
  work: Work,
  merchant: Merchant,
  tiles: Tiles,
  bank: string,
): Promise<'registered' | 'exists_with_different_terms'> {
  const { connection } = work
  const [known] = await merchantWithId(connection, { merchantId: merchant.merchantId })
  if (known !== undefined && known.account_id !== merchant.accountId) return 'exists_with_different_terms'
  const account: NewAccount = {
    accountId: merchant.accountId,
    currency: 'DT',
    kind: 'merchant',
    owner: merchant.merchantId,
    name: merchant.name.en,
    bank,
  }
  const opened = await openAccount(work, account, { underAnyName: true })
  if (opened === 'exists_with_different_terms') return opened
  const values = { account_id: merchant.accountId, content: toJson(merchant), tiles: toJson(tiles) }
  await connection
    .insertInto('merchant')
    .values({ merchant_id: merchant.merchantId, ...values })
    .onConflict((conflict) => conflict.column('merchant_id').doUpdateSet(values))
    .execute()
  await announcePackagesOfMerchant(work, merchant.merchantId)
  return 'registered'
}

/** Where the merchant is and what it deals in, as its bank said last. */
export async function placeOfMerchant({ connection }: Work, merchantId: string): Promise<MerchantPlace> {
  const row = await connection
    .selectFrom('merchant')
    .select('content')
    .where('merchant_id', '=', merchantId)
    .executeTakeFirst()
  return row === undefined ? {} : placeOf(merchantSchema.parse(JSON.parse(row.content)))
}

const merchantWithId = statement((connection, { merchantId }: { merchantId: string }) =>
  connection.selectFrom('merchant').selectAll().where('merchant_id', '=', merchantId),
)

export async function findMerchant(
  { connection }: Work,
  merchantId: string,
): Promise<({ readonly merchant: Merchant } & Tiles) | undefined> {
  const [row] = await merchantWithId(connection, { merchantId })
  if (row === undefined) return undefined
  return {
    merchant: merchantSchema.parse(JSON.parse(row.content)),
    ...tilesSchema.parse(JSON.parse(row.tiles)),
  }
}
