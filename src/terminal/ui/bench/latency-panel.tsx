/** How long a tap takes, drawn as a distribution and split into its parts, each with how it was measured. */
import { useState } from 'react'
import { latencyCountMax, type LatencyView } from '../../contract/index.ts'
import type { WordKey } from '../texts/keys.ts'
import { useTexts } from '../texts/use-texts.ts'
import { CommandButton } from '../till/command-button.tsx'
import { Missing } from './missing.tsx'
import type { PanelProps } from './panels.ts'
import { shownMs } from './shown-ms.ts'
import { useKeys } from './use-keys.ts'

export function LatencyPanel({ bench, snapshot, working, send }: PanelProps) {
  const { say } = useTexts()
  const [typed, setTyped] = useState('50')
  const count = Number(typed)
  const isCount = /^\d{1,3}$/.test(typed) && count >= 1 && count <= latencyCountMax
  const { latency } = bench
  const isRunning = latency?.isRunning === true
  const mayStart = working && isCount && bench.work === null && bench.readers.length > 0
  const mayRepeat = mayStart && bench.cards.length > 0
  const start = (by: LatencyView['by']): void => void send({ command: 'measure_latency', by, count })
  const stop = (): void => void send({ command: 'stop_bench_work' })
  useKeys({
    F8: working && isRunning ? stop : null,
    F9: mayRepeat ? () => start('repetitions') : null,
    F10: mayStart ? () => start('taps') : null,
  })
  return (
    <>
      <section className="bench-box">
        <p>{say('bench.latency.what')}</p>
        {isRunning ? null : <Missing bench={bench} lights={snapshot.lights} />}
        {bench.cards.length > 1 ? <p>{say('bench.readers.several')}</p> : null}
        <div className="bench-row">
          <label className="count-field">
            {say('bench.latency.count')}
            <input inputMode="numeric" value={typed} onChange={({ target }) => setTyped(target.value)} />
          </label>
          <CommandButton look="primary" keyShown="F9" isDisabled={!mayRepeat} onPress={() => start('repetitions')}>
            {say('bench.latency.repetitions')}
          </CommandButton>
          <CommandButton keyShown="F10" isDisabled={!mayStart} onPress={() => start('taps')}>
            {say('bench.latency.taps')}
          </CommandButton>
          <CommandButton keyShown="F8" isDisabled={!working || !isRunning} onPress={stop}>
            {say('bench.stop')}
          </CommandButton>
        </div>
        {isRunning && latency.by === 'taps' ? <p className="bench-what">{say('bench.latency.tapNow')}</p> : null}
      </section>
      {latency === null ? <p className="bench-empty">{say('bench.latency.empty')}</p> : <Result latency={latency} />}
    </>
  )
}

function Result({ latency }: { readonly latency: LatencyView }) {
  const { say, language } = useTexts()
  const { taken, wanted, failed, total, detection, card, software, commands, cardTimedBy } = latency
  const parts: readonly (readonly [WordKey, LatencyView['total'], string])[] = [
    ['bench.latency.total', total, say('bench.latency.totalHow', { commands })],
    ['bench.latency.card', card, say(cardTimedBy === 'core' ? 'bench.latency.cardByCore' : 'bench.latency.cardByHost')],
    ['bench.latency.software', software, say('bench.latency.softwareHow')],
    [
      'bench.latency.detection',
      detection,
      detection === null
        ? say('bench.latency.detectionNone')
        : `${say('bench.latency.detectionHow')} ${say('bench.latency.detectionLimit')}`,
    ],
  ]
  return (
    <section className="bench-box">
      <p className="bench-what" data-taken={taken}>
        {say('bench.latency.progress', { taken, wanted })}
        {failed === 0 ? '' : ` · ${say('bench.latency.failed', { count: failed })}`}
      </p>
      {total === null ? null : (
        <>
          <Histogram columns={latency.columns} />
          <table className="figures">
            <thead>
              <tr>
                <th scope="col">{say('bench.latency.part')}</th>
                {['p50', 'p95', 'p99', 'min', 'max'].map((head) => (
                  <th key={head} scope="col">
                    {head}
                  </th>
                ))}
                <td />
              </tr>
            </thead>
            <tbody>
              {parts.map(([title, figures, how]) => (
                <tr key={title}>
                  <th scope="row">{say(title)}</th>
                  {figures === null
                    ? Array.from({ length: 5 }, (_, index) => <td key={index}>–</td>)
                    : [figures.p50, figures.p95, figures.p99, figures.least, figures.most].map((value, index) => (
                        <td key={index}>{shownMs(value, language)}</td>
                      ))}
                  <td className="how">{how}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </section>
  )
}

const chart = { width: 600, height: 120 } as const

function Histogram({ columns }: Pick<LatencyView, 'columns'>) {
  const { say, language } = useTexts()
  const most = Math.max(...columns.map(({ count }) => count))
  const width = chart.width / columns.length
  const label = say('bench.latency.columns', {
    least: shownMs(columns[0]?.fromMs ?? 0, language),
    most: shownMs(columns.at(-1)?.toMs ?? 0, language),
  })
  return (
    <figure className="histogram">
      <svg viewBox={`0 0 ${chart.width} ${chart.height}`} preserveAspectRatio="none" role="img" aria-label={label}>
        {columns.map(({ fromMs, count }, index) => {
          const height = (count / most) * chart.height
          return (
            <rect
              key={fromMs + index}
              x={index * width + 1}
              y={chart.height - height}
              width={Math.max(1, width - 2)}
              height={height}
            />
          )
        })}
      </svg>
      <figcaption>{label}</figcaption>
    </figure>
  )
}
