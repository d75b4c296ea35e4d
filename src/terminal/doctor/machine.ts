/**
 * What the doctor sees of a machine: a few questions that nothing is changed by. The real one is
 * src/terminal/examiner/this-machine.ts; tests have one of their own.
 */
import type { PrinterStatus } from '../../drivers/ports.ts'
import type { CoreSettings } from '../core/settings.ts'

/** A file, folder or device as the system names it. */
export interface Node {
  readonly kind: 'file' | 'folder' | 'device' | 'other'
  /** Of the owner and the group, by name where the system has one. */
  readonly owner: string
  readonly group: string
  /** The nine bits of its rights. */
  readonly mode: number
  /** By this user. */
  readonly canRead: boolean
  readonly canWrite: boolean
}

export interface Space {
  readonly freeBytes: number
  /** Linux' magic number of the kind of file system (`statfs(2)`); 0 where there is none. */
  readonly type: number
}

export interface Machine {
  readonly platform: NodeJS.Platform
  /** Of Node, without `v`. */
  readonly nodeVersion: string
  readonly electronVersion: string | null
  /** The wall clock, in milliseconds since 1970. */
  now(): number
  /** Null where it is not there, or not to be read. */
  text(path: string): Promise<string | null>
  /** The first bytes of a file; null as for `text`. */
  bytes(path: string, countMax: number): Promise<Uint8Array | null>
  /** What is in a folder, sorted; nothing where there is none. */
  names(folder: string): Promise<readonly string[]>
  node(path: string): Promise<Node | null>
  space(folder: string): Promise<Space | null>
  /** This user's name, the groups that count for this process, and those that the system's list of groups gives. */
  user(): Promise<{ readonly name: string; readonly groups: readonly string[]; readonly listed: readonly string[] }>
  /** Names of the programs that run, with the user each runs as. */
  programs(): Promise<readonly { readonly name: string; readonly user: string }[]>
  /** To a socket of this machine: `connected`, or the system's code; `ETIMEDOUT` when nobody answers in time. */
  connects(path: string): Promise<string>
  /** `free`, or the system's code, for a server on this port of 127.0.0.1; 0 asks for any. */
  listens(port: number): Promise<string>
}

/** One reader, as PC/SC tells of it without touching its card. */
export interface SeenReader {
  readonly name: string
  /** `in-use`: a program is connected to it; `exclusive`: and lets nobody else. */
  readonly card: 'none' | 'there' | 'in-use' | 'exclusive' | 'mute'
}

export type PcscLook =
  | { readonly kind: 'readers'; readonly readers: readonly SeenReader[] }
  /** PC/SC said this code and no more. */
  | { readonly kind: 'refused'; readonly code: string }
  /** Its library, or our binding to it, cannot be loaded here. */
  | { readonly kind: 'unusable'; readonly why: string }
  | { readonly kind: 'silent' }

/** `printer` as the device host takes it, with how it is connected. */
export type PrinterSettings =
  | { readonly kind: 'tcp'; readonly profile: string; readonly host: string; readonly port: number }
  | {
      readonly kind: 'serial'
      readonly profile: string
      readonly path: string
      readonly baudRate: number
      readonly flowControl: string
    }
  | { readonly kind: 'usb'; readonly profile: string; readonly path: string }

/** `refusal`: what the system said where the line did not open, its code (`ECONNREFUSED`, …) if it had one. */
export interface PrinterLook extends PrinterStatus {
  readonly refusal?: string | undefined
}

/** The till's settings, as far as they are known here. */
export type KnownSettings =
  | { readonly kind: 'none' }
  | { readonly kind: 'read' | 'missing'; readonly file: string }
  | { readonly kind: 'unreadable' | 'malformed'; readonly file: string; readonly detail: string }

/** What a doctor is asked about. */
export interface Asked {
  readonly settings: KnownSettings
  readonly data: CoreSettings['data']
  readonly ledgerUrl: string | null
  readonly printer: PrinterSettings | null
  /** The settings want a reader; else one is looked for, and missed by nobody. */
  readonly wantsReader: boolean
  /** Which the settings name to be read by the till: keypads, scanners, displays. */
  readonly hid: readonly { readonly vendorId: string; readonly productId: string }[]
  readonly ports: readonly number[]
  /** `.nvmrc` of this version. */
  readonly nodeWanted: string
}

export interface DoctorPorts {
  readonly machine: Machine
  readonly readers: () => Promise<PcscLook>
  /** By the driver that the till prints with; asked only where `Asked.printer` is there. */
  readonly printer: () => Promise<PrinterLook>
  readonly till: TillLook
  readonly ledger: (url: string) => Promise<LedgerLook>
}

/** Nothing answered in the time that a question was given. */
export class UnansweredError extends Error {
  readonly afterMs: number
  constructor(afterMs: number) {
    super(`no answer within ${afterMs} ms`)
    this.name = 'UnansweredError'
    this.afterMs = afterMs
  }
}

/** What a data folder says. Each question rejects with `UnansweredError` where the folder says nothing. */
export interface TillLook {
  /** Whether a till holds the folder, and which process that is. */
  holder(): Promise<{ readonly held: boolean; readonly pid: string }>
  /** Null where no journal is. Rejects with a `DataFolderError`. */
  journal(): Promise<{
    readonly rows: number
    readonly waiting: number
    readonly parked: number
    readonly unresolved: number
    readonly oldestAt: number | null
  } | null>
  /** `damaged`: a till does not start on its keys or its enrolment. */
  identity(): Promise<'none' | 'enrolled' | 'damaged'>
}

export type LedgerLook =
  /** `code`: the system's. */
  | { readonly kind: 'not_reached' | 'silent'; readonly code: string }
  | {
      readonly kind: 'heard'
      /** By the key that the till is enrolled with; `unknown` where it is enrolled with none. */
      readonly signature: 'ours' | 'unknown' | 'another'
      /** The ledger's time, by its signature. */
      readonly at: number | null
      /** What the ledger says to a question that this till signed; null where it was not asked. */
      readonly terminal: 'active' | 'suspended' | 'unknown' | 'no-answer' | { readonly fault: string } | null
    }
