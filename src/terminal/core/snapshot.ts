/** Composes what the screen shows from the journal, the machine's state and the devices. Decides nothing. */
import type { CardReaderPort, HidPort, HidTrouble } from '../../drivers/ports.ts'
import type { KeptBy } from '../../sync/engine/key-ring.ts'
import type { SyncEngine } from '../../sync/engine/sync-engine.ts'
import type { TrustedTime } from '../../sync/engine/trusted-time.ts'
import type { Journal, TenderRecord } from '../../sync/journal/journal.ts'
import type { Discrepancy } from '../../sync/protocol/messages.ts'
import type { Decision } from '../../voucher/decide.ts'
import type { LineOutcome } from '../../voucher/line-outcomes.ts'
import type { Slot } from '../../voucher/slot.ts'
import { addTiyn, tiyn, zeroTiyn } from '../../voucher/money.ts'
import type { TerminalPackage } from '../../voucher/package.ts'
import { shortId } from '../../voucher/receipt.ts'
import { lineTotal } from '../../voucher/sale.ts'
import { paymentQr } from '../../voucher/payment-qr.ts'
import { dtByQr } from '../../voucher/tender.ts'
import type { Action, CardPays, Light, SaleView, Snapshot, TapView, TenderView } from '../contract/snapshot.ts'
import type { GoodsQuestion } from '../contract/goods.ts'
import type { TornRecord } from '../contract/torn.ts'
import type { PaymentContext, PaymentStateName } from '../payment/payment-context.ts'
import type { SaleStanding } from './basket.ts'
import type { CardUnderQr } from './qr-card-desk.ts'
import { sameInAll, schemeName } from './scheme-name.ts'

/** A package older than this is said on the till's light: something keeps new ones away. */
const packageOldMs = 24 * 3_600_000
/** So long the till's light says that the ledger contradicted a manager; the row stays. */
const contradictionShownMs = 24 * 3_600_000

/** What the schemes of the card on the reader pay. */
export interface Decided {
  readonly decision: Extract<Decision, { verdict: 'approve' }>
  readonly lines: readonly LineOutcome[]
  /** By which it was decided. */
  readonly slots: readonly Slot[]
}

export interface SnapshotSources {
  readonly revision: number
  readonly terminalId: string
  readonly journal: Journal
  readonly engine: SyncEngine
  readonly keysKeptBy: KeptBy
  readonly time: TrustedTime
  readonly reader: CardReaderPort
  readonly hid: HidPort
  readonly activePackage: () => { readonly package: TerminalPackage } | undefined
  readonly printQueue: { readonly trouble: Light; readonly drawerShutAt: number | null }
  readonly standing: SaleStanding
  readonly decided: Decided | null
  readonly state: PaymentStateName
  readonly context: PaymentContext
  readonly actions: Action[]
  readonly cardLies: boolean
  readonly removeCardFirst: boolean
  readonly cardUnderQr: CardUnderQr
  readonly storageFault: boolean
  readonly unresolved: readonly TenderRecord[]
  readonly recent: Snapshot['recent']
  readonly discrepancies: Snapshot['discrepancies']
  readonly torn: readonly TornRecord[]
  readonly goodsAsked: readonly GoodsQuestion[]
  readonly receiptsWaiting: number
  readonly shift: Snapshot['shift']
  readonly refund: Snapshot['refund']
  readonly timeToConfirm: Snapshot['time']['toConfirm']
  readonly benchView: Snapshot['bench']
}

export function composeSnapshot(sources: SnapshotSources): Snapshot {
  const { journal, time, standing, context, state } = sources
  const active = sources.activePackage()?.package
  const queue = { ...journal.queue(), setAside: [...journal.parkedItems(setAsideShown)] }
  return {
    revision: sources.revision,
    language: journal.fact<'kk' | 'ru' | 'en'>('language') ?? 'kk',
    terminalId: sources.terminalId,
    merchantName: active?.merchant.name ?? sameInAll(sources.terminalId),
    time: { now: time.now(), trusted: time.trusted, toConfirm: sources.timeToConfirm },
    catalogue: [...(active?.catalogue ?? [])],
    amountCategories: [...(active?.categories ?? [])],
    sale: saleView(standing, active),
    cardPays: cardPaysView(sources.decided, active),
    tap: tapView(state, context, sources, active),
    actions: sources.actions,
    unresolved: sources.unresolved.map((tender) => tenderView(tender, active)),
    torn: [...sources.torn],
    goodsAsked: [...sources.goodsAsked],
    recent: sources.recent,
    lights: {
      reader: readerLight(sources.reader),
      printer: sources.printQueue.trouble,
      network: networkLight(sources.engine),
      queue: queueLight(queue),
      till: tillLight(sources, active),
      hid: hidLight(sources.hid),
    },
    queue,
    discrepancies: [...sources.discrepancies],
    receiptsWaiting: sources.receiptsWaiting,
    drawerShutAt: sources.printQueue.drawerShutAt,
    shift: sources.shift,
    refund: sources.refund,
    bench: sources.benchView,
  }
}

const recentSalesShown = 20
const setAsideShown = 20

/** The last sales with their tenders. Follows from the journal alone, so it changes only when the journal does. */
export function recentView(journal: Journal, active: TerminalPackage | undefined): Snapshot['recent'] {
  const openShift = journal.shifts.open()?.shiftId ?? null
  return journal
    .recentSales(recentSalesShown)
    .map(({ saleId, total, at, state, shiftId, tenders, receipt, wentBack }) => ({
      saleId,
      at,
      total,
      tenders: tenders.map((tender) => tenderView(tender, active)),
      receipt,
      voidable: state === 'closed' && shiftId === openShift && wentBack === zeroTiyn,
      refundable: state === 'closed' && wentBack < total,
      wentBack,
    }))
}

const discrepanciesShown = 20
const discrepanciesLookedAt = 500

/** Of two with one standing the newer stands first. */
const order: Readonly<Record<Snapshot['discrepancies'][number]['standing'], number>> = {
  to_be_appealed: 0,
  to_be_looked_into: 1,
  appealed: 2,
  refused: 3,
  accepted: 3,
  agency_bears: 4,
}

/**
 * First what asks for something: a sum to be appealed for is not lost among rows that ask for nothing. That there is
 * another journal of this till is said once, however often the ledger has found it.
 */
export function discrepanciesView(journal: Journal): Snapshot['discrepancies'] {
  const found = journal.discrepancies(discrepanciesLookedAt)
  const copy = found.find(({ code }) => code === 'ROLLBACK_DETECTED')
  return found
    .filter((discrepancy) => discrepancy.code !== 'ROLLBACK_DETECTED' || discrepancy === copy)
    .flatMap((discrepancy): Snapshot['discrepancies'] => {
      const standing = standingOfDiscrepancy(discrepancy)
      if (standing === undefined) return []
      const { discrepancyId, tenderId, code, at, amount } = discrepancy
      const tender = tenderId === null ? undefined : journal.tender(tenderId)
      if (standing === 'agency_bears' && tender?.state === 'reversed') return []
      const saleId = tender?.saleId
      return [{ discrepancyId, code, at, amount, saleNumber: saleId === undefined ? null : shortId(saleId), standing }]
    })
    .toSorted((one, other) => order[one.standing] - order[other.standing])
    .slice(0, discrepanciesShown)
}

/** Undefined for what is settled. */
function standingOfDiscrepancy({
  owner,
  wayOut,
  appeal,
}: Discrepancy): Snapshot['discrepancies'][number]['standing'] | undefined {
  if (owner !== 'merchant') return 'agency_bears'
  switch (appeal) {
    case 'open':
      return 'appealed'
    case 'accepted':
    case 'refused':
      return appeal
    case 'withdrawn':
    case 'given_back':
      return undefined
    case null:
      if (wayOut === 'none') return undefined
      return wayOut === 'appeal_to_agency' ? 'to_be_appealed' : 'to_be_looked_into'
    default:
      return appeal satisfies never
  }
}

function saleView(standing: SaleStanding, active: TerminalPackage | undefined): SaleView | null {
  const { sale } = standing
  if (sale.lines.length === 0) return null
  return {
    saleId: sale.saleId,
    lines: sale.lines.map((line) => ({
      line: line.line,
      itemId: line.itemId,
      name: line.name,
      quantity: line.quantity,
      unitPrice: line.unitPrice,
      total: lineTotal(line),
      covered: addTiyn(...standing.covered.filter((part) => part.line === line.line).map((part) => part.amount)),
    })),
    total: standing.total,
    paid: standing.paid,
    leftToPay: standing.left,
    tenders: standing.tenders.map((tender) => tenderView(tender, active)),
    open: !standing.frozen,
  }
}

function tenderView(tender: TenderRecord, active: TerminalPackage | undefined): TenderView {
  const { tenderId, saleId, kind, amount, state, code, since, schemeId } = tender
  return {
    tenderId,
    saleId,
    kind,
    amount,
    state,
    code,
    since,
    schemeName: schemeId === null ? null : schemeName(schemeId, active),
  }
}

function cardPaysView(decided: Decided | null, active: TerminalPackage | undefined): CardPays | null {
  if (decided === null) return null
  const { decision, lines, slots } = decided
  return {
    parts: decision.parts.map((part) => {
      const benefit = active?.schemes.find((scheme) => scheme.schemeId === part.schemeId)?.benefit
      return {
        schemeName: schemeName(part.schemeId, active),
        amount: part.amount,
        benefit: benefit?.kind ?? 'amount',
        periodId: part.periodId,
        countAllowed: slots.find(({ slotId }) => slotId === part.slotId)?.countAllowed ?? part.countLeft + 1,
        countLeft: part.countLeft,
        amountLeft: part.amountLeft,
        reducedBy: part.reducedBy,
      }
    }),
    lines: [...lines],
  }
}

function tapView(
  state: PaymentStateName,
  context: PaymentContext,
  sources: SnapshotSources,
  active: TerminalPackage | undefined,
): TapView {
  const amount = tiyn(BigInt(context.amount))
  const hold = (
    step: 'reading' | 'checking_pin' | 'proving' | 'asking_ledger' | 'recording',
    progress: number,
  ): TapView => ({
    state: 'hold',
    step,
    progress,
  })
  switch (state) {
    case 'idle':
      return { state: 'idle' }
    case 'awaitingCard':
      if (sources.removeCardFirst && context.hint !== 'card_again') return { state: 'tap', hint: 'remove_card_first' }
      return { state: 'tap', hint: wantedAgain(context.hint) }
    case 'identifying':
      return hold('reading', 15)
    case 'preparing':
      return hold('reading', 35)
    case 'collectingRest':
      return {
        state: 'rest',
        amount,
        schemeName: context.schemeId === null ? null : schemeName(context.schemeId, active),
        rest: tiyn(BigInt(context.rest ?? '0')),
      }
    case 'askingPin':
      return {
        state: 'pin',
        amount,
        schemeName: schemeName(context.schemeId ?? '', active),
        triesLeft: context.pinTriesLeft ?? 0,
        wrong: context.hint === 'pin_wrong',
        cardLies: sources.cardLies,
      }
    case 'verifyingPin':
      return hold('checking_pin', 45)
    case 'proving':
      return hold('proving', 60)
    case 'authorising':
    case 'presenting':
      return hold('asking_ledger', 80)
    case 'requesting':
      return hold('asking_ledger', 60)
    case 'accepting':
      return hold('recording', 95)
    case 'torn':
      return {
        state: 'torn',
        hint: context.hint === 'other_card' || context.hint === 'cannot_tell' ? context.hint : null,
        mayBeDebited: sources.journal.tender(context.tenderId ?? '')?.state === 'maybe_debited',
        amount,
        since: context.since,
      }
    case 'unknown': {
      if (context.schemeId === dtByQr) return qrView(sources, context.tenderId ?? '', active)
      const reached = sources.engine.connectivity.kind === 'reached'
      return { state: 'unknown', amount, since: context.since, doing: reached ? 'asking' : 'waiting_for_network' }
    }
    case 'approved':
      return { state: 'approved', look: context.look, amount, schemeName: schemeName(context.schemeId ?? '', active) }
    case 'refused':
      if (context.code === null) throw new Error('refused without a code')
      return { state: 'refused', code: context.code }
    default:
      return state satisfies never
  }
}

function wantedAgain(hint: PaymentContext['hint']): 'card_moved_too_soon' | 'card_again' | null {
  return hint === 'card_moved_too_soon' || hint === 'card_again' ? hint : null
}

function qrView(
  { journal, terminalId, engine, time, cardUnderQr }: SnapshotSources,
  tenderId: string,
  active: TerminalPackage | undefined,
): TapView {
  const { amount, expiresAt } = journal.requestOf(tenderId)
  const isOver = time.now() >= expiresAt
  const merchant = active?.merchant ?? { name: sameInAll(terminalId), address: sameInAll('-') }
  return {
    state: 'qr',
    text: isOver || engine.suspended ? null : paymentQr({ requestId: tenderId, amount, merchant }),
    amount,
    until: expiresAt,
    doing: engine.suspended ? 'till_suspended' : isOver ? 'time_over' : waitsFor(engine),
    card: cardUnderQr,
  }
}

function waitsFor({ connectivity }: SyncEngine): 'waiting_for_payer' | 'waiting_for_network' {
  return connectivity.kind === 'reached' ? 'waiting_for_payer' : 'waiting_for_network'
}

function readerLight(reader: CardReaderPort): Light {
  const { readers, trouble } = reader.status()
  if (trouble === null && readers.length > 0) return light('ok', 'ok', readers.join(', '))
  switch (trouble?.code) {
    case 'no-service':
      return light('off', 'reader_no_service', trouble.detail)
    case 'sharing-violation':
      return light('off', 'reader_sharing_violation', trouble.detail)
    case 'reader-error':
      return light('off', 'reader_error', trouble.detail)
    case 'host-restarting':
      return light('limited', 'device_host_restarting', trouble.detail)
    default:
      return light('off', 'reader_none', trouble?.detail ?? '')
  }
}

export const hidCodes = {
  unplugged: 'hid_unplugged',
  'no-access': 'hid_no_access',
  'in-use': 'hid_in_use',
  failed: 'hid_failed',
  'no-library': 'hid_no_library',
  'unknown-reports': 'hid_unknown_reports',
  'left-out': 'hid_left_out',
} as const satisfies Readonly<Record<HidTrouble, Light['code']>>

/** Never worse than limited: goods are found by touch as well. The detail names the devices and what each is for. */
function hidLight(hid: HidPort): Light | null {
  const { devices, trouble } = hid.status()
  // A till that has no such device is not told what could not be done with one.
  if (devices.length === 0 && trouble?.code !== 'left-out') return null
  if (trouble?.code === 'host-restarting') return light('limited', 'device_host_restarting', trouble.detail)
  if (trouble !== null) return light('limited', hidCodes[trouble.code], trouble.detail)
  const [first] = devices
  if (first === undefined) return null
  const named = ({ use, name }: typeof first): string => `${use}: ${name}`
  const [worst, ...others] = devices.flatMap((device) =>
    device.trouble === null ? [] : [{ device, ...device.trouble }],
  )
  if (worst === undefined) return light('ok', 'ok', devices.map(named).join(', '))
  const detail = [worst, ...others].map(({ device }) => named(device)).join(', ')
  return light('limited', hidCodes[worst.code], worst.detail === '' ? detail : `${detail} · ${worst.detail}`)
}

function networkLight(engine: SyncEngine): Light {
  const { connectivity } = engine
  switch (connectivity.kind) {
    case 'reached':
      return { level: 'ok', code: 'ok', since: connectivity.since, detail: '' }
    case 'not_reached':
      return { level: 'limited', code: 'network_down', since: connectivity.since, detail: connectivity.detail }
    case 'refused': {
      const code = engine.hasNewestKeys ? 'ledger_refuses_us' : 'keys_outdated'
      return { level: 'off', code, since: connectivity.since, detail: connectivity.detail }
    }
    case 'not_asked_yet':
      return light('limited', 'ledger_not_asked_yet', '')
    default:
      return connectivity satisfies never
  }
}

function queueLight({ waiting, parked, oldestAt }: Snapshot['queue']): Light {
  if (parked > 0) return { level: 'limited', code: 'queue_parked', since: oldestAt, detail: String(parked) }
  if (waiting > 0) return { level: 'limited', code: 'queue_waiting', since: oldestAt, detail: String(waiting) }
  return light('ok', 'ok', '')
}

function tillLight(
  { journal, engine, keysKeptBy, time, storageFault, timeToConfirm }: SnapshotSources,
  active: TerminalPackage | undefined,
): Light {
  if (!journal.isDiskTrusted) return light('off', 'disk_not_trusted', '')
  if (storageFault) return light('off', 'journal_not_writable', '')
  if (active === undefined) return light('off', 'package_missing', '')
  if (engine.rollbackOpen) return light('limited', 'rollback_detected', '')
  if (!time.trusted) return light('limited', timeToConfirm === null ? 'clock_not_trusted' : 'clock_to_confirm', '')
  const contradicted = journal.lastRow('time_contradicted')
  if (contradicted !== undefined && time.now() - contradicted.at <= contradictionShownMs) {
    const { believed, ledger } = contradicted.row
    const detail = `${instantText(believed)} → ${instantText(ledger)}`
    return { level: 'limited', code: 'time_contradicted', since: contradicted.at, detail }
  }
  if (time.now() - active.issuedAt > packageOldMs)
    return { level: 'limited', code: 'package_old', since: active.issuedAt, detail: '' }
  if (keysKeptBy.kind === 'tpm') return light('ok', 'ok', '')
  return keysKeptBy.trouble === null
    ? light('ok', 'keys_in_file', '')
    : light('limited', 'keys_not_sealed', keysKeptBy.trouble)
}

function instantText(instant: number): string {
  return new Date(instant).toISOString().slice(0, 16)
}

function light(level: Light['level'], code: Light['code'], detail: string): Light {
  return { level, code, since: null, detail }
}
