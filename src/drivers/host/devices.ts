import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { createHidDevices } from '../hid/hid-devices.ts'
import { namedPlaces, placesSeen } from '../hid/places.ts'
import { hidSettingsShape } from '../hid/settings.ts'
import type { CardReaderPort, HidBus, HidPort, PrinterPort } from '../ports.ts'
import { printerProfileIds, printerProfiles } from '../printer/profile.ts'
import { createPrinter, defaultPrinterTiming } from '../printer/printer.ts'
import { deviceFileLineOpener } from '../printer/device-file-line.ts'
import type { PrinterLineOpener } from '../printer/line.ts'
import { printerSettings } from '../printer/settings.ts'
import { tcpLineOpener } from '../printer/tcp-line.ts'
import type { Scheduler } from '../scheduler.ts'
import { createAbsentHid, createAbsentPrinter, createAbsentReader } from './absent-devices.ts'
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
  hid: z
    .discriminatedUnion('kind', [
      /** This machine's, by node-hid. */
      z.strictObject({ kind: z.literal('usb'), ...hidSettingsShape }),
      /** A file whose default export is `createHidBus(options): HidBus` (or a promise of one). */
      z.strictObject({
        kind: z.literal('module'),
        path: z.string().min(1),
        options: z.json().optional(),
        ...hidSettingsShape,
      }),
      z.strictObject({ kind: z.literal('none') }),
    ])
    .default({ kind: 'none' }),
})
export type DeviceConfiguration = z.output<typeof deviceConfiguration>

/**
 * What a module named in the configuration exports by default. Its reader reports cards in later turns of the event
 * loop only, never while it is being created: the host has to subscribe first.
 */
export type CreateReader = (options: unknown) => CardReaderPort | Promise<CardReaderPort>

/** As `CreateReader`, for a bus of HID devices. */
export type CreateHidBus = (options: unknown) => HidBus | Promise<HidBus>

export interface DeviceOptions {
  readonly scheduler: Scheduler
  readonly createPresenceId: () => string
  /** This machine's time, milliseconds since 1970. */
  readonly wall: () => number
  /** How often hosts before this one have ended by themselves, each soon after its start. */
  readonly endsInARow?: number
}

/** A till without a scanner sells; one whose card reader is gone every few seconds does not. */
const endsWithHidMax = 2

/** Opens the configured devices. Rejects when a module cannot be loaded or is no reader. */
export async function openDevices(configuration: DeviceConfiguration, options: DeviceOptions): Promise<Devices> {
  return {
    reader: await openReader(configuration.reader, options),
    printer: await openPrinter(configuration.printer, options),
    hid: await openHid(configuration.hid, options),
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
    case 'module':
      return ((await defaultOf(reader.path, 'createReader')) as CreateReader)(reader.options)
  }
}

async function defaultOf(path: string, name: string): Promise<unknown> {
  const loaded = (await import(pathToFileURL(path).href)) as { default?: unknown }
  if (typeof loaded.default !== 'function') throw new TypeError(`${path} has no default export ${name}`)
  return loaded.default
}

async function openHid(hid: DeviceConfiguration['hid'], options: DeviceOptions): Promise<HidPort> {
  const { scheduler, wall, endsInARow = 0 } = options
  if (hid.kind === 'none') return createAbsentHid()
  if (endsInARow > endsWithHidMax) {
    const trouble = { code: 'left-out', detail: `${endsInARow} ends in a row` } as const
    const places = placesSeen(namedPlaces(hid, trouble))
    return createAbsentHid(trouble, { scanners: hid.scanners, places, devices: [] })
  }
  return createHidDevices({ bus: await busOf(hid), settings: hid, scheduler, wall })
}

async function busOf(hid: Exclude<DeviceConfiguration['hid'], { kind: 'none' }>): Promise<HidBus> {
  if (hid.kind === 'module') return ((await defaultOf(hid.path, 'createHidBus')) as CreateHidBus)(hid.options)
  // As with the readers: the native part is loaded where it is used.
  const { createNodeHidBus } = await import('../hid/node-hid-bus.ts')
  return createNodeHidBus()
}

export type ConfiguredPrinter = Exclude<DeviceConfiguration['printer'], { kind: 'none' }>

async function openPrinter(
  printer: DeviceConfiguration['printer'],
  { scheduler }: DeviceOptions,
): Promise<PrinterPort> {
  if (printer.kind === 'none') return createAbsentPrinter()
  const { profile, status, timing } = printer
  return createPrinter({
    opener: await printerLineOpenerOf(printer),
    profile: printerProfiles[profile],
    status,
    scheduler,
    timing,
  })
}

export async function printerLineOpenerOf(printer: ConfiguredPrinter): Promise<PrinterLineOpener> {
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
