/**
 * The ports between the core and hardware. Everything a device can do to us is said here; what a device *means*
 * (a card profile, a receipt) is not. Adapters live beside this file, fakes in `hardware-mocks/`.
 *
 * A port never throws across the process border: it answers with a value of a closed union.
 */

/** Releases what it holds. Calling it twice is harmless. */
export interface Disposable {
  dispose(): void
}

export type Listener<T> = (event: T) => void

/** Subscribes; the returned object ends the subscription. */
export type Event<T> = (listener: Listener<T>) => Disposable

/**
 * What became of one command APDU.
 * - `answered`: at least SW1 SW2 came back. `response` includes them.
 * - `unknown`: the card may or may not have executed the command. PC/SC reports such a case as success with fewer than
 *   two bytes, as SCARD_E_NOT_TRANSACTED, as a reset by another process, or not at all (the watchdog's time-out).
 * - `notSent`: the command certainly never reached the card.
 */
export type TransmitResult =
  | {
      readonly kind: 'answered'
      readonly response: Uint8Array
      /** As the device host timed it, beside the reader; absent where nobody did. */
      readonly tookMs?: number | undefined
    }
  | { readonly kind: 'unknown'; readonly reason: TransmitUnknownReason; readonly detail: string }
  | { readonly kind: 'notSent'; readonly reason: TransmitNotSentReason; readonly detail: string }

export type TransmitUnknownReason =
  | 'card-left'
  | 'short-response'
  | 'reset-by-other'
  | 'timed-out'
  | 'host-died'
  | 'reader-error'
export type TransmitNotSentReason = 'no-card' | 'another-presence' | 'reader-gone' | 'host-down' | 'too-long'

/**
 * What became of one command for the reader itself (CCID 1.1, 6.1.8 "PC_to_RDR_Escape").
 * - `answered`: with these bytes, which are the reader's own and need not end with a status word.
 * - `failed`: no answer is known. Whether the reader did what it was told is known only of the reasons that say so.
 */
export type EscapeResult =
  | { readonly kind: 'answered'; readonly response: Uint8Array }
  | { readonly kind: 'failed'; readonly reason: EscapeFailure; readonly detail: string }

export type EscapeFailure =
  | 'card-there' // never sent: the reader has a card, or is about to
  | 'busy' // never sent: the reader was still at something else
  | 'refused' // PC/SC or the reader's driver does not take it, as most do not unless they are told to
  | 'held' // never sent: another program has the reader for itself
  | 'no-reader' // never sent: it is not there, or nothing here can speak to it without a card
  | 'host-down' // the device host was not there, or died of something
  | 'timed-out'
  | 'reader-error'

/** One card lying on one reader, from insertion to removal. A card that returns is a new presence. */
export interface CardPresence {
  /** Unique for each insertion, never reused: `transmit` to an ended presence answers `notSent`. */
  readonly presenceId: string
  readonly readerName: string
  /** Answer to reset, ISO 7816-3; for contactless cards made by the reader (PC/SC part 3). */
  readonly atr: Uint8Array
  /**
   * Milliseconds from the reader's first word of this card to its being connected (powered, selected), where the
   * adapter can tell. What passes before that word, no program can measure.
   */
  readonly activationMs?: number | undefined
  /**
   * Nobody saw it laid down. `unseen`: it lay there when its reader came, or may be the one of which sight was lost.
   * `since-start`: so it was already when the core came, which cannot know for whom.
   */
  readonly wasThere?: 'unseen' | 'since-start' | undefined
}

export type ReaderTrouble =
  | 'no-service' // pcscd / SCardSvr is not running
  | 'no-reader'
  | 'sharing-violation' // another program holds the card
  | 'reader-error'
  | 'host-restarting' // the device host died or was killed by its watchdog

/** Where the card readers stand, for the status row and its sheet. */
export interface ReaderStatus {
  readonly readers: readonly string[]
  /** null: everything works. */
  readonly trouble: { readonly code: ReaderTrouble; readonly detail: string } | null
}

export interface CardRemoval {
  readonly presenceId: string
  /**
   * Nobody saw the card leave: the device host died, PC/SC's service or the reader did, or another program has reset
   * the card. The same card may come back as a new presence.
   */
  readonly isUnseen?: true
}

export interface CardReaderPort extends Disposable {
  readonly onDidInsert: Event<CardPresence>
  /** Carries the presenceId of the card that left. */
  readonly onDidRemove: Event<CardRemoval>
  readonly onDidChangeStatus: Event<ReaderStatus>
  status(): ReaderStatus
  /**
   * Sends one command APDU (ISO 7816-4, at most 261 bytes: an ACR122U takes no extended APDUs) to the card of that
   * presence. Commands to one reader are queued. Resolves within `timeoutMs` whatever the card does.
   */
  transmit(presenceId: string, command: Uint8Array, timeoutMs: number): Promise<TransmitResult>
  /**
   * Tells the reader itself something, while no card lies on it: by a connection to the reader alone that is opened for
   * this one command and closed again. A card that is laid down meanwhile is seen right after. Never sent while the
   * reader has a card. Resolves within `timeoutMs`. Absent where an adapter has no way to a reader without a card.
   */
  escape?(readerName: string, command: Uint8Array, timeoutMs: number): Promise<EscapeResult>
  /**
   * Whether so much was left behind in this process that another one should take its place when nothing is under way.
   * Absent where nothing ever is.
   */
  isWornOut?(): boolean
}

export type PrinterTrouble =
  | 'unreachable'
  | 'no-access' // the system does not let us open its port
  | 'in-use' // another program holds its port
  | 'not-a-device' // what the settings name is a file or a folder, or no serial port
  | 'paper-out'
  | 'cover-open'
  | 'cutter-error'
  | 'error'
  | 'timed-out'
  | 'busy' // off line, and says nothing of a cause

/**
 * - `printed`: all bytes were written, and the status asked for afterwards showed no fault.
 * - `handed-over`: all bytes were taken, by a device that tells nothing of itself. Whether they are on paper only a
 *   person can see.
 * - `failed`, `untouched`: no byte of the job has left for the printer.
 * - `failed`, `uncertain`: some bytes have. Nothing, a part or the whole is on paper, or will be: a printer prints what
 *   it has taken when there is paper again, and nobody can take it back. Whatever is printed after that is a copy.
 */
export type PrintResult =
  | { readonly kind: 'printed' }
  | { readonly kind: 'handed-over' }
  | {
      readonly kind: 'failed'
      readonly trouble: PrinterTrouble
      readonly paper: 'untouched' | 'uncertain'
      readonly detail: string
    }

export interface PrinterStatus {
  readonly online: boolean
  readonly trouble: PrinterTrouble | null
  readonly paperNearEnd: boolean
  /** The printer tells nothing of itself: `online` says only that its device is there. */
  readonly mute?: true | undefined
}

/** `opened`: the pulse was handed over. `none`: no connector for a drawer, or no printer at all. */
export type DrawerResult =
  | { readonly kind: 'opened' }
  | { readonly kind: 'none' }
  | { readonly kind: 'failed'; readonly trouble: PrinterTrouble; readonly detail: string }

export interface PrinterPort extends Disposable {
  readonly onDidChangeStatus: Event<PrinterStatus>
  status(): Promise<PrinterStatus>
  /** Sends one whole job, in the printer's language. Jobs are never interleaved. */
  print(job: Uint8Array): Promise<PrintResult>
  /**
   * Pulses the cash drawer, once, between two lines of a job that is being sent; what fails, or could not begin within
   * five seconds, is not tried again, because nobody expects a drawer that opens later. No pulse waits in a printer
   * that is off line: it is sent in real time there, or not at all.
   */
  openDrawer(): Promise<DrawerResult>
}

export type HidTrouble =
  | 'unplugged' // it was here, or the settings name it, and it is not there
  | 'no-access' // the system does not let us open it
  | 'in-use' // another program has it for itself
  | 'failed' // it was opened and does not work
  | 'no-library' // HID devices cannot be used on this system at all
  | 'unknown-reports' // it sends what is no code in the layout that it is read by
  | 'left-out' // the device host died several times in a row and runs without them

/** One HID device of the machine, once for each of its top-level collections (HID 1.11, 6.2.2.6). */
export interface HidDeviceInfo {
  readonly path: string
  readonly vendorId: number
  readonly productId: number
  readonly name: string
  /** 0 where the system does not tell. */
  readonly usagePage: number
  readonly usage: number
}

export type HidFailure = { readonly kind: 'failed'; readonly trouble: HidTrouble; readonly detail: string }

/** An open device. Its reports are as hidapi gives them: the report's id first where the device numbers its reports. */
export interface OpenHidDevice {
  readonly onDidReport: Event<Uint8Array>
  /** It was pulled, or cannot be read any more; carries what the system said. Nothing is read after it. */
  readonly onDidFail: Event<string>
  /** One output report; its first byte is the report's id, 0 where the device does not number its reports. */
  write(report: Uint8Array): Promise<{ readonly kind: 'written' } | HidFailure>
  /** Ends the reads, then closes. Never rejects; a second call changes nothing. */
  close(): Promise<void>
}

/** The HID devices of a machine, raw: the edge that node-hid and the virtual hardware stand behind. Never rejects. */
export interface HidBus extends Disposable {
  list(): Promise<{ readonly kind: 'listed'; readonly devices: readonly HidDeviceInfo[] } | HidFailure>
  open(path: string): Promise<{ readonly kind: 'opened'; readonly device: OpenHidDevice } | HidFailure>
}

/** What a scanner read: the text of the code, and its AIM symbology identifier (ISO/IEC 15424) where it is told. */
export interface ScannedCode {
  readonly code: string
  readonly symbology: string | null
}

/** A digit, the decimal comma, or one of two keys, named as `KeyboardEvent.key` names them. */
export type KeypadKey = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9' | ',' | 'Enter' | 'Backspace'

/** What is pressed and scanned is dated where it is read: `at` is this machine's time, milliseconds since 1970. */
export interface KeypadPress {
  readonly key: KeypadKey
  readonly at: number
}
export interface Scan extends ScannedCode {
  readonly at: number
}

/** One row of a customer's display. `left` is shortened where both do not fit; `right` never is. */
export interface DisplayRow {
  readonly left: string
  readonly right: string
}

export interface HidDeviceStatus {
  readonly use: 'scanner' | 'keypad' | 'display'
  readonly name: string
  /** null: it works. */
  readonly trouble: { readonly code: HidTrouble; readonly detail: string } | null
}

export interface HidStatus {
  readonly devices: readonly HidDeviceStatus[]
  /** Of all of them at once. */
  readonly trouble: { readonly code: HidTrouble | 'host-restarting'; readonly detail: string } | null
}

/** Why the till leaves a device alone that the machine has. */
export type HidUnused =
  | 'keyboard' // what it types comes to the window; it is never opened unless the settings name it
  | 'scanner-not-named' // the settings use named scanners only
  | 'no-entry-left' // the settings name its model, and another device or part of that model is used
  | 'another-part' // of a device that is used: not the collection that codes or keys come from
  | 'not-named' // a display, perhaps: those are used where the settings name them
  | 'no-use' // a mouse, media keys and their like
  | 'untold' // the system does not tell what it is

/** What the settings name, or a scanner that was found; with or without its device. */
export interface HidPlaceSeen {
  readonly use: 'scanner' | 'keyboard-scanner' | 'keypad' | 'display'
  /** Which of the settings' devices it is, from 1; null: it was found. */
  readonly entry: number | null
  readonly vendorId: number
  readonly productId: number
  readonly name: string
  /** The layout that it is read by, or the profile that it is written by; null for what types. */
  readonly by: string | null
  readonly trouble: HidDeviceStatus['trouble']
}

/** A HID device as it is shown to a tester: without its serial number. */
export interface HidDeviceSeen extends Omit<HidDeviceInfo, 'path'> {
  /** From 1; the same until nobody looks on any more. */
  readonly id: number
  /** Without what may name one single device or this machine; null where nothing is left of it. */
  readonly path: string | null
  /** The index of the place that it has; null: the till leaves it alone, and `unused` says why. */
  readonly place: number | null
  readonly unused: HidUnused | null
}

export interface HidListing {
  /** As in the settings; null: they use no HID device at all. */
  readonly scanners: 'found' | 'named' | null
  readonly places: readonly HidPlaceSeen[]
  readonly devices: readonly HidDeviceSeen[]
}

/** Why a report was no code and no key by itself. */
export type HidNothing =
  | 'other-report' // trigger, status or settings
  | 'quiet' // too soon after the opening, or after a report that was no good
  | 'continued' // the code goes on in the next report
  | 'typed' // one character of a code
  | 'released'
  | 'short' // Enter after fewer characters than a code has
  | 'no-key' // a key that a till has no meaning for
  | 'not-read' // of a display: nothing is expected of it

export type HidMeaning =
  | ({ readonly kind: 'code' } & ScannedCode)
  | { readonly kind: 'keys'; readonly keys: readonly KeypadKey[] }
  | { readonly kind: 'nothing'; readonly why: HidNothing }
  /** It should be a code or a key, and is none. */
  | { readonly kind: 'malformed'; readonly detail: string }
  /** Of what was sent. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'not-taken'; readonly trouble: HidTrouble; readonly detail: string }

/** One report of a device that the till has opened, as it came, and what the till made of it. */
export interface RawHidReport {
  /** `HidDeviceSeen.id`. */
  readonly device: number
  /** As seen from the till. */
  readonly direction: 'in' | 'out'
  /** This machine's time, milliseconds since 1970. */
  readonly at: number
  /** Null where the device does not number its reports. */
  readonly reportId: number | null
  /** The id included, as hidapi has it; not more than the first 256. */
  readonly bytes: Uint8Array
  readonly length: number
  readonly meaning: HidMeaning
}

export type HidSight =
  | { readonly kind: 'listing'; readonly listing: HidListing }
  | {
      readonly kind: 'reports'
      /** When they are told: this machine's time, milliseconds since 1970. */
      readonly at: number
      readonly reports: readonly RawHidReport[]
      /** So many more came in the same moment, and are not told. */
      readonly skipped: number
    }

/** Scanners, numeric keypads and customer displays. */
export interface HidPort extends Disposable {
  readonly onDidScan: Event<Scan>
  readonly onDidPress: Event<KeypadPress>
  readonly onDidChangeStatus: Event<HidStatus>
  /**
   * Looks on: what the machine has, soon and whenever it changes, and each report of the devices that the till has
   * opened. Nothing is said of what came while nobody looked on.
   */
  readonly watch: Event<HidSight>
  status(): HidStatus
  /** What the customer's displays show from now on. Waits for nothing, and a display that comes later shows it too. */
  show(rows: readonly DisplayRow[]): void
}
