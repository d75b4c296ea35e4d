/** The QR symbol store of `GS ( k`, cn = 49: settings, data, and the symbol made of them. */
import encodeQR from 'qr'
import { emptyBitmap } from './bitmap.ts'
import type { Bitmap } from './bitmap.ts'

const corrections = ['L', 'M', 'Q', 'H'] as const
const correctionNames = { L: 'low', M: 'medium', Q: 'quartile', H: 'high' } as const

export class QrSymbol {
  model: 1 | 2 = 2
  moduleDots = 3
  errorCorrection: 'L' | 'M' | 'Q' | 'H' = 'L'
  #data: Uint8Array | null = null

  /** `false`: the parameter is outside the reference. */
  setModel(n: number): boolean {
    if (n !== 49 && n !== 50) return false
    this.model = n === 49 ? 1 : 2
    return true
  }

  setModuleDots(n: number): boolean {
    if (n < 1 || n > 16) return false
    this.moduleDots = n
    return true
  }

  setErrorCorrection(n: number): boolean {
    const correction = corrections[n - 48]
    if (correction === undefined) return false
    this.errorCorrection = correction
    return true
  }

  store(data: Uint8Array): void {
    this.#data = data
  }

  /** The payload as text (UTF-8 where it is, else one character per byte), or `null` when nothing is stored. */
  payload(): string | null {
    if (this.#data === null) return null
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.#data)
    } catch {
      return Buffer.from(this.#data).toString('latin1')
    }
  }

  /** The symbol without a quiet zone, or `null` when nothing is stored or the data fits into no symbol. */
  draw(): Bitmap | null {
    const data = this.#data
    const payload = this.payload()
    if (data === null || payload === null) return null
    let modules: boolean[][]
    try {
      // The library insists on a border; printers print none, so it goes again.
      modules = encodeQR(payload, 'raw', {
        ecc: correctionNames[this.errorCorrection],
        border: 1,
        encoding: 'byte',
        textEncoder: () => data,
      })
        .slice(1, -1)
        .map((row) => row.slice(1, -1))
    } catch {
      return null
    }
    const size = modules.length * this.moduleDots
    const bitmap = emptyBitmap(size, size)
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const dark = modules[Math.floor(y / this.moduleDots)]?.[Math.floor(x / this.moduleDots)]
        bitmap.dots[y * size + x] = dark === true ? 1 : 0
      }
    }
    return bitmap
  }
}
