/** One picture of the gallery: `#picture=NAME&language=kk&theme=dark`. Without a name, the list of all. */
import { flushSync } from 'react-dom'
import { createRoot } from 'react-dom/client'
import { languages, type Bridge } from '../../contract/index.ts'
import { App } from '../app.tsx'
import { createScreenStore } from '../input/screen-state.ts'
import { allPictures } from './all-pictures.ts'
import type { Picture, Step } from './picture.ts'

/** Shows one view for ever, and has one answer to every command. */
function stillBridge({ view, fault }: Picture): Bridge {
  return {
    subscribe: (listener) => {
      listener(view)
      return () => undefined
    },
    send: () => Promise.resolve(fault === null ? { ok: true } : { ok: false, fault }),
    onInput: () => () => undefined,
  }
}

function List() {
  return (
    <ul>
      {allPictures.map(({ name }) => (
        <li key={name}>
          <a href={`#picture=${name}`}>{name}</a>
        </li>
      ))}
    </ul>
  )
}

function take(step: Step): void {
  const focused = document.activeElement ?? document.body
  if ('type' in step) document.execCommand('insertText', false, step.type)
  else focused.dispatchEvent(new KeyboardEvent('keydown', { key: step.press, bubbles: true, cancelable: true }))
}

const element = document.getElementById('root')
if (element === null) throw new Error('index.html has no element #root')
const root = createRoot(element)

/** A new picture is a new screen: nothing of the one before stays. */
function show(): void {
  const address = window.location.hash
  const asked = new URLSearchParams(address.slice(1))
  const language = languages.find((candidate) => candidate === asked.get('language')) ?? 'kk'
  const picture = allPictures.find(({ name }) => name === asked.get('picture'))
  delete document.documentElement.dataset['theme']
  window.localStorage.setItem('tolem.dark', asked.get('theme') === 'dark' ? 'on' : 'off')
  const { snapshot = null } = picture?.view ?? {}
  // At once, so that a step meets what the one before has left.
  flushSync(() =>
    root.render(
      picture === undefined ? (
        <List />
      ) : (
        <App
          key={address}
          bridge={stillBridge({
            ...picture,
            view: { ...picture.view, snapshot: snapshot === null ? null : { ...snapshot, language } },
          })}
          screen={createScreenStore(picture.screen)}
        />
      ),
    ),
  )
  for (const step of picture?.steps ?? []) flushSync(() => take(step))
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      document.documentElement.dataset['shown'] = address
    }),
  )
}

window.addEventListener('hashchange', show)
show()
