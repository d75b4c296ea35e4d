import encodeQR from 'qr'
import type { Picture } from './raster.ts'

/** Four light modules on each side (ISO/IEC 18004 §9.1). */
const quietZone = 4

/** Dots for one module: as large as the paper allows, between what a phone still reads and what wastes paper. */
export function qrModuleDots(payload: string, dots: number): number {
  const modules = encodeQR(payload, 'raw', { ecc: 'medium', border: quietZone }).length
  const largest = Math.floor(dots / modules)
  if (largest < 2) throw new RangeError(`A QR code of ${modules} modules does not fit ${dots} dots`)
  return Math.min(largest, 6)
}

/** The QR code in the middle of a picture as wide as the paper. */
export function drawQr(payload: string, dots: number): Picture {
  const rows = encodeQR(payload, 'raw', { ecc: 'medium', border: quietZone })
  const scale = qrModuleDots(payload, dots)
  const side = rows.length * scale
  const left = Math.floor((dots - side) / 2)
  const height = Math.ceil(side / 8) * 8
  const data = new Uint8ClampedArray(dots * height * 4).fill(255)
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      if (rows[Math.floor(y / scale)]?.[Math.floor(x / scale)] !== true) continue
      const at = (y * dots + left + x) * 4
      data.fill(0, at, at + 3)
    }
  }
  return { data, width: dots, height }
}
