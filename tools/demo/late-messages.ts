/**
 * After the story: what a wild network might still deliver. The same presentments and captures again, overlapping, in
 * another order and cut differently; and the request of the cancelled payment, long after its reversal. Signed by the
 * terminal's own key, so that nothing but the ledger's rules stands in the way.
 */
import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { LedgerClient } from '../../src/sync/engine/ledger-client.ts'
import { TrustedTime } from '../../src/sync/engine/trusted-time.ts'
import { Journal } from '../../src/sync/journal/journal.ts'
import { syncItemOf } from '../../src/sync/journal/records.ts'
import { verifyingKey } from '../../src/sync/protocol/keys.ts'
import { enrolmentSchema, type ItemResult, type SyncItem } from '../../src/sync/protocol/messages.ts'
import { httpTransport } from '../../src/terminal/core/http-transport.ts'
import { loadTerminalKeys } from '../../src/terminal/core/key-file.ts'
import { realRandomness } from '../../src/terminal/core/real-ports.ts'

export interface LateMessages {
  /** Items delivered again, counting each delivery. */
  readonly deliveredAgain: number
  /** Everything but `exists` with the first result. Empty when the ledger did as it must. */
  readonly wrong: readonly string[]
  /** How the ledger answered the request whose reversal had come first. */
  readonly lateRequest: string
}

/** @param tillFolder of a till that has stopped. */
export async function deliverLateMessages(
  tillFolder: string,
  ledgerUrl: string,
  now: () => number,
  cancelledTender: string,
): Promise<LateMessages> {
  const enrolment = enrolmentSchema.parse(JSON.parse(readFileSync(join(tillFolder, 'enrolment.json'), 'utf8')))
  const keys = loadTerminalKeys(tillFolder)
  const journal = new Journal(join(tillFolder, 'journal.sqlite'), { now })
  const { transport, close } = httpTransport()
  const clock = { wall: now, monotonic: now }
  const ledger = new LedgerClient({
    baseUrl: ledgerUrl,
    terminalKey: keys.signing,
    ledgerKey: verifyingKey(enrolment.ledgerKey),
    transport,
    time: new TrustedTime(clock, 0),
    randomness: realRandomness,
  })
  try {
    const items = itemsOf(journal)
    const wrong: string[] = []
    let deliveredAgain = 0
    // Overlapping cuts, forwards and backwards: identity lies in the items, never in the batch.
    const cuts = [items, items.toReversed(), ...items.map((_item, index) => items.slice(index, index + 3).toReversed())]
    for (const cut of cuts) {
      const reply = await ledger.call('/v1/terminal/batches', { items: cut }, 10_000)
      if (reply.kind !== 'answer') {
        wrong.push(`${reply.kind}: ${reply.detail}`)
        continue
      }
      deliveredAgain += cut.length
      for (const { result } of reply.answer.results)
        if (result.arrival !== 'exists' || result.state !== 'settled') wrong.push(describe(result))
    }
    const evidence = journal.evidenceOf(cancelledTender)
    if (evidence === undefined) throw new Error('the cancelled payment left no evidence in the journal')
    const { terms } = journal.intentOf(cancelledTender).row
    const late = await ledger.call('/v1/terminal/authorisations', { terms, evidence }, 10_000)
    const lateRequest = late.kind === 'answer' ? late.answer.result.arrival : late.kind
    return { deliveredAgain, wrong, lateRequest }
  } finally {
    close()
    journal.close()
  }
}

function itemsOf(journal: Journal): SyncItem[] {
  return [...journal.rows()].flatMap((chained): SyncItem[] => {
    const isSale = chained.row.kind === 'capture_requested' || chained.row.kind === 'approved_offline'
    return isSale ? [syncItemOf(chained, (tenderId) => journal.intentOf(tenderId).row)] : []
  })
}

function describe(result: ItemResult): string {
  return `${result.itemId}: ${result.arrival}, ${result.state}`
}
