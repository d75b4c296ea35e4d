/** Payments of earlier sales that are not over: always in sight until each is, by what the cashier must know of it. */
import { Button } from 'react-aria-components'
import type { TenderView } from '../../contract/index.ts'
import { screenKeys } from '../input/intent.ts'
import { unresolvedGroups } from '../input/screen-state.ts'
import { formatSince } from '../texts/time.ts'
import { useTexts } from '../texts/use-texts.ts'
import { Amount } from './amount.tsx'
import { LevelShape } from './tap-shapes.tsx'

interface UnresolvedBandProps {
  readonly unresolved: readonly TenderView[]
  readonly now: number
  readonly onOpen: () => void
}

export function UnresolvedBand({ unresolved, now, onOpen }: UnresolvedBandProps) {
  const { say, name } = useTexts()
  if (unresolved.length === 0) return null
  const groups = unresolvedGroups(unresolved)
  const titles = groups.map(({ state }) => say(`unresolved.${state}.title`)).join(', ')
  return (
    <section className="unresolved" aria-label={titles}>
      {groups.map(({ state, tenders }) => (
        <div key={state} className="unresolved-group" role="group" aria-label={say(`unresolved.${state}.title`)}>
          <strong className="unresolved-title">
            <LevelShape level="limited" />
            {say(`unresolved.${state}.title`)}: {tenders.length}
          </strong>
          <ul>
            {tenders.map((tender) => (
              <li key={tender.tenderId}>
                <Button className="unresolved-item" preventFocusOnPress onPress={onOpen}>
                  <Amount value={tender.amount} look="small" />
                  <span>
                    {tender.schemeName === null ? say('tender.cash') : name(tender.schemeName)} ·{' '}
                    {formatSince(tender.since, now)}
                  </span>
                </Button>
              </li>
            ))}
          </ul>
        </div>
      ))}
      <kbd className="key">{screenKeys.unresolved}</kbd>
    </section>
  )
}
