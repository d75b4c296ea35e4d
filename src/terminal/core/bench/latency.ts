/**
 * One tap after the other, in figures. What is measured is what a till does first at every tap: it finds out which card
 * lies there (`recogniseAnyCard`). A whole payment has more of the same and, on line, the ledger
 * (`npm run bench -- tap`).
 */
import type { LatencyView } from '../../contract/bench.ts'

/** Milliseconds. */
export interface TapSample {
  /** From the till's hearing of the card, or the first command, to its being known. */
  readonly totalMs: number
  /** Within the total: the commands at reader and card. */
  readonly cardMs: number
  /** Before the total: from the reader's first word of the card to its being connected; null where nobody told. */
  readonly detectionMs: number | null
  readonly commands: number
  /** Each command was timed by the device host. */
  readonly isTimedByHost: boolean
}

const columnsMost = 24

/** All that the screen shows of the samples; `taken` is their number. */
export function latencyFigures(
  samples: readonly TapSample[],
): Omit<LatencyView, 'by' | 'wanted' | 'failed' | 'isRunning'> {
  const totals = samples.map(({ totalMs }) => totalMs)
  return {
    taken: samples.length,
    total: figures(totals),
    detection: figures(samples.flatMap(({ detectionMs }) => (detectionMs === null ? [] : [detectionMs]))),
    card: figures(samples.map(({ cardMs }) => cardMs)),
    software: figures(samples.map(({ totalMs, cardMs }) => Math.max(0, totalMs - cardMs))),
    cardTimedBy:
      samples.length === 0 ? null : samples.every(({ isTimedByHost }) => isTimedByHost) ? 'device_host' : 'core',
    commands: samples.at(-1)?.commands ?? 0,
    columns: columnsOf(totals),
  }
}

function figures(values: readonly number[]): LatencyView['total'] {
  if (values.length === 0) return null
  const sorted = values.toSorted((left, right) => left - right)
  const at = (percent: number): number => nearestRank(sorted, percent)
  return { p50: at(50), p95: at(95), p99: at(99), least: at(0), most: at(100) }
}

/** The smallest value that at least so many of a hundred do not exceed: a measured one, never one in between. */
function nearestRank(sorted: readonly number[], percent: number): number {
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length))
  return sorted[rank - 1] ?? Number.NaN
}

/** Columns of one width; one column where all are equal. */
function columnsOf(values: readonly number[]): LatencyView['columns'] {
  if (values.length === 0) return []
  const least = Math.min(...values)
  const most = Math.max(...values)
  const count = most === least ? 1 : Math.min(columnsMost, Math.max(1, Math.ceil(Math.sqrt(values.length)) * 2))
  const width = (most - least) / count
  const columns = Array.from({ length: count }, (_, index) => ({
    fromMs: least + index * width,
    toMs: index === count - 1 ? most : least + (index + 1) * width,
    count: 0,
  }))
  for (const value of values) {
    const column = columns[width === 0 ? 0 : Math.min(count - 1, Math.floor((value - least) / width))]
    if (column !== undefined) column.count += 1
  }
  return columns
}
