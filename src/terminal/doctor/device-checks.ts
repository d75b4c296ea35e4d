/** The printer, and what else hangs on a cable. */
import type { PrinterTrouble } from '../../drivers/ports.ts'
import { found, type Finding, type FindingCode } from './finding.ts'
import type { Asked, Machine, PrinterLook, PrinterSettings } from './machine.ts'

const placeOf = (printer: PrinterSettings): string =>
  printer.kind === 'tcp' ? `${printer.host}:${printer.port}` : printer.path

/** As `npm run till -- test-page` takes it. */
const addressOf = (printer: PrinterSettings): string =>
  printer.kind === 'serial' ? `${printer.path}@${printer.baudRate},${printer.flowControl}` : placeOf(printer)

/** @param ask the till's own driver, which opens one line; it says how the printer is */
export async function printerCheck(
  { printer }: Asked,
  holder: Promise<{ readonly held: boolean }>,
  ask: () => Promise<PrinterLook>,
): Promise<Finding> {
  if (printer === null) return found('printer', 'printer-not-named')
  const printed = { printer: placeOf(printer) }
  // Whoever reads a cable beside the till takes its answers away; on TCP, most printers serve one client at a time.
  if ((await holder).held) return found('printer', 'printer-with-till', printed)
  const { trouble, paperNearEnd, mute, refusal } = await ask()
  if (printer.kind === 'tcp' && trouble === 'unreachable') return found('printer', ...whyNotOnTcp(printed, refusal))
  if (trouble !== null) return found('printer', codeOfTrouble[trouble], printed)
  if (mute === true)
    return found('printer', 'printer-mute', { ...printed, profile: printer.profile, address: addressOf(printer) })
  return found('printer', paperNearEnd ? 'printer-paper-low' : 'printer-ok', printed)
}

/** @param refusal undefined where the connection was taken, and ended before an answer */
function whyNotOnTcp(
  printed: { readonly printer: string },
  refusal: string | undefined,
): readonly [FindingCode, Record<string, string>] {
  if (refusal === undefined) return ['printer-silent', printed]
  // Without a code of the system: nobody answered while the driver waited.
  const code = /^E[A-Z_]+$/.test(refusal) ? refusal : 'ETIMEDOUT'
  if (code === 'ECONNREFUSED') return ['printer-refuses', printed]
  const isName = ['ENOTFOUND', 'EAI_AGAIN'].includes(code)
  return [isName ? 'printer-address' : 'printer-unreachable', { ...printed, code }]
}

/** Of one that took the connection, or of a cable. */
const codeOfTrouble: Readonly<Record<PrinterTrouble, FindingCode>> = {
  unreachable: 'printer-gone',
  'no-access': 'printer-no-access',
  'in-use': 'printer-in-use',
  'not-a-device': 'printer-not-a-device',
  'paper-out': 'printer-paper-out',
  'cover-open': 'printer-cover-open',
  'cutter-error': 'printer-cutter-error',
  error: 'printer-error',
  'timed-out': 'printer-silent',
  busy: 'printer-busy',
}

/** They take a new serial port to see whether a modem or a Braille line hangs on it; what systemd starts them by. */
const portGrabbers = [
  ['ModemManager', 'ModemManager.service'],
  ['brltty', 'brltty.service brltty-udev.service'],
] as const
/** Chips of adapters that also sit in Braille displays, so that brltty takes them: CH340, CP210x, FT232, PL2303. */
const adapterIds = ['1a86:7523', '10c4:ea60', '0403:6001', '067b:2303']
const usbDevices = '/sys/bus/usb/devices'

/** Names of the adapters that are plugged in and have no serial port: brltty takes the whole device. */
async function adaptersWithoutPort(machine: Machine): Promise<readonly string[]> {
  const names = await machine.names(usbDevices)
  const line = async (path: string): Promise<string> => ((await machine.text(`${usbDevices}/${path}`)) ?? '').trim()
  const adapters: string[] = []
  for (const device of names.filter((name) => !name.includes(':'))) {
    const id = `${await line(`${device}/idVendor`)}:${await line(`${device}/idProduct`)}`
    if (!adapterIds.includes(id)) continue
    const interfaces = names.filter((name) => name.startsWith(`${device}:`))
    const inside = await Promise.all(interfaces.map((name) => machine.names(`${usbDevices}/${name}`)))
    if (!inside.flat().some((name) => name.startsWith('tty'))) adapters.push((await line(`${device}/product`)) || id)
  }
  return adapters
}

/** Serial adapters and USB printers by their device files; Windows has none. */
export async function serialCheck(machine: Machine): Promise<Finding[]> {
  const serial = (await machine.names('/dev')).filter((name) => /^tty(USB|ACM)\d+$/.test(name))
  const printers = (await machine.names('/dev/usb')).filter((name) => /^lp\d+$/.test(name))
  const paths = [...serial.map((name) => `/dev/${name}`), ...printers.map((name) => `/dev/usb/${name}`)]
  const running = (await machine.programs()).map(({ name }) => name)
  const [grabber, units] = portGrabbers.find(([name]) => running.includes(name)) ?? []
  const findings: Finding[] = []
  // Its port is gone when brltty has it: nothing else would tell.
  if (running.includes('brltty'))
    for (const adapter of await adaptersWithoutPort(machine))
      findings.push(found('serial', 'serial-taken', { adapter }))
  if (paths.length === 0) return findings.length > 0 ? findings : [found('serial', 'serial-none')]
  const user = await machine.user()
  for (const path of paths) {
    const node = await machine.node(path)
    if (node === null || (node.canRead && node.canWrite)) continue
    const isListed = user.listed.includes(node.group) && !user.groups.includes(node.group)
    findings.push(found('serial', isListed ? 'serial-log-in-again' : 'serial-no-rights', { path, group: node.group }))
  }
  if (serial.length > 0 && grabber !== undefined)
    findings.push(found('serial', 'serial-grabbed', { program: grabber, units }))
  return findings.length > 0 ? findings : [found('serial', 'serial-ok', { paths: paths.join(', ') })]
}

/** Usage pages whose devices no keyboard driver reads (HID Usage Tables 1.5): bar code scanner, scale, display. */
const driverPages = [0x8c, 0x8d, 0x14]
const usagePage = 0x05

/** By the ids of a device, as `lsusb` prints them. */
const idsOf = (uevent: string | null): readonly [vendorId: string, productId: string] => {
  const [, vendor = '', product = ''] = /^HID_ID=[0-9A-F]+:([0-9A-F]+):([0-9A-F]+)$/im.exec(uevent ?? '') ?? []
  return [vendor.slice(-4).toLowerCase(), product.slice(-4).toLowerCase()]
}

/** Devices that nothing but a driver reads, and those that the settings name: a scanner that types needs no rights. */
export async function hidCheck(machine: Machine, { hid: named }: Asked): Promise<Finding[]> {
  const devices: { readonly path: string; readonly vendorId: string }[] = []
  for (const name of await machine.names('/sys/class/hidraw')) {
    const folder = `/sys/class/hidraw/${name}/device`
    const [vendorId, productId] = idsOf(await machine.text(`${folder}/uevent`))
    const isNamed = named.some((each) => each.vendorId === vendorId && each.productId === productId)
    const start = await machine.bytes(`${folder}/report_descriptor`, 2)
    const isDrivers = start?.[0] === usagePage && driverPages.includes(start[1] ?? 0)
    if (isNamed || isDrivers) devices.push({ path: `/dev/${name}`, vendorId })
  }
  if (devices.length === 0) return [found('hid', 'hid-none')]
  const findings: Finding[] = []
  for (const { path, vendorId } of devices) {
    const node = await machine.node(path)
    if (node === null || (node.canRead && node.canWrite)) continue
    // Of this vendor only: whoever reads every keyboard reads every PIN (docs/field-tester.md).
    const rule = `KERNEL=="hidraw*", ATTRS{idVendor}=="${vendorId}", TAG+="uaccess"`
    findings.push(found('hid', 'hid-no-rights', { path, owner: `${node.owner}:${node.group}`, rule }))
  }
  const paths = devices.map(({ path }) => path).join(', ')
  return findings.length > 0 ? findings : [found('hid', 'hid-ok', { paths })]
}
