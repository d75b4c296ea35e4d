/** The doctor on this machine: what is examined, and what is asked of it. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { verifyingKey } from '../../sync/protocol/keys.ts'
import { httpTransport } from '../core/http-transport.ts'
import { realClock, realRandomness, realScheduler } from '../core/real-ports.ts'
import { examine } from '../doctor/examine.ts'
import type { Finding } from '../doctor/finding.ts'
import { lookAtLedger } from '../doctor/ledger-look.ts'
import type { Asked, KnownSettings, LedgerLook, PrinterLook, PrinterSettings } from '../doctor/machine.ts'
import { readSettingsFile, type SettingsOutcome } from '../shell-electron/settings-file.ts'
import type { AskApart } from './apart.ts'
import { folderOf, lookAtTill, tillLookOf } from './folder.ts'
import { readersOfThisMachine } from './readers.ts'
import { root, thisMachine } from './this-machine.ts'
import { tillIdentityIn, type TillIdentity } from './till-identity.ts'

/** How a printer is connected and what it is told to be. */
export type KnownPrinter = PrinterSettings & { readonly status: string }

/** Of what the device host is started with, what is examined. */
export interface KnownDevices {
  readonly reader: { readonly kind: string }
  readonly printer: KnownPrinter | { readonly kind: 'none' }
  readonly hid: { readonly devices?: Asked['hid'] | undefined }
}

/** A till, as far as it is known. */
export interface KnownTill {
  readonly settings: KnownSettings
  /** Its folder, or the one above it. */
  readonly data: string
  readonly ledgerUrl: string | null
  readonly devices: KnownDevices | null
  /** That must be free. */
  readonly ports: readonly number[]
}

export interface Ways {
  readonly apart: AskApart
  /** Asked only where no till holds the folder: the printer of a running till is left alone. */
  readonly printer: () => Promise<PrinterLook>
}

export interface Examination {
  /** When it began, in milliseconds since 1970. */
  readonly at: number
  readonly asked: Asked
  readonly findings: readonly Finding[]
  readonly printer: KnownDevices['printer']
  /** Of the till that is enrolled there. */
  readonly terminalId: string | null
  /** Whoever reads it waits for ever. */
  readonly isFolderSilent: boolean
}

/** Changes nothing of a till; a till may run meanwhile. Never rejects for what a machine may be like. */
export async function examineThisMachine(known: KnownTill, { apart, printer: ask }: Ways): Promise<Examination> {
  const { settings, ledgerUrl, devices, ports } = known
  const printer = devices?.printer ?? { kind: 'none' }
  const till = await lookAtTill(apart, known.data)
  const data = folderOf(known.data, till)
  const asked: Asked = {
    settings,
    data,
    ledgerUrl,
    printer: printer.kind === 'none' ? null : printer,
    wantsReader: devices?.reader.kind === 'pcsc',
    hid: devices?.hid.devices ?? [],
    ports,
    nodeWanted: nodeWanted(),
  }
  const at = realClock.wall()
  const findings = await examine(
    asked,
    {
      machine: await thisMachine(() => realClock.wall()),
      readers: () => readersOfThisMachine(apart),
      printer: ask,
      till: tillLookOf(apart, data, till),
      ledger: async (url: string) => ledgerAt(url, till === null ? { kind: 'none' } : tillIdentityIn(data)),
    },
    realScheduler,
  )
  return { at, asked, printer, findings, terminalId: till?.terminalId ?? null, isFolderSilent: till === null }
}

/** Electron brings its own, which no `.nvmrc` chooses. */
const nodeWanted = (): string =>
  process.versions['electron'] === undefined ? readFileSync(join(root, '.nvmrc'), 'utf8').trim() : process.versions.node

/** A packaged till's settings.json, and what it says. */
export function settingsIn(file: string): { readonly settings: KnownSettings; readonly outcome: SettingsOutcome } {
  // The anchor is not looked at; it lies outside of whatever the data folder is.
  const outcome = readSettingsFile({ userData: dirname(file), anchors: join(dirname(file), 'anchors') })
  if (outcome.kind === 'read') return { settings: { kind: 'read', file }, outcome }
  const { code, detail } = outcome
  if (code === 'settings_missing') return { settings: { kind: 'missing', file }, outcome }
  const kind = code === 'settings_unreadable' ? 'unreadable' : 'malformed'
  return { settings: { kind, file, detail }, outcome }
}

async function ledgerAt(url: string, identity: TillIdentity): Promise<LedgerLook> {
  const isEnrolled = identity.kind === 'enrolled'
  const { transport, close } = httpTransport()
  try {
    return await lookAtLedger({
      url,
      ledgerKey: isEnrolled ? verifyingKey(identity.enrolment.ledgerKey) : undefined,
      signer: isEnrolled ? identity.signer : undefined,
      transport,
      randomness: realRandomness,
      now: realClock.wall(),
    })
  } finally {
    close()
  }
}
