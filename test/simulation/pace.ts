/** How fast things happen in the town. Without another one every history is as it ever was. */

export interface Pace {
  /** From one customer to the next, on average; 0: the next one stands there already. */
  readonly customerEveryMs: number
  /** The same while school breaks. */
  readonly rushEveryMs: number
  /** How many times as long the pauses between misfortunes are. How long one lasts is the same. */
  readonly calm: number
  /** Between two rounds of a till that works. */
  readonly syncEveryMs: number
}

export const paceNames = ['hurried', 'everyday'] as const
export type PaceName = (typeof paceNames)[number]

export const paces: Readonly<Record<PaceName, Pace>> = {
  /** Much in little time: what can go wrong with a sale is met within an hour or two. */
  hurried: { customerEveryMs: 60_000, rushEveryMs: 0, calm: 1, syncEveryMs: 60_000 },
  /** A day of a canteen's till, some hundred sales: many days are played in the time of a hurried one. */
  everyday: { customerEveryMs: 240_000, rushEveryMs: 20_000, calm: 4, syncEveryMs: 300_000 },
}
