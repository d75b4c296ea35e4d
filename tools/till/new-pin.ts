/** `npm run till -- new-pin`: another PIN for cashier 1 of a stopped till, when it was forgotten. */
import { giveNewPin } from '../../src/terminal/core/new-pin.ts'
import { realPinHash, realRandomness } from '../../src/terminal/core/real-ports.ts'

export function newPin(folder: string): number {
  const pin = giveNewPin(folder, Date.now(), realRandomness, realPinHash)
  process.stdout.write(
    `The PIN of cashier 1 is ${pin} from now on. Start the till, and choose one of your own (F10, F2, while no shift ` +
      'is open).\nAn open shift goes on; it is closed without a PIN.\n',
  )
  return 0
}
