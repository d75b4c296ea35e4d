/** Apart from what prints: whoever only has to know this refusal loads no driver. */
import type { PrinterTrouble } from '../../src/drivers/ports.ts'

/** - `settings_printer`: the address or the profile is none. Else what the printer said. */
export class TestPageRefused extends Error {
  readonly code: PrinterTrouble | 'settings_printer'

  constructor(code: PrinterTrouble | 'settings_printer', message: string) {
    super(message)
    this.name = 'TestPageRefused'
    this.code = code
  }
}
