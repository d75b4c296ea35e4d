/** An X- or Z-report on the screen: what was sold and how it was paid, the drawer, and what has changed since. */
import type { ReactNode } from 'react'
import { tiyn, type Snapshot, type Tiyn } from '../../contract/index.ts'
import { sheetKeys } from '../input/intent.ts'
import { formatDateTime } from '../texts/time.ts'
import { useTexts } from '../texts/use-texts.ts'
import { Amount } from './amount.tsx'
import { CommandButton, shownKey } from './command-button.tsx'
import { SheetHead, type ContentProps } from './sheet-parts.tsx'

type Report = NonNullable<Snapshot['shift']['report']>
type Difference = Report['differences'][number]

export function ReportSheet({ snapshot, readOnly, close, onCommand }: ContentProps) {
  const { say } = useTexts()
  const { report } = snapshot.shift
  if (report === null) return null
  const { figures, closedAt, printed } = report
  const { shiftId, number, cashier, openedAt, until, rows } = figures
  const when = { cashier: cashier.name, from: formatDateTime(openedAt), until: formatDateTime(until) }
  return (
    <>
      <SheetHead title={say(closedAt === null ? 'report.x' : 'report.z', { number })} close={close} />
      <p>{say('report.opened', when)}</p>
      <div className="report-columns">
        <Sales report={report} />
        <Drawer {...figures.drawer} />
      </div>
      {closedAt === null ? null : <Differences report={report} />}
      <div className="shift-buttons">
        <CommandButton
          keyShown={shownKey(sheetKeys.print_report)}
          isDisabled={readOnly}
          onPress={() => onCommand({ command: 'print_report', shiftId })}
        >
          {say('report.print')}
        </CommandButton>
      </div>
      <p className="code">
        {say(`report.paper.${printed}`)} · {say('report.rows', { first: rows.first, last: rows.last })} ·{' '}
        {rows.hash.slice(0, 16)}
      </p>
    </>
  )
}

interface LineProps {
  readonly label: ReactNode
  readonly amount: Tiyn
  readonly count?: number
  readonly look?: 'sum' | 'part'
}

function Line({ label, amount, count, look }: LineProps) {
  return (
    <p className={`row${look === undefined ? '' : ` report-${look}`}`}>
      <span>
        {label}
        {count === undefined ? null : ` (${count})`}
      </span>
      <Amount value={amount} look={look === 'sum' ? 'middle' : 'small'} />
    </p>
  )
}

function Sales({ report }: { readonly report: Report }) {
  const { say, codes } = useTexts()
  const nameOf = useSchemeName(report)
  const { figures } = report
  return (
    <section>
      <Line label={say('report.sales')} {...figures.sales} look="sum" />
      {figures.tenders.map(({ schemeId, state, code, count, amount }) => (
        <Line
          key={`${schemeId} ${state} ${code}`}
          label={
            <>
              {nameOf(schemeId)}
              {schemeId === null ? null : <span className="hint">: {codes.tenderStates[state]}</span>}
              {code === null ? null : <span className="code"> {code}</span>}
            </>
          }
          {...{ count, amount }}
        />
      ))}
      {figures.uncovered === 0n ? null : <Line label={say('report.uncovered')} amount={figures.uncovered} />}
      <Line label={say('report.voids', { cashier: figures.cashier.name })} {...figures.voids} />
      <Line label={say('report.cancelled')} {...figures.cancelled} />
      {figures.reversing.count === 0 ? null : (
        <Line label={say('report.reversing')} {...figures.reversing} look="part" />
      )}
      <Line label={say('report.refunds')} {...figures.refunds} />
      {figures.refundsWaiting.count === 0 ? null : (
        <Line label={say('report.refundsWaiting')} {...figures.refundsWaiting} look="part" />
      )}
      <Line label={say('report.open')} {...figures.open} />
      {figures.unfinished.length === 0 ? null : <h2>{say('report.unfinished')}</h2>}
      {figures.unfinished.map(({ tenderId, schemeId, state, amount }) => (
        <Line
          key={tenderId}
          label={
            <>
              {nameOf(schemeId)}
              <span className="hint">: {codes.tenderStates[state]}</span>
            </>
          }
          amount={amount}
        />
      ))}
    </section>
  )
}

function Drawer(drawer: Report['figures']['drawer']) {
  const { say } = useTexts()
  const { openingFloat, taken, takenForEarlierSales, returned, refunded, expected, beyond, counted } = drawer
  return (
    <section>
      <h2>{say('report.drawer')}</h2>
      <Line label={say('report.openingFloat')} amount={openingFloat} />
      <Line label={say('report.taken')} amount={taken} />
      {takenForEarlierSales === 0n ? null : (
        <Line label={say('report.takenForEarlierSales')} amount={takenForEarlierSales} look="part" />
      )}
      <Line label={say('report.returned')} amount={returned} />
      <Line label={say('report.refunded')} amount={refunded} />
      <Line label={say('report.expected')} amount={expected} look="sum" />
      {beyond === 0n ? null : <Line label={say('report.beyond')} amount={beyond} look="sum" />}
      {counted === null ? null : <Line label={say('report.counted')} amount={counted} />}
      {counted === null || counted === expected ? null : (
        <Line
          label={say(counted < expected ? 'report.short' : 'report.over')}
          amount={tiyn(counted < expected ? expected - counted : counted - expected)}
          look="sum"
        />
      )}
    </section>
  )
}

/** Each change since the closing with the row that brought it: the figures above never change. */
function Differences({ report }: { readonly report: Report }) {
  const { say, codes } = useTexts()
  const nameOf = useSchemeName(report)
  const standing = (difference: Difference, which: 'was' | 'is'): string => {
    if (difference.kind === 'sale') return say(`report.sale.${difference[which]}`)
    if (difference.kind === 'refund') return say(`refund.state.${difference[which]}`)
    const state = difference[which]
    return state === null ? say('report.new') : codes.tenderStates[state]
  }
  if (report.differences.length === 0) return <p>{say('report.noDifferences')}</p>
  return (
    <section>
      <h2>{say('report.differences')}</h2>
      {report.differences.map((difference) => (
        <div key={`${difference.row} ${idOf(difference)}`}>
          <Line
            label={
              <>
                {difference.kind === 'sale' ? say('report.sale') : nameOf(difference.schemeId)}
                {difference.kind === 'refund' ? `, ${say('report.refund')}` : ''}:{' '}
                {say('report.change', { was: standing(difference, 'was'), is: standing(difference, 'is') })}
              </>
            }
            amount={difference.amount}
          />
          <p className="code">
            {say('report.row', { row: difference.row, time: formatDateTime(difference.at) })}
            {difference.kind !== 'sale' && difference.code !== null ? ` · ${difference.code}` : ''}
          </p>
        </div>
      ))}
    </section>
  )
}

function idOf(difference: Difference): string {
  if (difference.kind === 'refund') return difference.refundId
  return difference.kind === 'sale' ? difference.saleId : difference.tenderId
}

function useSchemeName({ schemes }: Report): (schemeId: string | null) => string {
  const { say, name } = useTexts()
  return (schemeId) => {
    if (schemeId === null) return say('tender.cash')
    const known = schemes.find((scheme) => scheme.schemeId === schemeId)
    return known === undefined ? schemeId : name(known.name)
  }
}
