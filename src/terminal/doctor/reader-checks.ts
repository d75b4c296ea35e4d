/** Card readers: the service, the kernel, the readers that it knows, the cards on them. */
import { found, type Finding } from './finding.ts'
import type { Asked, Machine, PcscLook, SeenReader } from './machine.ts'
import type { UsbReader } from './usb-readers.ts'

/** What all checks of readers are about. */
export interface ReaderScene {
  readonly machine: Machine
  readonly asked: Asked
  readonly look: PcscLook
  readonly plugged: readonly UsbReader[]
  /** A till holds the data folder: what is connected to a card is most likely that one. */
  readonly isTillRunning: boolean
}

const pcscd = ['/usr/sbin/pcscd', '/usr/local/sbin/pcscd', '/usr/bin/pcscd']
const pcscdSocket = '/run/pcscd/pcscd.comm'

export async function pcscCheck(scene: ReaderScene): Promise<Finding> {
  const { look, asked, plugged } = scene
  if (look.kind === 'readers') return found('pcsc', 'pcsc-ok', { readers: look.readers.length })
  const why = await whyNoService(scene)
  // A till with virtual cards needs none of it.
  if (asked.wantsReader || plugged.length > 0) return why
  return found('pcsc', 'pcsc-not-needed', { code: why.code })
}

async function whyNoService({ machine, look }: ReaderScene): Promise<Finding> {
  if (look.kind === 'silent') return found('pcsc', 'pcsc-silent')
  const code = look.kind === 'refused' ? look.code : ''
  if (machine.platform === 'linux') {
    const programs = await Promise.all(pcscd.map((path) => machine.node(path)))
    if (programs.every((program) => program === null)) return found('pcsc', 'pcsc-missing')
  }
  if (look.kind === 'unusable') return found('pcsc', 'pcsc-unusable', { why: look.why })
  if (machine.platform !== 'linux') return found('pcsc', 'pcsc-not-running', { code })
  const connected = await machine.connects(pcscdSocket)
  if (connected === 'EACCES' || connected === 'EPERM') return found('pcsc', 'pcsc-no-rights', { socket: pcscdSocket })
  return connected === 'connected'
    ? found('pcsc', 'pcsc-refuses', { code })
    : found('pcsc', 'pcsc-not-running', { code })
}

const nfcModule = /^(pn533\w*|nfc) /gm

export async function modulesCheck({ machine, plugged }: ReaderScene): Promise<Finding> {
  const modules = [...((await machine.text('/proc/modules')) ?? '').matchAll(nfcModule)].map((match) => match[1] ?? '')
  const grabbed = plugged.find(({ driver }) => driver?.startsWith('pn533') === true)
  const seen = { modules: modules.toSorted().toReversed().join(' ') }
  if (grabbed !== undefined) return found('modules', 'modules-grab', { ...seen, reader: grabbed.name })
  const isLoaded = modules.some((name) => name.startsWith('pn533'))
  return isLoaded ? found('modules', 'modules-loaded', seen) : found('modules', 'modules-ok')
}

/** A virtual one is vpcd's (docs/design/08-reader.md). */
const known = [
  [/ACR122/i, 'reader-acr122u'],
  [/OMNIKEY/i, 'reader-omnikey'],
  [/Virtual PCD/i, 'reader-virtual'],
] as const

export async function readersCheck(scene: ReaderScene): Promise<Finding[]> {
  const { asked, look, plugged } = scene
  const readers = look.kind === 'readers' ? look.readers : []
  if (readers.length > 0) {
    const driver = await driverWithoutEscapes(scene)
    return readers.map(({ name: reader }) => {
      if (driver !== null && /ACR122U/i.test(reader)) return found('reader', 'reader-escape-off', { reader, ...driver })
      const code = known.find(([pattern]) => pattern.test(reader))?.[1] ?? 'reader-unknown'
      return found('reader', code, { reader })
    })
  }
  const [unseen] = plugged
  if (unseen !== undefined && look.kind === 'readers') return [await whyUnseen(scene, unseen)]
  // What keeps the service from answering is told by its own check.
  return [found('reader', asked.wantsReader && look.kind === 'readers' ? 'reader-wanted' : 'reader-none')]
}

const driverFolders = ['/usr/lib/pcsc/drivers', '/usr/lib64/pcsc/drivers', '/usr/local/lib/pcsc/drivers']

/** DRIVER_OPTION_CCID_EXCHANGE_AUTHORIZED (CCID, SCARDCONTOL.md and its Info.plist). */
const takesEscapes = 0x01
const driverOptions = /<key>ifdDriverOptions<\/key>\s*<string>\s*(0x[0-9a-f]+|\d+)\s*<\/string>/i

/**
 * The CCID driver that hands no command on to a reader without a card (design/08, "Told without a card"): the file of
 * its settings, what it says and what it would have to. Null where no driver's settings can be read, or one of several
 * has them on: which of them has the reader, pcscd tells nobody.
 */
async function driverWithoutEscapes({
  machine,
}: ReaderScene): Promise<Record<'file' | 'found' | 'wanted', string> | null> {
  const drivers: { readonly file: string; readonly options: number }[] = []
  for (const folder of driverFolders)
    for (const bundle of (await machine.names(folder)).filter((name) => /ccid.*\.bundle$/i.test(name))) {
      const file = `${folder}/${bundle}/Contents/Info.plist`
      const options = driverOptions.exec((await machine.text(file)) ?? '')?.[1]
      if (options !== undefined) drivers.push({ file, options: Number(options) })
    }
  const [driver] = drivers
  if (driver === undefined || drivers.some(({ options }) => (options & takesEscapes) !== 0)) return null
  const hex = (options: number): string => `0x${options.toString(16).toUpperCase().padStart(4, '0')}`
  return { file: driver.file, found: hex(driver.options), wanted: hex(driver.options | takesEscapes) }
}

async function whyUnseen({ machine }: ReaderScene, { name: reader, node: path }: UsbReader): Promise<Finding> {
  const drivers = (await Promise.all(driverFolders.map((folder) => machine.names(folder)))).flat()
  if (!drivers.some((driver) => /ccid/i.test(driver))) return found('reader', 'reader-no-driver', { reader })
  const service = (await machine.programs()).find(({ name }) => name === 'pcscd')
  const node = await machine.node(path)
  if (service !== undefined && node !== null && service.user !== 'root') {
    const { owner, group, mode } = node
    const isAllowed = owner === service.user || (group === service.user && (mode & 0o060) === 0o060)
    if (!isAllowed && (mode & 0o006) !== 0o006)
      return found('reader', 'reader-no-rights', { reader, path, user: service.user, owner: `${owner}:${group}` })
  }
  return found('reader', 'reader-unseen', { reader })
}

/** The usual ones that hold cards (design/08; GnuPG's, Kazakhstan's e-signature programs, browsers with OpenSC). */
const culprits = ['scdaemon', 'ncalayer', 'java', 'firefox', 'chrome', 'chromium', 'pcsc_scan', 'opensc-tool']

export async function cardsCheck(scene: ReaderScene): Promise<Finding[]> {
  const { look, machine } = scene
  const laid = look.kind === 'readers' ? look.readers.filter(({ card }) => card !== 'none') : []
  if (laid.length === 0) return [found('card', 'card-none')]
  const running = (await machine.programs()).map(({ name }) => name)
  const programs = culprits.filter((name) => running.some((each) => each.toLowerCase() === name)).join(', ') || '?'
  return laid.map((reader) => cardFinding(reader, scene.isTillRunning, programs))
}

function cardFinding({ name: reader, card }: SeenReader, isTillRunning: boolean, programs: string): Finding {
  if (card === 'mute') return found('card', 'card-mute', { reader })
  if (card === 'exclusive') return found('card', 'card-in-use', { reader, programs })
  if (card !== 'in-use') return found('card', 'card-there', { reader })
  return isTillRunning ? found('card', 'card-of-till', { reader }) : found('card', 'card-shared', { reader, programs })
}
