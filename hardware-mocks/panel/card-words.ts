/** The words of which definitions of cards are made (`--cards FILE`, `POST /api/cards`). */
import { z } from 'zod'

export const hexBytes = (length: number) =>
  z.string().regex(new RegExp(`^[0-9A-Fa-f]{${length * 2}}$`), `${length} bytes of hex`)
export const uid = z.string().regex(/^([0-9A-Fa-f]{8}|[0-9A-Fa-f]{14})$/, '4 or 7 bytes of hex')
export const label = z.string().trim().min(1).max(60)

export const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))
