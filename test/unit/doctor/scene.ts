/** A machine that is well and has no device, of which a test changes what it is about. */
import type {
  Asked,
  DoctorPorts,
  LedgerLook,
  Machine,
  Node,
  PcscLook,
  PrinterLook,
} from '../../../src/terminal/doctor/machine.ts'
import { examine } from '../../../src/terminal/doctor/examine.ts'
import type { CheckName, Finding } from '../../../src/terminal/doctor/finding.ts'

export const now = Date.UTC(2026, 10, 28, 12)
export const folder = '/var/lib/till'

export const node = (of: Partial<Node> = {}): Node => ({
  ...{ kind: 'device', owner: 'root', group: 'root', mode: 0o660, canRead: true, canWrite: true },
  ...of,
})

export interface Scene {
  readonly asked?: Partial<Asked>
  readonly machine?: Partial<Machine>
  /** Text files, and folders by the names in them. */
  readonly texts?: Readonly<Record<string, string>>
  readonly folders?: Readonly<Record<string, readonly string[]>>
  readonly nodes?: Readonly<Record<string, Node>>
  readonly running?: readonly (readonly [name: string, user: string])[]
  readonly look?: PcscLook
  readonly printer?: Partial<PrinterLook>
  readonly ledger?: LedgerLook
  readonly till?: Partial<DoctorPorts['till']>
  /** In place of all that the others say. */
  readonly ports?: Partial<DoctorPorts>
}

export const installed = { '/usr/sbin/pcscd': node({ kind: 'file' }) }
export const tillFolder = { [folder]: node({ kind: 'folder', mode: 0o700 }) }
/** An ACR122U on the first port, and what the kernel made of it. */
export function plugged(driver: string | null): Pick<Scene, 'texts' | 'folders'> {
  const device = '/sys/bus/usb/devices/1-2'
  return {
    folders: { '/sys/bus/usb/devices': ['1-2', '1-2:1.0', 'usb1'] },
    texts: {
      [`${device}/idVendor`]: '072f\n',
      [`${device}/idProduct`]: '2200\n',
      [`${device}/product`]: 'ACR122U PICC\n',
      [`${device}/busnum`]: '1\n',
      [`${device}/devnum`]: '7\n',
      [`${device}:1.0/bInterfaceClass`]: '0b\n',
      [`${device}:1.0/uevent`]: `DEVTYPE=usb_interface\n${driver === null ? '' : `DRIVER=${driver}\n`}`,
      '/sys/bus/usb/devices/usb1/idVendor': '1d6b\n',
    },
  }
}
export const pluggedNode = '/dev/bus/usb/001/007'

function portsOf(scene: Scene): DoctorPorts {
  const { texts = {}, folders = {}, nodes = {}, running = [], look, printer, ledger, till } = scene
  return {
    machine: {
      platform: 'linux',
      nodeVersion: '24.21.0',
      electronVersion: '45.4.1',
      now: () => now,
      text: async (path) => texts[path] ?? null,
      bytes: async (path, countMax) => {
        const hex = texts[path]
        return hex === undefined ? null : Uint8Array.from(Buffer.from(hex, 'hex').subarray(0, countMax))
      },
      names: async (path) => folders[path] ?? [],
      node: async (path) => nodes[path] ?? null,
      space: async () => ({ freeBytes: 10_000_000_000, type: 0xef53 }),
      user: async () => ({ name: 'tester', groups: ['tester'], listed: ['tester'] }),
      programs: async () => running.map(([name, user]) => ({ name, user })),
      connects: async () => 'ECONNREFUSED',
      listens: async () => 'free',
      ...scene.machine,
    },
    readers: async () => look ?? { kind: 'refused', code: 'NoService' },
    printer: async () => ({ online: true, trouble: null, paperNearEnd: false, ...printer }),
    till: {
      holder: async () => ({ held: false, pid: '?' }),
      journal: async () => null,
      identity: async () => 'none',
      ...till,
    },
    ledger: async () => ledger ?? { kind: 'not_reached', code: 'ECONNREFUSED' },
    ...scene.ports,
  }
}

const asked: Asked = {
  settings: { kind: 'none' },
  data: folder,
  ledgerUrl: null,
  printer: null,
  wantsReader: false,
  hid: [],
  ports: [],
  nodeWanted: '24.21.0',
}

/** What is found in a scene; time that is waited for passes at once. */
export function examined(scene: Scene): Promise<readonly Finding[]> {
  return examine({ ...asked, ...scene.asked }, portsOf(scene), {
    setTimeout: (callback) => setTimeout(callback, 200),
    clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
  })
}

export async function foundBy(scene: Scene, check: CheckName): Promise<readonly Finding[]> {
  return (await examined(scene)).filter((finding) => finding.check === check)
}
