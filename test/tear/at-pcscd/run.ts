/** The tear matrix at Debian's pcscd and vpcd, in namespaces of its own (docs/design/08-reader.md, "Every tear"). */
import { playInNamespace } from '../../fixtures/pcscd-namespace.ts'
import type { TearReport } from '../run.ts'
import type { PcscdPlan, PlayedSeries } from './plan.ts'

const scenario = new URL('./scenario.ts', import.meta.url).pathname
/** Far more than the longest takes, with a mute card at each command. */
const seriesMaxMs = 600_000

/** @throws what the harness itself cannot do; what a till does wrong is in the report */
export async function tearRunAtPcscd(
  plan: PcscdPlan,
  say: (line: string) => void,
  withinMs = (plan.series.length + 1) * seriesMaxMs,
): Promise<TearReport> {
  const failures: string[] = []
  const byProfile: Record<string, number> = {}
  const fails = (found: readonly string[]): void => {
    failures.push(...found)
    for (const failure of found) say(`NOT AS IT SHOULD BE: ${failure}`)
  }
  await playInNamespace(scenario, withinMs, [JSON.stringify(plan)], (step, value) => {
    if (step === 'at the end') fails(value as string[])
    if (step === 'kept') say(`the data of the till at which that was: ${String(value)}`)
    if (step !== 'series') return
    const { series, cells, failures: found, seconds } = value as PlayedSeries
    byProfile[series.profile] = (byProfile[series.profile] ?? 0) + cells
    say(`${series.profile}, ${series.way}, ${series.fault ?? 'each fault in turn'}: ${cells} cells, ${seconds} s`)
    fails(found)
  })
  return { cells: Object.values(byProfile).reduce((sum, cells) => sum + cells, 0), byProfile, failures }
}
