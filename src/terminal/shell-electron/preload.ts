/** Runs sandboxed beside the page, before it: puts the bridge into `window.tolem`, and nothing of Electron. */
import { contextBridge, ipcRenderer } from 'electron'
import { z } from 'zod'
import { downChannel, helloChannel, isOurs, upChannel } from './channels.ts'
import { createPreloadBridge } from './preload-bridge.ts'

// A strict content security policy forbids compiling code at run time.
z.config({ jitless: true })

if (isOurs(window.location.href)) {
  const bridge = createPreloadBridge({
    post: (frame) => ipcRenderer.send(upChannel, frame),
    onFrame: (listener) => void ipcRenderer.on(downChannel, (_event, frame: unknown) => listener(frame)),
  })
  contextBridge.exposeInMainWorld('tolem', bridge)
  ipcRenderer.send(helloChannel)
}
