/**
 * What a card's issuer says to it next (docs/design/25, "Scripts"; docs/design/22, "UPDATE"): what its holder's schemes
 * give for the present period and the next one, what is taken away, and that it is blocked.
 */
import { equalBytes } from '../../src/voucher/cards/bytes.ts'
import { slotRef } from '../../src/voucher/cards/tolem-applet/names.ts'
import {
  makeScript,
  slotRemovedBy,
  verifyReceipt,
  type ScriptItem,
} from '../../src/voucher/cards/tolem-applet/script.ts'
import { tiyn } from '../../src/voucher/money.ts'
import type { Work } from '../context.ts'
import { settleWaiting } from '../payments/awaiting-funds.ts'
import { findCard, type Card } from '../schemes/cards.ts'
import { doWhatIsDue } from '../schemes/returning.ts'
import { findScheme } from '../schemes/schemes.ts'
import { statement } from '../store/statement.ts'
import { findApplet, type AppletCard } from './cards.ts'
import { base64url, datedBackMs, fromBase64url, serialBytes } from './certificates.ts'
import { countRemoved, findHolding, giveBackFree, openHoldingsOf, type Holding } from './holdings.ts'
import { load, loadsFor } from './loads.ts'

/** A script has 1 024 bytes: 102 around its items, 93 for each load, and the rest for what else it says. */
const loadsMost = 8

export type NextScript =
  | { readonly kind: 'script'; readonly script: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly code: 'CARD_UNKNOWN' }

const scriptOf = statement((connection, { card, counter }: { card: string; counter: bigint }) =>
  connection
    .selectFrom('card_script')
    .select(['script', 'receipt'])
    .where('card', '=', card)
    .where('counter', '=', counter),
)

/**
 * The script that follows the one that the card has applied last, or that one again where it took a slot away and its
 * receipt was lost; made now where all that were made are applied and
 * there is something to say. The money for what it loads moves with it.
 *
 * @param scriptCounter as the card says: a later counter than the ledger's own is no card of this ledger
 */
export async function nextScript(work: Work, cardName: string, scriptCounter: number): Promise<NextScript> {
  await doWhatIsDue(work)
  const card = await findCard(work, cardName)
  const applet = card === undefined ? undefined : await findApplet(work, cardName)
  if (card === undefined || applet === undefined) return { kind: 'refused', code: 'CARD_UNKNOWN' }
  const [last] = await scriptOf(work.connection, { card: cardName, counter: BigInt(scriptCounter) })
  // Only its receipt says what came back. The card has it still, and says it again to the same script.
  if (last?.receipt === null && slotRemovedBy(fromBase64url(last.script)) !== null)
    return { kind: 'script', script: last.script }
  const counter = scriptCounter + 1
  const [made] = await scriptOf(work.connection, { card: cardName, counter: BigInt(counter) })
  if (made !== undefined) return { kind: 'script', script: made.script }
  if ((await lastCounter(work, cardName)) !== scriptCounter) return { kind: 'none' }
  return makeNext(work, card, applet, counter)
}

async function lastCounter({ connection }: Work, card: string): Promise<number> {
  const last = await connection
    .selectFrom('card_script')
    .select('counter')
    .where('card', '=', card)
    .orderBy('counter', 'desc')
    .limit(1)
    .executeTakeFirst()
  return Number(last?.counter ?? 0n)
}

async function makeNext(work: Work, card: Card, applet: AppletCard, counter: number): Promise<NextScript> {
  const { connection, now, keys } = work
  const status = await statusToSay(work, card)
  const removed = await slotToTakeAway(work, card)
  const loads = card.status === 'active' ? (await loadsFor(work, card)).slice(0, loadsMost) : []
  const items: ScriptItem[] = [
    ...loads.map(({ slot }): ScriptItem => ({ kind: 'load-slot', slot })),
    ...(removed === undefined ? [] : [{ kind: 'remove-slot', slotRef: slotRef(removed.slotId) } as const]),
    ...pinItems(applet),
    ...(status === null ? [] : [{ kind: status === 'blocked' ? 'block' : 'unblock' } as const]),
  ]
  if (items.length === 0) return { kind: 'none' }
  const { cardId, keyEpoch, agencyId } = applet
  const head = { cardId, keyEpoch, counter, time: now - datedBackMs }
  const script = base64url(makeScript(head, items, keys.applet.issuer(agencyId).sign))
  await connection
    .insertInto('card_script')
    .values({ card: card.card, counter, script, status, at: now, receipt: null })
    .execute()
  for (const one of loads) await load(work, card, counter, one)
  if (removed !== undefined) await takeAway(work, removed, counter)
  if (applet.pinOrder !== null)
    await connection.updateTable('applet_card').set({ pin_order: null }).where('card', '=', card.card).execute()
  return { kind: 'script', script }
}

/** Null where the card was told so last, or was never told and is active. */
async function statusToSay({ connection }: Work, { card, status }: Card): Promise<'active' | 'blocked' | null> {
  const told = await connection
    .selectFrom('card_script')
    .select('status')
    .where('card', '=', card)
    .where('status', 'is not', null)
    .orderBy('counter', 'desc')
    .limit(1)
    .executeTakeFirst()
  return (told?.status ?? 'active') === status ? null : status
}

/**
 * What the card should not hold any more: one in each script. Of a period that is over nothing need be taken: the card
 * spends it no more, and may have put another slot in its place.
 */
async function slotToTakeAway(work: Work, card: Card): Promise<Holding | undefined> {
  for (const holding of await openHoldingsOf(work, card.card)) {
    const { schemeId, slotId, isTakenAway } = holding
    const scheme = isTakenAway ? undefined : await findScheme(work, schemeId)
    const period = scheme?.periods.find(({ periodId }) => slotId.endsWith(`/${periodId}`))
    if (scheme === undefined || period === undefined || period.to <= work.now) continue
    if (card.status === 'blocked' || scheme.status === 'ended' || !(await isEntitledTo(work, card.holder, holding)))
      return holding
  }
  return undefined
}

async function isEntitledTo({ connection }: Work, holder: string, { schemeId, slotId }: Holding): Promise<boolean> {
  const row = await connection
    .selectFrom('entitlement')
    .select('beneficiary')
    .where('scheme_id', '=', schemeId)
    .where('holder', '=', holder)
    .executeTakeFirst()
  return row !== undefined && slotId.startsWith(`${schemeId}/${row.beneficiary}/`)
}

async function takeAway({ connection }: Work, { card, slotId }: Holding, counter: number): Promise<void> {
  await connection
    .updateTable('card_slot')
    .set({ removed_by: counter })
    .where('card', '=', card)
    .where('slot_id', '=', slotId)
    .execute()
}

function pinItems({ pinOrder }: AppletCard): readonly ScriptItem[] {
  if (pinOrder === null) return []
  if (pinOrder === 'unblock') return [{ kind: 'unblock-pin' }]
  return [{ kind: 'allow-new-pin', terminalSerial: serialBytes(BigInt(pinOrder)) }]
}

export type ReceiptKept =
  | { readonly kind: 'kept'; readonly arrival: 'created' | 'exists' }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'not_its_receipt' }

/** Where the counter stands in a receipt (docs/design/22, "UPDATE"). */
const counterOffset = 34

/** What a card answered to a script. What it gave up is free from now on, and its money goes back. */
export async function keepReceipt(work: Work, cardName: string, receipt: string): Promise<ReceiptKept> {
  const applet = await findApplet(work, cardName)
  const bytes = fromBase64url(receipt)
  const counter = BigInt(Buffer.from(bytes).readUInt32BE(counterOffset))
  const row = await work.connection
    .selectFrom('card_script')
    .select(['script', 'receipt'])
    .where('card', '=', cardName)
    .where('counter', '=', counter)
    .executeTakeFirst()
  if (applet === undefined || row === undefined) return { kind: 'not_found' }
  const said = verifyReceipt(bytes, fromBase64url(row.script), applet.publicKey)
  if (said === null) return { kind: 'not_its_receipt' }
  // Signatures differ each time; what is said of one script never does.
  if (row.receipt !== null) return { kind: 'kept', arrival: 'exists' }
  await work.connection
    .updateTable('card_script')
    .set({ receipt })
    .where('card', '=', cardName)
    .where('counter', '=', counter)
    .execute()
  // Asked of the script itself: a later one may have loaded the slot again.
  const removed = slotRemovedBy(fromBase64url(row.script))
  const holding =
    removed === null
      ? undefined
      : (await openHoldingsOf(work, cardName)).find(({ slotId }) => equalBytes(slotRef(slotId), removed))
  if (holding !== undefined) {
    await countRemoved(work, holding, { count: said.removedCount, amount: tiyn(said.removedAmount) })
    const after = await findHolding(work, cardName, holding.slotId)
    if (after !== undefined && (await giveBackFree(work, after)) > 0n) await settleWaiting(work, holding.schemeId)
  }
  return { kind: 'kept', arrival: 'created' }
}
