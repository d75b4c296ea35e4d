import { z } from 'zod'
import type {
  EscapeFailure,
  HidDeviceStatus,
  HidNothing,
  HidPlaceSeen,
  HidStatus,
  HidTrouble,
  HidUnused,
  KeypadKey,
  PrinterTrouble,
  ReaderTrouble,
  TransmitNotSentReason,
  TransmitUnknownReason,
} from '../ports.ts'

/**
 * What the core and the device host say to each other. Bytes travel as base64, because Node's IPC is JSON. A message
 * that does not fit is dropped and reported: neither side trusts the other to be of the same version.
 */
export const protocolVersion = 1

const bytes = z.base64().transform((text): Uint8Array => new Uint8Array(Buffer.from(text, 'base64')))
const id = z.string().min(1).max(200)
const milliseconds = z.number().int().min(0)
const wallClock = z.number()
const detail = z.string()

/** The port's union as a schema: the compiler sees that no member is missing or invented. */
const oneOf = <T extends string>(members: { readonly [Member in T]: true }) =>
  z.enum(Object.keys(members) as [T, ...T[]])

const readerTrouble = oneOf<ReaderTrouble>({
  'no-service': true,
  'no-reader': true,
  'sharing-violation': true,
  'reader-error': true,
  'host-restarting': true,
})
const unknownReason = oneOf<TransmitUnknownReason>({
  'card-left': true,
  'short-response': true,
  'reset-by-other': true,
  'timed-out': true,
  'host-died': true,
  'reader-error': true,
})
const notSentReason = oneOf<TransmitNotSentReason>({
  'no-card': true,
  'another-presence': true,
  'reader-gone': true,
  'host-down': true,
  'too-long': true,
})
const escapeFailure = oneOf<EscapeFailure>({
  'card-there': true,
  busy: true,
  refused: true,
  held: true,
  'no-reader': true,
  'host-down': true,
  'timed-out': true,
  'reader-error': true,
})
const printerTrouble = oneOf<PrinterTrouble>({
  unreachable: true,
  'no-access': true,
  'in-use': true,
  'not-a-device': true,
  'paper-out': true,
  'cover-open': true,
  'cutter-error': true,
  error: true,
  'timed-out': true,
  busy: true,
})

const tookMs = z.number().min(0).optional()
const presence = z.object({
  presenceId: id,
  readerName: z.string(),
  atr: bytes,
  activationMs: tookMs,
  wasThere: z.enum(['unseen', 'since-start']).optional(),
})
const readerStatus = z.object({
  readers: z.array(z.string()),
  trouble: z.object({ code: readerTrouble, detail }).nullable(),
})
const transmitResult = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('answered'), response: bytes, tookMs }),
  z.object({ kind: z.literal('unknown'), reason: unknownReason, detail }),
  z.object({ kind: z.literal('notSent'), reason: notSentReason, detail }),
])
const escapeResult = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('answered'), response: bytes }),
  z.object({ kind: z.literal('failed'), reason: escapeFailure, detail }),
])
const printResult = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('printed') }),
  z.object({ kind: z.literal('handed-over') }),
  z.object({ kind: z.literal('failed'), trouble: printerTrouble, paper: z.enum(['untouched', 'uncertain']), detail }),
])
const printerStatus = z.object({
  online: z.boolean(),
  trouble: printerTrouble.nullable(),
  paperNearEnd: z.boolean(),
  mute: z.literal(true).optional(),
})
const drawerResult = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('opened') }),
  z.object({ kind: z.literal('none') }),
  z.object({ kind: z.literal('failed'), trouble: printerTrouble, detail }),
])

const hidTroubles = {
  unplugged: true,
  'no-access': true,
  'in-use': true,
  failed: true,
  'no-library': true,
  'unknown-reports': true,
  'left-out': true,
} as const
const hidTrouble = oneOf<HidTrouble>(hidTroubles)
const troubleOfDevice = z.object({ code: hidTrouble, detail }).nullable()
const hidStatus = z.object({
  devices: z.array(
    z.object({
      use: oneOf<HidDeviceStatus['use']>({ scanner: true, keypad: true, display: true }),
      name: z.string(),
      trouble: troubleOfDevice,
    }),
  ),
  trouble: z
    .object({
      code: oneOf<Exclude<HidStatus['trouble'], null>['code']>({ ...hidTroubles, 'host-restarting': true }),
      detail,
    })
    .nullable(),
})
const keypadKey = oneOf<KeypadKey>({
  '0': true,
  '1': true,
  '2': true,
  '3': true,
  '4': true,
  '5': true,
  '6': true,
  '7': true,
  '8': true,
  '9': true,
  ',': true,
  Enter: true,
  Backspace: true,
})
const usbId = z.int().min(0)
const hidListing = z.object({
  scanners: z.enum(['found', 'named']).nullable(),
  places: z
    .array(
      z.object({
        use: oneOf<HidPlaceSeen['use']>({ scanner: true, 'keyboard-scanner': true, keypad: true, display: true }),
        entry: z.int().min(1).nullable(),
        vendorId: usbId,
        productId: usbId,
        name: z.string(),
        by: z.string().nullable(),
        trouble: troubleOfDevice,
      }),
    )
    .readonly(),
  devices: z
    .array(
      z.object({
        id: z.int().min(1),
        vendorId: usbId,
        productId: usbId,
        name: z.string(),
        usagePage: z.int().min(0),
        usage: z.int().min(0),
        path: z.string().nullable(),
        place: z.int().min(0).nullable(),
        unused: oneOf<HidUnused>({
          keyboard: true,
          'scanner-not-named': true,
          'no-entry-left': true,
          'another-part': true,
          'not-named': true,
          'no-use': true,
          untold: true,
        }).nullable(),
      }),
    )
    .readonly(),
})
const scannedCode = { code: z.string().min(1).max(4_096), symbology: z.string().max(8).nullable() }
const hidMeaning = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('code'), ...scannedCode }),
  z.object({ kind: z.literal('keys'), keys: z.array(keypadKey).readonly() }),
  z.object({
    kind: z.literal('nothing'),
    why: oneOf<HidNothing>({
      'other-report': true,
      quiet: true,
      continued: true,
      typed: true,
      released: true,
      short: true,
      'no-key': true,
      'not-read': true,
    }),
  }),
  z.object({ kind: z.literal('malformed'), detail }),
  z.object({ kind: z.literal('taken') }),
  z.object({ kind: z.literal('not-taken'), trouble: hidTrouble, detail }),
])
const rawHidReport = z.object({
  device: z.int().min(1),
  direction: z.enum(['in', 'out']),
  at: wallClock,
  reportId: z.int().min(0).max(255).nullable(),
  bytes,
  length: z.int().min(0),
  meaning: hidMeaning,
})
const displayRows = z.array(z.object({ left: z.string().max(200), right: z.string().max(40) })).max(2)

export const coreMessage = z.discriminatedUnion('type', [
  /** The first message of a session, and again after a lost one: the host answers with everything that is so now. */
  z.object({ type: z.literal('attach'), version: z.literal(protocolVersion) }),
  z.object({ type: z.literal('ping'), sequence: z.number().int() }),
  z.object({
    type: z.literal('transmit'),
    requestId: id,
    presenceId: id,
    command: bytes,
    timeoutMs: milliseconds,
  }),
  z.object({
    type: z.literal('escape'),
    requestId: id,
    readerName: z.string(),
    command: bytes,
    timeoutMs: milliseconds,
  }),
  z.object({ type: z.literal('print'), requestId: id, job: bytes }),
  z.object({ type: z.literal('askPrinterStatus'), requestId: id }),
  z.object({ type: z.literal('openDrawer'), requestId: id }),
  z.object({ type: z.literal('show'), rows: displayRows }),
  /** A tester looks on, or no more: ended by `attach`, too. */
  z.object({ type: z.literal('watchHid'), on: z.boolean() }),
])

export const hostMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('attached'),
    version: z.literal(protocolVersion),
    hostId: id,
    readerStatus,
    presences: z.array(presence),
  }),
  /** The process is worn out, and nothing is under way: the moment to replace it, which is no failure of it. */
  z.object({ type: z.literal('retiring') }),
  z.object({ type: z.literal('pong'), sequence: z.number().int() }),
  z.object({ type: z.literal('inserted'), presence }),
  z.object({ type: z.literal('removed'), presenceId: id, isUnseen: z.literal(true).optional() }),
  z.object({ type: z.literal('readerStatus'), status: readerStatus }),
  z.object({ type: z.literal('transmitted'), requestId: id, result: transmitResult }),
  z.object({ type: z.literal('escaped'), requestId: id, result: escapeResult }),
  z.object({ type: z.literal('printed'), requestId: id, result: printResult }),
  z.object({ type: z.literal('printerStatus'), requestId: id.nullable(), status: printerStatus }),
  z.object({ type: z.literal('drawerOpened'), requestId: id, result: drawerResult }),
  z.object({ type: z.literal('scanned'), ...scannedCode, at: wallClock }),
  z.object({ type: z.literal('pressed'), key: keypadKey, at: wallClock }),
  z.object({ type: z.literal('hidStatus'), status: hidStatus }),
  /** Only after `watchHid`. */
  z.object({ type: z.literal('hidListed'), listing: hidListing }),
  z.object({
    type: z.literal('hidReported'),
    at: wallClock,
    reports: z.array(rawHidReport).readonly(),
    skipped: z.int().min(0),
  }),
])

/** As read: bytes are bytes. */
export type CoreMessage = z.output<typeof coreMessage>
export type HostMessage = z.output<typeof hostMessage>

export type Received<T> =
  | { readonly kind: 'message'; readonly message: T }
  | { readonly kind: 'malformed'; readonly why: string }

/** Reads what came over the channel to the device host. Never throws. */
export const readCoreMessage = (raw: unknown): Received<CoreMessage> => read(coreMessage, raw)
/** Reads what came over the channel to the core. Never throws. */
export const readHostMessage = (raw: unknown): Received<HostMessage> => read(hostMessage, raw)

function read<T>(schema: z.ZodType<T>, raw: unknown): Received<T> {
  const parsed = schema.safeParse(raw)
  if (parsed.success) return { kind: 'message', message: parsed.data }
  // The issues name paths and expectations, never the values: a message may carry what a card said.
  const why = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'message'}: ${issue.code}`).join('; ')
  return { kind: 'malformed', why }
}

/** A message as it travels: every run of bytes as base64. */
export function toWire(message: CoreMessage | HostMessage): unknown {
  return encodeBytes(message)
}

function encodeBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(encodeBytes)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, encodeBytes(member)]))
  }
  return value
}
