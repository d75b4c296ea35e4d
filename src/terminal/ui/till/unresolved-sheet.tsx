/**
 * Payments that are not over, each under its own words; then those whose card never came back, and how the last torn
 * ones ended. What asks for the cashier stands first and has the keys.
 */
import { Fragment } from 'react'
import type { Snapshot, TenderView, TornRecord } from '../../contract/index.ts'
import { unresolvedGroups } from '../input/screen-state.ts'
import { formatDateTime } from '../texts/time.ts'
import { useTexts } from '../texts/use-texts.ts'
import { Amount } from './amount.tsx'
import { Tender } from './card-pays.tsx'
import { CommandButton } from './command-button.tsx'
import { GoodsQuestions } from './goods-questions.tsx'
import { Row, rowKey, SheetHead, type ListProps } from './sheet-parts.tsx'

/** The ledger is asked about what was sent to it, and nothing was sent of a torn card. */
export const isAsked = ({ state }: Pick<TenderView, 'state'>): boolean => state !== 'torn' && state !== 'maybe_debited'

/** Its card is wanted again, or the ledger is to find out: nobody knows yet how it ends. */
export const isOpenTear = (record: TornRecord): boolean => !isAsked(record) || record.state === 'advised'

/** Its sale comes back to the screen as soon as that is free. */
export const mayTakeUp = (tender: TenderView, { actions }: Pick<Snapshot, 'actions'>): boolean =>
  !isAsked(tender) && actions.includes('take_up_torn')

/** Another sale is on the screen. */
const isHeldUp = (tender: TenderView, snapshot: Snapshot): boolean =>
  !isAsked(tender) && snapshot.sale !== null && !mayTakeUp(tender, snapshot)

export function UnresolvedSheet(props: ListProps) {
  const { chosen, snapshot, readOnly, close, onCommand, onSheet } = props
  const { say } = useTexts()
  const givenUp = snapshot.torn.filter(({ state }) => state === 'advised')
  const ended = snapshot.torn.filter((record) => !isOpenTear(record))
  const askCancel = ({ tenderId }: TenderView): void =>
    onSheet({
      kind: 'question',
      question: 'cancel_unknown',
      command: { command: 'cancel_unknown', tenderId },
      behind: { kind: 'unresolved', chosen: tenderId },
    })
  const groups = unresolvedGroups(snapshot.unresolved)
  const titles = groups.map(({ state }) => say(`unresolved.${state}.title`))
  if (snapshot.goodsAsked.length > 0) titles.push(say('goods.asked.title'))
  if (givenUp.length > 0) titles.push(say('torn.advised.title'))
  const [title = say('unresolved.empty')] = titles
  return (
    <>
      <SheetHead title={title} close={close} />
      {groups.map(({ state, tenders }, at) => (
        <Fragment key={state}>
          {at === 0 ? null : <h2>{say(`unresolved.${state}.title`)}</h2>}
          <p>{say(`unresolved.${state}.detail`)}</p>
          <p>{say(`unresolved.${state}.todo`)}</p>
          <ul className="sheet-list">
            {tenders.map((tender) => (
              <Row
                key={tender.tenderId}
                chosen={tender.tenderId === chosen}
                buttons={
                  <>
                    {isAsked(tender) ? (
                      <CommandButton
                        {...rowKey(tender.tenderId === chosen, 'wait_for_answer')}
                        isDisabled={readOnly}
                        onPress={() => onCommand({ command: 'wait_for_answer', tenderId: tender.tenderId })}
                      >
                        {say('action.wait_for_answer')}
                      </CommandButton>
                    ) : null}
                    {isAsked(tender) ? null : (
                      <CommandButton
                        {...rowKey(tender.tenderId === chosen, 'take_up_torn')}
                        isDisabled={readOnly || !mayTakeUp(tender, snapshot)}
                        onPress={() => onCommand({ command: 'take_up_torn', tenderId: tender.tenderId })}
                      >
                        {say('action.take_up_torn')}
                      </CommandButton>
                    )}
                    <CommandButton
                      look="quiet"
                      {...rowKey(tender.tenderId === chosen, 'cancel_unknown')}
                      isDisabled={readOnly}
                      onPress={() => askCancel(tender)}
                    >
                      {say('action.cancel_unknown')}
                    </CommandButton>
                  </>
                }
              >
                <Tender tender={tender} />
                <p>{say('time.since', { time: formatDateTime(tender.since) })}</p>
                <WhichTear record={snapshot.torn.find(({ tenderId }) => tenderId === tender.tenderId)} />
                {isHeldUp(tender, snapshot) ? <p>{say('torn.saleFirst')}</p> : null}
              </Row>
            ))}
          </ul>
        </Fragment>
      ))}
      {snapshot.goodsAsked.length === 0 ? null : (
        <>
          {groups.length === 0 ? null : <h2>{say('goods.asked.title')}</h2>}
          <GoodsQuestions {...props} />
        </>
      )}
      {givenUp.length === 0 ? null : (
        <>
          {title === say('torn.advised.title') ? null : <h2>{say('torn.advised.title')}</h2>}
          <p>{say('torn.advised.detail')}</p>
          <p>{say('torn.advised.todo')}</p>
          <TornRecords records={givenUp} />
        </>
      )}
      {ended.length === 0 ? null : (
        <>
          <h2>{say('torn.ended.title')}</h2>
          <TornRecords records={ended} />
        </>
      )}
    </>
  )
}

/** By which a cashier and a customer know the sale and the card: both stand on receipts. */
function WhichTear({ record }: { readonly record: TornRecord | undefined }) {
  const { say } = useTexts()
  if (record === undefined) return null
  const { saleNumber, cardLastFour } = record
  return (
    <p>
      {say('discrepancies.sale', { saleNumber })} · {say('torn.card', { card: cardLastFour })}
    </p>
  )
}

function TornRecords({ records }: { readonly records: readonly TornRecord[] }) {
  const { name, codes } = useTexts()
  return (
    <ul className="sheet-list">
      {records.map((record) => (
        <li key={record.tenderId}>
          <div className="sheet-item">
            <p className="row">
              <span>
                <strong>{codes.tenderStates[record.state]}</strong> · {formatDateTime(record.at)}
              </span>
              <Amount value={record.amount} />
            </p>
            <p>{name(record.schemeName)}</p>
            <WhichTear record={record} />
          </div>
        </li>
      ))}
    </ul>
  )
}
