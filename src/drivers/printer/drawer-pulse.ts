import type { DrawerPulse, PrinterLanguage } from './profile.ts'

/**
 * The pulse that opens a cash drawer, in its turn behind what waits in the printer: `ESC p m t1 t2` in steps of 2 ms
 * (Epson TM-T85 manual; facts/virtual-hardware-and-printers.md §3.3), or Star's `ESC BEL n1 n2` in steps of 10 ms and
 * the word that sends it, BEL or SUB by connector.
 */
export function drawerPulse(language: PrinterLanguage, { connector, onMs, offMs }: DrawerPulse): Uint8Array {
  if (language === 'escpos') return Uint8Array.of(0x1b, 0x70, connector, steps(onMs, 2, 255), steps(offMs, 2, 255))
  return Uint8Array.of(0x1b, 0x07, steps(onMs, 10, 127), steps(offMs, 10, 127), connector === 0 ? 0x07 : 0x1a)
}

/** The same in real time, for a printer that is out of paper: `DLE DC4 1 m t`, in steps of 100 ms. */
export function realTimeDrawerPulse({ connector, onMs }: DrawerPulse): Uint8Array {
  return Uint8Array.of(0x10, 0x14, 0x01, connector, Math.max(1, steps(onMs, 100, 8)))
}

const steps = (milliseconds: number, step: number, max: number): number =>
  Math.min(max, Math.round(milliseconds / step))
