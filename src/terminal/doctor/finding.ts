/** What the doctor can find, each with how grave it is: one closed list, and a text in three languages for each. */

/**
 * - `ok`: works, or is not asked for here.
 * - `warning`: the till works, and a tester should know or will be held up later.
 * - `fault`: something that was asked for does not work.
 */
export type Level = 'ok' | 'warning' | 'fault'

/** What is looked at, in the order in which it is told. */
export const checkNames = [
  'program',
  'settings',
  'clock',
  'folder',
  'journal',
  'disk',
  'ports',
  'ledger',
  'terminal',
  'pcsc',
  'modules',
  'reader',
  'card',
  'printer',
  'serial',
  'hid',
] as const
export type CheckName = (typeof checkNames)[number]

export const levels = {
  'node-ok': 'ok',
  'node-other': 'warning',
  'node-old': 'fault',
  'settings-none': 'ok',
  'settings-ok': 'ok',
  'settings-missing': 'fault',
  'settings-unreadable': 'fault',
  'settings-malformed': 'fault',
  'clock-ok': 'ok',
  'clock-impossible': 'fault',
  'clock-differs': 'warning',
  'folder-none': 'ok',
  'folder-free': 'ok',
  'folder-in-use': 'ok',
  'folder-not-one': 'fault',
  'folder-no-rights': 'fault',
  'folder-open': 'warning',
  'journal-none': 'ok',
  'journal-ok': 'ok',
  'journal-waits': 'warning',
  'journal-fault': 'fault',
  'disk-ok': 'ok',
  'disk-unknown': 'ok',
  'disk-low': 'warning',
  'disk-full': 'fault',
  'disk-remote': 'warning',
  'disk-in-memory': 'warning',
  'ports-ok': 'ok',
  'port-taken': 'fault',
  'loopback-fault': 'fault',
  'ledger-not-named': 'ok',
  'ledger-ok': 'ok',
  'ledger-unproved': 'ok',
  'ledger-address': 'fault',
  'ledger-unreachable': 'fault',
  'ledger-silent': 'fault',
  'ledger-not-ours': 'fault',
  'terminal-none': 'ok',
  'terminal-damaged': 'fault',
  'terminal-not-asked': 'ok',
  'terminal-no-answer': 'warning',
  'terminal-active': 'ok',
  'terminal-suspended': 'fault',
  'terminal-unknown': 'fault',
  'terminal-restarted': 'warning',
  'terminal-fault': 'fault',
  'pcsc-ok': 'ok',
  'pcsc-not-needed': 'ok',
  'pcsc-missing': 'fault',
  'pcsc-not-running': 'fault',
  'pcsc-no-rights': 'fault',
  'pcsc-refuses': 'fault',
  'pcsc-unusable': 'fault',
  'pcsc-silent': 'fault',
  'modules-ok': 'ok',
  'modules-loaded': 'warning',
  'modules-grab': 'fault',
  'reader-none': 'ok',
  'reader-wanted': 'fault',
  'reader-no-driver': 'fault',
  'reader-no-rights': 'fault',
  'reader-unseen': 'fault',
  'reader-acr122u': 'ok',
  'reader-escape-off': 'warning',
  'reader-omnikey': 'ok',
  'reader-virtual': 'ok',
  'reader-unknown': 'warning',
  'card-none': 'ok',
  'card-there': 'ok',
  'card-of-till': 'ok',
  'card-shared': 'warning',
  'card-in-use': 'fault',
  'card-mute': 'warning',
  'printer-not-named': 'ok',
  'printer-with-till': 'ok',
  'printer-ok': 'ok',
  'printer-mute': 'warning',
  'printer-paper-low': 'warning',
  'printer-address': 'fault',
  'printer-refuses': 'fault',
  'printer-unreachable': 'fault',
  'printer-gone': 'fault',
  'printer-no-access': 'fault',
  'printer-in-use': 'fault',
  'printer-not-a-device': 'fault',
  'printer-silent': 'fault',
  'printer-paper-out': 'fault',
  'printer-cover-open': 'fault',
  'printer-cutter-error': 'fault',
  'printer-error': 'fault',
  'printer-busy': 'warning',
  'serial-none': 'ok',
  'serial-ok': 'ok',
  'serial-no-rights': 'warning',
  'serial-log-in-again': 'warning',
  'serial-grabbed': 'warning',
  'serial-taken': 'warning',
  'hid-none': 'ok',
  'hid-ok': 'ok',
  'hid-no-rights': 'warning',
  'check-late': 'warning',
  'check-broken': 'warning',
} as const satisfies Record<string, Level>
export type FindingCode = keyof typeof levels

export interface Finding {
  readonly check: CheckName
  readonly code: FindingCode
  /** What was seen, by the names that the texts use. */
  readonly seen: Readonly<Record<string, string>>
}

export const levelOf = ({ code }: Finding): Level => levels[code]

export function found(check: CheckName, code: FindingCode, seen: Record<string, string | number> = {}): Finding {
  const words = Object.entries(seen).map(([name, value]) => [name, String(value)] as const)
  return { check, code, seen: Object.fromEntries(words) }
}
