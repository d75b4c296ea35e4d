/** The basket: lines to select, and the total. The controls of a line are with the actions. */
import { useEffect, useRef } from 'react'
import { ToggleButton } from 'react-aria-components'
import { zeroTiyn, formatTenge, type SaleView } from '../../contract/index.ts'
import { useTexts } from '../texts/use-texts.ts'
import { Amount } from './amount.tsx'

interface BasketProps {
  readonly sale: SaleView | null
  readonly selectedLine: number | null
  readonly editable: boolean
  readonly onSelect: (line: number | null) => void
}

export function Basket({ sale, selectedLine, editable, onSelect }: BasketProps) {
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
                  {line.covered > 0n && sale !== null ? (
                    <span className="line-covered">{say('basket.covered', { amount: formatTenge(line.covered) })}</span>
                  ) : null}
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
