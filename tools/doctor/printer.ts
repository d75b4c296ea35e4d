/** How a printer is, by the driver that the till prints with, and why its line does not open where it does not. */
import { printerLineOpenerOf, type ConfiguredPrinter } from '../../src/drivers/host/devices.ts'
import type { PrinterLineOpener } from '../../src/drivers/printer/line.ts'
import { createPrinter } from '../../src/drivers/printer/printer.ts'
import { printerProfiles } from '../../src/drivers/printer/profile.ts'
import { systemScheduler } from '../../src/drivers/scheduler.ts'
import type { PrinterLook } from '../../src/terminal/doctor/machine.ts'

/** Opens one line and no more: many printers take no second client before the first has hung up. */
export async function lookAtPrinter(settings: ConfiguredPrinter): Promise<PrinterLook> {
  const line = await printerLineOpenerOf(settings)
  let refusal: string | undefined
  const opener: PrinterLineOpener = {
    keepsOpen: line.keepsOpen,
    async open(scheduler, timeoutMs) {
      const opened = await line.open(scheduler, timeoutMs)
      if (opened.kind === 'refused') refusal = opened.detail
      return opened
    },
  }
  const printer = createPrinter({
    opener,
    profile: printerProfiles[settings.profile],
    status: settings.status,
    scheduler: systemScheduler,
    timing: { ...settings.timing, pollIntervalMs: 0 },
  })
  try {
    const status = await printer.status()
    return { ...status, refusal }
  } finally {
    printer.dispose()
  }
}
