/**
 * Runs in namespaces of its own (tools/reader-soak.ts): a whole till at a real pcscd, `--insertions N` of cards that
 * come and go as `--seed` says, `--plugs N` of its readers, then `--rounds R` of faults, each with the time until a tap
 * is paid again. Prints its steps.
 */
import { parseArgs } from 'node:util'
import { recordBackInService } from './back-in-service.ts'
import { soak } from './insertions.ts'
import { playMuteCards } from './mute-cards.ts'
import { PcscService } from './pcsc-service.ts'
import { playPlugs } from './plugs.ts'
import { playReadersGone, playServiceKilled, playServiceStartedLater } from './service-faults.ts'
import { playSharing } from './sharing.ts'
import { record, Station } from './station.ts'

const { values } = parseArgs({
  options: {
    insertions: { type: 'string', default: '0' },
    plugs: { type: 'string', default: '0' },
    rounds: { type: 'string', default: '0' },
    seed: { type: 'string', default: '' },
    'plant-leak': { type: 'boolean', default: false },
  },
})
const service = new PcscService()

async function run(): Promise<void> {
  const station = await Station.open()
  try {
    await playServiceStartedLater(station, service)
    const { seed, 'plant-leak': plantLeak } = values
    const insertions = Number(values.insertions)
    if (insertions > 0) record('insertions', await soak(station, service, { insertions, seed, plantLeak }))
    const plugs = Number(values.plugs)
    if (plugs > 0) record('plugs', await playPlugs(station, service, { plugs, seed, plantLeak }))
    for (let round = 0; round < Number(values.rounds); round += 1) {
      await playMuteCards(station)
      await playSharing(station)
      await playServiceKilled(station, service)
      await playReadersGone(station, service)
    }
    recordBackInService()
    await station.settles()
    record('verdict', await station.demo.judge())
  } finally {
    await station.close()
  }
  record('end', true)
}

await run().catch((error: unknown) => record('failed', error instanceof Error ? (error.stack ?? error.message) : error))
await service.kill()
// The observer's native thread must not keep the process.
process.kill(process.pid, 'SIGKILL')
