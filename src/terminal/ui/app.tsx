/** The till's window: a pure view of what the bridge shows, in the language of the snapshot. */
import { useEffect, useMemo, useState } from 'react'
import { I18nProvider } from 'react-aria-components'
import { IntlProvider } from 'react-intl'
import type { Bridge, BridgeView, Language } from '../contract/index.ts'
import { BenchScreen } from './bench/bench-screen.tsx'
import { nothingYet } from './bridge/frames.ts'
import { createScreenStore, type ScreenStore } from './input/screen-state.ts'
import { useTheme } from './preferences.ts'
import { flatTexts } from './texts/index.ts'
import { TillScreen } from './till/till-screen.tsx'
import { FirstScreen } from './till/window-notices.tsx'

interface AppProps {
  readonly bridge: Bridge
  /** The screen's memory; pictures and tests give one with a sheet open. */
  readonly screen?: ScreenStore
}

export function App({ bridge, screen }: AppProps) {
  const view = useBridgeView(bridge)
  // Here, and not only at the till, which has the switch: a page may be loaded anew at the test bench.
  useTheme()
  const store = useMemo(() => screen ?? createScreenStore(), [screen])
  const language: Language = view.snapshot?.language ?? 'kk'
  const messages = useMemo(() => flatTexts(language), [language])
  useEffect(() => {
    document.documentElement.lang = language
  }, [language])
  if (view.snapshot === null) return <FirstScreen connection={view.connection} />
  return (
    <I18nProvider locale={language}>
      <IntlProvider locale={language} messages={messages}>
        {view.snapshot.bench === null ? (
          <TillScreen bridge={bridge} snapshot={view.snapshot} view={view} store={store} />
        ) : (
          <BenchScreen bridge={bridge} snapshot={view.snapshot} bench={view.snapshot.bench} view={view} />
        )}
      </IntlProvider>
    </I18nProvider>
  )
}

function useBridgeView(bridge: Bridge): BridgeView {
  const [view, setView] = useState(() => firstView(bridge))
  useEffect(() => bridge.subscribe(setView), [bridge])
  return view
}

/** A bridge that already knows a view shows it without an empty first picture. */
function firstView(bridge: Bridge): BridgeView {
  let first = nothingYet
  bridge.subscribe((view) => {
    first = view
  })()
  return first
}
