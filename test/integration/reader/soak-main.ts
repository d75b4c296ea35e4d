/**
 * Runs in namespaces of its own (tools/reader-soak.ts): a whole till at a real pcscd, and `--insertions N` of cards.
 * Prints one line of JSON.
 */
import { parseArgs } from 'node:util'
import { soak } from './insertions.ts'
import { PcscService } from './pcsc-service.ts'
import { Station } from './station.ts'

const { values } = parseArgs({ options: { insertions: { type: 'string' } } })
const service = new PcscService()

async function run(): Promise<void> {
  service.start()
  await service.isUp()
  const station = await Station.open()
  try {
    process.stdout.write(`${JSON.stringify(await soak(station, service, Number(values.insertions)))}\n`)
  } finally {
    await station.close()
  }
}

await run().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exitCode = 1
})
await service.kill()
// The observer's native thread must not keep the process.
process.exit()
