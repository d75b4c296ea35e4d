/**
 * Payments of earlier sales that are not over, and sales that were paid meanwhile: always in sight until each is ended
 * or answered, by what the cashier must know of it.
 */
import { Button } from 'react-aria-components'
import type { GoodsQuestion, TenderView } from '../../contract/index.ts'
import { screenKeys } from '../input/intent.ts'
import { unresolvedGroups } from '../input/screen-state.ts'
import { formatSince } from '../texts/time.ts'
import { useTexts } from '../texts/use-texts.ts'
import { Amount } from './amount.tsx'
import { LevelShape } from './tap-shapes.tsx'

interface UnresolvedBandProps {
  readonly unresolved: readonly TenderView[]
  readonly goodsAsked: readonly GoodsQuestion[]
  readonly now: number
  readonly onOpen: () => void
}

export function UnresolvedBand({ unresolved, goodsAsked, now, onOpen }: UnresolvedBandProps) {
  const { say, name } = useTexts()
  const payments = unresolvedGroups(unresolved).map(({ state, tenders }) => ({
    title: say(`unresolved.${state}.title`),
    items: tenders.map(({ tenderId, amount, schemeName, since }) => {
      return { id: tenderId, amount, since, what: schemeName === null ? say('tender.cash') : name(schemeName) }
    }),
  }))
  const questions = goodsAsked.map(({ saleId, total, at, goods }) => {
    return { id: saleId, amount: total, since: at, what: goods.map((texts) => name(texts)).join(', ') }
  })
  const groups = [...payments, { title: say('goods.asked.title'), items: questions }].filter(
    ({ items }) => items.length > 0,
  )
  if (groups.length === 0) return null
  return (
    <section className="unresolved" aria-label={groups.map(({ title }) => title).join(', ')}>
      {groups.map(({ title, items }) => (
        <div key={title} className="unresolved-group" role="group" aria-label={title}>
          <strong className="unresolved-title">
            <LevelShape level="limited" />
            {title}: {items.length}
          </strong>
          <ul>
            {items.map(({ id, amount, since, what }) => (
              <li key={id}>
                <Button className="unresolved-item" preventFocusOnPress onPress={onOpen}>
                  <Amount value={amount} look="small" />
                  <span>
                    {what} · {formatSince(since, now)}
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
