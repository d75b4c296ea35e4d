/** The session of the till's windows: our own files over `app://till/`, and nothing else of the world. */
import { protocol, session, type Session } from 'electron'
import { contentSecurityPolicy, securityHeaders } from '../shell/content-security-policy.ts'
import type { UiFiles } from '../shell/ui-files.ts'
import { isOurs, tillScheme } from './channels.ts'

/** Before `app` is ready, or Electron treats the scheme as one without an origin. */
export function registerTillScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: tillScheme, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ])
}

/** In memory only. Serves the UI, cancels every other request, denies every permission and download. */
export function createTillSession(uiFiles: UiFiles): Session {
  const tillSession = session.fromPartition('till')
  const headers = securityHeaders(contentSecurityPolicy())

  tillSession.protocol.handle(tillScheme, (request) => {
    const file = isOurs(request.url) && request.method === 'GET' ? uiFiles.find(new URL(request.url).pathname) : null
    if (file === null) return new Response(null, { status: 404, headers })
    return new Response(file.content, { headers: { ...headers, 'content-type': file.type } })
  })
  tillSession.webRequest.onBeforeRequest(({ url }, decide) => {
    decide({ cancel: !(isOurs(url) || url.startsWith('data:') || url.startsWith('devtools:')) })
  })
  // Without these, Electron grants what a page asks for.
  tillSession.setPermissionRequestHandler((_contents, _permission, decide) => decide(false))
  tillSession.setPermissionCheckHandler(() => false)
  tillSession.setDevicePermissionHandler(() => false)
  tillSession.on('will-download', (event) => event.preventDefault())
  return tillSession
}
