/** Readers and their state, and each card in words. */
import type { PanelProps } from './panels.ts'
import { useTexts } from '../texts/use-texts.ts'
import { CommandButton } from '../till/command-button.tsx'
import { LevelShape } from '../till/tap-shapes.tsx'
import { CardFacts } from './card-facts.tsx'
import { ReaderFacts } from './reader-facts.tsx'
import { useKeys } from './use-keys.ts'

export function CardsPanel({ bench, snapshot, working, send }: PanelProps) {
  const { say, codes } = useTexts()
  const { level, code, detail } = snapshot.lights.reader
  const { what, todo } = codes.statuses[code]
  const [first] = bench.cards
  const again = (presenceId: string): void => void send({ command: 'identify_card', presenceId })
  useKeys({ F5: first === undefined || !working ? null : () => again(first.presenceId) })
  return (
    <>
      <section className="bench-box">
        <h2>{say('bench.readers')}</h2>
        <p className="bench-what">
          <LevelShape level={level} /> {level === 'ok' ? bench.readers.join(' · ') : `${what} ${todo}`}
        </p>
        {(bench.readerSettings ?? []).map((setting) => (
          <ReaderFacts key={setting.readerName} {...setting} />
        ))}
        {level === 'ok' ? null : (
          <>
            <p>{say('bench.readers.help')}</p>
            <p>{say('bench.readers.linux')}</p>
            {detail === '' ? null : <p className="code">{detail}</p>}
          </>
        )}
      </section>
      {bench.cards.length === 0 && bench.readers.length > 0 ? (
        <p className="bench-empty">{say('bench.card.none')}</p>
      ) : null}
      {bench.cards.map((card) => (
        <section key={card.presenceId} className="bench-box">
          <div className="bench-row">
            <div>
              <h2>{card.identity === null ? card.readerName : (card.identity.name ?? say('bench.card.unknown'))}</h2>
              {card.identity === null ? null : <p className="quiet">{card.readerName}</p>}
            </div>
            <CommandButton
              {...(card === first ? { keyShown: 'F5' } : {})}
              isDisabled={!working || card.isBeingIdentified}
              onPress={() => again(card.presenceId)}
            >
              {say('bench.again')}
            </CommandButton>
          </div>
          {card.identity === null || card.isMute ? (
            <p {...(card.isMute ? { className: 'bench-warning' } : {})}>
              {say(card.isMute ? 'bench.card.mute' : 'bench.card.asking')}
            </p>
          ) : (
            <CardFacts card={card} identity={card.identity} />
          )}
        </section>
      ))}
    </>
  )
}
