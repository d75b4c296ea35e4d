/**
 * The device host: a process of its own, because a mute card blocks a thread of it for ever and a native library may
 * bring it down. Started with `--devices JSON` (`devices.ts`) and an IPC channel or as an Electron utility process.
 *
 * It ends by killing itself: with a thread blocked in PC/SC, `process.exit` and an uncaught throw would hang until the
 * card is pulled.
 */
import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { systemScheduler } from '../scheduler.ts'
import { parentChannel } from './channel.ts'
import { deviceConfiguration, openDevices } from './devices.ts'
import { serveDevices } from './serve.ts'

const endNow = () => process.kill(process.pid, 'SIGKILL')

/** Standard error is the host's log; the process ends once the line is out, or a moment later if it cannot get out. */
function endWith(reason: string): void {
  systemScheduler.setTimeout(endNow, 200)
  process.stderr.write(`device host ends: ${reason}\n`, endNow)
}

process.on('uncaughtException', (error) => endWith(error.stack ?? String(error)))
process.on('unhandledRejection', (error) => endWith(error instanceof Error ? (error.stack ?? '') : String(error)))

async function main(): Promise<void> {
  const channel = parentChannel()
  if (channel === null) return endWith('no channel to a parent process')
  channel.onDidClose(() => endWith('the parent is gone'))

  const { values } = parseArgs({
    options: { devices: { type: 'string' }, 'ends-in-a-row': { type: 'string', default: '0' } },
    strict: true,
  })
  const configuration = deviceConfiguration.parse(JSON.parse(values.devices ?? '{}'))
  const devices = await openDevices(configuration, {
    scheduler: systemScheduler,
    createPresenceId: randomUUID,
    wall: () => Date.now(),
    endsInARow: Number(values['ends-in-a-row']),
  })
  const session = serveDevices(devices, channel, {
    hostId: randomUUID(),
    now: () => systemScheduler.now(),
    reportMalformed: (why) => process.stderr.write(`device host dropped a malformed message: ${why}\n`),
  })
  const end = (signal: NodeJS.Signals) => {
    session.dispose()
    devices.reader.dispose()
    devices.printer.dispose()
    devices.hid.dispose()
    endWith(signal)
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
}

await main()
