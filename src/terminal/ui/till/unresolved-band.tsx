/** Payments of earlier sales without an answer: always in sight until each has one ("do not charge again"). */
import { Button } from 'react-aria-components'
import type { TenderView } from '../../contract/index.ts'
import { screenKeys } from '../input/intent.ts'
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
  return (
    <section className="unresolved" aria-label={say('unresolved.title')}>
      <strong className="unresolved-title">
        <LevelShape level="limited" />
        {say('unresolved.title')}: {unresolved.length}
      </strong>
      <ul>
        {unresolved.map((tender) => (
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
      <kbd className="key">{screenKeys.unresolved}</kbd>
    </section>
  )
}
