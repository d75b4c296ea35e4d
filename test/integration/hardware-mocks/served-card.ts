/**
 * A process that is the virtual hardware: lays one personalised card, serves its reader, prints the port, obeys stdin.
 */
import { createInterface } from 'node:readline'
import { FaultyCard } from '../../../hardware-mocks/cards/faults.ts'
import { VirtualNtag424 } from '../../../hardware-mocks/cards/ntag424.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { serveVirtualReader } from '../../../hardware-mocks/reader/remote.ts'
import { realScheduler } from '../../../hardware-mocks/reader/scheduler.ts'
import { VirtualReader } from '../../../hardware-mocks/reader/virtual-reader.ts'
import { PERSONALISED } from '../../unit/hardware-mocks/demo-card.ts'

const reader = new VirtualReader({ scheduler: realScheduler })
const card = new FaultyCard(VirtualNtag424.fromState(PERSONALISED, { random: seededRandom('served') }), {
  random: seededRandom('faults'),
})
const served = await serveVirtualReader(reader, { port: 0 })
process.stdout.write(`${served.port}\n`)
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'lay') reader.lay(card)
  if (line === 'pull') reader.pull()
  if (line === 'mute') card.arm({ kind: 'mute', isExecuted: false }, 1)
}
