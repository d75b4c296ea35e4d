/**
 * What a packaged till is started with: the file settings.json in Electron's folder of user data, and nothing of the
 * command line. Sources are started by tools that pass `--core` and `--devices` instead.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { hidSettingsShape } from '../../drivers/hid/settings.ts'
import { printerProfileIds } from '../../drivers/printer/profile.ts'
import { printerSettings } from '../../drivers/printer/settings.ts'
import { coreSettingsSchema, settingsShape, type CoreSettings } from '../core/settings.ts'

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const printerCommon = {
  profile: z.enum(printerProfileIds).default('generic-80mm'),
  /** `none`: it tells nothing of itself. */
  status: z.enum(['asked', 'none']).default('asked'),
}

/**
 * No injected clock and no reader from a module: those are for demonstrations, and a packaged till is none. Keys that
 * are not known are refused: a misspelt one would otherwise be silence.
 */
const fileSchema = z.strictObject({
  ledgerUrl: settingsShape.ledgerUrl,
  /** Once, for the first start; then the till is enrolled and the line can go. */
  enrolmentCode: z.string().optional(),
  reader: z.enum(['pcsc', 'none']).default('pcsc'),
  readerBeeps: settingsShape.readerBeeps,
  printer: z
    .preprocess(
      (printer) => (isRecord(printer) && !('kind' in printer) ? { kind: 'tcp', ...printer } : printer),
      z.discriminatedUnion('kind', printerSettings(printerCommon)).nullable(),
    )
    .default(null),
  /** Scanners, keypads, customer displays; without it every scanner in HID POS mode is used, and null uses nothing. */
  hid: z.strictObject(hidSettingsShape).nullable().prefault({}),
  /** Folders for journal and keys, and for the journal's anchor; the standard ones unless given. */
  data: settingsShape.data.optional(),
  anchor: settingsShape.anchor.optional(),
  tpm: settingsShape.tpm,
  syncIntervalMs: settingsShape.syncIntervalMs,
  keyRotationAfterMs: settingsShape.keyRotationAfterMs,
})

export interface StandardPlaces {
  /** Electron's folder of user data. Holds settings.json and, in `till`, journal and keys. */
  readonly userData: string
  /** Outside of user data: an older copy of those, brought back, must not bring an older anchor along. */
  readonly anchors: string
}

export const settingsFileOf = (userData: string): string => join(userData, 'settings.json')

export type SettingsProblem =
  | 'settings_missing'
  /** There, and the system does not let us read it. */
  | 'settings_unreadable'
  /** Not JSON, or a value that does not fit. */
  | 'settings_malformed'
  /** The same, of the printer: all else is well, and whoever plugged it in can mend it. */
  | 'settings_printer'
  /** The same, of scanner, keypad or display. */
  | 'settings_hid'

export type SettingsOutcome =
  | {
      readonly kind: 'read'
      readonly core: CoreSettings
      readonly devices: object
      /** Apart from the core's settings, which stand in its command line. */
      readonly enrolmentCode: string | undefined
    }
  /** `detail`: what exactly, for whoever repairs the file; without the values, one of which is a secret. */
  | { readonly kind: 'refused'; readonly code: SettingsProblem; readonly file: string; readonly detail: string }

export function readSettingsFile(places: StandardPlaces): SettingsOutcome {
  const file = settingsFileOf(places.userData)
  const refused = (code: SettingsProblem, detail: string): SettingsOutcome => ({ kind: 'refused', code, file, detail })
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    return refused(code === 'ENOENT' ? 'settings_missing' : 'settings_unreadable', code)
  }
  const json = parseJson(text)
  if (json === undefined) return refused('settings_malformed', 'JSON')
  const parsed = fileSchema.safeParse(json)
  if (!parsed.success) {
    const { issues } = parsed.error
    const only = (key: string): boolean => issues.every(({ path: [first] }) => first === key)
    if (only('printer')) return refused('settings_printer', wantedIn(issues))
    if (only('hid')) return refused('settings_hid', wantedIn(issues))
    return refused('settings_malformed', placesOf(parsed.error))
  }

  const { ledgerUrl, enrolmentCode, reader, readerBeeps, printer, hid, data, anchor, ...ofCore } = parsed.data
  const dataFolder = resolve(data ?? join(places.userData, 'till'))
  const anchorName = createHash('sha256').update(dataFolder).digest('hex').slice(0, 16)
  const core: CoreSettings = {
    data: dataFolder,
    anchor: anchor ?? join(places.anchors, `${anchorName}.json`),
    ledgerUrl,
    readerBeeps,
    printerProfile: printer?.profile ?? 'generic-80mm',
    ...ofCore,
  }
  const fits = coreSettingsSchema.safeParse(core)
  if (!fits.success) return refused('settings_malformed', placesOf(fits.error))
  const devices = {
    reader: { kind: reader },
    printer: printer ?? { kind: 'none' },
    hid: hid === null ? { kind: 'none' } : { kind: 'usb', ...hid },
  }
  return { kind: 'read', core, devices, enrolmentCode }
}

/** Undefined for what is no JSON; a byte order mark, as Windows' editor writes it, is none of the text. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, '')) as unknown
  } catch {
    return undefined
  }
}

/** Each key that does not fit, with what may stand there. */
function wantedIn(issues: readonly z.core.$ZodIssue[]): string {
  return issues
    .map((issue) => {
      const place = issue.path.join('.')
      if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${place}.${key}`).join(', ')
      if (issue.code === 'invalid_value') return `${place}: ${issue.values.join(', ')}`
      return issue.code === 'custom' || issue.code === 'invalid_union' ? `${place}: ${issue.message}` : place
    })
    .join('; ')
}

/** The keys that do not fit, without their values. */
function placesOf(error: z.ZodError): string {
  const keys = error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => [...issue.path, key].join('.'))
      : [issue.path.join('.') || '{ }'],
  )
  return [...new Set(keys)].join(', ')
}
