/**
 * What a card's issuer says to it, carried by whichever till it comes to (docs/design/25-policy-card.md, "Calls").
 * Nothing hangs on it here: a script that does not come, and a receipt that does not arrive, are made good at the next
 * presence, for the card says which was its last.
 */
import type { LedgerClient } from '../../sync/engine/ledger-client.ts'
import type { SyncEngine } from '../../sync/engine/sync-engine.ts'
import { equalBytes } from '../../voucher/cards/bytes.ts'
import type { CardContent } from '../../voucher/cards/tolem-applet/slots.ts'
import { update } from '../../voucher/cards/tolem-applet/script.ts'
import { bytesOf, textOf, type OpenedCard } from './applet-presence.ts'
import { onlineDeadlineMs } from './card-relay.ts'

export interface ScriptParts {
  readonly ledger: Pick<LedgerClient, 'call'>
  readonly engine: Pick<SyncEngine, 'tapAsked' | 'worthAsking'>
}

/**
 * Asks the ledger, on line and no longer than any tap does, and gives the card what waits for it.
 *
 * @returns `applied`: what the card said before is out of date; `torn`: the card has to be presented again
 */
export async function carryScript(
  { ledger, engine }: ScriptParts,
  { presence, card }: OpenedCard,
  { scriptCounter }: CardContent,
): Promise<'nothing' | 'applied' | 'torn'> {
  if (!engine.worthAsking) return 'nothing'
  const reply = await ledger.call('/v1/terminal/card-scripts', { card, scriptCounter }, onlineDeadlineMs)
  engine.tapAsked(reply)
  if (reply.kind !== 'answer' || reply.answer.kind !== 'script') return 'nothing'
  const done = await update(presence, bytesOf(reply.answer.script))
  if (done.kind === 'torn') return 'torn'
  if (done.kind === 'refused') return 'nothing'
  const { card: identity } = presence
  const { said, receipt } = done
  // Nobody waits for it: the customer pays meanwhile.
  void ledger.call('/v1/terminal/card-receipts', { card, receipt: textOf(receipt) }, onlineDeadlineMs)
  // It has another certificate now, and the next record is under that one.
  const isSame = equalBytes(said.cardSerial, identity.serial) && said.keyEpoch === identity.keyEpoch
  return isSame ? 'applied' : 'torn'
}
