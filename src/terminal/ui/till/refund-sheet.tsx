/** Goods come back: which of them, why, and where what was paid for them goes. */
import { ToggleButton, ToggleButtonGroup } from 'react-aria-components'
import { formatTenge, zeroTiyn, type Command, type RefundView, type Snapshot } from '../../contract/index.ts'
import {
  amountOf,
  changedBy,
  piecesLeft,
  refundCommand,
  refundReasons,
  wantedOf,
  type RefundChoice,
} from '../input/refund-choice.ts'
import { sheetKeys } from '../input/intent.ts'
import { sentencesOf } from '../texts/index.ts'
import { formatDateTime } from '../texts/time.ts'
import { useTexts } from '../texts/use-texts.ts'
import { Amount } from './amount.tsx'
import { CommandButton, shownKey } from './command-button.tsx'

type Refund = RefundView['returns'][number]['refunds'][number]

interface RefundSheetProps {
  readonly choice: RefundChoice
  readonly snapshot: Snapshot
  readonly readOnly: boolean
  readonly onChoice: (choice: RefundChoice) => void
  readonly onAsk: (command: Command) => void
  readonly onCommand: (command: Command) => void
}

export function RefundSheet({ choice, snapshot, readOnly, onChoice, onAsk, onCommand }: RefundSheetProps) {
  const { say, name, codes } = useTexts()
  const { refund } = snapshot
  if (refund === null) return null
  const { lines, toVouchers, inCash } = wantedOf(refund, choice)
  const command = refundCommand(refund, choice)
  const left = refund.lines.filter(({ voucherLeft, cashLeft }) => voucherLeft + cashLeft > 0n)
  return (
    <>
      {refund.obstacles.map((obstacle) => (
        <p key={obstacle} className="sheet-what">
          {codes.faults[obstacle].what} {codes.faults[obstacle].todo}
        </p>
      ))}
      {left.length === 0 && refund.obstacles.length === 0 ? <p>{say('refund.nothingLeft')}</p> : null}
      <ul className="sheet-list">
        {left.map((line) => (
          <RefundLine
            key={line.line}
            {...{ refund, line, choice, onChoice }}
            isChosen={choice.chosen === String(line.line)}
          />
        ))}
      </ul>
      {left.length === 0 ? null : (
        <ToggleButtonGroup
          className="return-reasons"
          aria-label={say('refund.reason')}
          selectionMode="single"
          disallowEmptySelection
          selectedKeys={[choice.reason]}
          onSelectionChange={(keys) =>
            onChoice({ ...choice, reason: refundReasons.find((reason) => keys.has(reason)) ?? choice.reason })
          }
        >
          {refundReasons.map((reason) => (
            <ToggleButton key={reason} id={reason} className="return-reason" preventFocusOnPress>
              {say(`refund.reason.${reason}`)}
            </ToggleButton>
          ))}
        </ToggleButtonGroup>
      )}
      {lines.length === 0 ? null : (
        <p className="refund-sums">
          {toVouchers === zeroTiyn ? null : (
            <span>{say('refund.toVouchers', { amount: formatTenge(toVouchers) })}</span>
          )}
          {inCash === zeroTiyn ? null : <strong>{say('refund.inCash', { amount: formatTenge(inCash) })}</strong>}
        </p>
      )}
      {left.length === 0 ? null : (
        <div className="sheet-buttons">
          <CommandButton
            look="warning"
            keyShown={shownKey(sheetKeys.refund_sale)}
            isDisabled={readOnly || command === null}
            onPress={() => (command === null ? undefined : onAsk(command))}
          >
            {say('action.refund_sale')}
          </CommandButton>
        </div>
      )}
      {refund.returns.length === 0 ? null : <h2>{say('refund.earlier')}</h2>}
      <ul className="sheet-list">
        {refund.returns.map((returned) => (
          <li key={returned.returnId}>
            <div className="sheet-item">
              <p className="row">
                <span>
                  {formatDateTime(returned.at)} · {say(`receipt.${returned.printed}`)}
                </span>
              </p>
              {returned.refunds.map(({ refundId, schemeName, amount, state, code }) => (
                <p key={refundId} className="row">
                  <span>
                    <strong>{name(schemeName)}</strong> · {say(`refund.state.${state}`)}
                    {code === null ? null : <Reason code={code} state={state} />}
                  </span>
                  <Amount value={amount} />
                </p>
              ))}
              {returned.cash === zeroTiyn ? null : (
                <p className="row">
                  <strong>{say('tender.cash')}</strong>
                  <Amount value={returned.cash} />
                </p>
              )}
            </div>
            <div className="sheet-buttons">
              <CommandButton
                isDisabled={readOnly}
                onPress={() => onCommand({ command: 'print_refund', returnId: returned.returnId })}
              >
                {say(returned.printed === 'none' ? 'action.print_refund' : 'action.print_again')}
              </CommandButton>
            </div>
          </li>
        ))}
      </ul>
    </>
  )
}

/** Why the ledger refused; what the queue wrote when it set the refund aside stands there as it is. */
function Reason({ code, state }: { readonly code: string; readonly state: Refund['state'] }) {
  const { say, language } = useTexts()
  const { what, todo } = sentencesOf(language, code)
  return (
    <span className="reason">
      {state === 'parked' ? null : `${what} ${todo} `}
      <span className="code">{state === 'parked' ? code : say('notice.code', { code })}</span>
    </span>
  )
}

interface RefundLineProps {
  readonly refund: RefundView
  readonly line: RefundView['lines'][number]
  readonly isChosen: boolean
  readonly choice: RefundChoice
  readonly onChoice: (choice: RefundChoice) => void
}

function RefundLine({ refund, line, isChosen, choice, onChoice }: RefundLineProps) {
  const { say, name } = useTexts()
  const quantity = choice.quantities[line.line] ?? 0
  const change = (by: 1 | -1): void => onChoice(changedBy(refund, { ...choice, chosen: String(line.line) }, by))
  const label = name(line.name)
  return (
    <li {...(isChosen ? { 'aria-current': true } : {})}>
      <div className="sheet-item">
        <p className="row refund-line">
          <span>
            <strong>
              {quantity} / {piecesLeft(line)}
            </strong>{' '}
            {label}
          </span>
          <Amount value={amountOf(line, quantity)} />
        </p>
      </div>
      <div className="pieces">
        <CommandButton
          label={`${say('line.less')}: ${label}`}
          {...(isChosen ? { keyShown: '−' } : {})}
          onPress={() => change(-1)}
        >
          −
        </CommandButton>
        <CommandButton
          label={`${say('line.more')}: ${label}`}
          {...(isChosen ? { keyShown: '+' } : {})}
          onPress={() => change(1)}
        >
          +
        </CommandButton>
      </div>
    </li>
  )
}
