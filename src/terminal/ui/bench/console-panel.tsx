/** The console: commands in hex to the card, one or a script of them, and what the answers mean. */
import { useEffect, useRef, useState } from 'react'
import { cardRiskOf, readScript, toHex, type CardRisk, type Command, type ScriptFault } from '../../contract/index.ts'
import { endedBurst, extendBurst, noBurst, readEnd } from '../input/scanner-burst.ts'
import { useTexts } from '../texts/use-texts.ts'
import { CommandButton, shownKey } from '../till/command-button.tsx'
import { cardAndReader, chosenCard } from './chosen-card.ts'
import { recalled, sentText, typedText } from './console-memory.ts'
import { ExchangeRow } from './exchange-row.tsx'
import { Missing } from './missing.tsx'
import type { PanelProps } from './panels.ts'
import { useKeys } from './use-keys.ts'

type Asking =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'fault'; readonly fault: ScriptFault; readonly line: number | null }
  | { readonly kind: 'risk'; readonly risk: CardRisk; readonly card: string; readonly command: Command }

const nothing: Asking = { kind: 'nothing' }

export function ConsolePanel({ bench, snapshot, working, send, memory, onMemory }: PanelProps) {
  const { say } = useTexts()
  const [asking, setAsking] = useState<Asking>(nothing)
  /** The name of the reader. */
  const [chosen, setChosen] = useState<string | null>(null)
  const field = useRef<HTMLTextAreaElement>(null)
  const burst = useRef(noBurst)
  const card = chosenCard(bench.cards, chosen)
  const isRunning = bench.work === 'script'
  useEffect(() => field.current?.focus(), [])

  const dispatch = async (command: Command): Promise<void> => {
    setAsking(nothing)
    const answer = await send(command)
    if (answer.ok) onMemory(sentText(memory))
  }
  const take = (): void => {
    const script = readScript(memory.text)
    if (script.kind === 'fault') return setAsking({ kind: 'fault', fault: script.fault, line: script.line })
    if (card === undefined || !working) return
    const risk = script.commands.map(cardRiskOf).find((one) => one !== null) ?? null
    const { presenceId, readerName } = card
    setChosen(readerName)
    const command: Command = {
      command: 'send_apdus',
      presenceId,
      apdus: script.commands.map(toHex),
      mayHarmCard: risk !== null,
    }
    if (risk === null) void dispatch(command)
    else setAsking({ kind: 'risk', risk, card: cardAndReader(card), command })
  }
  const exportAll = (): void => void send({ command: 'export_console' })
  const stop = (): void => void send({ command: 'stop_bench_work' })
  useKeys({
    Escape: asking.kind === 'nothing' ? null : () => setAsking(nothing),
    F7: working ? exportAll : null,
    F8: asking.kind === 'risk' ? () => void dispatch(asking.command) : working && isRunning ? stop : null,
    F9: take,
  })

  const typed = (event: React.KeyboardEvent<HTMLTextAreaElement>): void => {
    const { key, timeStamp, shiftKey, currentTarget } = event
    if (key.length === 1) {
      burst.current = extendBurst(burst.current, key, timeStamp)
      return
    }
    if ((key === 'Enter' || key === 'Tab') && !shiftKey) {
      const isOfHand = readEnd(burst.current, timeStamp).kind === 'key'
      if (isOfHand && key === 'Tab') return
      event.preventDefault()
      burst.current = endedBurst(timeStamp)
      // A scanned bar code may read as hex: it is no command, whoever scans it here.
      if (isOfHand) take()
      else onMemory(typedText(memory, ''))
      return
    }
    const before = currentTarget.value.slice(0, currentTarget.selectionStart)
    const after = currentTarget.value.slice(currentTarget.selectionEnd)
    if (key === 'ArrowUp' && !before.includes('\n')) onMemory(recalled(memory, -1))
    else if (key === 'ArrowDown' && !after.includes('\n')) onMemory(recalled(memory, 1))
    else return
    event.preventDefault()
  }

  const { exchanges, waiting, stoppedAt, exported } = bench.console
  return (
    <>
      <section className="bench-box console-entry">
        <Missing bench={bench} lights={snapshot.lights} />
        {bench.cards.length > 1 || (bench.cards.length === 1 && card === undefined) ? (
          <div className="bench-row">
            {bench.cards.map((one) => (
              <CommandButton
                key={one.presenceId}
                look={one === card ? 'plain' : 'quiet'}
                onPress={() => {
                  setAsking(nothing)
                  setChosen(one.readerName)
                }}
              >
                {cardAndReader(one)}
              </CommandButton>
            ))}
          </div>
        ) : null}
        {bench.cards.length > 0 && card === undefined ? <p>{say('bench.console.choose_card')}</p> : null}
        <label>
          {say('bench.console.input')}
          <textarea
            ref={field}
            className="bytes"
            rows={3}
            spellCheck={false}
            value={memory.text}
            onChange={({ target }) => {
              setAsking(nothing)
              onMemory(typedText(memory, target.value))
            }}
            onKeyDown={typed}
          />
        </label>
        <p className="quiet">{say('bench.console.hint')}</p>
        {asking.kind === 'fault' ? (
          <p className="bench-warning" role="alert">
            {asking.line === null ? '' : `${say('bench.console.line', { line: asking.line })} `}
            {say(`bench.console.fault.${asking.fault}`)}
          </p>
        ) : null}
        {asking.kind === 'risk' ? (
          <div className="bench-warning" role="alert">
            <p>{say('bench.risk.card', { card: asking.card })}</p>
            <p>{say(`bench.risk.${asking.risk}`)}</p>
            <div className="bench-row">
              <CommandButton keyShown={shownKey('Escape')} onPress={() => setAsking(nothing)}>
                {say('bench.risk.back')}
              </CommandButton>
              <CommandButton look="warning" keyShown="F8" onPress={() => void dispatch(asking.command)}>
                {say('bench.risk.yes')}
              </CommandButton>
            </div>
          </div>
        ) : (
          <div className="bench-row">
            <CommandButton
              look="primary"
              keyShown="F9"
              isDisabled={!working || card === undefined || bench.work !== null}
              onPress={take}
            >
              {say('bench.console.send')}
            </CommandButton>
            <CommandButton keyShown="F8" isDisabled={!working || !isRunning} onPress={stop}>
              {say('bench.stop')}
            </CommandButton>
            <CommandButton keyShown="F7" isDisabled={!working || exchanges.length === 0} onPress={exportAll}>
              {say('bench.console.export')}
            </CommandButton>
            <CommandButton
              look="quiet"
              isDisabled={!working || exchanges.length === 0}
              onPress={() => void send({ command: 'clear_console' })}
            >
              {say('bench.console.clear')}
            </CommandButton>
          </div>
        )}
        {exported === null ? null : <p className="bytes">{say('bench.console.exported', { path: exported })}</p>}
        {isRunning ? <p>{say('bench.console.running', { count: waiting })}</p> : null}
        {stoppedAt === null ? null : (
          <p className="bench-warning">{say('bench.console.stopped', { number: stoppedAt })}</p>
        )}
      </section>
      {exchanges.length === 0 ? <p className="bench-empty">{say('bench.console.empty')}</p> : null}
      <ol className="exchanges">
        {exchanges.toReversed().map((exchange) => (
          <ExchangeRow key={exchange.number} exchange={exchange} />
        ))}
      </ol>
    </>
  )
}
