/** The test bench: over the whole window, so that nobody takes it for a till that sells. */
import { useState } from 'react'
import { Button, ToggleButton } from 'react-aria-components'
import {
  languages,
  type BenchView,
  type Bridge,
  type BridgeView,
  type Command,
  type CommandAnswer,
  type Snapshot,
} from '../../contract/index.ts'
import type { Notice } from '../input/screen-state.ts'
import { languageNames } from '../texts/index.ts'
import { useTexts } from '../texts/use-texts.ts'
import { CommandButton, shownKey } from '../till/command-button.tsx'
import { ConnectionNotice, NoticeBar } from '../till/window-notices.tsx'
import { emptyMemory } from './console-memory.ts'
import { panels } from './panels.ts'
import { useHidWatch } from './hid-watch.ts'
import { PanelKeys, useKeysAround } from './use-keys.ts'

interface BenchScreenProps {
  readonly bridge: Bridge
  readonly snapshot: Snapshot
  readonly bench: BenchView
  readonly view: BridgeView
}

export function BenchScreen({ bridge, snapshot, bench, view }: BenchScreenProps) {
  const { say, language } = useTexts()
  const [name, setName] = useState(panels[0].name)
  const [notice, setNotice] = useState<Notice | null>(null)
  const [memory, setMemory] = useState(emptyMemory)
  const panel = panels.find((candidate) => candidate.name === name) ?? panels[0]
  const working = view.connection === 'running' && !view.readOnly
  useHidWatch({ bridge, working, isOpen: panel.name === 'hid', isWatched: bench.hid !== null })

  const send = async (command: Command): Promise<CommandAnswer> => {
    setNotice(null)
    const answer = await bridge.send(command)
    if (!answer.ok) setNotice({ kind: 'fault', fault: answer.fault })
    return answer
  }
  const leave = (): void => (notice === null ? void send({ command: 'close_bench' }) : setNotice(null))
  const panelKeys = useKeysAround({
    Escape: leave,
    ...Object.fromEntries(panels.map((candidate) => [candidate.key, () => setName(candidate.name)])),
  })

  return (
    <div className="bench" data-panel={panel.name}>
      <ConnectionNotice connection={view.connection} />
      <header className="bench-head">
        <h1>{say('bench.title')}</h1>
        <p className="bench-notice">{say('bench.notice')}</p>
        <div className="choice" role="group" aria-label={say('language.choose')}>
          {languages.map((candidate) => (
            <ToggleButton
              key={candidate}
              className="small-button"
              lang={candidate}
              isSelected={candidate === language}
              onPress={() => void send({ command: 'set_language', language: candidate })}
            >
              {languageNames[candidate]}
            </ToggleButton>
          ))}
        </div>
        <CommandButton
          keyShown={shownKey('Escape')}
          isDisabled={!working}
          onPress={() => void send({ command: 'close_bench' })}
        >
          {say('bench.close')}
        </CommandButton>
      </header>
      <nav className="bench-tabs">
        {panels.map((candidate) => (
          <Button
            key={candidate.name}
            className="small-button"
            {...(candidate === panel ? { 'aria-current': 'page' as const } : {})}
            onPress={() => setName(candidate.name)}
          >
            {say(candidate.title)} <kbd className="key">{candidate.key}</kbd>
          </Button>
        ))}
      </nav>
      <main className="bench-panel">
        {view.readOnly ? (
          <p className="bench-warning" role="status">
            <strong>{say('window.readOnly.what')}</strong> {say('window.readOnly.todo')}
          </p>
        ) : null}
        <PanelKeys value={panelKeys}>
          <panel.Content {...{ bench, snapshot, working, send, memory }} onMemory={setMemory} />
        </PanelKeys>
      </main>
      {notice === null ? null : (
        <div className="bench-foot">
          <NoticeBar notice={notice} onClose={() => setNotice(null)} />
        </div>
      )}
    </div>
  )
}
