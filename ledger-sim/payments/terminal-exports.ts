/**
 * A terminal's export, handed over by its merchant: presentment from it, for a till that is gone or only cut off
 * (money-rules.md, "Who pays": till destroyed or stolen; docs/design/13-export.md). What the till itself, or a receipt,
 * has brought under the same id is answered, not done again.
 */
import {
  syncItemIdOf,
  type Arrival,
  type ItemResult,
  type JournalPosition,
  type Presentment,
  type SyncItem,
} from '../../src/sync/protocol/messages.ts'
import {
  checkExportPart,
  endOf,
  isSignedBy,
  type ExportPart,
  type SignedExportPart,
} from '../../src/sync/protocol/terminal-export.ts'
import { isOfApplet } from '../applet/advice.ts'
import { inTransaction, type Work } from '../context.ts'
import type { Services } from '../http/operation.ts'
import { inSteps } from '../in-steps.ts'
import { hasShownAnything, isKnownPosition, knownPositions, rememberPosition } from '../terminals/heads.ts'
import { findTerminal, signingKeysOf, suspendTerminal, type Terminal } from '../terminals/terminals.ts'
import { applyItem, itemsPerStepOfATill } from './apply-items.ts'
import { fileDiscrepancy } from './discrepancies.ts'
import { standingOf } from './payment-requests.ts'
import { findTender, type Tender } from './tenders.ts'

export interface ImportedItem {
  readonly itemId: string
  readonly kind: SyncItem['kind']
  readonly arrival: Arrival
  readonly state: ItemResult['state'] | 'in_review'
  readonly amount: ItemResult['amount']
  readonly refusal: ItemResult['refusal']
  readonly loss: ItemResult['loss']
}

export type Imported =
  | {
      readonly kind: 'applied'
      readonly results: readonly ImportedItem[]
      /** What the ledger has of each tender that was unresolved at the till; nobody is paid for them. */
      readonly open: readonly { readonly tenderId: string; readonly state: Tender['state'] | 'not_seen' }[]
    }
  /** Nothing was applied. */
  | {
      readonly kind: 'not_an_export'
      readonly why: 'not_whole' | 'not_this_merchants' | 'signature_wrong' | 'not_anchored' | 'chain_forked'
    }

/** @param merchantId who hands it over: the terminal's own merchant only */
export async function importExport(
  services: Services,
  merchantId: string,
  signed: SignedExportPart,
): Promise<Imported> {
  const { content } = signed
  const refused = await inTransaction(services, (work) => whyRefused(work, merchantId, signed))
  if (refused !== undefined) return { kind: 'not_an_export', why: refused }
  const results = await inSteps<SyncItem, ImportedItem>(services, inOrder(content.items), {
    itemsPerStep: itemsPerStepOfATill,
    apply: (within, some) =>
      inTransaction(within, async (work) => {
        const terminal = await terminalOf(work, content)
        const done: ImportedItem[] = []
        for (const item of some) done.push(await applied(work, terminal, item, signedAt(content, work)))
        return done
      }),
  })
  const end = endOf(content)
  await inTransaction(services, async (work) => {
    // The next part begins here. Only what the till itself showed moves its head: that decides about reviews.
    if (end !== null) await rememberPosition(work, content.terminalId, end)
  })
  const advices = content.open.flatMap(({ advice }) => (advice === undefined || end === null ? [] : [advice]))
  await inSteps(services, advices, {
    itemsPerStep: itemsPerStepOfATill,
    apply: (within, some) =>
      inTransaction(within, async (work) => {
        for (const advice of some)
          await hearAdvice(work, content, { kind: 'presentment', ...advice, position: end as JournalPosition })
        return []
      }),
  })
  const open = await inTransaction(services, (work) => openAtLedger(work, content))
  return { kind: 'applied', results, open }
}

type Refused = Extract<Imported, { kind: 'not_an_export' }>['why']

async function whyRefused(work: Work, merchantId: string, signed: SignedExportPart): Promise<Refused | undefined> {
  const { content } = signed
  const terminal = await findTerminal(work, content.terminalId)
  if (terminal?.merchantId !== merchantId || content.merchantId !== merchantId) return 'not_this_merchants'
  const keys = await signingKeysOf(work, terminal.terminalId)
  if (!keys.some((key) => isSignedBy(signed, key))) return 'signature_wrong'
  if (checkExportPart(signed).kind === 'fault') return 'not_whole'
  return whereItStands(work, terminal, content)
}

/** Its rows go on from one that the ledger knows, and none of them is another than the ledger has seen there. */
async function whereItStands(
  work: Work,
  { terminalId }: Terminal,
  { after, rows }: ExportPart,
): Promise<'not_anchored' | 'chain_forked' | undefined> {
  const first = rows.at(0)
  const last = rows.at(-1)
  const seen = first === undefined || last === undefined ? [] : await knownPositions(work, terminalId, first, last)
  const hashes = new Map(rows.map(({ epoch, sequence, hash }) => [`${epoch}/${sequence}`, hash]))
  const forked = seen.find(({ epoch, sequence, hash }) => {
    const here = hashes.get(`${epoch}/${sequence}`)
    return here !== undefined && here !== hash
  })
  if (forked === undefined) {
    // From the very beginning: then it passes by what the ledger has seen of it, if that is anything.
    const isAnchored =
      after === null
        ? seen.length > 0 || !(await hasShownAnything(work, terminalId))
        : await isKnownPosition(work, terminalId, after)
    return isAnchored ? undefined : 'not_anchored'
  }
  await fileDiscrepancy(work, {
    terminalId,
    tenderId: null,
    code: 'CHAIN_BROKEN',
    owner: 'merchant',
    amount: 0n,
    evidence: { seen: forked, shown: hashes.get(`${forked.epoch}/${forked.sequence}`) },
  })
  await suspendTerminal(work, terminalId)
  return 'chain_forked'
}

/**
 * What was disowned is disowned before anything is paid under the same id. What a card has paid by itself is heard
 * before that: the card is owed what it counted down (docs/design/25, "Void").
 */
function inOrder(items: readonly SyncItem[]): readonly SyncItem[] {
  const placeOf = (item: SyncItem): number => {
    if (item.kind === 'presentment' && isOfApplet(item)) return 0
    return item.kind === 'reversal' ? 1 : 2
  }
  return items.toSorted((one, other) => placeOf(one) - placeOf(other))
}

async function applied(work: Work, terminal: Terminal, item: SyncItem, created: number): Promise<ImportedItem> {
  const { result } = await applyItem(work, terminal, item, created)
  const { itemId, arrival, amount, refusal, loss } = result
  const tender = item.kind === 'presentment' ? await findTender(work, itemId) : undefined
  // A till is not told of a review, its merchant is.
  const isInReview = tender?.state === 'in_review' && tender.terminalId === terminal.terminalId
  const state = isInReview ? 'in_review' : result.state
  return { itemId: syncItemIdOf(item), kind: item.kind, arrival, state, amount, refusal, loss }
}

/** Messages of the till that it signed before it was exported are late, not proof of a restored journal. */
function signedAt({ madeAt }: ExportPart, { now }: Work): number {
  return Math.floor(Math.min(madeAt, now) / 1000)
}

async function terminalOf(work: Work, { terminalId }: ExportPart): Promise<Terminal> {
  const terminal = await findTerminal(work, terminalId)
  if (terminal === undefined) throw new Error(`terminal ${terminalId} vanished`)
  return terminal
}

/**
 * What a card may have paid in the middle of a payment, at a till that does not come back: a later record of the card
 * tells, and then it is owed to the card (applet/present.ts). A till in service asks the card itself. What the ledger
 * has heard of such a tender stands.
 */
async function hearAdvice(work: Work, content: ExportPart, advice: Presentment): Promise<void> {
  const terminal = await terminalOf(work, content)
  if (terminal.status !== 'revoked' || (await findTender(work, advice.terms.tenderId)) !== undefined) return
  await applyItem(work, terminal, advice, signedAt(content, work))
}

async function openAtLedger(work: Work, { open, terminalId }: ExportPart) {
  const found: { tenderId: string; state: Tender['state'] | 'not_seen' }[] = []
  for (const { tenderId } of open) {
    const tender = await findTender(work, tenderId)
    const isOwn = tender?.terminalId === terminalId
    found.push({ tenderId, state: isOwn ? (await standingOf(work, tender)).state : 'not_seen' })
  }
  return found
}
