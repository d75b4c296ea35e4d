/** What main process and preload call their messages, and the only page that may send or get them. */

/** Preload → main: a page of ours has loaded and listens. */
export const helloChannel = 'tolem:hello'
/** Preload → main: an up frame of contract/bridge.ts. */
export const upChannel = 'tolem:up'
/** Main → preload: a down frame. */
export const downChannel = 'tolem:down'

export const tillScheme = 'app'
export const tillOrigin = `${tillScheme}://till`
export const tillUrl = `${tillOrigin}/`

/** Whether an address is a page of ours. `URL.origin` is 'null' for a scheme that Node does not know. */
export function isOurs(address: string): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, host } = new URL(address)
  return `${protocol}//${host}` === tillOrigin
}
