import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import type { CardReaderPort, PrinterPort } from '../ports.ts'
import { printerProfileIds, printerProfiles } from '../printer/profile.ts'
import { createPrinter, defaultPrinterTiming } from '../printer/printer.ts'
import { deviceFileLineOpener } from '../printer/device-file-line.ts'
import type { PrinterLineOpener } from '../printer/line.ts'
import { printerSettings } from '../printer/settings.ts'
import { tcpLineOpener } from '../printer/tcp-line.ts'
import type { Scheduler } from '../scheduler.ts'
import { createAbsentPrinter, createAbsentReader } from './absent-devices.ts'
import type { Devices } from './serve.ts'

const milliseconds = z.int().min(0).max(600_000)
const usual = defaultPrinterTiming
const printerTiming = z.strictObject({
  connectMaxMs: milliseconds.default(usual.connectMaxMs),
  replyMaxMs: milliseconds.default(usual.replyMaxMs),
  stallMaxMs: milliseconds.default(usual.stallMaxMs),
  finishMaxMs: milliseconds.default(usual.finishMaxMs),
  finishPollMs: milliseconds.default(usual.finishPollMs),
  pollIntervalMs: milliseconds.default(usual.pollIntervalMs),
})

const printerCommon = {
  profile: z.enum(printerProfileIds),
  /** `none`: a printer that tells nothing of itself; what is printed is then only handed over. */
  status: z.enum(['asked', 'none']).default('asked'),
  /** How long this printer may take, where it is not as most are (`PrinterTiming`). */
  timing: printerTiming.prefault({}),
}

/** The argument `--devices`: which hardware the device host looks after. */
export const deviceConfiguration = z.strictObject({
  reader: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('pcsc') }),
    /** A file whose default export is `createReader(options): CardReaderPort` (or a promise of one). */
    z.strictObject({ kind: z.literal('module'), path: z.string().min(1), options: z.json().optional() }),
    z.strictObject({ kind: z.literal('none') }),
  ]),
  printer: z.discriminatedUnion('kind', [
    ...printerSettings(printerCommon),
    z.strictObject({ kind: z.literal('none') }),
  ]),
})
export type DeviceConfiguration = z.output<typeof deviceConfiguration>

/**
 * What a module named in the configuration exports by default. Its reader reports cards in later turns of the event
 * loop only, never while it is being created: the host has to subscribe first.
 */
export type CreateReader = (options: unknown) => CardReaderPort | Promise<CardReaderPort>

export interface DeviceOptions {
  readonly scheduler: Scheduler
  readonly createPresenceId: () => string
}

/** Opens the configured devices. Rejects when a module cannot be loaded or is no reader. */
export async function openDevices(configuration: DeviceConfiguration, options: DeviceOptions): Promise<Devices> {
  return {
    reader: await openReader(configuration.reader, options),
    printer: await openPrinter(configuration.printer, options),
  }
}

async function openReader(reader: DeviceConfiguration['reader'], options: DeviceOptions): Promise<CardReaderPort> {
  switch (reader.kind) {
    case 'none':
      return createAbsentReader()
    case 'pcsc': {
      // Loaded only when asked for: the native part may be missing where only virtual readers are used.
      const { createNfcPcscReader } = await import('../card-reader/nfc-pcsc-reader.ts')
      return createNfcPcscReader(options)
    }
    case 'module': {
      const loaded = (await import(pathToFileURL(reader.path).href)) as { default?: unknown }
      if (typeof loaded.default !== 'function') throw new TypeError(`${reader.path} has no default export createReader`)
      return (loaded.default as CreateReader)(reader.options)
    }
  }
}

type PrinterSettings = Exclude<DeviceConfiguration['printer'], { kind: 'none' }>

async function openPrinter(
  printer: DeviceConfiguration['printer'],
  { scheduler }: DeviceOptions,
): Promise<PrinterPort> {
  if (printer.kind === 'none') return createAbsentPrinter()
  const { profile, status, timing } = printer
  return createPrinter({
    opener: await openerOf(printer),
    profile: printerProfiles[profile],
    status,
    scheduler,
    timing,
  })
}

async function openerOf(printer: PrinterSettings): Promise<PrinterLineOpener> {
  switch (printer.kind) {
    case 'tcp':
      return tcpLineOpener(printer)
    case 'usb':
      return deviceFileLineOpener(printer.path)
    case 'serial': {
      // As with the readers: the native part is loaded where it is used.
      const { serialLineOpener } = await import('../printer/serial-line.ts')
      return serialLineOpener(printer)
    }
  }
}
