/**
 * Runs in namespaces of its own (tools/reader-soak.ts): a whole till at a real pcscd, `--insertions N` of cards on
 * `--readers N` readers. Prints one line of JSON.
 */
import { parseArgs } from 'node:util'
import { soak } from './insertions.ts'
import { PcscService } from './pcsc-service.ts'
import { Station } from './station.ts'

const { values } = parseArgs({ options: { insertions: { type: 'string' }, readers: { type: 'string' } } })
const service = new PcscService()

async function run(): Promise<void> {
  const readers = Number(values.readers)
  service.start(readers)
  const station = await Station.open()
  try {
    const result = await soak(station, Number(values.insertions), readers)
    process.stdout.write(`${JSON.stringify(result)}\n`)
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
