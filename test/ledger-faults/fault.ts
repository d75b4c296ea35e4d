/** A wrong program: one text of the ledger’s source, replaced by another. */
export interface Fault {
  /** Below `ledger-sim/`. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly right: string
  readonly wrong: string
}

/** @throws Error where the source has not the text exactly once */
export function withFault({ file, right, wrong }: Fault, source: string): string {
  const parts = source.split(right)
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${right}`)
  return parts.join(wrong)
}
