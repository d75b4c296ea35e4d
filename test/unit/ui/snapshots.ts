/** What several tests of the screen share: every picture of the gallery in every language, rendered on a server. */
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { languages, type Bridge, type BridgeView, type Language } from '../../../src/terminal/contract/index.ts'
import { App } from '../../../src/terminal/ui/app.tsx'
import { createScreenStore, type ScreenState } from '../../../src/terminal/ui/input/screen-state.ts'
import { pictures } from '../../../src/terminal/ui/gallery/pictures.ts'

export interface Rendered {
  readonly name: string
  readonly language: Language
  readonly view: BridgeView
  readonly screen: ScreenState
  readonly html: string
}

const still = (view: BridgeView): Bridge => ({
  subscribe: (listener) => {
    listener(view)
    return () => undefined
  },
  send: () => Promise.resolve({ ok: true }),
  onInput: () => () => undefined,
})

export function rendered(view: BridgeView, screen: ScreenState): string {
  return renderToString(createElement(App, { bridge: still(view), screen: createScreenStore(screen) }))
}

export const everyPicture: readonly Omit<Rendered, 'html'>[] = pictures.flatMap(({ name, view, screen }) =>
  languages.map((language) => ({
    name,
    language,
    screen,
    view: view.snapshot === null ? view : { ...view, snapshot: { ...view.snapshot, language } },
  })),
)
