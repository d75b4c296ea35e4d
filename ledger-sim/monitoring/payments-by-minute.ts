/**
 * How many payments each minute had. A minute that is over does not change any more, so it is counted once; the count
 * walks the newest transfers only, by their ids, which begin with their moment (UUIDv7).
 */
import type { TransferKind } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'

const minuteMs = 60_000
/** What a customer, a merchant or an agency would call a payment. */
const paymentKinds: readonly TransferKind[] = [
  'payment',
  'payment-to-individual',
  'payment-to-government',
  'individual-transfer',
  'merchant-payment',
  'voucher-payment',
  'hold-post',
  'appeal-payment',
]

export class PaymentsByMinute {
  readonly #over = new Map<number, number>()

  /** The last minutes, the oldest first; the last one is still going on. */
  async last({ connection, now }: Pick<Work, 'connection' | 'now'>, minutes: number): Promise<readonly number[]> {
    const current = Math.floor(now / minuteMs)
    const wanted = Array.from({ length: minutes }, (_, index) => current - minutes + 1 + index)
    for (const minute of this.#over.keys()) if (minute < current - minutes) this.#over.delete(minute)
    const first = wanted.find((minute) => !this.#over.has(minute)) ?? current
    const rows = await connection
      .selectFrom('transfer')
      .select('at')
      .where('transfer_id', '>=', firstIdOf(first * minuteMs))
      .where('kind', 'in', paymentKinds)
      .execute()
    const counted = new Map<number, number>()
    for (const { at } of rows) {
      const minute = Math.floor(Number(at) / minuteMs)
      counted.set(minute, (counted.get(minute) ?? 0) + 1)
    }
    const counts = wanted.map((minute) => this.#over.get(minute) ?? counted.get(minute) ?? 0)
    // A transaction that began before the minute ended may commit after it: the last but one is counted again.
    for (const [index, minute] of wanted.entries()) if (minute < current - 1) this.#over.set(minute, counts[index] ?? 0)
    return counts
  }
}

/** Not above any UUIDv7 of this moment or later. */
function firstIdOf(moment: number): string {
  const hex = moment.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}
