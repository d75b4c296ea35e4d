/** The basket: lines to select, and the total. The controls of a line are with the actions. */
import { useEffect, useRef } from 'react'
import { ToggleButton } from 'react-aria-components'
import { zeroTiyn, formatTenge, type CardPays, type SaleView } from '../../contract/index.ts'
import { useTexts } from '../texts/use-texts.ts'
import { Amount } from './amount.tsx'

interface BasketProps {
  readonly sale: SaleView | null
  /** What the card on the reader pays of each line. */
  readonly outcomes: CardPays['lines']
  readonly selectedLine: number | null
  readonly editable: boolean
  readonly onSelect: (line: number | null) => void
}

export function Basket({ sale, outcomes, selectedLine, editable, onSelect }: BasketProps) {
  const { say, name } = useTexts()
  const list = useRef<HTMLUListElement>(null)
  const lines = sale?.lines ?? []
  // The newest line is at the end; a cashier looks at what was just rung up, or at the line being changed.
  useEffect(() => {
    const shown = list.current?.querySelector('[data-selected]') ?? list.current?.lastElementChild
    shown?.scrollIntoView({ block: 'nearest' })
  }, [lines.length, selectedLine])
  return (
    <section className="panel basket" aria-label={say('basket.title')}>
      {lines.length === 0 ? (
        <p className="panel-empty">{say('basket.empty')}</p>
      ) : (
        <ul className="lines" ref={list}>
          {lines.map((line) => (
            <li key={line.line}>
              <ToggleButton
                className="line"
                preventFocusOnPress
                isDisabled={!editable}
                isSelected={selectedLine === line.line}
                onChange={(selected) => onSelect(selected ? line.line : null)}
              >
                <span className="line-quantity">{line.quantity} ×</span>
                <span className="line-name">
                  {name(line.name)}
                  <LineOutcome line={line} outcome={outcomes.find((one) => one.line === line.line)} />
                </span>
                <Amount value={line.total} />
              </ToggleButton>
            </li>
          ))}
        </ul>
      )}
      <p className="total">
        <span>{say('basket.total')}</span>
        <Amount value={sale?.total ?? zeroTiyn} />
      </p>
    </section>
  )
}

interface LineOutcomeProps {
  readonly line: SaleView['lines'][number]
  readonly outcome: CardPays['lines'][number] | undefined
}

/** What is paid of a line, or would be by the card that lies there; and why not the rest. */
function LineOutcome({ line, outcome }: LineOutcomeProps) {
  const { say } = useTexts()
  const paid = line.covered > 0n ? line.covered : (outcome?.pays ?? zeroTiyn)
  const why = outcome?.why ?? null
  if (paid === 0n && why === null) return null
  return (
    <span className="line-covered">
      {paid === 0n ? null : say('basket.covered', { amount: formatTenge(paid) })}
      {paid === 0n || why === null ? null : ' · '}
      {why === null ? null : say(`basket.${why}`)}
    </span>
  )
}
