/** One picture of the gallery: `#picture=NAME&language=kk&theme=dark`. Without a name, the list of all. */
import { createRoot } from 'react-dom/client'
import { languages, type Bridge, type BridgeView } from '../../contract/index.ts'
import { App } from '../app.tsx'
import { createScreenStore } from '../input/screen-state.ts'
import { pictures } from './pictures.ts'

/** Shows one view for ever and takes every command. */
function stillBridge(view: BridgeView): Bridge {
  return {
    subscribe: (listener) => {
      listener(view)
      return () => undefined
    },
    send: () => Promise.resolve({ ok: true }),
    onInput: () => () => undefined,
  }
}

function List() {
  return (
    <ul>
      {pictures.map(({ name }) => (
        <li key={name}>
          <a href={`#picture=${name}`}>{name}</a>
        </li>
      ))}
    </ul>
  )
}

const element = document.getElementById('root')
if (element === null) throw new Error('index.html has no element #root')
const root = createRoot(element)

/** A new picture is a new screen: nothing of the one before stays. */
function show(): void {
  const address = window.location.hash
  const asked = new URLSearchParams(address.slice(1))
  const language = languages.find((candidate) => candidate === asked.get('language')) ?? 'kk'
  const picture = pictures.find(({ name }) => name === asked.get('picture'))
  window.localStorage.setItem('tolem.dark', asked.get('theme') === 'dark' ? 'on' : 'off')
  const { snapshot = null } = picture?.view ?? {}
  root.render(
    picture === undefined ? (
      <List />
    ) : (
      <App
        key={address}
        bridge={stillBridge({ ...picture.view, snapshot: snapshot === null ? null : { ...snapshot, language } })}
        screen={createScreenStore(picture.screen)}
      />
    ),
  )
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      document.documentElement.dataset['shown'] = address
    }),
  )
}

window.addEventListener('hashchange', show)
show()
