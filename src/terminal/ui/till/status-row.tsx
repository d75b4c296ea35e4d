/** The row that is always there: whose till and when, the language, and five lights that each explain themselves. */
import { Button, ToggleButton } from 'react-aria-components'
import { languages, type Language, type Light, type Snapshot } from '../../contract/index.ts'
import { screenKeys } from '../input/intent.ts'
import { shownLights, type LightName } from '../input/screen-state.ts'
import { languageNames } from '../texts/index.ts'
import { formatDate, formatTime, waitingFor } from '../texts/time.ts'
import { useTexts } from '../texts/use-texts.ts'
import { LevelShape } from './tap-shapes.tsx'

interface StatusRowProps {
  readonly snapshot: Snapshot
  readonly muted: boolean
  readonly dark: boolean
  readonly onLanguage: (language: Language) => void
  readonly onSound: () => void
  readonly onTheme: () => void
  readonly onLight: (light: LightName) => void
  readonly onRecent: () => void
  readonly onShift: () => void
}

export function StatusRow(props: StatusRowProps) {
  const { snapshot, muted, dark, onLanguage, onSound, onTheme, onLight, onRecent, onShift } = props
  const { say, name, language } = useTexts()
  const { lights, queue } = snapshot
  // One light more beside a counting queue takes the room of the date and, on a narrow screen, of two keys.
  const full = lights.hid !== null && queue.waiting + queue.parked > 0 ? ' status-full' : ''
  return (
    <header className={`status${full}`}>
      <h1 className="said-only">{name(snapshot.merchantName)}</h1>
      <Button className="small-button whose" aria-keyshortcuts={screenKeys.shift} preventFocusOnPress onPress={onShift}>
        <strong>{name(snapshot.merchantName)}</strong>
        <span>
          {/* There is no room for both: that the time is not confirmed is said instead. */}
          {snapshot.time.trusted ? <span>{whoSells(snapshot)} · </span> : null}
          {snapshot.time.trusted ? <span className="wide-only">{formatDate(snapshot.time.now)} </span> : null}
          {formatTime(snapshot.time.now)}
          {snapshot.time.trusted ? '' : ` · ${say('time.untrusted')}`}
          {snapshot.time.trusted ? (
            <span>
              <kbd className="key">{screenKeys.shift}</kbd>
            </span>
          ) : null}
        </span>
      </Button>
      <Button className="small-button" preventFocusOnPress onPress={onRecent}>
        <svg className="icon narrow-only" viewBox="0 0 24 24" aria-hidden="true">
          <path d="M5 3 h14 v18 l-3.5 -2.5 l-3.5 2.5 l-3.5 -2.5 l-3.5 2.5 z M9 8 h6 M9 12 h6" />
        </svg>
        <span className="wide-only">{say('action.recent')}</span>
        <kbd className="key">{screenKeys.recent}</kbd>
      </Button>
      <div className="choice" role="group" aria-label={say('language.choose')}>
        {languages.map((candidate) => (
          <ToggleButton
            key={candidate}
            className="small-button"
            preventFocusOnPress
            aria-keyshortcuts="Alt+L"
            lang={candidate}
            isSelected={candidate === language}
            onPress={() => onLanguage(candidate)}
          >
            {languageNames[candidate]}
          </ToggleButton>
        ))}
      </div>
      <div className="choice">
        <Button
          className="small-button"
          preventFocusOnPress
          aria-keyshortcuts="Alt+M"
          aria-label={say(muted ? 'sound.off' : 'sound.on')}
          onPress={onSound}
        >
          <SoundShape muted={muted} />
        </Button>
        <Button
          className="small-button"
          preventFocusOnPress
          aria-keyshortcuts="Alt+T"
          aria-label={say(dark ? 'theme.dark' : 'theme.light')}
          onPress={onTheme}
        >
          <ThemeShape />
        </Button>
      </div>
      <div className="lights" role="group" aria-label={say('light.group')}>
        {shownLights(lights).map((light) => (
          <StatusLight key={light} light={light} snapshot={snapshot} onPress={() => onLight(light)} />
        ))}
        <kbd className="key">{screenKeys.status}</kbd>
      </div>
    </header>
  )
}

/** The cashier of the open shift; a till without cashiers is its own. */
function whoSells({ terminalId, shift: { open } }: Snapshot): string {
  return open === null ? terminalId : `№ ${open.number} · ${open.cashier.name}`
}

function StatusLight({ light, snapshot, onPress }: { light: LightName; snapshot: Snapshot; onPress: () => void }) {
  const { say } = useTexts()
  const level = snapshot.lights[light]?.level ?? 'ok'
  const word = say(`light.${light}`)
  const waiting = light === 'queue' ? <Waiting snapshot={snapshot} /> : null
  return (
    <Button className={`small-button light light-${level}`} data-light={light} preventFocusOnPress onPress={onPress}>
      <span className="light-top">
        <LevelShape level={level} />
        {waiting}
      </span>
      <span>
        {word}
        <span className="said-only">: {say(`light.level.${level}`)}</span>
      </span>
    </Button>
  )
}

/** "3 · 4 min": how many rows wait, and how long the oldest has. */
function Waiting({ snapshot: { queue, time } }: { snapshot: Snapshot }) {
  const { say } = useTexts()
  const count = queue.waiting + queue.parked
  if (count === 0) return null
  const since = queue.oldestAt === null ? null : waitingFor(queue.oldestAt, time.now)
  return (
    <strong>
      {count}
      {since === null ? '' : ` (${say(since.unit, { count: since.count })})`}
    </strong>
  )
}

/** The first light that is not well, the worst first; the till's own when all are. */
export function worstLight(lights: Snapshot['lights']): LightName {
  const at = (level: Light['level']): LightName | undefined =>
    shownLights(lights).find((light) => lights[light]?.level === level)
  return at('off') ?? at('limited') ?? 'till'
}

function SoundShape({ muted }: { muted: boolean }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M4 9 v6 h4 l6 5 v-16 l-6 5 z" />
      {muted ? <path d="M17 9 l5 6 M22 9 l-5 6" /> : <path d="M17 8 a6 6 0 0 1 0 8 M20 5 a10 10 0 0 1 0 14" />}
    </svg>
  )
}

function ThemeShape() {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <circle cx="12" cy="12" r="9" />
      <path d="M12 3 a9 9 0 0 1 0 18 z" className="icon-filled" />
    </svg>
  )
}
