/** `npm run till -- test-page`: prints the self-test page on a printer, by the driver that the till prints with. */
import { openDevices } from '../../src/drivers/host/devices.ts'
import { encodeDocument } from '../../src/drivers/printer/encode.ts'
import { printerProfiles } from '../../src/drivers/printer/profile.ts'
import type { PrinterProfileId } from '../../src/drivers/printer/profile.ts'
import { loadTypeface } from '../../src/drivers/printer/raster.ts'
import { selfTestDocument } from '../../src/drivers/printer/self-test.ts'
import { systemScheduler } from '../../src/drivers/scheduler.ts'
import { printerAt } from './printer-address.ts'
import { TestPageRefused } from './test-page-refused.ts'

/** @param address as `printerAt` takes it */
export async function printTestPage(profileId: string, address: string): Promise<number> {
  const named = printerAt(address, profileId)
  if ('wrong' in named) throw new TestPageRefused('settings_printer', named.wrong)
  const profile = printerProfiles[profileId as PrinterProfileId]
  const { printer } = await openDevices(named.configuration, {
    scheduler: systemScheduler,
    createPresenceId: () => '',
    wall: () => Date.now(),
  })
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
