/**
 * What reached the ledger's socket, item by item. A delivery is one arrival of one whole, unchanged item: ten items in
 * three copies of a batch are thirty.
 */
import { syncItemIdOf, type SyncItem } from '../../src/sync/protocol/messages.ts'
import { pathOf, statusOf, type RawMessage } from './raw-http.ts'

/** How the ledger took a delivery. */
export type Taken =
  /** Answered 200: the ids decided. */
  | 'judged'
  /** Refused at the door: the signature was used before, or is too old. */
  | 'refused'
  /** No whole answer came: the ledger was killed, or the connection ended. */
  | 'unanswered'

export class Deliveries {
  readonly byItem = new Map<string, number>()
  readonly taken: Record<Taken, number> = { judged: 0, refused: 0, unanswered: 0 }
  /** The ledger said that it failed: it never should. */
  readonly failures: string[] = []

  arrived(items: readonly string[]): void {
    for (const item of items) this.byItem.set(item, (this.byItem.get(item) ?? 0) + 1)
  }

  answered(items: readonly string[], answer: RawMessage | undefined): void {
    const status = answer === undefined ? 0 : statusOf(answer)
    if (status >= 500) this.failures.push(answer?.body.toString() ?? '')
    this.taken[status === 200 ? 'judged' : status === 0 ? 'unanswered' : 'refused'] += items.length
  }

  get total(): number {
    return [...this.byItem.values()].reduce((sum, count) => sum + count, 0)
  }
}

/** The ids of what a request brings; of an inquiry, events, heads and packages there are none. */
export function itemsIn(request: RawMessage): readonly { readonly id: string; readonly json: string }[] {
  const path = pathOf(request)
  if (path !== '/v1/terminal/batches' && path !== '/v1/terminal/authorisations') return []
  const body = JSON.parse(request.body.toString()) as { items?: SyncItem[]; terms?: { tenderId: string } }
  if (body.terms !== undefined) return [{ id: body.terms.tenderId, json: '' }]
  return (body.items ?? []).map((item) => ({ id: syncItemIdOf(item), json: JSON.stringify(item) }))
}
