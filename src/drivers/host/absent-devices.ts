import type { CardReaderPort, Disposable, HidPort, HidStatus, PrinterPort } from '../ports.ts'

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
    openDrawer: () => Promise.resolve({ kind: 'failed', trouble: 'unreachable', detail: 'no printer is configured' }),
    dispose: () => undefined,
  }
}

/** Stands where no scanner, keypad or display is configured. */
export function createAbsentHid(trouble: HidStatus['trouble'] = null): HidPort {
  return {
    onDidScan: never,
    onDidPress: never,
    onDidChangeStatus: never,
    status: () => ({ devices: [], trouble }),
    show: () => undefined,
    dispose: () => undefined,
  }
}
