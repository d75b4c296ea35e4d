/** One figure of a bench, as it is printed and as docs/performance.md shows it. */
import { arch, cpus, platform } from 'node:os'
import { commitOf } from '../../tools/commit.ts'

export type BenchName = 'tap' | 'decide' | 'journal' | 'sync' | 'start' | 'ledger' | 'hotlist' | 'leases'

export interface Figure {
  readonly bench: BenchName
  readonly figure: string
  readonly value: number
  readonly unit: 'ms' | 'per s' | 'MiB' | 'ratio'
  /** The same work without our product, measured in the same run, in the same unit. */
  readonly baseline: number
  /** What the baseline does. */
  readonly baselineIs: string
  /** How near we come to the baseline: 1 is as fast, 0.5 takes twice as long. */
  readonly ratio: number
  /** Of `value`; null: no aim of its own, the figure explains another. */
  readonly aim: { readonly atMost: number } | { readonly atLeast: number } | null
  readonly met: boolean | null
  /** How many times it was measured. */
  readonly samples: number
}

type Measured = Omit<Figure, 'ratio' | 'met'>

/** @throws RangeError for what cannot be a measurement: a bench that measured nothing must not print a figure. */
export function figureOf(measured: Measured): Figure {
  const { value, baseline, unit, aim } = measured
  if (!(value > 0) || !(baseline > 0)) throw new RangeError(`${measured.figure}: ${value} against ${baseline}`)
  const ratio = unit === 'ms' || unit === 'MiB' ? baseline / value : unit === 'per s' ? value / baseline : value
  return { ...measured, ratio, met: aim === null ? null : 'atMost' in aim ? value <= aim.atMost : value >= aim.atLeast }
}

/** The machine and moment of a run; a figure without them says nothing. */
export interface RunFacts {
  readonly commit: string
  readonly date: string
  readonly machine: string
  readonly quick: boolean
}

export function runFacts(now: Date, quick: boolean): RunFacts {
  const [processor] = cpus()
  return {
    commit: commitOf(import.meta.dirname),
    date: now.toISOString().slice(0, 16).replace('T', ' '),
    machine: [
      `${cpus().length} × ${processor?.model.trim() ?? 'processor'}`,
      `${platform()} ${arch()}`,
      `Node ${process.versions.node}`,
    ].join(', '),
    quick,
  }
}

const rounded = (value: number): string =>
  value >= 1_000
    ? String(Math.round(value))
    : value >= 100
      ? value.toFixed(0)
      : value >= 10
        ? value.toFixed(1)
        : value.toFixed(2)

const smallSizes = '**Small sizes (--quick): form only, no figures to quote.**'

export function tableOf(figures: readonly Figure[], facts: RunFacts): string {
  const aimed = ({ aim }: Figure): string =>
    aim === null ? '' : 'atMost' in aim ? `≤ ${aim.atMost}` : `≥ ${aim.atLeast}`
  const rows = figures.map((figure) => {
    const { bench, value, unit, baseline, baselineIs, ratio, met, samples } = figure
    const verdict = met === null ? '' : met ? 'met' : 'missed'
    const measured = `${rounded(value)} ${unit}`
    const raw = `${rounded(baseline)} (${baselineIs})`
    const cells = [bench, figure.figure, measured, aimed(figure), verdict, raw, rounded(ratio), samples]
    return `| ${cells.join(' | ')} |`
  })
  return [
    `Commit ${facts.commit}, ${facts.date} UTC; ${facts.machine}.${facts.quick ? ` ${smallSizes}` : ''}`,
    '',
    '| bench | figure | measured | aim | | baseline of the same run | ratio | samples |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

const begin = '<!-- measured: npm run bench -- all --document -->'
const end = '<!-- end -->'

/** Replaces what stands between the marks. */
export function withFigures(document: string, text: string): string {
  const from = document.indexOf(begin)
  const to = document.indexOf(end)
  if (from < 0 || to < from) throw new Error('the document has lost its marks')
  return `${document.slice(0, from)}${begin}\n\n${text}\n\n${document.slice(to)}`
}
