/** The program, the clock, the data folder, ports: what a till stands on. */
import { DataFolderError } from '../../sync/journal/data-folder.ts'
import { found, type Finding } from './finding.ts'
import type { Asked, LedgerLook, Machine, TillLook } from './machine.ts'

export function programCheck(machine: Machine, { nodeWanted }: Asked): Finding {
  const { nodeVersion: node, electronVersion } = machine
  const seen = { node, wanted: nodeWanted, electron: electronVersion ?? '—' }
  const major = (version: string): number => Number(version.split('.')[0])
  if (major(node) < major(nodeWanted)) return found('program', 'node-old', seen)
  return found('program', node === nodeWanted ? 'node-ok' : 'node-other', seen)
}

export function settingsCheck({ settings }: Asked): Finding {
  switch (settings.kind) {
    case 'none':
      return found('settings', 'settings-none')
    case 'read':
      return found('settings', 'settings-ok', { file: settings.file })
    case 'missing':
      return found('settings', 'settings-missing', { file: settings.file })
    case 'unreadable':
    case 'malformed':
      return found('settings', `settings-${settings.kind}`, { file: settings.file, detail: settings.detail })
  }
}

const [firstYear, lastYear] = [2026, 2099]
/** What the till makes up for by itself is told all the same: receipts and shifts carry the machine's time. */
const clockDifferenceMaxMs = 60_000

/** @param ledger null where it was not asked */
export function clockCheck(machine: Machine, ledger: LedgerLook | null): Finding {
  const now = machine.now()
  const at = new Date(now)
  const seen = { at: at.toISOString().slice(0, 16).replace('T', ' ') }
  if (at.getUTCFullYear() < firstYear || at.getUTCFullYear() > lastYear)
    return found('clock', 'clock-impossible', { ...seen, year: at.getUTCFullYear() })
  if (ledger?.kind === 'heard' && ledger.at !== null && Math.abs(ledger.at - now) > clockDifferenceMaxMs)
    return found('clock', 'clock-differs', { ...seen, minutes: Math.round((now - ledger.at) / 60_000) })
  return found('clock', 'clock-ok', seen)
}

export async function folderCheck(machine: Machine, { data }: Asked, till: TillLook): Promise<Finding> {
  const node = await machine.node(data)
  if (node === null) return found('folder', 'folder-none', { data })
  const { owner, mode } = node
  if (node.kind !== 'folder') return found('folder', 'folder-not-one', { data })
  if (!node.canWrite || !node.canRead) return found('folder', 'folder-no-rights', { data, owner })
  const { held, pid } = await till.holder()
  // Windows keeps rights in lists, which these bits do not show.
  if (machine.platform !== 'win32' && (mode & 0o077) !== 0)
    return found('folder', 'folder-open', { data, mode: mode.toString(8) })
  return held ? found('folder', 'folder-in-use', { data, pid }) : found('folder', 'folder-free', { data })
}

const waitsLongMs = 86_400_000

export async function journalCheck(machine: Machine, till: TillLook): Promise<Finding> {
  try {
    const journal = await till.journal()
    if (journal === null) return found('journal', 'journal-none')
    const { rows, waiting, parked, unresolved, oldestAt } = journal
    const isOld = oldestAt !== null && machine.now() - oldestAt > waitsLongMs
    return found('journal', parked > 0 || isOld ? 'journal-waits' : 'journal-ok', {
      ...{ rows, waiting, parked, unresolved },
      days: oldestAt === null ? 0 : Math.max(0, Math.floor((machine.now() - oldestAt) / waitsLongMs)),
    })
  } catch (error) {
    if (error instanceof DataFolderError) return found('journal', 'journal-fault', { code: error.code })
    throw error
  }
}

const megabyte = 1_048_576
/** A year of a busy till's journal; and what SQLite needs to close one in order. */
const [lowBytes, fullBytes] = [500 * megabyte, 20 * megabyte]
/** `statfs(2)`: NFS, SMB of three ages, FUSE, 9P. What they say of an fsync is another machine's word. */
const remoteTypes = [0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x65735546, 0x01021997]
/** tmpfs, ramfs. */
const memoryTypes = [0x01021994, 0x858458f6]

/** Of the folder, or of that in which it would be made. */
export async function diskCheck(machine: Machine, { data }: Asked): Promise<Finding> {
  const space = await machine.space(data)
  if (space === null) return found('disk', 'disk-unknown')
  const seen = { megabytes: Math.floor(space.freeBytes / megabyte) }
  if (space.freeBytes < fullBytes) return found('disk', 'disk-full', seen)
  if (memoryTypes.includes(space.type)) return found('disk', 'disk-in-memory', seen)
  if (remoteTypes.includes(space.type)) return found('disk', 'disk-remote', seen)
  return found('disk', space.freeBytes < lowBytes ? 'disk-low' : 'disk-ok', seen)
}

/** Ledger, panel and till talk to each other on 127.0.0.1; which ports, the system says unless somebody does. */
export async function portsCheck(machine: Machine, { ports }: Asked): Promise<Finding[]> {
  const any = await machine.listens(0)
  if (any !== 'free') return [found('ports', 'loopback-fault', { code: any })]
  const taken: Finding[] = []
  for (const port of ports) {
    const code = await machine.listens(port)
    if (code !== 'free') taken.push(found('ports', 'port-taken', { port, code }))
  }
  return taken.length > 0 ? taken : [found('ports', 'ports-ok', { ports: ports.join(', ') || '—' })]
}

export function ledgerCheck({ ledgerUrl }: Asked, look: LedgerLook | null): Finding {
  if (ledgerUrl === null || look === null) return found('ledger', 'ledger-not-named')
  const seen = { url: ledgerUrl }
  switch (look.kind) {
    case 'not_reached': {
      const isName = ['ENOTFOUND', 'EAI_AGAIN', 'ERR_INVALID_URL'].includes(look.code)
      return found('ledger', isName ? 'ledger-address' : 'ledger-unreachable', { ...seen, code: look.code })
    }
    case 'silent':
      return found('ledger', 'ledger-silent', { ...seen, code: look.code })
    case 'heard': {
      const codes = { ours: 'ledger-ok', unknown: 'ledger-unproved', another: 'ledger-not-ours' } as const
      return found('ledger', codes[look.signature], seen)
    }
  }
}

export async function terminalCheck({ data }: Asked, till: TillLook, look: LedgerLook | null): Promise<Finding> {
  const identity = await till.identity()
  if (identity !== 'enrolled') return found('terminal', `terminal-${identity}`)
  const state = look?.kind === 'heard' ? look.terminal : null
  if (state === null) return found('terminal', 'terminal-not-asked')
  // It is there, and hears this till again within minutes (docs/adr/0044).
  if (typeof state === 'object' && state.fault === 'dated_before_restart')
    return found('terminal', 'terminal-restarted')
  if (typeof state === 'object') return found('terminal', 'terminal-fault', { code: state.fault })
  return found('terminal', `terminal-${state}`, { data })
}
