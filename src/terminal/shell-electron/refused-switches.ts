/** Switches that a packaged till refuses: those of sources and tests, and Chromium's doors into a page. */
const refused = [
  'core',
  'devices',
  'ui-folder',
  'core-program',
  'devices-program',
  // A debugger at the page could press every button of the till.
  'remote-debugging-port',
  'remote-debugging-pipe',
  'remote-debugging-address',
] as const

/**
 * The refused switches on a command line, without their dashes. As Chromium reads it: one dash or two, on Windows also
 * a slash, in any case.
 */
export function refusedSwitches(line: readonly string[]): readonly string[] {
  const named = line.map((part) => /^(?:--?|\/)([^=]+)/.exec(part)?.[1]?.toLowerCase())
  return refused.filter((name) => named.includes(name))
}
