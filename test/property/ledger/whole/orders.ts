/** What standing orders of pools say in a story. */
interface Drawn {
  readonly which: number
  readonly size: string
}

/** Nothing, less than one meal may be, two of them, and more than there is for them. */
export const sums = [200_000n, 90_000n, 20_000n, 1_000_000n, 0n] as const

/** For those who are named, or for everybody. */
export function poolOrder(beneficiaries: readonly string[], { which, size }: Drawn): Readonly<Record<string, unknown>> {
  const sum = sums[Math.floor(which / 12) % sums.length]
  return { pool: { sum }, ...(size === 'room' ? { everybody: true } : { beneficiaries }) }
}
