/** Runs in namespaces of its own (start.test.ts): `npm start -- --reader pcsc` beside a pcscd that comes and goes. */
import { spawnSync } from 'node:child_process'
import { desfireEv3Card } from '../../../hardware-mocks/cards/otherCards.ts'
import { realScheduler } from '../../../hardware-mocks/reader/scheduler.ts'
import { VpcdSlot } from '../../../hardware-mocks/reader/vpcd.ts'
import { readerOutlook } from '../../../tools/card-readers.ts'
import { TillClient } from '../../../tools/demo/till-client.ts'
import { newPlace, start } from '../start/start-command.ts'
import { PcscService } from './pcsc-service.ts'
import { record } from './station.ts'

const service = new PcscService()
const place = newPlace()

async function run(): Promise<void> {
  const started = start(place, ['--reader', 'pcsc'])
  const till = await TillClient.connect((await started.ready).tillUrl)
  const first = await till.sees('no service', ({ lights }) => lights.reader.code === 'reader_no_service')
  service.start('none')
  await service.isUp()
  record('outlook without readers', await readerOutlook())
  await till.sees('no reader', ({ lights }) => lights.reader.code === 'reader_none')
  await service.kill()
  service.start()
  await service.isUp()
  record('outlook with readers', await readerOutlook())
  await till.sees('the readers', ({ lights }) => lights.reader.code === 'ok')
  await till.sees('the package', ({ catalogue }) => catalogue.length > 0)
  await till.does({ command: 'add_item', itemId: 'bread' })
  await till.does({ command: 'pay_by_card' })
  const slot = new VpcdSlot({ scheduler: realScheduler })
  await slot.lay(desfireEv3Card({ uid: Uint8Array.of(4, 1, 2, 3, 4, 5, 6) }))
  const { tap } = await till.sees('a card that is none of ours', (shown) => shown.tap.state === 'refused')
  slot.dispose()
  till.close()
  started.child.kill('SIGTERM')
  const { code, stderr } = await started.ended
  record('started', { light: first.lights.reader.code, tap, code, said: stderr.trim().split('\n') })

  // As where the package of the library was never installed.
  const library = spawnSync('sh', ['-c', 'realpath /usr/lib/*/libpcsclite.so.1'], { encoding: 'utf8' }).stdout.trim()
  if (spawnSync('mount', ['--bind', '/dev/null', library]).status !== 0) throw new Error(`${library} cannot be hidden`)
  const without = await start(place, ['--reader', 'pcsc']).ended
  record('without the library', { ...without, said: without.stderr.trim().split('\n').at(-1) })
  record('end', true)
}

await run().catch((error: unknown) => record('failed', error instanceof Error ? (error.stack ?? error.message) : error))
await service.kill()
place.remove()
process.kill(process.pid, 'SIGKILL')
