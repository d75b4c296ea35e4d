/** What is on the paper: the printer's own words for it, independent of how it was asked for. */
import type { Bitmap } from './bitmap.ts'

export type Alignment = 'left' | 'centre' | 'right'

export interface TextStyle {
  readonly bold: boolean
  /** Thickness of the line under the text, in dots. */
  readonly underline: 0 | 1 | 2
  readonly font: 'A' | 'B'
  /** Enlargement, 1 to 8. */
  readonly across: number
  readonly down: number
  /** White on black. */
  readonly reverse: boolean
}

export const plainStyle: TextStyle = { bold: false, underline: 0, font: 'A', across: 1, down: 1, reverse: false }

/** Dots per character cell, unscaled. */
export const fontSizes = { A: { width: 12, height: 24 }, B: { width: 9, height: 17 } } as const

/** A stretch of characters of one style. */
export interface PrintedRun {
  /** Dots from the left edge of the printable area. */
  readonly x: number
  readonly text: string
  readonly style: TextStyle
  /** Dots from one character to the next. */
  readonly advance: number
}

export type PrintedElement =
  | {
      readonly kind: 'line'
      readonly text: string
      readonly align: Alignment
      readonly height: number
      readonly runs: readonly PrintedRun[]
      /** User-defined characters and bit images that stand in the line. */
      readonly graphics: readonly { readonly x: number; readonly bitmap: Bitmap }[]
    }
  | { readonly kind: 'feed'; readonly height: number }
  | {
      readonly kind: 'qr'
      readonly payload: string
      readonly model: 1 | 2
      readonly moduleDots: number
      readonly errorCorrection: 'L' | 'M' | 'Q' | 'H'
      readonly align: Alignment
      readonly x: number
      readonly bitmap: Bitmap
    }
  | { readonly kind: 'image'; readonly align: Alignment; readonly x: number; readonly bitmap: Bitmap }
  | {
      /** Recorded with its data and drawn as a frame: the virtual printer does not draw bars. */
      readonly kind: 'barcode'
      readonly payload: string
      readonly symbology: number
      readonly align: Alignment
      readonly x: number
      readonly width: number
      readonly height: number
    }

export function heightOf(element: PrintedElement): number {
  return element.kind === 'qr' || element.kind === 'image' ? element.bitmap.height : element.height
}

export type PrinterFaultCode =
  | 'unknown-command'
  | 'unsupported-command'
  | 'ignored-command'
  | 'bad-parameter'
  | 'unknown-code-page'
  | 'undefined-character'
  | 'does-not-fit'
  | 'unfinished-command'
  | 'bytes-lost'

/** Something a real printer would have swallowed, printed wrongly or ignored. */
export interface PrinterFault {
  readonly code: PrinterFaultCode
  readonly command: string
  /** Upper-case hex of the command's first bytes. */
  readonly bytes: string
  readonly detail: string
}

export type CutKind = 'full' | 'partial'

/** One piece of paper, from cut to cut. */
export interface Slip {
  readonly number: number
  readonly widthDots: number
  readonly startedAt: number
  readonly endedAt: number
  /** `torn`: no cut command ended it; the printer was switched off or closed with paper hanging out. */
  readonly ended: CutKind | 'torn'
  readonly elements: readonly PrintedElement[]
  /** Where printing stopped and went on: the number of elements that were on the paper by then. */
  readonly interruptions: readonly { readonly after: number; readonly reason: string }[]
  readonly faults: readonly PrinterFault[]
  /** The bytes that the printer consumed for this slip. */
  readonly bytes: Uint8Array
}

/** The slip as lines of text. What is not text stands in brackets. */
export function slipText(slip: Pick<Slip, 'elements'>): string {
  const lines: string[] = []
  for (const element of slip.elements) {
    if (element.kind === 'line') lines.push(element.text.trimEnd())
    else if (element.kind === 'qr') lines.push(`[QR ${element.payload}]`)
    else if (element.kind === 'image') lines.push(`[image ${element.bitmap.width}x${element.bitmap.height}]`)
    else if (element.kind === 'barcode') lines.push(`[barcode ${element.payload}]`)
  }
  return `${lines.join('\n')}\n`
}
