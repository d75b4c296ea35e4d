/** A printer as a person names it on a command line, as the device host takes it. */
import { deviceConfiguration, type DeviceConfiguration } from '../../src/drivers/host/devices.ts'
import { printerProfileIds } from '../../src/drivers/printer/profile.ts'

/**
 * @param address `HOST[:PORT]`, `/dev/usb/lp0`, `/dev/ttyUSB0@9600[,xon-xoff]`, `COM3@9600`
 * @returns what is wrong with either, as a sentence without its end
 */
export function printerAt(
  address: string,
  profile: string,
): { readonly configuration: DeviceConfiguration } | { readonly wrong: string } {
  if (!printerProfileIds.some((known) => known === profile))
    return { wrong: `--profile is one of ${printerProfileIds.join(', ')}` }
  const asked = { reader: { kind: 'none' }, printer: { ...settingsOf(address), profile } }
  const configuration = deviceConfiguration.safeParse(asked)
  if (configuration.success) return { configuration: configuration.data }
  const wrong = configuration.error.issues.map(({ path, message }) => `${path.slice(1).join('.')}: ${message}`)
  return { wrong: `--printer ${address} is no printer: ${wrong.join('; ')}` }
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
