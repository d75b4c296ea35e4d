/** Runs in namespaces of its own (applet-check.test.ts): `npm run applet-check` at a virtual applet in a real pcscd. */
import { spawn } from 'node:child_process'
import { blankApplet } from '../../../hardware-mocks/cards/applet-state.ts'
import { VirtualApplet } from '../../../hardware-mocks/cards/applet.ts'
import { muteCard } from '../../../hardware-mocks/cards/otherCards.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import type { VirtualCard } from '../../../hardware-mocks/cards/virtual-card.ts'
import { realScheduler } from '../../../hardware-mocks/reader/scheduler.ts'
import { VpcdSlot } from '../../../hardware-mocks/reader/vpcd.ts'
import { handMs, PcscService } from './pcsc-service.ts'
import { record, sleep } from './station.ts'

const program = new URL('../../../tools/applet-check.ts', import.meta.url).pathname
const service = new PcscService()

async function checked(card: VirtualCard) {
  const child = spawn(process.execPath, [program, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()))
  const slot = new VpcdSlot({ scheduler: realScheduler })
  let isLaid = false
  child.stderr.on('data', (chunk: Buffer) => {
    said.stderr += chunk.toString()
    if (isLaid) return
    isLaid = true
    void slot.lay(card)
  })
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
  slot.dispose()
  await sleep(handMs)
  return { code, ...said }
}

async function run(): Promise<void> {
  service.start()
  await service.isUp()
  const applet = VirtualApplet.fromState(blankApplet({ uid: null, cardKind: 1 }), { random: seededRandom('vpcd') })
  record('blank', await checked(applet))
  record('again', await checked(applet))
  record('mute', await checked(muteCard({ uid: Uint8Array.of(4, 1, 2, 3, 4, 5, 6) })))
  record('end', true)
}

await run().catch((error: unknown) => record('failed', error instanceof Error ? (error.stack ?? error.message) : error))
await service.kill()
process.kill(process.pid, 'SIGKILL')
