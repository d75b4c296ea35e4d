/**
 * A printable document, free of any device: what is on the paper, not how a printer is told. Widths are the
 * profile's business (`profile.ts`); text that is too long for a line is wrapped, never cut off.
 */
export interface PrintDocument {
  readonly blocks: readonly PrintBlock[]
}

export type TextAlign = 'left' | 'center' | 'right'
export type TextSize = 'normal' | 'double'

export type PrintBlock =
  /** One or more lines, separated by line feeds. */
  | {
      readonly kind: 'text'
      readonly text: string
      readonly align?: TextAlign
      readonly bold?: boolean
      readonly size?: TextSize
    }
  /** Two columns: a name and, at the right edge, its amount. A long name wraps, the amount stays with its last line. */
  | { readonly kind: 'row'; readonly left: string; readonly right: string; readonly bold?: boolean }
  /** A line across the paper. */
  | { readonly kind: 'rule' }
  | { readonly kind: 'qr'; readonly payload: string }
  /** Empty lines. */
  | { readonly kind: 'feed'; readonly lines: number }
  /** Where the paper is cut, or fed out to be torn off where there is no cutter. */
  | { readonly kind: 'cut' }
  /** Says in words (`text`, in the receipt's language) that this is not the first print. */
  | { readonly kind: 'copyMark'; readonly text: string }
