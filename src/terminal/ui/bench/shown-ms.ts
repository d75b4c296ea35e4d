/** Milliseconds as they are read: one decimal below a hundred, none above. */
export function shownMs(ms: number): string {
  return ms < 100 ? String(Math.round(ms * 10) / 10) : String(Math.round(ms))
}
