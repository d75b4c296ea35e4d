import type { CardReaderPort, Disposable, HidListing, HidPort, HidStatus, PrinterPort } from '../ports.ts'

const nothing: Disposable = { dispose: () => undefined }
const never = () => nothing

/** Stands where no card reader is configured. */
export function createAbsentReader(): CardReaderPort {
  const detail = 'no card reader is configured'
  return {
    onDidInsert: never,
    onDidRemove: never,
    onDidChangeStatus: never,
    status: () => ({ readers: [], trouble: { code: 'no-reader', detail } }),
    transmit: () => Promise.resolve({ kind: 'notSent', reason: 'reader-gone', detail }),
    dispose: () => undefined,
  }
}

/** Stands where no printer is configured. */
export function createAbsentPrinter(): PrinterPort {
  return {
    onDidChangeStatus: never,
    status: () => Promise.resolve({ online: false, trouble: 'unreachable', paperNearEnd: false }),
    print: () =>
      Promise.resolve({
        kind: 'failed',
        trouble: 'unreachable',
        paper: 'untouched',
        detail: 'no printer is configured',
      }),
    openDrawer: () => Promise.resolve({ kind: 'none' }),
    dispose: () => undefined,
  }
}

const noHid: HidListing = { scanners: null, places: [], devices: [] }

/**
 * Stands where no scanner, keypad or display is configured, or where they are left out.
 *
 * @param listing what the settings want; no device is looked for
 */
export function createAbsentHid(trouble: HidStatus['trouble'] = null, listing = noHid): HidPort {
  return {
    onDidScan: never,
    onDidPress: never,
    onDidChangeStatus: never,
    watch: (listener) => {
      listener({ kind: 'listing', listing })
      return nothing
    },
    status: () => ({ devices: [], trouble }),
    show: () => undefined,
    dispose: () => undefined,
  }
}
