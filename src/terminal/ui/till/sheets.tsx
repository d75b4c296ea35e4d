/** The sheets over the till: a light explained, recent sales, unresolved payments, questions before what is final. */
import { Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components'
import {
  addTiyn,
  zeroTiyn,
  type Command,
  type CommandAnswer,
  type Light,
  type Snapshot,
  type Tiyn,
} from '../../contract/index.ts'
import { benchKey, confirmKey, sheetKeys, type SheetAction } from '../input/intent.ts'
import { typeReceiptNumber } from '../input/receipt-number.ts'
import { refundCommand } from '../input/refund-choice.ts'
import { newRefund, openList, type LightName, type Sheet } from '../input/screen-state.ts'
import { formatDateTime } from '../texts/time.ts'
import { useTexts } from '../texts/use-texts.ts'
import { Amount } from './amount.tsx'
import { Tender } from './card-pays.tsx'
import { DiscrepancyList } from './discrepancy-list.tsx'
import { CommandButton, shownKey } from './command-button.tsx'
import { notGiven } from './goods-questions.tsx'
import { ReceiptNumberSheet } from './receipt-number-sheet.tsx'
import { RefundSheet } from './refund-sheet.tsx'
import { ConfirmTime, Fact, Row, rowKey, SheetHead, type ContentProps, type ListProps } from './sheet-parts.tsx'
import { ReportSheet } from './shift-report.tsx'
import { ShiftSheet } from './shift-sheet.tsx'
import { LevelShape } from './tap-shapes.tsx'
import { TimeSheet } from './time-sheet.tsx'
import { isAsked, isOpenTear, mayTakeUp, UnresolvedSheet } from './unresolved-sheet.tsx'

interface SheetsProps {
  readonly sheet: Sheet | null
  readonly snapshot: Snapshot
  readonly readOnly: boolean
  readonly onSheet: (sheet: Sheet | null) => void
  readonly onCommand: (command: Command) => void
  /** For forms, which say themselves what was refused. */
  readonly onAsk: (command: Command) => Promise<CommandAnswer>
}

/** The sheet that a sheet goes back to: a question returns to where it was asked. */
export function behind(sheet: Sheet | null): Sheet | null {
  if (sheet?.kind === 'shift' && sheet.view !== 'menu') return { ...sheet, view: 'menu' }
  return sheet?.kind === 'question' ? sheet.behind : null
}

/** What a key does on the open sheet, or null where the row does not offer it. */
export function commandOf(action: SheetAction, sheet: Sheet | null, snapshot: Snapshot): Command | null {
  if (sheet?.kind === 'light') {
    if (action === 'confirm_time') return sheet.light === 'till' ? timeToShow(snapshot) : null
    return action === 'sync_now' && sendsFrom(sheet.light) ? { command: 'sync_now' } : null
  }
  if (sheet?.kind === 'unresolved') {
    const tender = snapshot.unresolved.find(({ tenderId }) => tenderId === sheet.chosen)
    const question = snapshot.goodsAsked.find(({ saleId }) => saleId === sheet.chosen)
    if (question !== undefined && action === 'goods_given') return { command: action, saleId: question.saleId }
    if (question !== undefined && action === 'goods_not_given') return notGiven(question)
    if (tender === undefined) return null
    if (action === 'take_up_torn')
      return mayTakeUp(tender, snapshot) ? { command: action, tenderId: tender.tenderId } : null
    if (action !== 'wait_for_answer' && action !== 'cancel_unknown') return null
    return action === 'cancel_unknown' || isAsked(tender) ? { command: action, tenderId: tender.tenderId } : null
  }
  if (sheet?.kind === 'refund')
    return action === 'refund_sale' && snapshot.refund !== null ? refundCommand(snapshot.refund, sheet) : null
  if (sheet?.kind === 'recent' && action === 'show_refund') {
    const sale = snapshot.recent.find(({ saleId }) => saleId === sheet.chosen)
    return sale?.refundable === true ? { command: action, saleId: sale.saleId } : null
  }
  if (sheet?.kind === 'report') {
    const { report } = snapshot.shift
    const isPrint = action === 'print_report' && report !== null
    return isPrint ? { command: 'print_report', shiftId: report.figures.shiftId } : null
  }
  if (sheet?.kind === 'shift') {
    if (action === 'confirm_time') return timeToShow(snapshot)
    if (action === 'x_report') return snapshot.shift.open === null ? null : { command: 'x_report' }
    const isZ = action === 'z_report' && snapshot.shift.closed.some(({ shiftId }) => shiftId === sheet.chosen)
    return isZ && sheet.chosen !== null ? { command: 'z_report', shiftId: sheet.chosen } : null
  }
  if (sheet?.kind !== 'recent' || (action !== 'print_again' && action !== 'void_sale')) return null
  const sale = snapshot.recent.find(({ saleId }) => saleId === sheet.chosen)
  const offered = sale !== undefined && snapshot.actions.includes(action) && (action === 'print_again' || sale.voidable)
  return offered ? { command: action, saleId: sale.saleId } : null
}

/** The sheet that asks for the time opens with the machine's clock of this moment. */
const timeToShow = ({ actions }: Pick<Snapshot, 'actions'>): Command | null =>
  actions.includes('confirm_time') ? { command: 'show_time' } : null

/** Where a cashier looks for what has not been sent yet. */
const sendsFrom = (light: LightName): boolean => light === 'queue' || light === 'network'

export function Sheets({ sheet, snapshot, readOnly, onSheet, onCommand, onAsk }: SheetsProps) {
  if (sheet === null) return null
  const back = (): void =>
    sheet.kind === 'report' ? onCommand({ command: 'put_report_away' }) : onSheet(behind(sheet))
  return (
    <ModalOverlay className="veil" isOpen isDismissable onOpenChange={(open) => (open ? undefined : back())}>
      <Modal className="sheet-frame">
        <Dialog className="sheet">
          <SheetContent {...{ sheet, snapshot, readOnly, onSheet, onCommand, onAsk }} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}

/** What stands on a sheet, without the veil: the tests render it on a server, where nothing can float. */
export function SheetContent(props: SheetsProps & { readonly sheet: Sheet }) {
  const { sheet, snapshot, readOnly, onSheet, onCommand, onAsk } = props
  const { say } = useTexts()
  const close = (): void => onSheet(behind(sheet))
  switch (sheet.kind) {
    case 'light':
      return <LightSheet light={sheet.light} {...{ snapshot, readOnly, close, onCommand, onSheet }} />
    case 'recent':
      return <RecentSheet chosen={sheet.chosen} {...{ snapshot, readOnly, close, onCommand, onSheet }} />
    case 'unresolved':
      return <UnresolvedSheet chosen={sheet.chosen} {...{ snapshot, readOnly, close, onCommand, onSheet }} />
    case 'receipt_number':
      return (
        <>
          <SheetHead title={say('receiptNumber.title')} close={close} />
          <ReceiptNumberSheet
            typed={sheet.typed}
            {...{ readOnly, onCommand }}
            onTyped={(character) =>
              onSheet({ kind: 'receipt_number', typed: typeReceiptNumber(sheet.typed, character) })
            }
          />
        </>
      )
    case 'refund': {
      const { refund } = snapshot
      const title = refund === null ? say('refund.title') : say('refund.titleOf', { number: refund.number })
      return (
        <>
          <SheetHead title={title} close={close} />
          <RefundSheet
            choice={sheet}
            {...{ snapshot, readOnly, onCommand }}
            onChoice={(choice) => onSheet({ kind: 'refund', ...choice })}
            onAsk={(command) => onSheet({ kind: 'question', question: 'refund_sale', command, behind: newRefund })}
          />
        </>
      )
    }
    case 'shift':
      return <ShiftSheet {...{ sheet, snapshot, readOnly, close, onCommand, onSheet, onAsk }} />
    case 'report':
      return (
        <ReportSheet {...{ snapshot, readOnly, onCommand }} close={() => onCommand({ command: 'put_report_away' })} />
      )
    case 'time':
      return <TimeSheet {...{ snapshot, readOnly, close, onAsk }} />
    case 'question':
      return <QuestionSheet {...{ sheet, snapshot, close }} onYes={() => onCommand(sheet.command)} />
  }
}

type LightProps = ContentProps & { readonly light: LightName; readonly onSheet: (sheet: Sheet) => void }

/** Of a light that has gone while its sheet was open, only the name is left. */
function LightSheet(props: LightProps) {
  const { snapshot, light, close } = props
  const { say } = useTexts()
  const shown = snapshot.lights[light]
  const title = say(`light.${light}`)
  return shown === null ? <SheetHead {...{ title, close }} /> : <ShownLight {...props} {...{ shown }} />
}

function ShownLight(props: LightProps & { readonly shown: Light }) {
  const { light, shown, snapshot, readOnly, close, onCommand, onSheet } = props
  const { say, codes } = useTexts()
  const { level, code, since, detail } = shown
  const { what, works, todo } = codes.statuses[code]
  const { queue } = snapshot
  const title = (
    <>
      <LevelShape level={level} /> {say(`light.${light}`)}
    </>
  )
  return (
    <>
      <SheetHead title={title} close={close} />
      <p className="sheet-what">{what}</p>
      {light === 'queue' && queue.waiting + queue.parked > 0 ? (
        <p>{say('sheet.queue', { waiting: queue.waiting, parked: queue.parked })}</p>
      ) : null}
      {sendsFrom(light) && !readOnly ? (
        <CommandButton keyShown={shownKey(sheetKeys.sync_now)} onPress={() => onCommand({ command: 'sync_now' })}>
          {say('action.sync_now')}
        </CommandButton>
      ) : null}
      {light === 'queue' && queue.setAside.length > 0 ? (
        <ul className="sheet-list">
          {queue.setAside.map(({ itemId, kind, at, amount, why }) => (
            <li key={itemId}>
              <div className="sheet-item">
                <p className="row">
                  <span>
                    <strong>{say(`queue.item.${kind}`)}</strong> · {formatDateTime(at)}
                  </span>
                  {amount === null ? null : <Amount value={amount} />}
                </p>
                <p>
                  {say('sheet.parked')} <span className="code">{why}</span>
                </p>
              </div>
            </li>
          ))}
        </ul>
      ) : null}
      {light === 'queue' && snapshot.discrepancies.length > 0 ? (
        <DiscrepancyList discrepancies={snapshot.discrepancies} />
      ) : null}
      {light === 'queue' && snapshot.torn.length > 0 ? (
        <CommandButton
          look="quiet"
          keyShown={shownKey(sheetKeys.show_torn)}
          onPress={() => onSheet(openList('unresolved', snapshot))}
        >
          {say('action.show_torn', { count: snapshot.torn.filter(isOpenTear).length })}
        </CommandButton>
      ) : null}
      {light === 'printer' && snapshot.receiptsWaiting > 0 ? (
        <p>{say('sheet.receipts', { waiting: snapshot.receiptsWaiting })}</p>
      ) : null}
      <dl className="facts">
        {since === null ? null : <Fact term={say('sheet.since')}>{formatDateTime(since)}</Fact>}
        <Fact term={say('sheet.works')}>{works}</Fact>
        <Fact term={say('sheet.todo')}>{todo}</Fact>
      </dl>
      {light === 'till' ? <ConfirmTime {...{ snapshot, readOnly, onCommand }} /> : null}
      {snapshot.actions.includes('open_bench') && !readOnly ? (
        <CommandButton look="quiet" keyShown={benchKey} onPress={() => onCommand({ command: 'open_bench' })}>
          {say('bench.title')}
        </CommandButton>
      ) : null}
      <p className="code">
        {say('notice.code', { code })}
        {detail === '' ? '' : ` · ${detail}`}
      </p>
      <p className="code">
        ← → {say('sheet.lights')} · {say('sheet.keys')}
      </p>
    </>
  )
}

function RecentSheet({ chosen, snapshot, readOnly, close, onCommand, onSheet }: ListProps) {
  const { say } = useTexts()
  const allowed = (action: 'print_again' | 'void_sale'): boolean => !readOnly && snapshot.actions.includes(action)
  const askVoid = (saleId: string): void =>
    onSheet({
      kind: 'question',
      question: 'void_sale',
      command: { command: 'void_sale', saleId },
      behind: { kind: 'recent', chosen: saleId },
    })
  return (
    <>
      <SheetHead title={say('recent.title')} close={close} />
      <div className="sheet-buttons">
        <CommandButton
          keyShown={shownKey(sheetKeys.find_receipt)}
          isDisabled={readOnly}
          onPress={() => onSheet({ kind: 'receipt_number', typed: '' })}
        >
          {say('action.find_receipt')}
        </CommandButton>
      </div>
      {snapshot.recent.length === 0 ? <p className="panel-empty">{say('recent.empty')}</p> : null}
      <ul className="sheet-list">
        {snapshot.recent.map((sale) => (
          <Row
            key={sale.saleId}
            chosen={sale.saleId === chosen}
            buttons={
              <>
                <CommandButton
                  {...rowKey(sale.saleId === chosen, 'print_again')}
                  isDisabled={!allowed('print_again')}
                  onPress={() => onCommand({ command: 'print_again', saleId: sale.saleId })}
                >
                  {say('action.print_again')}
                </CommandButton>
                {sale.refundable ? (
                  <CommandButton
                    look="quiet"
                    {...rowKey(sale.saleId === chosen, 'show_refund')}
                    isDisabled={readOnly}
                    onPress={() => onCommand({ command: 'show_refund', saleId: sale.saleId })}
                  >
                    {say('action.show_refund')}
                  </CommandButton>
                ) : null}
                {sale.voidable ? (
                  <CommandButton
                    look="quiet"
                    {...rowKey(sale.saleId === chosen, 'void_sale')}
                    isDisabled={!allowed('void_sale')}
                    onPress={() => askVoid(sale.saleId)}
                  >
                    {say('action.void_sale')}
                  </CommandButton>
                ) : null}
              </>
            }
          >
            <p className="row">
              <span>
                {formatDateTime(sale.at)} · {say(`receipt.${sale.receipt}`)}
              </span>
              <Amount value={sale.total} />
            </p>
            {sale.wentBack === zeroTiyn ? null : (
              <p className="row">
                <span>{say('recent.wentBack')}</span>
                <Amount value={sale.wentBack} />
              </p>
            )}
            {sale.tenders.map((tender) => (
              <Tender key={tender.tenderId} tender={tender} />
            ))}
          </Row>
        ))}
      </ul>
    </>
  )
}

/** Which one is meant: an amount and a time tell a cashier more than a place in a list. */
function meantBy(
  command: Command,
  { recent, goodsAsked, unresolved, tap, refund }: Snapshot,
): { at: number; amount: Tiyn } | null {
  if (command.command === 'void_sale') {
    const sale = [...goodsAsked, ...recent].find(({ saleId }) => saleId === command.saleId)
    return sale === undefined ? null : { at: sale.at, amount: sale.total }
  }
  if (command.command === 'refund_sale' && refund !== null)
    return { at: refund.at, amount: addTiyn(...command.lines.map(({ amount }) => amount)) }
  if (command.command !== 'cancel_unknown') return null
  const tender = unresolved.find(({ tenderId }) => tenderId === command.tenderId)
  if (tender !== undefined) return { at: tender.since, amount: tender.amount }
  return tap.state === 'unknown' ? { at: tap.since, amount: tap.amount } : null
}

interface QuestionProps {
  readonly sheet: Sheet & { readonly kind: 'question' }
  readonly snapshot: Snapshot
  readonly close: () => void
  readonly onYes: () => void
}

function QuestionSheet({ sheet: { question, command }, snapshot, close, onYes }: QuestionProps) {
  const { say } = useTexts()
  const meant = meantBy(command, snapshot)
  return (
    <>
      <Heading slot="title" className="question">
        {say(`question.${question}.ask`)}
      </Heading>
      {meant === null ? null : (
        <p className="row">
          <span>{formatDateTime(meant.at)}</span>
          <Amount value={meant.amount} />
        </p>
      )}
      <div className="sheet-buttons">
        <CommandButton keyShown={shownKey('Escape')} onPress={close}>
          {say('question.back')}
        </CommandButton>
        <CommandButton look="warning" keyShown={confirmKey} onPress={onYes}>
          {say(`question.${question}.yes`)}
        </CommandButton>
      </div>
    </>
  )
}
