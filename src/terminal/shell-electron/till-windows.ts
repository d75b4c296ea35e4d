/** The till's windows, and the only door between their pages and the rest: frames whose sender was checked. */
import { app, BrowserWindow, ipcMain, type IpcMainEvent, type Session, type WebContents } from 'electron'
import type { Timers } from '../shell/children.ts'
import type { AttachedWindow, WindowPort } from '../shell/windows.ts'
import { downChannel, helloChannel, isOurs, tillUrl, upChannel } from './channels.ts'
import { KeptPage } from './kept-page.ts'

export interface TillWindowsOptions {
  readonly tillSession: Session
  readonly preloadFile: string
  readonly kiosk: boolean
  readonly attachWindow: (window: WindowPort) => AttachedWindow
  readonly timers: Timers
  readonly log: (line: string) => void
}

export interface TillWindows {
  open(): void
  /** Brings the first window to the front. */
  focus(): void
}

/** Chromium's ERR_ABORTED: another load took the place of this one, or the page that was there stays. */
const cancelledLoad = -3

/** For every page of this process, also one that nobody thought of: it goes nowhere and opens nothing. */
export function lockPages(): void {
  app.on('web-contents-created', (_event, contents) => {
    contents.setWindowOpenHandler(() => ({ action: 'deny' }))
    contents.on('will-navigate', (event) => event.preventDefault())
    contents.on('will-frame-navigate', (event) => event.preventDefault())
    contents.on('will-redirect', (event) => event.preventDefault())
    contents.on('will-attach-webview', (event) => event.preventDefault())
  })
}

export function createTillWindows(options: TillWindowsOptions): TillWindows {
  const { tillSession, preloadFile, kiosk, attachWindow, timers, log } = options
  const ours = new Map<WebContents, BrowserWindow>()
  const attached = new Map<WebContents, AttachedWindow>()

  /** The top frame of a window of ours that shows a page of ours; everything else is nobody. */
  const isFromOurPage = ({ sender, senderFrame }: IpcMainEvent): boolean =>
    senderFrame !== null && ours.has(sender) && senderFrame === sender.mainFrame && isOurs(senderFrame.url)

  const detach = (contents: WebContents): void => {
    attached.get(contents)?.detach()
    attached.delete(contents)
  }

  ipcMain.on(helloChannel, (event) => {
    if (!isFromOurPage(event)) return log('a greeting from a foreign page was ignored')
    const { sender } = event
    // A page that was loaded again is a new window to the rest.
    detach(sender)
    const post: WindowPort['post'] = (frame) => {
      if (!sender.isDestroyed()) sender.send(downChannel, frame)
    }
    attached.set(sender, attachWindow({ post }))
  })
  ipcMain.on(upChannel, (event, frame: unknown) => {
    if (!isFromOurPage(event)) return log('a frame from a foreign page was ignored')
    attached.get(event.sender)?.receive(frame)
  })

  const open = (): void => {
    const window = new BrowserWindow({
      width: 1280,
      height: 800,
      kiosk,
      autoHideMenuBar: true,
      webPreferences: {
        session: tillSession,
        preload: preloadFile,
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        webviewTag: false,
        webSecurity: true,
        allowRunningInsecureContent: false,
        experimentalFeatures: false,
        navigateOnDragDrop: false,
        spellcheck: false,
        devTools: !app.isPackaged,
      },
    })
    const contents = window.webContents
    ours.set(contents, window)
    const page = new KeptPage({
      timers,
      log,
      // Why it did not load is told by the event below.
      load: () => void contents.loadURL(tillUrl).catch(() => undefined),
      end: () => contents.forcefullyCrashRenderer(),
    })
    const lost = (what: string): void => {
      detach(contents)
      page.lost(what)
    }
    contents.on('render-process-gone', (_event, { reason }) => lost(`ended (${reason})`))
    contents.on('did-fail-load', (_event, code, description, _address, isMainFrame) => {
      if (isMainFrame && code !== cancelledLoad) lost(`did not load (${description})`)
    })
    contents.on('unresponsive', () => page.hangs())
    contents.on('responsive', () => page.answers())
    contents.once('destroyed', () => {
      page.close()
      detach(contents)
      ours.delete(contents)
    })
    page.load()
  }

  return {
    open,
    focus: () => {
      const first = [...ours.values()][0]
      if (first?.isMinimized() === true) first.restore()
      first?.focus()
    },
  }
}
