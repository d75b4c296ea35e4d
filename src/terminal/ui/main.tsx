/** The till's window: takes the bridge of the Electron preload, or makes the browser's, and shows the screen. */
import { createRoot } from 'react-dom/client'
import { z } from 'zod'
import type { Bridge } from '../contract/index.ts'
import { App } from './app.tsx'
import { createBrowserBridge } from './bridge/browser-bridge.ts'

declare global {
  interface Window {
    /** Put there by Electron's preload script. */
    readonly tolem?: Bridge
  }
}

// A strict content security policy forbids compiling code at run time.
z.config({ jitless: true })

function browserBridge(): Bridge {
  return createBrowserBridge({
    location: window.location,
    replaceAddress: (address) => window.history.replaceState(null, '', address),
    fetch: (path, init) => window.fetch(path, init),
    openSocket: (address, ears) => {
      const socket = new WebSocket(address)
      socket.addEventListener('open', ears.opened)
      socket.addEventListener('message', ({ data }) => ears.received(data))
      socket.addEventListener('close', ears.closed)
      return { send: (text) => socket.send(text), close: () => socket.close() }
    },
    after: (milliseconds, act) => void window.setTimeout(act, milliseconds),
  })
}

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no element #root')
createRoot(root).render(<App bridge={window.tolem ?? browserBridge()} />)
