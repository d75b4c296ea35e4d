/** Switches that a packaged till refuses: those of sources and tests, and Chromium's doors into a page. */
const refused = [
  'core',
  'devices',
  'ui-folder',
  'core-program',
  'devices-program',
  // Another folder of user data is another settings.json: other ledger, other keys, under the till's own icon.
  'user-data-dir',
  // A debugger at the page could press every button of the till.
  'remote-debugging-port',
  'remote-debugging-pipe',
  'remote-debugging-address',
  // A page outside of the sandbox, without the rules of origins, or in a program of somebody's own.
  'no-sandbox',
  'disable-web-security',
  'renderer-cmd-prefix',
  'utility-cmd-prefix',
  'zygote-cmd-prefix',
  'gpu-launcher',
] as const

/**
 * The refused switches on a command line, without their dashes. As Chromium reads it: one dash or two, on Windows also
 * a slash, in any case, whatever blanks stand before.
 *
 * @param isRoot Chromium does not start as root with its sandbox, so that there is none to lose.
 */
export function refusedSwitches(line: readonly string[], isRoot: boolean): readonly string[] {
  const named = line.map((part) => /^\s*(?:--?|\/)([^=]+)/.exec(part)?.[1]?.trimEnd().toLowerCase())
  return refused.filter((name) => named.includes(name) && !(isRoot && name === 'no-sandbox'))
}
