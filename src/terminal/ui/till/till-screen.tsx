/** The till's screen: puts the parts together and carries out what the cashier asks for. */
import { useEffect, useRef, useSyncExternalStore } from 'react'
import { zeroTiyn, type Bridge, type BridgeView, type Command, type Snapshot } from '../../contract/index.ts'
import { useDevices } from '../input/devices.ts'
import type { Intent, SheetAction } from '../input/intent.ts'
import { useKeyboard } from '../input/keyboard.ts'
import { typedAmount } from '../input/keypad.ts'
import { offersOf, type Offer } from '../input/offers.ts'
import { receiptCodeOf, receiptNumberLength, typeReceiptNumber } from '../input/receipt-number.ts'
import { changedBy } from '../input/refund-choice.ts'
import {
  isNothingToTell,
  newRefund,
  openList,
  openShifts,
  rowIds,
  sheetStepped,
  takePin,
  type ScreenState,
  type ScreenStore,
  type Sheet,
} from '../input/screen-state.ts'
import { foundItems, scannedItem } from '../input/search.ts'
import { usePreference, useTheme } from '../preferences.ts'
import { createPlayer, soundOf, tapSounds } from '../sound/tap-sounds.ts'
import { nextLanguage } from '../texts/index.ts'
import { Actions } from './actions.tsx'
import { Basket } from './basket.tsx'
import { CardPaysPanel } from './card-pays.tsx'
import { Catalogue, Keypad } from './entry.tsx'
import { behind, commandOf, Sheets } from './sheets.tsx'
import { PaymentQr } from './payment-qr.tsx'
import { PinPad } from './pin-pad.tsx'
import { StartScreen } from './start-screen.tsx'
import { StatusRow, worstLight } from './status-row.tsx'
import { TapArea } from './tap-area.tsx'
import { UnresolvedBand } from './unresolved-band.tsx'
import { ConnectionNotice, NoticeBar } from './window-notices.tsx'

interface TillScreenProps {
  readonly bridge: Bridge
  readonly snapshot: Snapshot
  readonly view: BridgeView
  readonly store: ScreenStore
}

export function TillScreen({ bridge, snapshot, view, store }: TillScreenProps) {
  const screen = useSyncExternalStore(store.subscribe, store.get, store.get)
  const [muted, toggleSound] = usePreference('muted', false)
  const [dark, toggleTheme] = useTheme()
  const searchField = useRef<HTMLInputElement>(null)
  const { dispatch } = store
  const { sale, actions } = snapshot
  const { cashiers, open: openShift, report } = snapshot.shift

  const working = view.connection === 'running' && !view.readOnly
  const editable = working && actions.includes('edit_basket')
  // After a finished sale the tiles begin the next one, but its lines are what was paid.
  const linesEditable = editable && sale?.open === true
  const offers = working ? offersOf(snapshot) : { primary: null, others: [] }
  const category = chosenCategory(snapshot, screen)
  // A till whose merchant has made no cashier sells without shifts.
  const starting = cashiers.length > 0 && openShift === null
  const reported = working && report !== null
  const sheet: Sheet | null = screen.sheet ?? (reported ? { kind: 'report' } : null)
  const selected = sale?.lines.find((line) => line.line === screen.selectedLine) ?? null
  const changed = selected ?? sale?.lines.at(-1) ?? null

  const asksPin = snapshot.tap.state === 'pin'

  useTapSound(snapshot, muted)
  useDrawerNotice(snapshot.drawerShutAt, store)
  // Whatever ended the asking, no digit of what was typed stays in the screen's memory.
  useEffect(() => {
    if (!asksPin) dispatch({ type: 'pin', text: '' })
  }, [asksPin, dispatch])

  const send = (command: Command): void => {
    dispatch({ type: 'notice', notice: null })
    void bridge.send(command).then((answer) => {
      if (!answer.ok) dispatch({ type: 'notice', notice: { kind: 'fault', fault: answer.fault } })
    })
  }
  const show = (next: Sheet | null): void => {
    if (next === null && store.get().sheet?.kind === 'refund') void bridge.send({ command: 'put_refund_away' })
    dispatch({ type: 'sheet', sheet: next })
  }
  const take = ({ action, command }: Offer): void => {
    if (action === 'cancel_sale' || action === 'cancel_unknown')
      return show({ kind: 'question', question: action, command, behind: null })
    send(command)
  }
  const addItem = (itemId: string): void => {
    send({ command: 'add_item', itemId })
    dispatch({ type: 'search', text: '' })
    dispatch({ type: 'line', line: null })
  }
  const addAmount = (into: string | null): void => {
    const amount = typedAmount(store.get().typing.amount)
    if (amount === null || into === null || !editable) return
    dispatch({ type: 'amount_cleared' })
    dispatch({ type: 'line', line: null })
    send({ command: 'add_amount', category: into, amount })
  }
  const chooseCategory = (chosen: string): void => {
    dispatch({ type: 'category', category: chosen })
    addAmount(chosen)
  }
  const changeQuantity = (by: number): void => {
    if (changed === null || !linesEditable) return
    send({ command: 'set_quantity', line: changed.line, quantity: Math.max(0, changed.quantity + by) })
  }
  const removeLine = (): void => {
    if (changed === null || !linesEditable) return
    dispatch({ type: 'line', line: null })
    send({ command: 'set_quantity', line: changed.line, quantity: 0 })
  }
  const moveLine = (by: number): void => {
    const lines = sale?.lines ?? []
    const from = lines.findIndex((line) => line.line === screen.selectedLine)
    const to = from === -1 ? lines.length - 1 : Math.min(lines.length - 1, Math.max(0, from + by))
    dispatch({ type: 'line', line: lines[to]?.line ?? null })
  }
  /** The sheet of a return opens when the core has found the sale. */
  const lookUp = (command: Command): void => {
    dispatch({ type: 'notice', notice: null })
    void bridge.send(command).then((found) => {
      if (found.ok) show(newRefund)
      else dispatch({ type: 'notice', notice: { kind: 'fault', fault: found.fault } })
    })
  }
  /** An answered question leaves for the sheet it was asked on, so that its result is seen there. */
  const answer = (command: Command): void => {
    const asked = store.get().sheet
    if (asked?.kind === 'question') show(behind(asked))
    if (command.command === 'show_refund' || command.command === 'find_receipt') return lookUp(command)
    if (command.command === 'show_time') show({ kind: 'time' })
    if (command.command === 'open_bench') return openBench()
    if (command.command === 'take_up_torn') show(null)
    send(command)
  }
  const moveCategory = (by: number): void => {
    const names = snapshot.amountCategories.map((candidate) => candidate.category)
    const to = Math.min(names.length - 1, Math.max(0, names.indexOf(category ?? '') + by))
    const moved = names[to]
    if (moved !== undefined) dispatch({ type: 'category', category: moved })
  }
  /** By key: what the button of the open list's row does. */
  const actOnSheet = (action: SheetAction): void => {
    if (action === 'find_receipt') return show({ kind: 'receipt_number', typed: '' })
    const on = store.get().sheet ?? sheet
    if (action === 'show_torn')
      return on?.kind === 'light' && on.light === 'queue' ? show(openList('unresolved', snapshot)) : undefined
    if (on?.kind === 'shift' && (action === 'close_shift' || action === 'set_cashier')) {
      const offered = action === 'close_shift' ? actions.includes('close_shift') : openShift === null
      return working && offered ? show({ ...on, view: action === 'close_shift' ? 'close' : 'cashier' }) : undefined
    }
    const command = working ? commandOf(action, on, snapshot) : null
    if (command === null) return
    if (on?.kind === 'shift' && action !== 'confirm_time') show(null)
    if (action === 'void_sale' || action === 'cancel_unknown')
      return show({ kind: 'question', question: action, command, behind: store.get().sheet })
    if (action === 'goods_not_given' && command.command === 'void_sale')
      return show({ kind: 'question', question: action, command, behind: store.get().sheet })
    // What has gone back is chosen anew: the choice of before the question means other pieces afterwards.
    if (action === 'refund_sale') return show({ kind: 'question', question: action, command, behind: newRefund })
    answer(command)
  }
  const typeNumber = (key: string): void => {
    const on = store.get().sheet
    if (on?.kind !== 'receipt_number') return
    if (key !== 'Enter') return show({ kind: 'receipt_number', typed: typeReceiptNumber(on.typed, key) })
    if (working && on.typed.length === receiptNumberLength) lookUp({ command: 'find_receipt', receipt: on.typed })
  }
  const scanned = (barcode: string): void => {
    const receipt = receiptCodeOf(barcode)
    if (receipt !== null) return working ? lookUp({ command: 'find_receipt', receipt }) : undefined
    const item = scannedItem(snapshot.catalogue, barcode)
    if (item === null) dispatch({ type: 'notice', notice: { kind: 'barcode_unknown', barcode } })
    else if (working) addItem(item.itemId)
  }

  /** No sheet of before lies over the till when the bench is closed again. */
  const openBench = (): void => {
    if (!working) return
    show(null)
    send({ command: 'open_bench' })
  }

  const canGivePin = working && actions.includes('give_pin')
  const givePin = (): void => {
    const pin = canGivePin ? takePin(store) : null
    if (pin !== null) send({ command: 'give_pin', pin })
  }

  const act = (intent: Intent): void => {
    switch (intent.kind) {
      case 'give_pin':
        return givePin()
      case 'pin_backspace':
        return dispatch({ type: 'pin', text: store.get().typing.pin.slice(0, -1) })
      case 'offer':
        return take(intent.offer)
      case 'add_amount':
        return addAmount(category)
      case 'take_first_found': {
        const first = foundItems(snapshot.catalogue, screen.typing.search)[0]
        return first === undefined || !editable ? undefined : addItem(first.itemId)
      }
      case 'clear_amount':
        return dispatch({ type: 'amount_cleared' })
      case 'clear_search':
        searchField.current?.blur()
        return dispatch({ type: 'search', text: '' })
      case 'clear_line':
        return dispatch({ type: 'line', line: null })
      case 'dismiss_notice':
        return dispatch({ type: 'notice', notice: null })
      case 'backspace':
        return dispatch({ type: 'backspace' })
      case 'move_line':
        return moveLine(intent.by)
      case 'change_quantity':
        if (screen.sheet?.kind !== 'refund') return changeQuantity(intent.by)
        return snapshot.refund === null
          ? undefined
          : show({ kind: 'refund', ...changedBy(snapshot.refund, screen.sheet, intent.by) })
      case 'remove_line':
        return removeLine()
      case 'move_category':
        return moveCategory(intent.by)
      case 'step_sheet':
        return show(sheetStepped(screen.sheet, intent.by, rowIds(screen.sheet?.kind, snapshot)))
      case 'sheet_action':
        return actOnSheet(intent.action)
      case 'receipt_number':
        return typeNumber(intent.key)
      case 'confirm':
        return screen.sheet?.kind === 'question' ? answer(screen.sheet.command) : undefined
      case 'focus_search':
        return searchField.current?.focus()
      case 'open':
        if (intent.sheet === 'shift') return show(openShifts(snapshot))
        if (intent.sheet === 'unresolved' && isNothingToTell(snapshot)) return undefined
        return show(
          intent.sheet === 'status'
            ? { kind: 'light', light: worstLight(snapshot.lights) }
            : openList(intent.sheet, snapshot),
        )
      case 'next_language':
        return send({ command: 'set_language', language: nextLanguage(snapshot.language) })
      case 'open_bench':
        return openBench()
      case 'toggle_sound':
        return toggleSound()
      case 'toggle_theme':
        return toggleTheme()
      case 'swallow':
        return undefined
    }
  }
  const asking = asksPin ? 'pin' : 'none'
  const beneath = reported ? 'report' : starting ? 'start' : asking
  const forgetPin = (): void => dispatch({ type: 'pin', text: '' })
  const typedBarcode = useDevices({ bridge, asksPin, onBarcode: scanned, onLatePin: forgetPin })
  useKeyboard({ store, searchField, offers, editable, asksPin, beneath, onIntent: act, onBarcode: typedBarcode })

  const notice = <NoticeBar notice={screen.notice} onClose={() => dispatch({ type: 'notice', notice: null })} />
  return (
    <div className={`till${view.connection === 'running' ? '' : ' till-old'}${starting ? ' till-start' : ''}`}>
      <StatusRow
        {...{ snapshot, muted, dark }}
        onLanguage={(language) => send({ command: 'set_language', language })}
        onSound={toggleSound}
        onTheme={toggleTheme}
        onLight={(light) => show({ kind: 'light', light })}
        onRecent={() => show(openList('recent', snapshot))}
        onShift={() => show(openShifts(snapshot))}
      />
      <UnresolvedBand
        unresolved={snapshot.unresolved}
        goodsAsked={snapshot.goodsAsked}
        now={snapshot.time.now}
        onOpen={() => show(openList('unresolved', snapshot))}
      />
      {starting ? (
        <StartScreen {...{ snapshot, working }} onAsk={(command) => bridge.send(command)}>
          {notice}
          <ConnectionNotice connection={view.connection} />
        </StartScreen>
      ) : (
        <>
          <main className="middle">
            <Basket
              {...{ sale, editable: linesEditable }}
              outcomes={snapshot.cardPays?.lines ?? []}
              selectedLine={screen.selectedLine}
              onSelect={(line) => dispatch({ type: 'line', line })}
            />
            <CardPaysPanel cardPays={snapshot.cardPays} sale={sale} now={snapshot.time.now} />
            <ConnectionNotice connection={view.connection} />
          </main>
          <TapArea
            tap={snapshot.tap}
            now={snapshot.time.now}
            payable={actions.includes('pay_by_card')}
            leftToPay={sale?.leftToPay ?? zeroTiyn}
          />
          <footer className="bottom">
            {notice}
            {snapshot.tap.state === 'qr' && snapshot.tap.text !== null ? (
              <PaymentQr text={snapshot.tap.text} tap={snapshot.tap} />
            ) : asksPin ? (
              <PinPad
                typed={screen.typing.pin}
                canGive={canGivePin}
                onType={(text) => dispatch({ type: 'pin', text })}
                onGive={givePin}
              />
            ) : (
              <>
                <Catalogue
                  {...{ snapshot, editable, searchField }}
                  search={screen.typing.search}
                  onSearch={(text) => dispatch({ type: 'search', text })}
                  onItem={addItem}
                />
                <Keypad
                  {...{ snapshot, editable, category }}
                  typed={screen.typing.amount}
                  onKey={(character) => dispatch({ type: 'keypad', character })}
                  onBackspace={() => dispatch({ type: 'backspace' })}
                  onAdd={chooseCategory}
                />
              </>
            )}
            <Actions
              {...{ offers, editable: linesEditable }}
              line={changed}
              readOnly={view.readOnly}
              typing={screen.typing.amount !== '' || screen.typing.search !== ''}
              onOffer={take}
              onQuantity={changeQuantity}
              onRemove={removeLine}
            />
          </footer>
        </>
      )}
      <Sheets
        {...{ snapshot, sheet }}
        readOnly={!working}
        onSheet={show}
        onCommand={answer}
        onAsk={(command) => bridge.send(command)}
      />
    </div>
  )
}

/** The category that Enter puts a typed amount in: the last chosen one, while the snapshot still has it. */
function chosenCategory(snapshot: Snapshot, screen: ScreenState): string | null {
  const { amountCategories } = snapshot
  const chosen = amountCategories.find(({ category }) => category === screen.category) ?? amountCategories[0]
  return chosen?.category ?? null
}

/** Sounds when the tap area changes its sound, not when the window opens on one. */
function useTapSound(snapshot: Snapshot, muted: boolean): void {
  const player = useRef<ReturnType<typeof createPlayer> | null>(null)
  const sound = soundOf(snapshot.tap)
  const before = useRef(sound)
  useEffect(() => {
    if (before.current === sound) return
    before.current = sound
    player.current ??= createPlayer()
    if (!muted) player.current(tapSounds[sound])
  }, [sound, muted])
}

/** A drawer that stays shut is told once, whenever that is known; what the cashier does next takes it away. */
function useDrawerNotice(shutAt: number | null, store: ScreenStore): void {
  useEffect(() => {
    if (shutAt !== null) store.dispatch({ type: 'notice', notice: { kind: 'drawer_shut' } })
    else if (store.get().notice?.kind === 'drawer_shut') store.dispatch({ type: 'notice', notice: null })
  }, [shutAt, store])
}
