/** `npm run till -- test-page`: prints the self-test page on a printer, by the driver that the till prints with. */
import { deviceConfiguration, openDevices } from '../../src/drivers/host/devices.ts'
import type { PrinterTrouble } from '../../src/drivers/ports.ts'
import { encodeDocument } from '../../src/drivers/printer/encode.ts'
import { printerProfileIds, printerProfiles } from '../../src/drivers/printer/profile.ts'
import type { PrinterProfileId } from '../../src/drivers/printer/profile.ts'
import { loadTypeface } from '../../src/drivers/printer/raster.ts'
import { selfTestDocument } from '../../src/drivers/printer/self-test.ts'
import { systemScheduler } from '../../src/drivers/scheduler.ts'

/** - `settings_printer`: the address or the profile is none. Else what the printer said. */
export class TestPageRefused extends Error {
  readonly code: PrinterTrouble | 'settings_printer'

  constructor(code: PrinterTrouble | 'settings_printer', message: string) {
    super(message)
    this.name = 'TestPageRefused'
    this.code = code
  }
}

/** @param address `HOST[:PORT]`, `/dev/usb/lp0`, `/dev/ttyUSB0@9600[,xon-xoff]`, `COM3@9600` */
export async function printTestPage(profileId: string, address: string): Promise<number> {
  const profile = printerProfiles[profileId as PrinterProfileId]
  if (!printerProfileIds.some((known) => known === profileId))
    throw new TestPageRefused('settings_printer', `--profile is one of ${printerProfileIds.join(', ')}`)
  const asked = { reader: { kind: 'none' }, printer: { ...settingsOf(address), profile: profileId } }
  const configuration = deviceConfiguration.safeParse(asked)
  if (!configuration.success) {
    const wrong = configuration.error.issues.map(({ path, message }) => `${path.slice(1).join('.')}: ${message}`)
    throw new TestPageRefused('settings_printer', `--printer ${address} is no printer: ${wrong.join('; ')}`)
  }
  const { printer } = await openDevices(configuration.data, { scheduler: systemScheduler, createPresenceId: () => '' })
  try {
    const result = await printer.print(encodeDocument(selfTestDocument(profile), profile, loadTypeface()).bytes)
    if (result.kind === 'failed')
      throw new TestPageRefused(result.trouble, `The page is not printed (${result.paper}): ${result.detail}.`)
    const { paperNearEnd } = await printer.status()
    process.stdout.write(sentences[result.kind] + (paperNearEnd ? 'Its paper is nearly out.\n' : ''))
    return 0
  } finally {
    printer.dispose()
  }
}

const sentences = {
  printed: 'The page is printed, by the printer’s own word. Compare it with docs/field-tester.md.\n',
  'handed-over': 'The page is handed over; this printer does not tell whether it printed it. Look.\n',
}

function settingsOf(address: string): object {
  const [path = '', line] = address.split('@')
  if (line !== undefined) {
    const [baudRate = '', flowControl] = line.split(',')
    return { kind: 'serial', path, baudRate: Number(baudRate), ...(flowControl === undefined ? {} : { flowControl }) }
  }
  if (/^COM\d+$/iu.test(path)) return { kind: 'serial', path }
  if (path.startsWith('/')) return { kind: 'usb', path }
  const [host = '', port] = path.split(':')
  return { kind: 'tcp', host, ...(port === undefined ? {} : { port: Number(port) }) }
}
