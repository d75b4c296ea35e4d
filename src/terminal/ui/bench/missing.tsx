/** What is missing for a panel that speaks to cards, and what to do about it; nothing where a card lies there. */
import type { BenchView, Snapshot } from '../../contract/index.ts'
import { useTexts } from '../texts/use-texts.ts'

interface MissingProps {
  readonly bench: BenchView
  readonly lights: Snapshot['lights']
}

export function Missing({ bench, lights }: MissingProps) {
  const { say, codes } = useTexts()
  if (bench.readers.length === 0) {
    const { what, todo } = codes.statuses[lights.reader.code]
    return (
      <div className="bench-warning">
        <p>
          <strong>{`${what} ${todo}`}</strong>
        </p>
        <p>{say('bench.readers.help')}</p>
        <p>{say('bench.readers.linux')}</p>
      </div>
    )
  }
  return bench.cards.length === 0 ? <p className="bench-warning">{say('bench.card.none')}</p> : null
}
